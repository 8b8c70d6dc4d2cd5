"""Everything that `Auth` decided at start-up, as one immutable value."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import TypeVar, cast

from .crypto.passwords import PasswordHasher
from .crypto.secrets_list import Secrets
from .crypto.session_data import CompactSessionData, JwtSessionData, SessionDataCodec
from .database.facade import Tables
from .http.client_address import AddressFinder
from .options import (
    LONGEST_COOKIE,
    AccountOptions,
    Advanced,
    CookieCache,
    Hooks,
    OnAPIError,
    RateLimit,
    SessionOptions,
    TrustedOrigins,
    VerificationOptions,
    seconds,
)
from .plugin import Plugin
from .records import User
from .site import SiteResolver

P = TypeVar("P", bound=Plugin)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Ages of sessions, in whole seconds."""

    session: int
    update_age: int
    fresh_age: int

    @classmethod
    def of(cls, options: SessionOptions) -> Lifetimes:
        return cls(
            seconds("session.expires_in", options.expires_in, least=1, most=LONGEST_COOKIE),
            seconds("session.update_age", options.update_age),
            seconds("session.fresh_age", options.fresh_age),
        )


SHORT_LIVES = {"compact": 60, "jwt": 300, "jwe": 300}
"""Seconds that a cookie is believed when the user is not to be remembered."""


@dataclass(frozen=True, slots=True)
class SessionCache:
    """The cache as configured: how the cookie is made and how long it is believed."""

    codec: SessionDataCodec
    max_age: int
    short_life: int
    version: str | Callable[..., str | Awaitable[str]]

    @classmethod
    def of(cls, options: CookieCache, secrets: Secrets) -> SessionCache | None:
        """The cache that the options describe; None if it is off."""
        if not options.enabled:
            return None
        max_age = seconds("session.cookie_cache.max_age", options.max_age, least=1)
        short = SHORT_LIVES[options.strategy]
        return cls(cache_codec(options.strategy, secrets), max_age, short, options.version)


def cache_codec(strategy: str, secrets: Secrets) -> SessionDataCodec:
    """What reads and writes the session cache cookie in one of its forms."""
    if strategy == "compact":
        return CompactSessionData(secrets.current)
    if strategy == "jwt":
        return JwtSessionData(secrets.current)
    # Encryption loads a library that nothing else needs.
    home = import_module(".crypto.encrypted_session_data", __package__)
    return cast("SessionDataCodec", home.encrypted_session_data(secrets))


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The compiled options. Read by everything, changed by nothing."""

    app_name: str
    production: bool
    secrets: Secrets
    sites: SiteResolver
    addresses: AddressFinder
    tables: Tables
    passwords: PasswordHasher
    user_type: type[User]
    plugins: Mapping[type[Plugin], Plugin]
    clock: Callable[[], datetime]
    token_bytes: Callable[[int], bytes]
    session: SessionOptions
    session_cache: SessionCache | None
    sessions: object
    """The `SessionStore`; a call offers it as `call.sessions`."""
    has_secondary: bool
    lifetimes: Lifetimes
    account: AccountOptions
    verification: VerificationOptions
    rate_limit: RateLimit
    trusted_origins: TrustedOrigins
    hooks: Hooks
    on_api_error: OnAPIError
    advanced: Advanced

    def plugin(self, kind: type[P]) -> P:
        """The installed plugin of this class. Raises `LookupError` naming the remedy."""
        found = self.plugins.get(kind)
        if found is None:
            raise LookupError(f"{kind.__name__} is not installed; add it to Auth(plugins=[...])")
        return cast("P", found)
