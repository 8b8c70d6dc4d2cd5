"""Verifies tokens of an issuer, for one audience (RFC 7519, 7.2; RFC 8725)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from watchword.configuration.durations import Duration, in_seconds, seconds
from watchword.configuration.option_checks import check_callback, check_flag
from watchword.crypto.jwt import TokenInvalid
from watchword.crypto.signed_tokens import (
    ALGORITHMS,
    Algorithm,
    TokenHeader,
    VerifyingKey,
    check_claims,
    signed_claims,
    token_header,
)
from watchword.discreet import Discreet
from watchword.errors import ConfigurationError
from watchword.http.origins import is_loopback_host
from watchword.http.urls import parse_url
from watchword.runtime.blocking import finish
from watchword.runtime.outgoing import OutgoingSettings
from watchword.runtime.outgoing_opening import require_http
from watchword.runtime.outside import AsyncOutside, BlockingOutside, World

from .followed_keys import FollowedKeys

if TYPE_CHECKING:
    from watchword.runtime.outgoing import Transport


def _now() -> datetime:
    return datetime.now(UTC)


class VerifiedToken(Discreet, msgspec.Struct, frozen=True):
    """What a good token says."""

    subject: str
    """Who is asking (`sub`): the id of a user, unless the issuer says otherwise."""
    expires_at: datetime
    """When it is over (aware, UTC)."""
    claims: dict[str, Any]
    """All of it, by the names of the token."""


@dataclass(frozen=True)
class JWTVerifier:
    """Says whether a token is good. One for each issuer and audience, made once and shared.

    `await verifier.verify(token)` in asynchronous code, `verifier.blocking.verify(token)` in other
    code. Raises `ConfigurationError`.
    """

    jwks_url: str
    """Where the issuer's public keys are."""
    issuer: str
    """Whose tokens are taken (`iss`), exactly."""
    audience: str | Sequence[str]
    """For whom tokens have to be (`aud`): one of these."""
    _: KW_ONLY
    algorithms: Sequence[Algorithm] = tuple(ALGORITHMS)
    """Signatures that are taken. Each key is for one of them alone, whatever a token says."""
    leeway: Duration = 30
    """By how much clocks may differ."""
    max_age: Duration = 600
    """How long the keys are believed before they are asked for again (10 minutes)."""
    cooldown: Duration = 10
    """How long to wait before keys are asked for again because a token names one that is not
    known."""
    most_stale: Duration = 86_400
    """How long the last keys are believed while the issuer does not answer (a day). 0: as long as
    `max_age`."""
    timeout: Duration = 5
    """How long the issuer may take to answer."""
    plain_http: bool = False
    """Fetch keys without TLS: whoever is on the way can sign then. Loopback may always."""
    clock: Callable[[], datetime] = _now
    """The time, with a zone."""
    transport: Transport | None = field(default=None, repr=False)
    """A transport of httpx2 that connects instead of ours: a proxy, or a test's."""
    _keys: FollowedKeys = field(init=False, repr=False, compare=False)
    _world: AsyncOutside = field(init=False, repr=False, compare=False)
    blocking: BlockingVerifier = field(init=False, repr=False, compare=False)
    """The same for code that does not await."""

    def __post_init__(self) -> None:
        self._check()
        max_age = seconds("JWTVerifier.max_age", self.max_age, least=1)
        most_stale = seconds("JWTVerifier.most_stale", self.most_stale)
        keys = FollowedKeys(
            self.jwks_url,
            max_age=timedelta(seconds=max_age),
            cooldown=timedelta(seconds=seconds("JWTVerifier.cooldown", self.cooldown, least=1)),
            most_stale=timedelta(seconds=max(most_stale, max_age)),
        )
        settings = OutgoingSettings(timeout=in_seconds(self.timeout), transport=self.transport)
        object.__setattr__(self, "_keys", keys)
        object.__setattr__(self, "_world", AsyncOutside(settings))
        object.__setattr__(self, "blocking", BlockingVerifier(self, BlockingOutside(settings)))

    def _check(self) -> None:
        require_http("JWTVerifier")
        url = parse_url(self.jwks_url)
        if url is None or not url.is_web:
            remedy = "Give the URL of the issuer's key set"
            raise ConfigurationError("JWTVerifier.jwks_url", "it is no web address", remedy)
        check_flag("JWTVerifier.plain_http", self.plain_http)
        if url.scheme == "http" and not self.plain_http and not is_loopback_host(url.host):
            remedy = "Give an https:// URL, or plain_http=True inside a network that you trust"
            raise ConfigurationError("JWTVerifier.jwks_url", "keys would come without TLS", remedy)
        for name, value in (("issuer", (self.issuer,)), ("audience", self.audiences)):
            if not value or not all(isinstance(one, str) and one for one in value):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise ConfigurationError(f"JWTVerifier.{name}", "it names nobody", "Give a text")
        if not self.algorithms or not set(self.algorithms) <= ALGORITHMS.keys():
            remedy = f"Give some of {', '.join(ALGORITHMS)}"
            raise ConfigurationError("JWTVerifier.algorithms", f"{self.algorithms!r}", remedy)
        seconds("JWTVerifier.leeway", self.leeway, most=600)
        seconds("JWTVerifier.timeout", self.timeout, least=1, most=60)
        check_callback("JWTVerifier.clock", self.clock)

    @property
    def audiences(self) -> tuple[str, ...]:
        """All of them."""
        given = self.audience
        return (given,) if isinstance(given, str) else tuple(given)

    async def verify(self, token: str) -> VerifiedToken:
        """What a token says, if it is good now.

        Raises `TokenInvalid` and its subclasses `TokenExpired`, `TokenNotYetValid`, `WrongIssuer`,
        `WrongAudience`; `KeysUnavailable` where the issuer's keys cannot be had.
        """
        return await self._verified(self._world, token)

    async def close(self) -> None:
        """Close the connections of the running loop; the next token may open another one."""
        await self._world.http.close()

    async def _verified(self, world: World, token: str) -> VerifiedToken:
        header, now = token_header(token), self.clock()
        if header.algorithm not in self.algorithms:
            raise TokenInvalid("signed by an algorithm that is not taken")
        keys = await self._keys.named(world, header.key_id, now)
        claims = _claims(token, header, keys)
        check_claims(
            claims,
            issuer=self.issuer,
            audience=self.audiences,
            now=now.timestamp(),
            leeway=in_seconds(self.leeway),
        )
        return _told(claims)


class BlockingVerifier:
    """`JWTVerifier.blocking`: the same verifier, and the same keys, in threads."""

    def __init__(self, verifier: JWTVerifier, world: BlockingOutside) -> None:
        self._verifier = verifier
        self._world = world

    def verify(self, token: str) -> VerifiedToken:
        """What a token says, if it is good now. Raises as `JWTVerifier.verify` does."""
        return finish(self._verifier._verified(self._world, token))  # pyright: ignore[reportPrivateUsage]

    def close(self) -> None:
        """Close the connections; the next token may open another one."""
        self._world.http.close()


def _claims(token: str, header: TokenHeader, keys: Sequence[VerifyingKey]) -> dict[str, object]:
    for key in keys:
        if key.algorithm == header.algorithm:
            return signed_claims(token, key)
    raise TokenInvalid("signed by no key of the issuer")


def _told(claims: dict[str, Any]) -> VerifiedToken:
    try:
        expires_at = datetime.fromtimestamp(claims["exp"], UTC)
    except (OverflowError, ValueError, OSError):
        expires_at = datetime.max.replace(tzinfo=UTC)
    return VerifiedToken(subject=claims["sub"], expires_at=expires_at, claims=claims)
