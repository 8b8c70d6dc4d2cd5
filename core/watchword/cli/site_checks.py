"""Checks of where the server lives: base URL, origins, cookies and proxies, for every host."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.configuration.configuration import Configuration
from watchword.configuration.site import Site
from watchword.cookies import SESSION_TOKEN
from watchword.http.origin_patterns import names_everybody
from watchword.http.origins import is_loopback_host

from .finding import Finding


def check_site(config: Configuration) -> Iterator[Finding]:
    """Findings about base URL, trusted origins, cookies and proxies."""
    found = [*_hosts(config)]
    for site in config.sites.examples():
        found += (*_base_url(config, site), *_origins(site), *_cookies(site))
    if callable(config.options.trusted_origins):
        what = "a function decides about origins: it is not checked here"
        found.append(Finding("info", "trusted_origins", what))
    # What holds for all hosts is told once.
    yield from dict.fromkeys(found)
    yield from _switched_off(config)
    yield from _proxies(config)


def _hosts(config: Configuration) -> Iterator[Finding]:
    believing = config.sites.believing
    if believing is not None:
        what = "any host that a request names is believed, and ends up in the links of mails"
        remedy = "Give base_url, or a DynamicBaseURL with the hosts that you serve"
        yield Finding("error", believing, what, remedy)


def _base_url(config: Configuration, site: Site) -> Iterator[Finding]:
    """Findings about the URL of one host. That of a stranger is not of interest."""
    if not site.origin.startswith("http://"):
        return
    local = is_loopback_host(site.host)
    where = "this machine" if local else "plain http"
    what = f"{site.origin} is {where}: cookies and passwords need https"
    if config.sites.fixed is not None:
        yield Finding(
            "error", "base_url", what, "Give the public https URL, or set BETTER_AUTH_URL"
        )
    elif local:
        remedy = "Leave it out in production"
        yield Finding("warning", "base_url.allowed_hosts", what, remedy)
    else:
        yield Finding("error", "base_url.protocol", what, 'Give protocol="https"')


def _origins(site: Site) -> Iterator[Finding]:
    for origin in site.trusted_origins:
        if origin != site.origin:
            yield from _origin(origin)


def _origin(origin: str) -> Iterator[Finding]:
    scheme, found, rest = origin.partition("://")
    host = rest if found else origin
    if names_everybody(origin):
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


def _cookies(site: Site) -> Iterator[Finding]:
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
    advanced = config.options.advanced
    off = advanced.disable_origin_check
    if off is True:
        what = "links may lead, and requests may come, from anywhere"
        yield Finding("error", "advanced.disable_origin_check", what, "Leave the check on")
    elif off:
        paths = ", ".join(off)
        what = f"origins are not checked below {paths}"
        yield Finding("warning", "advanced.disable_origin_check", what, "Keep the list short")


def _proxies(config: Configuration) -> Iterator[Finding]:
    advanced, addresses = config.options.advanced, config.options.advanced.ip_address
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
