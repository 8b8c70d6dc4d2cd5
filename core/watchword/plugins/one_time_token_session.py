"""One-time token session: give another browser or device a session of its own, once.

A signed-in browser generates a token; whoever redeems it first is signed in as that user, with a
session of their own that can be listed and ended by itself (spec: plugin one-time-token-variants,
B). It is as fresh as the session that it comes from, and ends with that one's right to be renewed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Generic, TypeVar

import msgspec
from msgspec.structs import replace

from watchword.call import Call
from watchword.discreet import Discreet
from watchword.endpoint import Endpoint, get, post
from watchword.errors import ErrorCode, ErrorCodes
from watchword.pipeline.validation import Token
from watchword.records import Session, User
from watchword.server_api import EndpointCall, M, ServerAPI
from watchword.sessions.life import is_remembered
from watchword.sessions.sessions import create_session, set_session_cookies
from watchword.verifications.verifications import (
    delete_verifications,
    newest_verification,
    take_verification,
)

from .session_handover import GeneratedToken, HandoverCodes, SessionHandover

__all__ = [
    "GeneratedToken",
    "OneTimeTokenSession",
    "OneTimeTokenSessionAPI",
    "OneTimeTokenSessionCodes",
    "RedeemedSession",
    "VerifyOneTimeTokenSession",
]

U = TypeVar("U", bound=User)
_OWN, _OFFICIAL = "/one-time-token-session/", "/one-time-token/"


class OneTimeTokenSessionCodes(HandoverCodes):
    """Errors of one-time token sessions; on the wire they have messages only."""

    TOKEN_EXPIRED = ErrorCode(400, None, "Token expired")
    FAILED_TO_CREATE_SESSION = ErrorCode(401, None, "The session was refused")


class VerifyOneTimeTokenSession(Discreet, msgspec.Struct, frozen=True):
    """The token to redeem."""

    token: Annotated[Token, msgspec.Meta(min_length=1)]


class RedeemedSession(Discreet, msgspec.Struct, Generic[U], frozen=True):
    """The session that the redeemer has now; `token` is that of a new one, else None."""

    session: Session
    user: U
    token: str | None


@dataclass(frozen=True, kw_only=True)
class OneTimeTokenSession(SessionHandover):
    """Options of one-time token sessions."""

    id: ClassVar[str] = "one-time-token-session"
    codes: ClassVar[type[ErrorCodes]] = OneTimeTokenSessionCodes

    create_session: bool = True
    """The redeemer gets a new session and its cookie. False: the session that the token was made
    from, in the answer only."""
    share_tokens_with_official: bool = False
    """Tokens of this plugin and of `OneTimeToken` can be redeemed at either."""
    legacy_paths: bool = False
    """Serve `/one-time-token/generate` and `/one-time-token/verify` too, as release 1.0.0 of the
    JavaScript plugin did. Not beside `OneTimeToken`, which has these paths."""

    @property
    def prefix(self) -> str:
        """What the identifiers of its rows begin with."""
        return "one-time-token" if self.share_tokens_with_official else self.id

    def endpoints(self) -> Iterator[Endpoint[Any, Any]]:
        """Its endpoints; each once more under the old path, if the option says so."""
        for own in super().endpoints():
            yield own
            if self.legacy_paths:
                path = own.path.replace(_OWN, _OFFICIAL)
                yield replace(own, name=f"{own.name}_legacy", path=path)

    @get("/one-time-token-session/generate", requires="session")
    async def generate_one_time_token_session(self, call: Call) -> GeneratedToken:
        """A token for the caller's session. Raises CLIENT_REQUESTS_DISABLED."""
        self.refuse_disabled_clients(call)
        return GeneratedToken(token=await self.issue(call, call.session))

    @post("/one-time-token-session/verify", check_login_csrf=True)
    async def verify_one_time_token_session(
        self, call: Call, body: VerifyOneTimeTokenSession
    ) -> RedeemedSession[User]:
        """Redeem a token for a session of the same user. Good once, for one caller. Raises
        INVALID_TOKEN, TOKEN_EXPIRED, SESSION_NOT_FOUND, FAILED_TO_CREATE_SESSION."""
        source = await self._redeem(call, body.token)
        found = await call.sessions.load(call, source)
        if found is None or found.session.expires_at <= call.now:
            raise OneTimeTokenSessionCodes.SESSION_NOT_FOUND()
        if not self.create_session:
            return RedeemedSession(session=found.session, user=found.user, token=None)
        # Whoever redeems a token proved nothing: the session is as fresh as the one it comes from.
        made = await create_session(call, found.user, inherits=found.session)
        if made is None:
            raise OneTimeTokenSessionCodes.FAILED_TO_CREATE_SESSION()
        async with call.db.transaction():
            # Whoever takes a password away and ends all sessions holds the user until both are
            # done, and may have missed this one.
            await call.db.find_one(User, id=found.user.id)
            there = await call.sessions.load(call, source)
        if there is None:
            await call.sessions.remove(call, made.token)
            raise OneTimeTokenSessionCodes.SESSION_NOT_FOUND()
        set_session_cookies(call, made, found.user, remember=is_remembered(call, made))
        return RedeemedSession(session=made, user=found.user, token=made.token)

    async def _redeem(self, call: Call, token: str) -> str:
        identifier = await self.identifier(call, token)
        there = await newest_verification(call, identifier)
        if there is not None and there.expires_at <= call.now:
            await delete_verifications(call, identifier)
            raise OneTimeTokenSessionCodes.TOKEN_EXPIRED()
        taken = await take_verification(call, identifier)
        if taken is None:
            raise OneTimeTokenSessionCodes.INVALID_TOKEN()
        return taken.value


class OneTimeTokenSessionAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    generate_one_time_token_session: EndpointCall[M, None, GeneratedToken]
    """A token for the caller's session. Raises CLIENT_REQUESTS_DISABLED."""
    verify_one_time_token_session: EndpointCall[M, VerifyOneTimeTokenSession, RedeemedSession[U]]
    """Redeem a token for a session of the same user. Good once, for one caller. Raises
    INVALID_TOKEN, TOKEN_EXPIRED, SESSION_NOT_FOUND, FAILED_TO_CREATE_SESSION.
    """
