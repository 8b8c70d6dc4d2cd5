"""Accounts and their addresses: who has one, and giving an account another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from watchword.call import Call
from watchword.observability.security_log import Event, record
from watchword.records import User

from .credentials import lock_user
from .generations import account_subject, address_subject, raise_generation
from .identifiers import same_email
from .notices import notify
from .reset_tokens import forget_reset_tokens


async def user_of_address(call: Call, email: str) -> User | None:
    """The user with an address, in its normal spelling; None if nobody has it.

    What the database found is compared again: many collations call addresses equal that differ in
    an accent, and the mail of one person must not open the account of another.
    """
    alike = await call.db.find_many(User, email=email)
    return next((user for user in alike if same_email(user.email, email)), None)


async def replace_address(
    call: Call,
    user: User,
    changes: Mapping[str, object],
    *,
    allowed: Callable[[User], Awaitable[bool]],
    **guards: object,
) -> User | None:
    """The user with the new address; None if the address or a guarded field is not as it was.

    `allowed` looks once more at what allows this, while nobody else can change the user; None if
    it says no. All that was mailed to the old address before is void. Raises `UniqueViolation`
    where somebody else has the new address.
    """
    async with call.db.transaction():
        there = await lock_user(call, user.id)
        if there is None or there.email != user.email or not await allowed(there):
            return None
        changed = await call.db.update(User, changes, id=user.id, email=user.email, **guards)
        if changed is None:
            return None
        await forget_reset_tokens(call, user.id)
        await raise_generation(call, account_subject(user.id))
        await raise_generation(call, address_subject(user.email))
        await record(call, Event.EMAIL_CHANGED, user.id)
        await notify(call, changed, "email", email=user.email)
    return changed
