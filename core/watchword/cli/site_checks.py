"""Checks of where the server lives: base URL, origins, cookies and proxies."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.configuration import Configuration
from watchword.cookies import SESSION_TOKEN
from watchword.http.headers import Headers
from watchword.http.origins import is_loopback_host
from watchword.http.urls import parse_url
from watchword.site import Site, UnknownHost

from .finding import Finding

_STRANGER = "stranger.invalid"
"""A host that no configuration allows on purpose (RFC 2606, 2)."""


def check_site(config: Configuration) -> Iterator[Finding]:
    """Findings about base URL, trusted origins, cookies and proxies."""
    yield from _base_url(config)
    yield from _origins(config)
    yield from _cookies(config)
    yield from _switched_off(config)
    yield from _proxies(config)


def _base_url(config: Configuration) -> Iterator[Finding]:
    fixed = config.sites.fixed
    if fixed is None:
        if _site_of_stranger(config) is not None:
            yield Finding(
                "error",
                "base_url",
                "any host that a request names is believed, and ends up in the links of mails",
                "Give base_url, or a DynamicBaseURL with the hosts that you serve",
            )
        return
    url = parse_url(fixed.base_url)
    if url is None or url.scheme != "https":
        where = "this machine" if url and is_loopback_host(url.host) else "plain http"
        yield Finding(
            "error",
            "base_url",
            f"{fixed.origin} is {where}: cookies and passwords need https",
            "Give the public https URL, or set BETTER_AUTH_URL",
        )


def _origins(config: Configuration) -> Iterator[Finding]:
    if callable(config.trusted_origins):
        what = "a function decides about origins: it is not checked here"
        yield Finding("info", "trusted_origins", what)
    site = config.sites.fixed or _site_of_stranger(config)
    if site is not None:
        for origin in site.trusted_origins:
            if origin != site.origin:
                yield from _origin(origin)


def _origin(origin: str) -> Iterator[Finding]:
    scheme, found, rest = origin.partition("://")
    host = rest if found else origin
    name = host.partition("/")[0].partition(":")[0]
    if not name.replace("*", "").replace("?", "").strip(".") or _covers_a_top_level(name):
        what = f"{origin!r} trusts sites of everybody"
        yield Finding("error", "trusted_origins", what, "Name your own hosts")
    elif "*" in host or "?" in host:
        what = f"{origin!r} trusts every host that it matches, also ones that are taken over"
        yield Finding("warning", "trusted_origins", what, "Name the hosts, if they are known")
    if is_loopback_host(host):
        what = f"{origin!r} is for development"
        yield Finding("warning", "trusted_origins", what, "Leave it out in production")
    elif found and scheme == "http":
        what = f"{origin!r} is plain http: whoever sits in between speaks for it"
        yield Finding("error", "trusted_origins", what, "Trust its https origin")


def _covers_a_top_level(name: str) -> bool:
    labels = name.split(".")
    return len(labels) == 2 and set(labels[0]) <= {"*", "?"} and bool(labels[0])


def _cookies(config: Configuration) -> Iterator[Finding]:
    site = config.sites.fixed or _site_of_stranger(config)
    if site is None:
        return
    cookie = site.cookies.spec(SESSION_TOKEN).attributes
    if not cookie.secure:
        yield Finding(
            "error",
            "advanced.use_secure_cookies",
            "the session cookie is sent over plain http too",
            "Give an https base_url, or Advanced(use_secure_cookies=True)",
        )
    if cookie.http_only is False:
        yield Finding(
            "error",
            "advanced.default_cookie_attributes",
            "scripts in the page can read the session cookie",
            "Leave http_only alone",
        )
    if cookie.same_site == "none":
        yield Finding(
            "warning",
            "advanced.default_cookie_attributes",
            "same_site 'none' sends the session along with requests of every site",
            "Use 'lax' unless the front end lives on another site",
        )


def _switched_off(config: Configuration) -> Iterator[Finding]:
    advanced = config.advanced
    if advanced.disable_csrf_check:
        what = "other sites can act in the name of who is signed in"
        yield Finding("error", "advanced.disable_csrf_check", what, "Leave the check on")
    off = advanced.disable_origin_check
    if off is True:
        what = "links may lead, and requests may come, from anywhere"
        yield Finding("error", "advanced.disable_origin_check", what, "Leave the check on")
    elif off:
        paths = ", ".join(off)
        what = f"origins are not checked below {paths}"
        yield Finding("warning", "advanced.disable_origin_check", what, "Keep the list short")


def _proxies(config: Configuration) -> Iterator[Finding]:
    advanced, addresses = config.advanced, config.advanced.ip_address
    if advanced.trusted_proxy_headers and not addresses.trusted_proxies:
        yield Finding(
            "warning",
            "advanced.trusted_proxy_headers",
            "X-Forwarded-Host is believed, and no proxy is named that would set it",
            "Name them in advanced.ip_address.trusted_proxies; they must drop what clients send",
        )
    if addresses.disable_tracking:
        what = "no client addresses are noted, so rates are not limited"
        yield Finding("warning", "advanced.ip_address.disable_tracking", what)
    elif addresses.headers and not addresses.trusted_proxies:
        names = ", ".join(addresses.headers)
        yield Finding(
            "warning",
            "advanced.ip_address.trusted_proxies",
            f"clients choose their own address in {names}, unless a proxy overwrites it",
            "Name your proxies; without any, give IPAddressOptions(headers=())",
        )
    if not addresses.use_peer and not addresses.disable_tracking:
        yield Finding(
            "error",
            "advanced.ip_address.use_peer",
            "all clients whose address no header names share one limit: three wrong passwords of "
            "anybody are 429 for everybody",
            "Leave it on",
        )


def _site_of_stranger(config: Configuration) -> Site | None:
    """The site of a request to a host that nobody allowed; None if it is refused."""
    try:
        site = config.sites.resolve(None, Headers.of({"host": _STRANGER}))
    except UnknownHost:
        return None
    return site if _STRANGER in site.origin else None
