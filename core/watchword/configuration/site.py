"""Where this server lives: base URL, trusted origins and cookie names, fixed or per request.

With a configured base URL everything is decided at start-up and nothing in a request changes it.
Otherwise the site follows the request's host: any host without a configuration, only allowed hosts
with a `DynamicBaseURL` (spec: HTTP, base URL).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

import msgspec

from watchword.cookies import CookieNames
from watchword.discreet import Discreet
from watchword.errors import ConfigurationError
from watchword.http.base_url import DEFAULT_PATH, join_base_url, normal_path
from watchword.http.headers import Headers
from watchword.http.origin_patterns import names_everybody, without_default_port
from watchword.http.origins import (
    OriginPattern,
    compiled,
    host_matches,
    is_loopback_host,
    is_valid_forwarded_host,
)
from watchword.http.request import Request
from watchword.http.urls import parse_url

from .option_checks import checked_hosts
from .options import Advanced, DynamicBaseURL

_ENVIRONMENT = (
    "BETTER_AUTH_URL",
    "NEXT_PUBLIC_BETTER_AUTH_URL",
    "PUBLIC_BETTER_AUTH_URL",
    "NUXT_PUBLIC_BETTER_AUTH_URL",
    "NUXT_PUBLIC_AUTH_URL",
    "BASE_URL",
)


_ALLOWED = "base_url.allowed_hosts"
STRANGER = "stranger.invalid"
"""A host that no configuration allows on purpose (RFC 2606, 2)."""


class UnknownHost(Exception):
    """The request's host is not among the allowed ones and there is no fallback."""


class Site(Discreet, msgspec.Struct, frozen=True):
    """The server as one request sees it. `base_url` has the base path; `origin` has not."""

    base_url: str
    origin: str
    host: str
    """Of the origin, without the port."""
    base_path: str
    trusted_origins: tuple[str, ...]
    cookies: CookieNames
    trusted: tuple[OriginPattern, ...] = ()
    """The trusted origins, compiled."""


class SiteResolver:
    """Finds the site of a request."""

    def __init__(
        self,
        base_url: str | DynamicBaseURL | None,
        base_path: str | None,
        *,
        advanced: Advanced,
        trusted_origins: Sequence[str],
        production: bool,
        environ: Mapping[str, str],
    ) -> None:
        self._advanced = advanced
        self._trusted = tuple(trusted_origins)
        self._production = production
        configured = base_url if base_url is not None else _from_environment(environ)
        self._dynamic = configured if isinstance(configured, DynamicBaseURL) else None
        self._hosts = checked_hosts(_ALLOWED, self._dynamic.allowed_hosts if self._dynamic else ())
        self._static = isinstance(configured, str)
        self._given_path = _one_path(configured, base_path)
        self._known: dict[str, Site] = {}
        self.fixed: Site | None = None
        if isinstance(configured, str):
            self.fixed = self._site(self._join(configured))
        shared = advanced.cross_sub_domain_cookies
        if configured is None and shared and not shared.domain:
            raise ConfigurationError(
                "advanced.cross_sub_domain_cookies",
                "has no domain and there is no base_url to take it from",
                "Set its domain, or base_url",
            )
        self._fallback = (
            self._site(self._join(self._dynamic.fallback))
            if self._dynamic and self._dynamic.fallback
            else None
        )
        self.base_path = self.any_site.base_path

    @property
    def any_site(self) -> Site:
        """A site for work from which nothing leads anywhere, neither a link nor a cookie."""
        return self.fixed or self._fallback or self._at("http://localhost")

    @property
    def believing(self) -> str | None:
        """The option by which any host that a request names is believed; None if none is."""
        if self._dynamic is not None:
            return _ALLOWED if any(map(names_everybody, self._hosts)) else None
        return None if self._static else "base_url"

    def examples(self) -> Iterator[Site]:
        """The site itself, or one for each pattern of allowed hosts; a stranger's if any goes."""
        if self.fixed is not None:
            yield self.fixed
        elif self._dynamic is None:
            yield self._site(self._join(f"https://{STRANGER}"))
        for pattern in self._hosts:
            scheme, _, host = pattern.rpartition("://")
            host = STRANGER if names_everybody(pattern) else _example(host)
            protocol = self._dynamic.protocol if self._dynamic else "auto"
            if protocol == "auto":
                protocol = scheme or ("http" if is_loopback_host(host) else "https")
            yield self._site(self._join(f"{protocol}://{host}"))
        if self._fallback is not None:
            yield self._fallback

    def resolve(self, request: Request | None, headers: Headers) -> Site:
        """The site for a request, or for a server-side call with these headers.

        Raises `UnknownHost`.
        """
        if self.fixed is not None:
            return self.fixed
        if self._dynamic is not None:
            return self._allowed(self._dynamic, request, headers)
        return self._at(self.request_origin(request, headers))

    def resolve_call(self, request: Request | None, headers: Headers) -> Site:
        """The site for a server-side call: as `resolve`, and localhost when nothing names a host.

        With a `DynamicBaseURL` the headers must carry an allowed host, or there must be a fallback;
        otherwise raises `ConfigurationError`.
        """
        try:
            return self.resolve(request, headers)
        except UnknownHost:
            if self._dynamic is None:
                return self._at("http://localhost")
            raise ConfigurationError(
                "base_url",
                "the call names no allowed host",
                "Pass the request's headers, or set base_url.fallback",
            ) from None

    def request_origin(self, request: Request | None, headers: Headers) -> str:
        """The origin that the request itself was sent to; raises `UnknownHost` if it has none."""
        host, proto = headers.get("x-forwarded-host"), headers.get("x-forwarded-proto")
        if (
            self._advanced.trusted_proxy_headers
            and host
            and proto in ("http", "https")
            and is_valid_forwarded_host(host)
        ):
            return f"{proto}://{without_default_port(host, proto)}"
        host = (request.host if request else None) or headers.get("host")
        if not host or not is_valid_forwarded_host(host):
            raise UnknownHost
        scheme = request.scheme if request else "http"
        return f"{scheme}://{without_default_port(host, scheme)}"

    def _allowed(self, dynamic: DynamicBaseURL, request: Request | None, headers: Headers) -> Site:
        host = self._host(request, headers)
        if host:
            protocol = self._protocol(dynamic, request, headers, host)
            host = without_default_port(host, protocol)
            if any(host_matches(host, pattern) for pattern in self._hosts):
                with suppress(UnknownHost):
                    return self._at(f"{protocol}://{host}")
        if self._fallback is not None:
            return self._fallback
        raise UnknownHost

    def _host(self, request: Request | None, headers: Headers) -> str | None:
        if self._advanced.trusted_proxy_headers:
            forwarded = headers.get("x-forwarded-host")
            if forwarded and is_valid_forwarded_host(forwarded):
                return forwarded.lower()
        for host in (headers.get("host"), request.host if request else None):
            if host and is_valid_forwarded_host(host):
                return host.lower()
        return None

    def _protocol(
        self, dynamic: DynamicBaseURL, request: Request | None, headers: Headers, host: str
    ) -> str:
        if dynamic.protocol != "auto":
            return dynamic.protocol
        forwarded = headers.get("x-forwarded-proto")
        if self._advanced.trusted_proxy_headers and forwarded in ("http", "https"):
            return forwarded
        if request is not None:
            return request.scheme
        return "http" if is_loopback_host(host) else "https"

    def _at(self, origin: str) -> Site:
        """The site at an origin. Raises `UnknownHost` for what only looks like a host: 300.1.1.1,
        localhost:99999, [::::]."""
        known = self._known.get(origin)
        if known is None:
            if parse_url(origin) is None:
                raise UnknownHost
            known = self._site(self._join(origin))
            if len(self._known) < 256:
                self._known[origin] = known
        return known

    def _join(self, url: str) -> str:
        try:
            return join_base_url(url, self._given_path)
        except ValueError as error:
            raise ConfigurationError("base_url", str(error), "Give an http(s) URL") from None

    def _site(self, base_url: str) -> Site:
        url = parse_url(base_url)
        if url is None:
            raise ConfigurationError("base_url", f"{base_url!r} is no URL", "Give an http(s) URL")
        secure = self._advanced.use_secure_cookies
        if secure is None:
            secure = self._secure_by_default(url.scheme)
        shared = self._advanced.cross_sub_domain_cookies
        domain = (shared.domain or url.host) if shared and shared.enabled else None
        trusted_origins = (*self._own_origins(url.origin), *self._trusted)
        return Site(
            base_url=base_url,
            origin=url.origin,
            host=url.host,
            base_path=url.path.rstrip("/"),
            trusted_origins=trusted_origins,
            cookies=CookieNames(self._advanced, secure=secure, domain=domain),
            trusted=tuple(map(compiled, trusted_origins)),
        )

    def _secure_by_default(self, scheme: str) -> bool:
        # A configured URL or protocol decides; otherwise only production mode does, so that a
        # server's cookie names never depend on the request (spec: cookies, names).
        if self._static:
            return scheme == "https"
        if self._dynamic is not None and self._dynamic.protocol != "auto":
            return self._dynamic.protocol == "https"
        return self._production

    def _own_origins(self, origin: str) -> tuple[str, ...]:
        if self._dynamic is None:
            return (origin,)
        origins: list[str] = []
        for pattern in self._hosts:
            if "://" in pattern:
                origins.append(pattern)
                continue
            if self._dynamic.protocol in ("https", "auto"):
                origins.append(f"https://{pattern}")
            if self._dynamic.protocol in ("http", "auto") or is_loopback_host(pattern):
                origins.append(f"http://{pattern}")
        if self._dynamic.fallback and (url := parse_url(self._dynamic.fallback)):
            origins.append(url.origin)
        return tuple(dict.fromkeys(origins))


def _example(pattern: str) -> str:
    """A host that a pattern matches."""
    if pattern.startswith("["):
        return pattern
    name, colon, port = pattern.partition(":")
    name = name.replace("*", "any").replace("?", "x")
    return name + colon + ("8443" if "*" in port or "?" in port else port)


def _one_path(configured: str | DynamicBaseURL | None, base_path: str | None) -> str:
    """The base path. That of a URL is the whole one, as browsers see it: a base path that is given
    as well must say the same, or what is left of it below the prefix of a mounted application."""
    option, url = "base_url", configured
    if isinstance(configured, DynamicBaseURL):
        option, url = "base_url.fallback", configured.fallback
    try:
        given = None if base_path is None else normal_path(base_path)
    except ValueError as error:
        raise ConfigurationError("base_path", str(error), "Give a path such as '/auth'") from None
    try:
        parsed = parse_url(join_base_url(url, "/")) if isinstance(url, str) else None
    except ValueError as error:
        raise ConfigurationError(option, str(error), "Give an http(s) URL") from None
    path = "" if parsed is None else parsed.path.rstrip("/")
    if path and given is not None and not (path == given or (given and path.endswith(given))):
        raise ConfigurationError(
            "base_path",
            f"{given or '/'!r} contradicts {option}, whose path is {path!r}",
            f"Leave base_path out, or give {option} the whole path",
        )
    return path or (DEFAULT_PATH if given is None else given)


def _from_environment(environ: Mapping[str, str]) -> str | None:
    for name in _ENVIRONMENT:
        value = environ.get(name)
        if value and value != "/":
            return value
    return None
