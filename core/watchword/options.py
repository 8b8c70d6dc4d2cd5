"""The options of `Auth`, as frozen dataclasses. What belongs to one feature stands with it.

Durations are a `timedelta` or a number of seconds. Wrong values raise `ConfigurationError` when
the option object is built, naming the option, the value and the remedy.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

from .errors import ConfigurationError
from .http.cookies import CookieAttributes
from .http.request import Request
from .records import Account, Session, Verification

if TYPE_CHECKING:
    from .call import Call

Duration: TypeAlias = "timedelta | int | float"

LONGEST_COOKIE = 34_560_000
"""Seconds; browsers keep no cookie longer than 400 days (RFC 6265bis, 5.5)."""


def seconds(option: str, value: Duration, *, least: int = 0, most: int | None = None) -> int:
    """A duration as whole seconds. Raises `ConfigurationError` outside `least`..`most`."""
    number = value.total_seconds() if isinstance(value, timedelta) else value
    if type(number) not in (int, float) or number != number:
        raise ConfigurationError(option, f"{value!r} is no duration", "Give seconds or a timedelta")
    if number < least:
        raise ConfigurationError(option, f"{value!r} is too short", f"Give at least {least} s")
    if most is not None and number > most:
        raise ConfigurationError(option, f"{value!r} is too long", f"Give at most {most} s")
    return int(number)


@dataclass(frozen=True, kw_only=True)
class CookieCache:
    """Keep session and user in a signed or encrypted cookie, so that most checks need no query."""

    enabled: bool = True
    max_age: Duration = 300
    """How long the cookie is believed before the store is asked again."""
    strategy: Literal["compact", "jwt", "jwe"] = "compact"
    """`compact` and `jwt` are signed and readable by the browser's owner; `jwe` is encrypted."""
    version: str | Callable[..., str | Awaitable[str]] = "1"
    """Raise it to make all cached cookies invalid; or a function of session and user."""


@dataclass(frozen=True, kw_only=True)
class SessionOptions:
    """How long sessions live, when they are renewed and where they are kept."""

    expires_in: Duration = 604_800
    """Life of a session after sign-in or renewal (7 days)."""
    update_age: Duration = 86_400
    """A session that is used is renewed when its last renewal is older than this (1 day)."""
    fresh_age: Duration = 86_400
    """Sensitive operations want a session created less than this ago; 0 switches the check off."""
    disable_refresh: bool = False
    """Never renew: a session ends `expires_in` after sign-in."""
    defer_refresh: bool = False
    """GET /get-session stays read-only and tells the client to POST when a renewal is due."""
    cookie_cache: CookieCache = CookieCache(enabled=False)
    store_in_database: bool = False
    """With a secondary storage: keep a database row as well."""
    preserve_in_database: bool = False
    """With both: keep revoked rows, ended, for the record."""
    model: type[Session] = Session
    """A subclass of `Session` adds fields."""

    def __post_init__(self) -> None:
        seconds("session.expires_in", self.expires_in, least=1, most=LONGEST_COOKIE)
        seconds("session.update_age", self.update_age)
        seconds("session.fresh_age", self.fresh_age)


@dataclass(frozen=True, kw_only=True)
class AccountOptions:
    """How accounts (ways to sign in) are kept."""

    model: type[Account] = Account
    """A subclass of `Account` adds fields."""
    allow_unlinking_all: bool = False
    """Whether a user may give up the last way to sign in."""


@dataclass(frozen=True, kw_only=True)
class VerificationOptions:
    """How verification rows (tokens that were promised) are kept."""

    store_identifier: Literal["plain", "hashed"] | Callable[[str], str] | Mapping[str, object] = (
        "plain"
    )
    """How identifiers are stored; a mapping of identifier prefix to form, with key `default`."""
    disable_cleanup: bool = False
    """Keep expired rows instead of sweeping them on look-ups."""
    store_in_database: bool = False
    """With a secondary storage: keep rows in the database as well."""
    model: type[Verification] = Verification


@dataclass(frozen=True, kw_only=True)
class IPAddressOptions:
    """Where the client's address comes from. It keys rate limits and is noted in sessions."""

    headers: Sequence[str] = ("x-forwarded-for",)
    """Header names, first usable one wins. Only name what your proxy sets and clients cannot."""
    trusted_proxies: Sequence[str] = ()
    """Addresses or networks of your proxies; needed when the header holds a list."""
    ipv6_subnet: int = 64
    """Bits of an IPv6 address that identify a client."""
    disable_tracking: bool = False
    """Note no addresses, and limit no rates."""
    use_peer: bool = False
    """Take the address of the connection when no header gives one. For servers without a proxy."""


@dataclass(frozen=True, kw_only=True)
class CookieOptions:
    """Another full name or other attributes for one cookie."""

    name: str | None = None
    attributes: CookieAttributes = field(default_factory=CookieAttributes)


@dataclass(frozen=True, kw_only=True)
class CrossSubDomainCookies:
    """Share cookies between subdomains: sets Domain to `domain` or the base URL's host."""

    enabled: bool = True
    domain: str | None = None


@dataclass(frozen=True, kw_only=True)
class Advanced:
    """Rarely needed switches."""

    ip_address: IPAddressOptions = IPAddressOptions()
    use_secure_cookies: bool | None = None
    """`__Secure-` names and the Secure flag; None: yes if the base URL is https."""
    disable_csrf_check: bool = False
    """Switches the Origin check of requests with cookies off. Dangerous."""
    disable_origin_check: bool | Sequence[str] = False
    """Switches all origin and URL checks off (or for these path prefixes). Dangerous."""
    cross_sub_domain_cookies: CrossSubDomainCookies | None = None
    cookies: Mapping[str, CookieOptions] = field(default_factory=dict[str, CookieOptions])
    """By base name, for example `session_token`."""
    default_cookie_attributes: CookieAttributes = field(default_factory=CookieAttributes)
    cookie_prefix: str = "better-auth"
    trusted_proxy_headers: bool = False
    """Believe X-Forwarded-Host and X-Forwarded-Proto."""
    skip_trailing_slashes: bool = False
    generate_id: Callable[[str], str] | Literal["uuid", "serial"] | None = None
    """Makes row ids; a function gets the model's name. None: 32 random letters and digits."""
    body_limit: int = 1_048_576
    """Bytes of a request body; longer ones are answered 413."""


@dataclass(frozen=True, kw_only=True)
class RateLimitRule:
    """At most `max` requests per client and path within `window`."""

    window: Duration = 10
    max: int = 100

    def __post_init__(self) -> None:
        seconds("rate limit window", self.window, least=1)
        if self.max < 1:
            raise ConfigurationError("rate limit max", f"{self.max!r} allows nothing", "Give >= 1")


RuleAnswer: TypeAlias = RateLimitRule | Literal[False]
RuleFunction: TypeAlias = Callable[[Request, RateLimitRule], RuleAnswer | Awaitable[RuleAnswer]]
CustomRule: TypeAlias = RateLimitRule | Literal[False] | RuleFunction


RateLimitStore: TypeAlias = Callable[[str, RateLimitRule], int | Awaitable[int | None] | None]


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """Limits on requests per client and path."""

    enabled: bool | None = None
    """None: on in production (`WATCHWORD_ENV` or `NODE_ENV` is `production`)."""
    window: Duration = 10
    max: int = 100
    custom_rules: Mapping[str, CustomRule] = field(default_factory=dict[str, CustomRule])
    """By path or pattern with `*`: a rule, False for no limit, or a function of the request."""
    storage: Literal["memory", "database", "secondary-storage"] | None = None
    """None: the secondary storage if there is one, else memory. Memory counts per process; several
    processes need one of the others, or `consume`."""
    consume: RateLimitStore | None = None
    """The application's own store: counts one request and says how many seconds to wait, or None.
    It gets the key and the rule, and must count and check in one step."""


@dataclass(frozen=True, kw_only=True)
class DynamicBaseURL:
    """Serve several hosts: the base URL follows the request's host, if it is allowed."""

    allowed_hosts: Sequence[str]
    """Host patterns; `*` matches any run of characters."""
    fallback: str | None = None
    """The base URL for requests whose host is not allowed."""
    protocol: Literal["http", "https", "auto"] = "auto"

    def __post_init__(self) -> None:
        if not self.allowed_hosts:
            raise ConfigurationError(
                "base_url.allowed_hosts", "is empty", "Name at least one host pattern"
            )


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """The application's own hooks around every endpoint; branch on `call.endpoint.path`."""

    before: Callable[[Call], object] | None = None
    """May return a `Change` of the input, or any other value, which becomes the response."""
    after: Callable[[Call], object] | None = None
    """Sees `call.returned`; a value other than None replaces the response's."""


@dataclass(frozen=True, kw_only=True)
class OnAPIError:
    """What happens with errors that leave the endpoint pipeline."""

    on_error: Callable[[Exception, Call], object] | None = None
    reraise: bool = False
    """Raise unexpected exceptions to the host instead of answering 500."""
    error_url: str | None = None
    """Where browsers are sent with `?error=`; None: `<base url>/error`."""
    show_default_page: bool = False
    """Serve the built-in error page in production too."""


TrustedOrigins: TypeAlias = (
    "Sequence[str] | Callable[[Request | None], Sequence[str] | Awaitable[Sequence[str]]]"
)
