"""One-time token: hand a signed-in session to another browser or device, once.

A signed-in browser generates a token; whoever redeems it first gets that same session. The token
lives minutes, and redeeming is one atomic step (spec: plugin one-time-token).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import msgspec

from watchword.call import Call
from watchword.discreet import Discreet
from watchword.endpoint import get, post
from watchword.errors import ErrorCode, ErrorCodes
from watchword.pipeline.validation import Token
from watchword.plugin_base import after
from watchword.records import User
from watchword.results import SessionAndUser
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.sessions import set_session_cookies
from watchword.verifications.verifications import take_verification

from .session_handover import GeneratedToken, HandoverCodes, SessionHandover

__all__ = [
    "GeneratedToken",
    "OneTimeToken",
    "OneTimeTokenAPI",
    "OneTimeTokenCodes",
    "VerifyOneTimeToken",
]

_HEADER = "set-ott"


class OneTimeTokenCodes(HandoverCodes):
    """Errors of one-time tokens; on the wire they have messages only."""

    SESSION_EXPIRED = ErrorCode(400, None, "Session expired")


class VerifyOneTimeToken(Discreet, msgspec.Struct, frozen=True):
    """The token to redeem."""

    token: Token


@dataclass(frozen=True, kw_only=True)
class OneTimeToken(SessionHandover):
    """Options of one-time tokens."""

    id: ClassVar[str] = "one-time-token"
    codes: ClassVar[type[ErrorCodes]] = OneTimeTokenCodes

    disable_set_session_cookie: bool = False
    """Redeeming sets no session cookie."""
    set_ott_header_on_new_session: bool = False
    """Every answer that establishes a session carries a fresh token in the header `set-ott`."""

    @get("/one-time-token/generate", requires="session")
    async def generate_one_time_token(self, call: Call) -> GeneratedToken:
        """A token for the caller's session. Raises CLIENT_REQUESTS_DISABLED."""
        self.refuse_disabled_clients(call)
        return GeneratedToken(token=await self.issue(call, call.session))

    @post("/one-time-token/verify", check_login_csrf=True)
    async def verify_one_time_token(
        self, call: Call, body: VerifyOneTimeToken
    ) -> SessionAndUser[User]:
        """Redeem a token for the session that it was made from. Good once, for one caller. Raises
        INVALID_TOKEN, SESSION_NOT_FOUND, SESSION_EXPIRED."""
        promised = await take_verification(call, await self.identifier(call, body.token))
        if promised is None:
            raise OneTimeTokenCodes.INVALID_TOKEN()
        found = await call.sessions.load(call, promised.value)
        if found is None:
            raise OneTimeTokenCodes.SESSION_NOT_FOUND()
        if found.session.expires_at <= call.now:
            raise OneTimeTokenCodes.SESSION_EXPIRED()
        if not self.disable_set_session_cookie:
            set_session_cookies(call, found.session, found.user)
        return found

    @after(new_session=True)
    async def hand_out_on_new_session(self, call: Call) -> None:
        """Put a fresh token into the header of answers that establish a session."""
        if not self.set_ott_header_on_new_session or call.new_session is None:
            return
        token = await self.issue(call, call.new_session)
        call.set_header(_HEADER, token)
        call.expose_header(_HEADER)


class OneTimeTokenAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    generate_one_time_token: EndpointCall[M, None, GeneratedToken]
    """A token for the caller's session. Raises CLIENT_REQUESTS_DISABLED."""
    verify_one_time_token: EndpointCall[M, VerifyOneTimeToken, SessionAndUser[U]]
    """Redeem a token for the session that it was made from. Good once, for one caller. Raises
    INVALID_TOKEN, SESSION_NOT_FOUND, SESSION_EXPIRED.
    """
