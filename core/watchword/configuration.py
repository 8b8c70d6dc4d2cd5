"""Everything that `Auth` decided at start-up, as one immutable value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar, cast

from .crypto.passwords import PasswordHasher
from .crypto.secrets_list import Secrets
from .database.facade import Tables
from .http.client_address import AddressFinder
from .options import (
    LONGEST_COOKIE,
    Advanced,
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
    lifetimes: Lifetimes
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
