"""What the one-time tokens that stand for a session share: making, keeping and redeeming them.

Spec: plugin one-time-token-variants, designs A and B. They differ in what a redeemer gets.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import msgspec

from watchword.call import Call
from watchword.configuration.options import Duration, seconds
from watchword.configuration.safe_ranges import Safe
from watchword.crypto.random_strings import URL_SAFE
from watchword.discreet import Discreet
from watchword.errors import ErrorCode, ErrorCodes
from watchword.plugin_base import Plugin
from watchword.records import User
from watchword.results import SessionAndUser
from watchword.verifications.stored_codes import TokenStorage, check_storage, stored_code
from watchword.verifications.verifications import create_verification


class HandoverCodes(ErrorCodes):
    """Errors of both designs; on the wire they have messages only."""

    CLIENT_REQUESTS_DISABLED = ErrorCode(400, None, "Client requests are disabled")
    INVALID_TOKEN = ErrorCode(400, None, "Invalid token", guess=True)
    SESSION_NOT_FOUND = ErrorCode(400, None, "Session not found")


class GeneratedToken(Discreet, msgspec.Struct, frozen=True):
    """A fresh token, good once."""

    token: str


@dataclass(frozen=True, kw_only=True)
class SessionHandover(Plugin):
    """Options of tokens that stand for a session."""

    safe: ClassVar[Mapping[str, Safe]] = {
        "expires_in": Safe("tokens that stand for a session live for long", most=600),
    }

    expires_in: Duration = 180
    """Life of a token (3 minutes)."""
    disable_client_request: bool = False
    """Only `auth.api` may generate tokens, not HTTP clients."""
    generate_token: Callable[[SessionAndUser[User], Call], str | Awaitable[str]] | None = None
    """Makes the token. It must not be guessable: nothing else guards the session."""
    store_token: TokenStorage = "plain"
    """How tokens are stored: as they are, as SHA-256, or by a function."""

    def __post_init__(self) -> None:
        name = type(self).__name__
        seconds(f"{name}.expires_in", self.expires_in, least=1)
        check_storage(f"{name}.store_token", self.store_token, ("plain", "hashed"))

    @property
    def prefix(self) -> str:
        """What the identifiers of its rows begin with."""
        return self.id

    def refuse_disabled_clients(self, call: Call) -> None:
        """Raises CLIENT_REQUESTS_DISABLED for HTTP clients, if the option says so."""
        if self.disable_client_request and call.request is not None:
            raise HandoverCodes.CLIENT_REQUESTS_DISABLED()

    async def issue(self, call: Call, found: SessionAndUser[User]) -> str:
        """A fresh token for a session."""
        if self.generate_token is None:
            token = call.random(32, URL_SAFE)
        else:
            token = str(await call.run_with_secret(self.generate_token, found, call))
        life = seconds(f"{type(self).__name__}.expires_in", self.expires_in)
        identifier = await self.identifier(call, token)
        await create_verification(call, identifier, found.session.token, call.after(life))
        return token

    async def identifier(self, call: Call, token: str) -> str:
        """Under which identifier a token's row stands."""
        return f"{self.prefix}:{await stored_code(call, self.store_token, token)}"
