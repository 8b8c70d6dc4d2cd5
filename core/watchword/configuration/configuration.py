"""Everything that `Auth` decided at start-up, as one immutable value."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, Literal, TypeVar, cast

import msgspec

from watchword.credential import Credential
from watchword.crypto.passwords import PasswordHasher
from watchword.crypto.secrets_list import Secrets
from watchword.crypto.session_data import (
    CompactSessionData,
    JwtSessionData,
    RotatedSessionData,
    SessionDataCodec,
)
from watchword.database.tables import Tables
from watchword.discreet import Discreet
from watchword.http.client_address import AddressFinder
from watchword.plugin_base import Plugin
from watchword.runtime.capacity import Capacity

from .core_options import CoreOptions
from .options import (
    LONGEST_COOKIE,
    REFRESH_CACHE,
    CookieCache,
    Duration,
    RateLimit,
    RefreshCache,
    SessionOptions,
    seconds,
)
from .site import SiteResolver

P = TypeVar("P", bound=Plugin)


class Lifetimes(Discreet, msgspec.Struct, frozen=True):
    """Ages of sessions, in whole seconds."""

    session: int
    update_age: int
    fresh_age: int
    renewal: timedelta | None
    """With less than this to its end, a session that is used is renewed. None: it never is."""

    @classmethod
    def of(cls, options: SessionOptions) -> Lifetimes:
        life = seconds("session.expires_in", options.expires_in, least=1, most=LONGEST_COOKIE)
        given = options.update_age
        update = min(86_400, life) if given is None else seconds("session.update_age", given)
        fresh = seconds("session.fresh_age", options.fresh_age)
        renewal = None if options.disable_refresh else timedelta(seconds=life - update)
        return cls(life, update, fresh, renewal)


SHORT_LIVES = {"compact": 60, "jwt": 300, "jwe": 300}
"""Seconds that a cookie is believed when the user is not to be remembered."""


class SessionCache(Discreet, msgspec.Struct, frozen=True):
    """The cache as configured: how the cookie is made and how long it is believed."""

    codec: SessionDataCodec
    max_age: int
    short_life: int
    version: str | Callable[..., str | Awaitable[str]]
    update_age: int = 0
    """With less than this to its end the cookie is written anew; 0: never."""
    partial: bool = False
    """Whether records have hidden fields (`Column(returned=False)`). The cookie does not hold them,
    so that it only answers clients, who never see them; code gets records from the store."""

    @classmethod
    def of(
        cls, options: CookieCache | None, secrets: Secrets, *, partial: bool
    ) -> SessionCache | None:
        """The cache beside a store that the options describe; None if it is off."""
        if options is None or not options.enabled:
            return None
        max_age = seconds("session.cookie_cache.max_age", _given(options.max_age, 300), least=1)
        strategy = options.strategy or "compact"
        codec = cache_codec(strategy, secrets)
        short = SHORT_LIVES[strategy]
        return cls(codec, max_age, short, options.version, partial=partial)

    @classmethod
    def standing_alone(
        cls, options: CookieCache | None, life: int, secrets: Secrets
    ) -> SessionCache:
        """The cookie that is the session, because there is no store; sessions live `life`.

        It serves for as long as a remembered one when the user is not to be remembered: nobody
        else could be asked. The session's own end, a day after sign-in, holds all the same.
        """
        options = options or CookieCache()
        max_age = seconds("session.cookie_cache.max_age", _given(options.max_age, life), least=1)
        codec = cache_codec(options.strategy or "jwe", secrets)
        return cls(codec, max_age, max_age, options.version, _update_age(options, max_age))


def _update_age(options: CookieCache, max_age: int) -> int:
    if options.refresh_cache is False:
        return 0
    chosen = options.refresh_cache
    given = chosen.update_age if isinstance(chosen, RefreshCache) else None
    return max_age // 5 if given is None else seconds(f"{REFRESH_CACHE}.update_age", given)


class AccountCookie(Discreet, msgspec.Struct, frozen=True):
    """The cookie that keeps the account of the latest sign-in with a provider."""

    codec: SessionDataCodec
    max_age: int

    @classmethod
    def of(
        cls, options: CookieCache | None, cache: SessionCache | None, secrets: Secrets
    ) -> AccountCookie:
        """It lives as long as the session cache would."""
        given = None if options is None else options.max_age
        life = seconds("session.cookie_cache.max_age", _given(given, 300), least=1)
        codec = _under_all("account", secrets)
        return cls(codec, life if cache is None else cache.max_age)


def _given(value: Duration | None, default: int) -> Duration:
    return default if value is None else value


def cache_codec(strategy: str, secrets: Secrets) -> SessionDataCodec:
    """What reads and writes the session cache cookie in one of its forms."""
    return _under_all(strategy, secrets)


def _under_all(strategy: str, secrets: Secrets) -> SessionDataCodec:
    current = _codec(strategy, secrets.current)
    older = [
        (_codec(strategy, one.value), one.accept_until.timestamp())
        for one in secrets.versions[1:]
        if one.accept_until is not None
    ]
    return RotatedSessionData(current, older) if older else current


def _codec(strategy: str, secret: str) -> SessionDataCodec:
    if strategy == "compact":
        return CompactSessionData(secret)
    if strategy == "jwt":
        return JwtSessionData(secret)
    # Encryption loads a library that nothing else needs.
    home = import_module("watchword.crypto.encrypted_session_data")
    made = home.encrypted_account_data if strategy == "account" else home.encrypted_session_data
    return cast("SessionDataCodec", made(secret))


class Pace:
    """Lets work through once in a while, in each process; two threads at once may both do it."""

    def __init__(self, every: timedelta) -> None:
        self._every = every
        self._last: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether the work was last let through long enough ago; it counts as done then."""
        # The clock may have been set back.
        if self._last is not None and abs(now - self._last) < self._every:
            return False
        self._last = now
        return True


class Entrance:
    """Where a call runs another endpoint for its browser; whoever built the server is behind it."""

    submit: Callable[..., Awaitable[Any]]
    """Gets runtime, name of the endpoint, request, data and path parameters."""
    invoke: Callable[..., Awaitable[Any]]
    """The same for those that are not reached over HTTP: runtime, name and `Arguments`."""


class Configuration(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """The options, and what was made of them. Read by everything, changed by nothing."""

    options: CoreOptions[Any]
    """As they were given."""
    production: bool
    development: bool
    """The environment says so in as many words; not the same as not being in production."""
    secrets: Secrets
    sites: SiteResolver
    addresses: AddressFinder
    tables: Tables
    passwords: PasswordHasher
    plugins: Mapping[type[Plugin], Plugin]
    rewording: tuple[Plugin, ...]
    """Those that have words of their own for errors."""
    presenting: tuple[Plugin, ...]
    """Those that have pages for errors."""
    lent_by: tuple[str, ...]
    """The fields of sessions that say that one is in the hands of somebody else than its user."""
    credentials: tuple[Credential, ...]
    """Beside the session cookie, which counts where none of these does."""
    vary: str
    """The request's headers that say who is asking, as in `Vary`."""
    session_cache: SessionCache | None
    account_cookie: AccountCookie | None
    """None: it is off, or nobody signs in with a provider."""
    sessions: object
    """The `SessionStore`; a call offers it as `call.sessions`."""
    has_secondary: bool
    has_database: bool
    """Without one, rows are in the memory of the process."""
    stateless: bool
    """Neither database nor secondary storage: the session is in its cookie and nowhere else."""
    lifetimes: Lifetimes
    verification_sweeps: Pace = msgspec.field(default_factory=lambda: Pace(timedelta(minutes=1)))
    rate_limit: RateLimit
    """The limits as given, with the place where they are counted."""
    capacity: Capacity
    """What both worlds do at a time, on this machine."""
    entrance: Entrance = msgspec.field(default_factory=Entrance)

    @property
    def state_strategy(self) -> Literal["database", "cookie"]:
        """Where the flow to a provider is remembered."""
        chosen = self.options.account.store_state_strategy
        return chosen or ("cookie" if self.stateless else "database")

    def plugin(self, kind: type[P]) -> P:
        """The installed plugin of this class, or of a subclass. Raises `LookupError`."""
        if (found := self.plugins.get(kind)) is not None:
            return cast("P", found)
        for one in self.plugins.values():
            if isinstance(one, kind):
                return one
        raise LookupError(f"{kind.__name__} is not installed; add it to Auth(plugins=[...])")
