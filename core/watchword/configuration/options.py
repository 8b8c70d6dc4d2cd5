"""The options of `Auth`, as frozen dataclasses. What belongs to one feature stands with it.

Durations are a `timedelta` or a number of seconds. Wrong values raise `ConfigurationError` when
the option object is built, naming the option, the value and the remedy.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias, cast

from watchword.errors import ConfigurationError
from watchword.http.bounds import LONGEST_URL
from watchword.http.cookies import CookieAttributes
from watchword.http.request import Request
from watchword.records import Session, Verification
from watchword.runtime.jobs import BackgroundHandler

from .account_options import AccountLinking as AccountLinking
from .account_options import AccountOptions as AccountOptions
from .durations import LONGEST_COOKIE, Duration, seconds
from .option_checks import (
    check_callback,
    check_choice,
    check_cookie_name,
    check_networks,
    check_number,
    check_paths,
    check_subclass,
    check_texts,
    check_type,
    checked_hosts,
)
from .outgoing_options import Outgoing
from .rate_limit_options import CustomRule as CustomRule
from .rate_limit_options import RateLimit as RateLimit
from .rate_limit_options import RateLimitRule as RateLimitRule
from .rate_limit_options import RateLimitStore as RateLimitStore
from .rate_limit_options import RuleAnswer as RuleAnswer
from .safe_ranges import Safe
from .work_limits import WorkLimits

if TYPE_CHECKING:
    from watchword.call import Call


@dataclass(frozen=True, kw_only=True)
class RefreshCache:
    """When the cookie of a server without any store is written anew."""

    update_age: Duration | None = None
    """With less than this to its end. None: a fifth of `max_age`."""

    def __post_init__(self) -> None:
        if self.update_age is not None:
            seconds(f"{REFRESH_CACHE}.update_age", self.update_age, least=1)


REFRESH_CACHE = "session.cookie_cache.refresh_cache"


@dataclass(frozen=True, kw_only=True)
class CookieCache:
    """Keep session and user in a signed or encrypted cookie, so that most checks need no query."""

    enabled: bool = True
    """False: every check asks the store."""
    max_age: Duration | None = None
    """How long the cookie is believed before the store is asked again. None: 300, and without any
    store `session.expires_in`."""
    strategy: Literal["compact", "jwt", "jwe"] | None = None
    """`compact` and `jwt` are signed and readable by the browser's owner; `jwe` is encrypted.
    None: `compact`, and without any store `jwe`."""
    refresh_cache: bool | RefreshCache | None = None
    """Write the cookie anew when it is used shortly before its end; only without any store, where
    it is the session. The session's own end stays. None: yes, there."""
    version: str | Callable[..., str | Awaitable[str]] = "1"
    """Raise it to make all cached cookies invalid; or a function of session and user."""

    def __post_init__(self) -> None:
        if self.max_age is not None:
            seconds("session.cookie_cache.max_age", self.max_age, least=1)
        if self.strategy is not None:
            check_choice("session.cookie_cache.strategy", self.strategy, ("compact", "jwt", "jwe"))
        if self.refresh_cache not in (None, True, False):
            check_type(REFRESH_CACHE, self.refresh_cache, RefreshCache)


@dataclass(frozen=True, kw_only=True)
class SessionOptions:
    """How long sessions live, when they are renewed and where they are kept."""

    safe: ClassVar[Mapping[str, Safe]] = {
        "expires_in": Safe(
            "NIST SP 800-63B-4, 2.1.3 wants a new sign-in within 30 days", most=2_592_000
        ),
        "fresh_age": Safe("sensitive operations ask for no recent sign-in", least=1, most=86_400),
    }

    expires_in: Duration = 604_800
    """Life of a session after sign-in or renewal (7 days)."""
    update_age: Duration | None = None
    """A session that is used is renewed when its last renewal is older than this. None: a day, or
    `expires_in` if that is shorter (such sessions are not renewed)."""
    fresh_age: Duration = 86_400
    """Sensitive operations want a session created less than this ago; 0 switches the check off."""
    disable_refresh: bool = False
    """Never renew: a session ends `expires_in` after sign-in."""
    defer_refresh: bool = False
    """GET /get-session stays read-only and tells the client to POST when a renewal is due."""
    cookie_cache: CookieCache | None = None
    """None: no cache; without any store the cookie is the session, with the cache's defaults."""
    store_in_database: bool = False
    """With a secondary storage: keep a database row as well."""
    preserve_in_database: bool = False
    """With both: keep revoked rows, ended, for the record."""
    model: type[Session] = Session
    """A subclass of `Session` adds fields."""

    def __post_init__(self) -> None:
        seconds("session.expires_in", self.expires_in, least=1, most=LONGEST_COOKIE)
        if self.update_age is not None:
            seconds("session.update_age", self.update_age)
        seconds("session.fresh_age", self.fresh_age)
        if self.cookie_cache is not None:
            check_type("session.cookie_cache", self.cookie_cache, CookieCache)
        check_subclass("session.model", self.model, Session)


@dataclass(frozen=True, kw_only=True)
class UserSource:
    """What is about to happen to a user, and how the user came."""

    action: Literal["create-user", "link-account", "sign-in"]
    method: str
    """`email-password`, `magic-link`, `email-otp`, ...; `server`: by `auth.users`."""
    provider_id: str | None = None
    """Of an identity provider."""


UserRefusal: TypeAlias = "str | tuple[str, str] | None"
"""None: the user may come in. An error code, or a code and a message: 403 with these."""
UserInfoValidator: TypeAlias = (
    "Callable[[dict[str, object], UserSource, Call], UserRefusal | Awaitable[UserRefusal]]"
)
"""Gets the user's values by attribute name. May raise `APIError` as well."""


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
    """Your subclass of `Verification`, with fields of your own."""

    def __post_init__(self) -> None:
        check_subclass("verification.model", self.model, Verification)
        form: object = self.store_identifier
        table = cast("Mapping[str, object]", form if isinstance(form, Mapping) else {"": form})
        for one in table.values():
            if not callable(one):
                check_choice("verification.store_identifier", one, ("plain", "hashed"))


def _check_attributes(option: str, attributes: object) -> None:
    check_type(option, attributes, CookieAttributes)
    found = cast("CookieAttributes", attributes)
    check_choice(f"{option}.same_site", found.same_site, (None, "lax", "strict", "none"))
    if found.max_age is not None:
        seconds(f"{option}.max_age", found.max_age, most=LONGEST_COOKIE)


@dataclass(frozen=True, kw_only=True)
class IPAddressOptions:
    """Where the client's address comes from. It keys rate limits and is noted in sessions."""

    safe: ClassVar[Mapping[str, Safe]] = {
        "ipv6_subnet": Safe("a client has very many addresses, or shares one", least=32, most=64),
        "use_peer": Safe(
            "clients whose address no header names share one limit of requests",
            exactly=True,
            severity="error",
        ),
    }

    headers: Sequence[str] = ("x-forwarded-for",)
    """Header names, first usable one wins. Only name what your proxy sets and clients cannot.
    `forwarded` is read as RFC 7239 says, others as lists of addresses, with or without ports."""
    trusted_proxies: Sequence[str] = ()
    """Addresses or networks of your proxies: of a list, the last entry that is none of them is the
    client. Without any, the last entry counts where the connection comes from a private address."""
    ipv6_subnet: int = 64
    """Bits of an IPv6 address that identify a client."""
    disable_tracking: bool = False
    """Note no addresses, and limit no rates."""
    use_peer: bool = True
    """Take the address of the connection when no header gives one. Without it, all clients whose
    address is unknown share one limit of requests."""

    def __post_init__(self) -> None:
        check_texts("advanced.ip_address.headers", self.headers)
        check_networks("advanced.ip_address.trusted_proxies", self.trusted_proxies)
        check_number("advanced.ip_address.ipv6_subnet", self.ipv6_subnet, 1, 128)


@dataclass(frozen=True, kw_only=True)
class CookieOptions:
    """Another full name or other attributes for one cookie."""

    name: str | None = None
    """The full name, in place of prefix and name. None: as usual."""
    attributes: CookieAttributes = field(default_factory=CookieAttributes)
    """What is laid over the attributes that the cookie has."""

    def __post_init__(self) -> None:
        if self.name is not None:
            check_cookie_name("advanced.cookies", self.name)
        _check_attributes("advanced.cookies", self.attributes)


@dataclass(frozen=True, kw_only=True)
class CrossSubDomainCookies:
    """Share cookies between subdomains: sets Domain to `domain` or the base URL's host."""

    enabled: bool = True
    """False: cookies stay with the host that set them."""
    domain: str | None = None
    """The domain whose subdomains share the cookies. None: the host of the base URL."""

    def __post_init__(self) -> None:
        option, domain = "advanced.cross_sub_domain_cookies.domain", self.domain
        if domain is not None and (not domain or any(mark in domain for mark in "/:@ ,;")):
            raise ConfigurationError(option, f"{domain!r} is no domain", "Give example.com")


@dataclass(frozen=True, kw_only=True)
class Advanced:
    """Rarely needed switches."""

    safe: ClassVar[Mapping[str, Safe]] = {
        "disable_csrf_check": Safe(
            "other sites can act in the name of who is signed in",
            exactly=False,
            severity="error",
        ),
    }

    ip_address: IPAddressOptions = IPAddressOptions()
    use_secure_cookies: bool | None = None
    """`__Secure-` names and the Secure flag; None: yes if the base URL is https."""
    disable_csrf_check: bool = False
    """Switches the Origin check of requests with cookies off; not that of forms that pages take for
    endpoints. Dangerous."""
    disable_origin_check: bool | Sequence[str] = False
    """Switches all origin and URL checks off (or for these path prefixes); not that of such forms.
    Dangerous."""
    cross_sub_domain_cookies: CrossSubDomainCookies | None = None
    cookies: Mapping[str, CookieOptions] = field(default_factory=dict[str, CookieOptions])
    """By base name, for example `session_token`."""
    default_cookie_attributes: CookieAttributes = field(default_factory=CookieAttributes)
    cookie_prefix: str = "better-auth"
    """What the names of all cookies begin with; two servers under one host need two."""
    trusted_proxy_headers: bool = False
    """Believe X-Forwarded-Host and X-Forwarded-Proto."""
    skip_trailing_slashes: bool = False
    """Take a path with slashes at its end for the one without."""
    generate_id: Callable[[str], str] | Literal["uuid", "serial"] | None = None
    """Makes row ids; a function gets the model's name. None: 32 random letters and digits."""
    body_limit: int = 1_048_576
    """Bytes of a request body; longer ones are answered 413."""
    longest_url: int = 2048
    """Characters of a `callbackURL` and its like (at most 8,192); longer ones are not trusted."""
    work: WorkLimits = field(default_factory=WorkLimits)
    """How much hashing, mailing and calling back is done at a time."""
    outgoing: Outgoing = field(default_factory=Outgoing)
    """Bounds of requests to other servers, such as identity providers."""
    background: BackgroundHandler | None = None
    """Your own way to run mails and other background work; gets a `BackgroundJob`. None: behind the
    answer, on the event loop or in threads."""

    def __post_init__(self) -> None:
        check_type("advanced.ip_address", self.ip_address, IPAddressOptions)
        check_number("advanced.body_limit", self.body_limit, 1)
        check_number("advanced.longest_url", self.longest_url, 100, LONGEST_URL)
        check_type("advanced.work", self.work, WorkLimits)
        check_type("advanced.outgoing", self.outgoing, Outgoing)
        check_callback("advanced.background", self.background)
        if self.cross_sub_domain_cookies is not None:
            shared = self.cross_sub_domain_cookies
            check_type("advanced.cross_sub_domain_cookies", shared, CrossSubDomainCookies)
        check_cookie_name("advanced.cookie_prefix", self.cookie_prefix)
        _check_attributes("advanced.default_cookie_attributes", self.default_cookie_attributes)
        for name, one in self.cookies.items():
            check_type(f"advanced.cookies[{name!r}]", one, CookieOptions)
        if not isinstance(self.disable_origin_check, bool):
            check_paths("advanced.disable_origin_check", self.disable_origin_check)


@dataclass(frozen=True, kw_only=True)
class DynamicBaseURL:
    """Serve several hosts: the base URL follows the request's host, if it is allowed."""

    allowed_hosts: Sequence[str]
    """Host patterns; `*` matches any run of characters."""
    fallback: str | None = None
    """The base URL for requests whose host is not allowed."""
    protocol: Literal["http", "https", "auto"] = "auto"
    """The scheme of the base URL; `auto` follows the request."""

    def __post_init__(self) -> None:
        check_choice("base_url.protocol", self.protocol, ("http", "https", "auto"))
        check_texts("base_url.allowed_hosts", self.allowed_hosts)
        if not self.allowed_hosts:
            raise ConfigurationError(
                "base_url.allowed_hosts", "is empty", "Name at least one host pattern"
            )
        checked_hosts("base_url.allowed_hosts", self.allowed_hosts)


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """The application's own hooks around every endpoint; branch on `call.endpoint.path`."""

    before: Callable[[Call], object] | None = None
    """May return a `Change` of the input, or any other value, which becomes the response."""
    after: Callable[[Call], object] | None = None
    """Sees `call.returned`; a value other than None replaces the response's."""

    def __post_init__(self) -> None:
        check_callback("hooks.before", self.before)
        check_callback("hooks.after", self.after)


@dataclass(frozen=True, kw_only=True)
class OnAPIError:
    """What happens with errors that leave the endpoint pipeline."""

    safe: ClassVar[Mapping[str, Safe]] = {
        "show_default_page": Safe("the error page shows details", exactly=False, severity="info"),
    }

    on_error: Callable[[Exception, Call], object] | None = None
    """Told of each error with its call, before it is answered."""
    reraise: bool = False
    """Raise unexpected exceptions to the host instead of answering 500."""
    error_url: str | None = None
    """Where browsers are sent with `?error=`; None: `<base url>/error`."""
    show_default_page: bool = False
    """Serve the built-in error page in production too."""

    def __post_init__(self) -> None:
        check_callback("on_api_error.on_error", self.on_error)


TrustedOrigins: TypeAlias = (
    "Sequence[str] | Callable[[Request | None], Sequence[str] | Awaitable[Sequence[str]]]"
)
