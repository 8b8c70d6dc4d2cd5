"""Accounts and their addresses: who has one, and giving an account another."""

from __future__ import annotations

from collections.abc import Mapping

from watchword.call import Call
from watchword.identifiers import same_email
from watchword.records import User
from watchword.security_log import Event, record

from .reset_tokens import forget_reset_tokens


async def user_of_address(call: Call, email: str) -> User | None:
    """The user with an address, in its normal spelling; None if nobody has it.

    What the database found is compared again: many collations call addresses equal that differ in
    an accent, and the mail of one person must not open the account of another.
    """
    alike = await call.db.find_many(User, email=email)
    return next((user for user in alike if same_email(user.email, email)), None)


async def replace_address(
    call: Call, user: User, changes: Mapping[str, object], **guards: object
) -> User | None:
    """The user with the new address; None if the address or a guarded field is not as it was.

    Raises `UniqueViolation` where somebody else has the new address.
    """
    async with call.db.transaction():
        changed = await call.db.update(User, changes, id=user.id, email=user.email, **guards)
        # Links that went to the old mailbox must not open the account any more.
        await forget_reset_tokens(call, user.id)
        if changed is not None:
            await record(call, Event.EMAIL_CHANGED, user.id)
    return changed
