"""Giving an account another address."""

from __future__ import annotations

from collections.abc import Mapping

from watchword.call import Call
from watchword.records import User

from .reset_tokens import forget_reset_tokens


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
    return changed
