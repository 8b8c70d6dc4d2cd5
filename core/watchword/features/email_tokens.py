"""The tokens of verification mails: signed claims (spec: e-mail tokens).

Nothing of them is stored. What ends them early is a note of the moment before which those of a user
are void.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from watchword.call import Call
from watchword.crypto.jwt import TokenInvalid, sign_jwt, verify_jwt
from watchword.discreet import Discreet
from watchword.identifiers import normal_email
from watchword.verifications import create_verification, newest_verification

RequestType = Literal["change-email-confirmation", "change-email-verification"]
CONFIRMATION: RequestType = "change-email-confirmation"
CHANGED: RequestType = "change-email-verification"


class EmailClaims(Discreet, msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What a token says: whose address it proves, and which address is to replace it."""

    email: str
    update_to: str | None = None
    request_type: RequestType | None = None
    iat: int = -1
    exp: int = -1


def issue_email_token(
    call: Call,
    email: str,
    *,
    lifetime: int,
    update_to: str | None = None,
    request_type: RequestType | None = None,
) -> str:
    """A token that names an address, good for `lifetime` seconds."""
    issued = int(call.now.timestamp())
    claims: dict[str, object] = {"email": normal_email(email)}
    if update_to is not None:
        claims["updateTo"] = normal_email(update_to)
    if request_type is not None:
        claims["requestType"] = request_type
    claims.update(iat=issued, exp=issued + lifetime)
    return sign_jwt(claims, call.config.secrets.current)


def read_email_token(call: Call, token: str) -> EmailClaims:
    """What a genuine token says. Raises `TokenInvalid`, or its subclass `TokenExpired`."""
    claims = verify_jwt(token, call.config.secrets.current, now=call.now.timestamp())
    try:
        return msgspec.convert(claims, EmailClaims)
    except msgspec.ValidationError:
        raise TokenInvalid("a token for something else") from None


async def void_change_tokens(call: Call, user_id: str, *, lifetime: int) -> None:
    """Let the tokens issued so far that change this user's address be good for nothing.

    The account has another owner by now, or one who got rid of an intruder. `lifetime` is how long
    such tokens live, in seconds.
    """
    now = int(call.now.timestamp())
    await create_verification(call, _void(user_id), str(now), call.after(lifetime))


async def is_void(call: Call, user_id: str, claims: EmailClaims) -> bool:
    """Whether a token that changes this user's address was issued before it was made void."""
    note = await newest_verification(call, _void(user_id))
    return note is not None and claims.iat <= int(note.value)


def _void(user_id: str) -> str:
    return f"void-change-tokens:{user_id}"
