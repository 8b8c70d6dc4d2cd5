"""Options of tokens and of the keys that sign them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from watchword.configuration.durations import Duration, seconds
from watchword.configuration.option_checks import (
    check_callback,
    check_choice,
    check_flag,
    check_number,
    check_type,
)
from watchword.crypto.signed_tokens import ALGORITHMS, LEAST_BITS, MOST_BITS, Algorithm
from watchword.errors import ConfigurationError
from watchword.http.urls import parse_url
from watchword.results import SessionAndUser
from watchword.runtime.outgoing_opening import require_http

_PATH = re.compile(r"(/[A-Za-z0-9_.~-]+)+", re.ASCII)

DefinePayload: TypeAlias = (
    "Callable[[SessionAndUser[Any]], Mapping[str, object] | Awaitable[Mapping[str, object]]]"
)
GetSubject: TypeAlias = "Callable[[SessionAndUser[Any]], str | Awaitable[str]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedWith:
    """Which key a caller of `sign_jwt` wants; None: the signer's choice."""

    key_id: str | None = None
    algorithm: Algorithm | None = None


Sign: TypeAlias = "Callable[[Mapping[str, object], SignedWith], str | Awaitable[str]]"


@dataclass(frozen=True, kw_only=True)
class KeyPairConfig:
    """Which keys are made."""

    alg: Algorithm = "EdDSA"
    """`EdDSA` (Ed25519), `ES256`, `ES512`, `PS256` or `RS256`."""
    modulus_length: int = LEAST_BITS
    """Bits of RSA keys: 2048 to 8192."""

    def __post_init__(self) -> None:
        check_choice("KeyPairConfig.alg", self.alg, tuple(ALGORITHMS))
        check_number("KeyPairConfig.modulus_length", self.modulus_length, LEAST_BITS, MOST_BITS)


@dataclass(frozen=True, kw_only=True)
class JWKSOptions:
    """Where keys are, and how long they live."""

    key_pair_config: KeyPairConfig | None = None
    """The keys that sign unless a caller wants others. None: Ed25519."""
    key_pair_configs: Sequence[KeyPairConfig] = ()
    """More algorithms; a key of each is made when `sign_jwt` first asks for it."""
    disable_private_key_encryption: bool = False
    """Store private keys in plain text: whoever reads the database can sign then."""
    rotation_interval: Duration | None = None
    """How long a new key signs before the next one is made. None: for ever."""
    grace_period: Duration = 2_592_000
    """How long a key that stopped signing is published and believed (30 days)."""
    jwks_path: str = "/jwks"
    """Where the public keys are, below the base path."""
    remote_url: str | None = None
    """The public keys are published there, and not here. Needs `key_pair_config`."""

    def __post_init__(self) -> None:
        if self.key_pair_config is not None:
            check_type("JWKSOptions.key_pair_config", self.key_pair_config, KeyPairConfig)
        for one in self.key_pair_configs:
            check_type("JWKSOptions.key_pair_configs", one, KeyPairConfig)
        check_flag(
            "JWKSOptions.disable_private_key_encryption", self.disable_private_key_encryption
        )
        if self.rotation_interval is not None:
            seconds("JWKSOptions.rotation_interval", self.rotation_interval, least=60)
        seconds("JWKSOptions.grace_period", self.grace_period)
        if not _PATH.fullmatch(self.jwks_path) or ".." in self.jwks_path:
            remedy = "Give a path such as '/.well-known/jwks.json'"
            raise ConfigurationError("JWKSOptions.jwks_path", f"{self.jwks_path!r} is none", remedy)
        if self.remote_url is not None:
            self._check_remote(self.remote_url)

    def _check_remote(self, remote: str) -> None:
        url = parse_url(remote)
        if url is None or not url.is_web:
            raise ConfigurationError(
                "JWKSOptions.remote_url", "it is no web address", "Give the URL of a key set"
            )
        if self.key_pair_config is None:
            raise ConfigurationError(
                "JWKSOptions.remote_url",
                "nothing says which algorithm the keys there are for",
                "Give key_pair_config=KeyPairConfig(alg=...)",
            )
        require_http("JWKSOptions.remote_url")

    @property
    def primary(self) -> KeyPairConfig:
        """The keys that sign unless a caller wants others."""
        return self.key_pair_config or KeyPairConfig()

    def made_for(self, algorithm: Algorithm) -> KeyPairConfig | None:
        """How keys for an algorithm are made; None if none are."""
        known = (self.primary, *self.key_pair_configs)
        return next((one for one in known if one.alg == algorithm), None)


@dataclass(frozen=True, kw_only=True)
class JWTOptions:
    """What tokens say."""

    issuer: str | None = None
    """None: the origin of the base URL."""
    audience: str | Sequence[str] | None = None
    """Whom tokens are for. None: the origin of the base URL."""
    expiration_time: Duration | datetime = 900
    """How long tokens are good (15 minutes): nobody can take one back. Or a moment, with a zone."""
    define_payload: DefinePayload | None = None
    """Gets session and user, and gives what tokens say, instead of all that clients see of the
    user. What it says of `exp`, `iss`, `aud` and the like counts."""
    get_subject: GetSubject | None = None
    """Gets session and user, and gives what identifies the user to other services. None: the id."""
    sign: Sign | None = field(default=None, repr=False)
    """Signs elsewhere: gets the claims and which key is wanted, and gives the token. Needs
    `JWKSOptions.remote_url`."""

    def __post_init__(self) -> None:
        for name in ("issuer", "audience"):
            _check_names(f"JWTOptions.{name}", getattr(self, name), many=name == "audience")
        if not isinstance(self.expiration_time, datetime):
            seconds("JWTOptions.expiration_time", self.expiration_time, least=1)
        elif self.expiration_time.tzinfo is None:
            problem = f"{self.expiration_time} has no time zone"
            raise ConfigurationError("JWTOptions.expiration_time", problem, "Give it one")
        for name in ("define_payload", "get_subject", "sign"):
            check_callback(f"JWTOptions.{name}", getattr(self, name))

    @property
    def audiences(self) -> tuple[str, ...]:
        """All of them; none where the base URL's origin is meant."""
        given = self.audience
        return (given,) if isinstance(given, str) else tuple(given or ())


def _check_names(option: str, value: object, *, many: bool) -> None:
    if value is None:
        return
    names: Any = value if many and not isinstance(value, str) else (value,)
    if not names or not all(isinstance(one, str) and 0 < len(one) <= 2048 for one in names):
        remedy = "Give a text of 1 to 2048 characters" + (", or several" if many else "")
        raise ConfigurationError(option, f"{value!r} names nobody", remedy)
