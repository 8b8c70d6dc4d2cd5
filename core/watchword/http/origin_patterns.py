"""Patterns of origins and hosts, each in the one form in which it is compared.

A pattern that no browser's `Origin` could ever match protects and allows nothing; whoever wrote it
meant another. What is clear is brought into form, the rest is refused (security W11).
"""

from __future__ import annotations

import re

from .origins import is_loopback_host
from .urls import ascii_name, parse_url

_WILD = re.compile(r"[*?]")
_SCHEME = re.compile(r"[a-z][a-z0-9+.\-]*")
_HOST = re.compile(r"[a-z0-9\-_.*?]+")
_PORT = re.compile(r"[0-9*?]{1,5}")
_DEFAULT_PORTS = {"https": "443", "http": "80"}
_NEVER_TRUSTED = frozenset(("javascript", "data", "vbscript", "blob", "file"))
_OF_NOBODY_ELSE = frozenset(
    ("localhost", "local", "internal", "intranet", "lan", "corp", "home", "test")
)
"""Top levels below which strangers cannot have names (RFC 6761, RFC 6762, ICANN's `internal`)."""


class OddPattern(ValueError):
    """A pattern that matches nothing. `remedy` says what to write instead."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.remedy = remedy


def normal_origin(pattern: str) -> str:
    """A pattern of trusted origins as browsers write origins: lower case, no slash at the end, no
    default port, names in ASCII. Raises `OddPattern`."""
    scheme, found, rest = pattern.partition("://")
    scheme = scheme.lower()
    if not found:
        return _without_scheme(pattern)
    if scheme in _NEVER_TRUSTED:
        raise OddPattern(f"nothing of the scheme {scheme!r} is ever trusted", "Leave it out")
    if scheme in _DEFAULT_PORTS or _WILD.search(scheme):
        return f"{scheme}://{_authority(rest, _DEFAULT_PORTS.get(scheme, ''))}"
    if not _SCHEME.fullmatch(scheme) or "@" in rest.partition("/")[0]:
        raise OddPattern("it names no application", "Write the scheme alone, as in 'myapp://'")
    return f"{scheme}://{rest}"


def normal_host(pattern: str) -> str:
    """A pattern of hosts that are served, with the scheme in front if it names one.

    Raises `OddPattern`.
    """
    scheme, found, rest = pattern.rpartition("://")
    scheme = scheme.lower()
    if found and scheme not in _DEFAULT_PORTS:
        raise OddPattern("hosts are served over http or https", "Write the host alone")
    host = _authority(rest, _DEFAULT_PORTS.get(scheme, ""))
    return f"{scheme}://{host}" if found else without_default_port(host)


def without_default_port(host: str, scheme: str | None = None) -> str:
    """A host without the port that its scheme has anyway; without a scheme, without 443 and 80."""
    name, colon, port = host.rpartition(":")
    ports = _DEFAULT_PORTS.values() if scheme is None else (_DEFAULT_PORTS.get(scheme),)
    return name if colon and port in ports else host


def names_everybody(pattern: str) -> bool:
    """Whether strangers can have hosts that a pattern matches: `*`, `https://*`, `*.com`, `*:*`."""
    host = pattern.rpartition("://")[2].partition("/")[0]
    name = host if host.startswith("[") else host.partition(":")[0]
    if not _WILD.search(name):
        return False
    fixed: list[str] = []
    for label in reversed(name.split(".")):
        if _WILD.search(label):
            break
        fixed.append(label)
    return not fixed or (len(fixed) == 1 and fixed[0] not in _OF_NOBODY_ELSE)


def _without_scheme(pattern: str) -> str:
    if not _WILD.search(pattern):
        host = pattern.partition("/")[0]
        scheme = "http" if is_loopback_host(host) else "https"
        raise OddPattern("it has no scheme", f"Write {f'{scheme}://{host}'!r}")
    host = _authority(pattern, "")
    bare = without_default_port(host)
    if bare != host:
        raise OddPattern("browsers leave default ports out", f"Write {bare!r}")
    return host


def _authority(text: str, default_port: str) -> str:
    host, _, path = text.partition("/")
    if path.strip("/"):
        raise OddPattern("an origin has no path", f"Leave {'/' + path!r} out")
    name, port = _split(host)
    if port == default_port:
        port = ""
    if port and not _PORT.fullmatch(port):
        raise OddPattern(f"{port!r} is no port", "Write a number, or leave it out")
    return f"{_name(name)}:{port}" if port else _name(name)


def _split(host: str) -> tuple[str, str]:
    if host.startswith("["):
        name, bracket, port = host.rpartition("]")
        return name + bracket, port.removeprefix(":")
    name, _, port = host.partition(":")
    return name, port


def _name(name: str) -> str:
    wanted = "Write a host, as in 'app.example.com' or '*.example.com'"
    if not _WILD.search(name):
        url = parse_url(f"https://{name}") if name and "@" not in name else None
        if url is None:
            raise OddPattern(f"{name!r} is no host", wanted)
        return url.host
    host = ".".join(map(_label, name.lower().split(".")))
    if not _HOST.fullmatch(host):
        raise OddPattern(f"{name!r} is no host", wanted)
    return host


def _label(label: str) -> str:
    if label.isascii() or _WILD.search(label):
        return label
    try:
        return ascii_name(label)
    except UnicodeError:
        return label
