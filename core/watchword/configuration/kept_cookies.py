"""Cookies that no browser would keep or send back: a server with such options signs nobody in.

Held against every host that the options name (RFC 6265bis, 5.5 to 5.7; CHIPS for `Partitioned`).
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from watchword.cookies import DONT_REMEMBER, SESSION_DATA, SESSION_TOKEN, CookieSpec
from watchword.errors import ConfigurationError
from watchword.http.origins import is_loopback_host

from .configuration import Configuration
from .site import STRANGER, Site

_DEFAULTS = "advanced.default_cookie_attributes"


def check_kept_cookies(config: Configuration) -> None:
    """Raise `ConfigurationError` for the first cookie that would be lost, with its option."""
    for site in config.sites.examples():
        for name in (SESSION_TOKEN, SESSION_DATA, DONT_REMEMBER, *config.options.advanced.cookies):
            _check(config, site, name, site.cookies.spec(name))


def _check(config: Configuration, site: Site, name: str, cookie: CookieSpec) -> None:
    for attribute, problem, remedy in _problems(config, site, cookie):
        own = config.options.advanced.cookies.get(name)
        holder = _DEFAULTS
        if own is not None and getattr(own.attributes, attribute) is not None:
            holder = f"advanced.cookies[{name!r}].attributes"
        option = f"{holder}.{attribute}"
        shared = config.options.advanced.cross_sub_domain_cookies
        if (
            attribute == "domain"
            and shared is not None
            and cookie.attributes.domain == shared.domain
        ):
            option = "advanced.cross_sub_domain_cookies.domain"
        if attribute == "secure" and config.options.advanced.use_secure_cookies:
            option = "advanced.use_secure_cookies"
        raise ConfigurationError(option, problem, remedy)


def _problems(
    config: Configuration, site: Site, cookie: CookieSpec
) -> Iterator[tuple[str, str, str]]:
    at, plain = cookie.attributes, site.origin.startswith("http://")
    for attribute, wanted in (
        ("same_site", at.same_site == "none"),
        ("partitioned", at.partitioned),
    ):
        if wanted and (at.secure is False or (plain and not at.secure)):
            problem = "browsers refuse it for cookies that are not secure"
            remedy = "Serve over https, or give advanced.use_secure_cookies=True"
            yield attribute, f"{getattr(at, attribute)!r}: {problem}", remedy
    if plain and at.secure and not is_loopback_host(site.host):
        problem = f"browsers refuse secure cookies of {site.origin}"
        yield "secure", problem, "Give the https base_url that browsers see"
    if at.path is not None and not _path_covers(at.path, site.base_path):
        problem = f"{at.path!r} does not cover {site.base_path or '/'!r}: no cookie would come back"
        yield "path", problem, "Leave it at '/'"
    if at.domain and not _is_kept(cookie, site.host, one_of_several=config.sites.fixed is None):
        problem = f"{at.domain!r} does not cover {site.host!r}: browsers drop such cookies"
        yield "domain", problem, "Give the host, or a domain that it is below"


def _is_kept(cookie: CookieSpec, host: str, *, one_of_several: bool) -> bool:
    if cookie.name.lower().startswith("__host-"):
        return True  # it is sent without a domain
    if one_of_several and (host == STRANGER or is_loopback_host(host)):
        return True  # nobody knows the host; or it is there for development, beside others
    return _domain_covers(cookie.attributes.domain or "", host)


def _path_covers(path: str, base_path: str) -> bool:
    bare = path.rstrip("/")
    return path.startswith("/") and (base_path == bare or base_path.startswith(f"{bare}/"))


def _domain_covers(domain: str, host: str) -> bool:
    domain = domain.lower().removeprefix(".")
    if domain == host:
        return True
    return "." in domain and host.endswith(f".{domain}") and not _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
