"""Tokens of password resets: random, stored, good once (spec: password reset)."""

from __future__ import annotations

from watchword.call import Call
from watchword.verifications import create_verification, withdraw_verifications

_PREFIX = "reset-password:"


def reset_identifier(token: str) -> str:
    """Under which identifier a token is promised."""
    return _PREFIX + token


async def issue_reset_token(call: Call, user_id: str, *, lifetime: int) -> str:
    """A token for one new password of this user; good for `lifetime` seconds."""
    token = call.random(24)
    await create_verification(call, reset_identifier(token), user_id, call.after(lifetime))
    return token


async def forget_reset_tokens(call: Call, user_id: str) -> None:
    """Withdraw all reset tokens of a user: the password or the address has changed."""
    await withdraw_verifications(call, _PREFIX, user_id)
