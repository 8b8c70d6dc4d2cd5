"""The tokens of verification mails: signed claims (spec: e-mail tokens).

Nothing of them is stored. They name the account beside the address, and what else they are bound
to (`promises`), so that they end early with what they were asked for in.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import msgspec

from watchword.call import Call
from watchword.crypto.jwt import TokenExpired, TokenInvalid, sign_jwt, verify_jwt
from watchword.crypto.signing import hash_identifier
from watchword.discreet import Discreet
from watchword.records import User
from watchword.verifications.verifications import create_verification, newest_verification

from .generations import account_subject
from .identifiers import normal_email
from .promises import Promise, stands, stands_unbound

RequestType = Literal["change-email-confirmation", "change-email-verification"]
CONFIRMATION: RequestType = "change-email-confirmation"
CHANGED: RequestType = "change-email-verification"


class EmailClaims(Discreet, msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What a token says: whose address it proves, and which address is to replace it."""

    email: str
    update_to: str | None = None
    request_type: RequestType | None = None
    user_id: str | None = None
    """None in tokens that 1.7.7 of the reference mailed."""
    gen: str | None = None
    """The generation; None in tokens of the reference."""
    sid: str | None = None
    """The session that asked, by its mark; None if nobody was signed in."""
    iat: int = -1
    exp: int = -1


def issue_email_token(
    call: Call,
    email: str,
    *,
    lifetime: int,
    update_to: str | None = None,
    request_type: RequestType | None = None,
    user_id: str | None = None,
    promise: Promise | None = None,
) -> str:
    """A token that names an address and its account, good for `lifetime` seconds."""
    issued = int(call.now.timestamp())
    claims: dict[str, object] = {"email": normal_email(email)}
    if update_to is not None:
        claims["updateTo"] = normal_email(update_to)
    if request_type is not None:
        claims["requestType"] = request_type
    if user_id is not None:
        claims["userId"] = user_id
    if promise is not None:
        claims["gen"] = promise.generation
        if promise.session is not None:
            claims["sid"] = promise.session
    claims.update(iat=issued, exp=issued + lifetime)
    return sign_jwt(claims, call.config.secrets.current)


def read_email_token(call: Call, token: str) -> EmailClaims:
    """What a genuine token says, if it is for one of the uses of such tokens.

    Raises `TokenInvalid`, or its subclass `TokenExpired`.
    """
    try:
        found = msgspec.convert(_claims(call, token), EmailClaims)
    except msgspec.ValidationError:
        raise TokenInvalid("a token for something else") from None
    if found.request_type is not None and found.update_to is None:
        raise TokenInvalid("a change to no address")
    return found


def new_address(call: Call, token: str) -> str | None:
    """The address that a token brings if it is good; None for one that brings none."""
    try:
        return read_email_token(call, token).update_to
    except TokenInvalid:
        return None


def _claims(call: Call, token: str) -> dict[str, object]:
    refusal = TokenInvalid("signed with another key")
    for secret in call.config.secrets.vouching(call.now):
        try:
            return verify_jwt(token, secret, now=call.now.timestamp())
        except TokenExpired:
            raise
        except TokenInvalid as error:
            refusal = error
    raise refusal


def promise_of(claims: EmailClaims) -> Promise | None:
    """What a token is bound to; None if a server of the reference issued it."""
    if claims.user_id is None or claims.gen is None:
        return None
    return Promise(account_subject(claims.user_id), claims.gen, claims.sid)


async def token_stands(call: Call, user: User, claims: EmailClaims) -> bool:
    """Whether a token is still this user's. Call it under `lock_user`."""
    promise = promise_of(claims)
    if promise is not None:
        return await stands(call, user, promise)
    if claims.user_id not in (None, user.id):
        return False
    made_at = datetime.fromtimestamp(claims.iat, UTC)
    return await stands_unbound(call, user, made_at, by_session=claims.update_to is not None)


async def use_up(call: Call, token: str, claims: EmailClaims) -> bool:
    """Note that a token did what it does only once; False if it had. Call it under `lock_user`."""
    identifier = f"used-email-token:{hash_identifier(token)}"
    if await newest_verification(call, identifier) is not None:
        return False
    ends = datetime.fromtimestamp(claims.exp, UTC)
    await create_verification(call, identifier, claims.user_id or "", ends)
    return True
