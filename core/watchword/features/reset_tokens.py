"""Tokens of password resets: random, stored, good once (spec: password reset)."""

from __future__ import annotations

from watchword.call import Call
from watchword.verifications.verifications import create_verification, withdraw_verifications

from .promises import Promise, bind

_PREFIX = "reset-password:"


def reset_identifier(token: str) -> str:
    """Under which identifier a token is promised."""
    return _PREFIX + token


async def issue_reset_token(call: Call, user_id: str, promise: Promise, *, lifetime: int) -> str:
    """A token for one new password of this user; good for `lifetime` seconds."""
    token = call.random(24)
    identifier, ends = reset_identifier(token), call.after(lifetime)
    await bind(call, identifier, promise, ends)
    await create_verification(call, identifier, user_id, ends)
    return token


async def forget_reset_tokens(call: Call, user_id: str) -> None:
    """Withdraw all reset tokens of a user: the password or the address has changed.

    A raised generation voids them as well; this way other servers on the database hear of it.
    """
    await withdraw_verifications(call, _PREFIX, user_id)
