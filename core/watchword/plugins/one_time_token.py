"""One-time token: hand a signed-in session to another browser or device, once.

A signed-in browser generates a token; whoever redeems it first gets that same session. The token
lives minutes, and redeeming is one atomic step (spec: plugin one-time-token).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import msgspec

from watchword.call import Call
from watchword.crypto.random_strings import URL_SAFE
from watchword.crypto.signing import hash_identifier
from watchword.endpoint import get, post
from watchword.errors import ConfigurationError, ErrorCode, ErrorCodes
from watchword.options import Duration, seconds
from watchword.plugin import Plugin, after
from watchword.records import User
from watchword.results import SessionAndUser
from watchword.sessions import set_session_cookies
from watchword.verifications import create_verification, take_verification

_HEADER = "set-ott"


class OneTimeTokenCodes(ErrorCodes):
    """Errors of one-time tokens; on the wire they have messages only."""

    CLIENT_REQUESTS_DISABLED = ErrorCode(400, None, "Client requests are disabled")
    INVALID_TOKEN = ErrorCode(400, None, "Invalid token")
    SESSION_NOT_FOUND = ErrorCode(400, None, "Session not found")
    SESSION_EXPIRED = ErrorCode(400, None, "Session expired")


class GeneratedToken(msgspec.Struct, frozen=True):
    """A fresh token, good once."""

    token: str


class VerifyOneTimeToken(msgspec.Struct, frozen=True):
    """The token to redeem."""

    token: str


@dataclass(frozen=True, kw_only=True)
class OneTimeToken(Plugin):
    """Options of one-time tokens."""

    id: ClassVar[str] = "one-time-token"
    codes: ClassVar[type[ErrorCodes]] = OneTimeTokenCodes

    expires_in: Duration = 180
    """Life of a token (3 minutes)."""
    disable_client_request: bool = False
    """Only `auth.api` may generate tokens, not HTTP clients."""
    generate_token: Callable[[SessionAndUser[User], Call], str | Awaitable[str]] | None = None
    """Makes the token. It must not be guessable: nothing else guards the session."""
    store_token: Literal["plain", "hashed"] | Callable[[str], str | Awaitable[str]] = "plain"
    """How tokens are stored: as they are, as SHA-256, or by a function."""
    disable_set_session_cookie: bool = False
    """Redeeming sets no session cookie."""
    set_ott_header_on_new_session: bool = False
    """Every answer that establishes a session carries a fresh token in the header `set-ott`."""

    def __post_init__(self) -> None:
        seconds("OneTimeToken.expires_in", self.expires_in, least=1)
        if not callable(self.store_token) and self.store_token not in ("plain", "hashed"):
            raise ConfigurationError(
                "OneTimeToken.store_token",
                f"{self.store_token!r} is no known form",
                "Give 'plain', 'hashed' or a function",
            )

    @get("/one-time-token/generate", requires="session")
    async def generate_one_time_token(self, call: Call) -> GeneratedToken:
        """A token for the caller's session."""
        if self.disable_client_request and call.request is not None:
            raise OneTimeTokenCodes.CLIENT_REQUESTS_DISABLED()
        return GeneratedToken(token=await self._issue(call, call.session))

    @post("/one-time-token/verify")
    async def verify_one_time_token(
        self, call: Call, body: VerifyOneTimeToken
    ) -> SessionAndUser[User]:
        """Redeem a token for the session that it was made from. Good once, for one caller."""
        promised = await take_verification(call, await self._identifier(call, body.token))
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

    @after()
    async def hand_out_on_new_session(self, call: Call) -> None:
        """Put a fresh token into the header of answers that establish a session."""
        if not self.set_ott_header_on_new_session or call.new_session is None:
            return
        token = await self._issue(call, call.new_session)
        call.set_header(_HEADER, token)
        call.expose_header(_HEADER)

    async def _issue(self, call: Call, found: SessionAndUser[User]) -> str:
        if self.generate_token is None:
            token = call.random(32, URL_SAFE)
        else:
            token = str(await call.run(self.generate_token, found, call))
        life = seconds("OneTimeToken.expires_in", self.expires_in)
        identifier = await self._identifier(call, token)
        await create_verification(call, identifier, found.session.token, call.after(life))
        return token

    async def _identifier(self, call: Call, token: str) -> str:
        return f"one-time-token:{await self._stored(call, token)}"

    async def _stored(self, call: Call, token: str) -> str:
        if callable(self.store_token):
            return str(await call.run(self.store_token, token))
        return hash_identifier(token) if self.store_token == "hashed" else token
