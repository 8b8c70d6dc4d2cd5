"""Another password for an account, and what ends with the old one."""

from __future__ import annotations

from watchword.call import Call
from watchword.records import User

from .credentials import put_password
from .generations import account_subject, raise_generation
from .notices import notify
from .reset_tokens import forget_reset_tokens


async def give_password(call: Call, user: User, hashed: str) -> None:
    """Replace the user's password, or give the first one; all that was mailed before is void.

    Call it in a transaction that holds the user. Sessions go on.
    """
    await put_password(call, user.id, hashed)
    await forget_reset_tokens(call, user.id)
    await raise_generation(call, account_subject(user.id))
    await notify(call, user, "password")
