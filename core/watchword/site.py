"""Where this server lives: base URL, trusted origins and cookie names, fixed or per request.

With a configured base URL everything is decided at start-up and nothing in a request changes it.
Otherwise the site follows the request's host: any host without a configuration, only allowed hosts
with a `DynamicBaseURL` (spec: HTTP, base URL).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .cookies import CookieNames
from .errors import ConfigurationError
from .http.base_url import join_base_url
from .http.headers import Headers
from .http.origins import (
    OriginPattern,
    compiled,
    host_matches,
    is_loopback_host,
    is_valid_forwarded_host,
)
from .http.request import Request
from .http.urls import parse_url
from .options import Advanced, DynamicBaseURL

_ENVIRONMENT = (
    "BETTER_AUTH_URL",
    "NEXT_PUBLIC_BETTER_AUTH_URL",
    "PUBLIC_BETTER_AUTH_URL",
    "NUXT_PUBLIC_BETTER_AUTH_URL",
    "NUXT_PUBLIC_AUTH_URL",
    "BASE_URL",
)


class UnknownHost(Exception):
    """The request's host is not among the allowed ones and there is no fallback."""


@dataclass(frozen=True, slots=True)
class Site:
    """The server as one request sees it. `base_url` has the base path; `origin` has not."""

    base_url: str
    origin: str
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
        base_path: str,
        *,
        advanced: Advanced,
        trusted_origins: Sequence[str],
        production: bool,
        environ: Mapping[str, str],
    ) -> None:
        self._advanced = advanced
        self._trusted = tuple(trusted_origins)
        self._production = production
        self._given_path = base_path
        configured = base_url if base_url is not None else _from_environment(environ)
        self._dynamic = configured if isinstance(configured, DynamicBaseURL) else None
        self._static = isinstance(configured, str)
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
        self.base_path = (self.fixed or self._fallback or self._at("http://localhost")).base_path

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
            return f"{proto}://{host}"
        host = (request.host if request else None) or headers.get("host")
        if not host or not is_valid_forwarded_host(host):
            raise UnknownHost
        return f"{request.scheme if request else 'http'}://{host}"

    def _allowed(self, dynamic: DynamicBaseURL, request: Request | None, headers: Headers) -> Site:
        host = self._host(request, headers)
        if host and any(host_matches(host, pattern) for pattern in dynamic.allowed_hosts):
            return self._at(f"{self._protocol(dynamic, request, headers, host)}://{host}")
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
        known = self._known.get(origin)
        if known is None:
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
        for pattern in self._dynamic.allowed_hosts:
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


def _from_environment(environ: Mapping[str, str]) -> str | None:
    for name in _ENVIRONMENT:
        value = environ.get(name)
        if value and value != "/":
            return value
    return None
