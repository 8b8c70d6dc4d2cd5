"""Which URLs and hosts a pattern trusts (spec: HTTP, trust test; security O2 to O4, R1, R5)."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address
from typing import NamedTuple
from urllib.parse import unquote

from .bounds import LONGEST_GROWN_URL
from .globs import origin_glob
from .urls import URL, is_safe_relative, parse_url

_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_FORWARDED = rf"({_LABEL}(\.{_LABEL})*|\[[0-9A-Fa-f:.]{{2,45}}\])(:[0-9]{{1,5}})?"
_SCHEME_ONLY = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*)://(?P<rest>.*)", re.DOTALL)
_UNTRUSTED_SCHEMES = frozenset(("javascript", "data", "vbscript", "blob", "file"))
_NOT_APPS = frozenset(("http", "https", *_UNTRUSTED_SCHEMES))
_DIGITS_AND_WILDCARDS = re.compile(r"[0-9.*?]+", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Target(NamedTuple):
    """A URL or path that somebody gave, parsed once, whatever number of patterns it is held to."""

    text: str
    url: URL | None
    """None for paths, and for what is no absolute URL."""

    @classmethod
    def of(cls, text: str) -> Target:
        return cls(text, None if text.startswith("/") else parse_url(text))

    @property
    def is_safe_path(self) -> bool:
        """Whether it is a path that stays on this site."""
        return self.text.startswith("/") and is_safe_relative(self.text)


class OriginPattern:
    """A pattern of trusted origins, compiled."""

    __slots__ = ("_app", "_glob", "_ipv4", "_named", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        wild = "*" in text or "?" in text
        scheme, named, rest = text.partition("://")
        self._named = bool(named)
        self._glob = origin_glob(text) if wild else None
        self._ipv4 = _names_ipv4(rest if named else text)
        self._app = _AppPattern.of(scheme, rest) if wild and named else None

    def matches(self, target: Target) -> bool:
        """Whether it trusts the target; paths are no pattern's."""
        text, url = target
        if text.startswith("/") or len(text) > LONGEST_GROWN_URL or _CONTROL.search(text):
            return False
        if url is None or not url.is_web:
            if self._glob is None:
                return _custom_scheme(text, self.text)
            return self._app is not None and self._app.matches(text)
        if self._glob is None:
            return url.origin == self.text
        if url.host.startswith(".") or ".." in url.host:
            return False
        # A pattern that names no scheme trusts web sites, not every app on the device.
        compared = url.origin if self._named else url.netloc
        return self._glob.fullmatch(compared) is not None and (not self._ipv4 or _is_ipv4(url.host))


class _AppPattern(NamedTuple):
    """A pattern with wildcards of a scheme that is not the web's, matched part by part."""

    scheme: str
    authority: re.Pattern[str] | None
    ipv4: bool
    path: re.Pattern[str] | None

    @classmethod
    def of(cls, scheme: str, rest: str) -> _AppPattern:
        authority, slash, path = rest.partition("#")[0].partition("/")
        return cls(
            scheme.lower(),
            origin_glob(authority.lower()) if authority else None,
            _names_ipv4(authority),
            origin_glob(slash + path) if slash else None,
        )

    def matches(self, text: str) -> bool:
        found = _SCHEME_ONLY.fullmatch(text)
        if found is None or found["scheme"].lower() != self.scheme or self.scheme in _NOT_APPS:
            return False
        authority, path = _split(found["rest"])
        if "@" in authority:
            return False
        if self.authority is not None:
            host = authority.lower()
            if self.authority.fullmatch(host) is None:
                return False
            if self.ipv4 and not _is_ipv4(host.partition(":")[0]):
                return False
        return self.path is None or self.path.fullmatch(_resolve(unquote(path))) is not None


def _names_ipv4(authority: str) -> bool:
    """Whether a pattern's host can only mean IPv4 addresses: `192.168.*`, `10.*:*`."""
    host = authority.partition("/")[0].partition(":")[0]
    return _DIGITS_AND_WILDCARDS.fullmatch(host) is not None and any(map(str.isdigit, host))


def _is_ipv4(host: str) -> bool:
    try:
        IPv4Address(host)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=512)
def compiled(pattern: str) -> OriginPattern:
    """A pattern that is known only while requests run."""
    return OriginPattern(pattern)


def origin_matches(url: str, pattern: str, *, allow_relative: bool = False) -> bool:
    """Whether a URL is trusted by one pattern; relative paths only where they are allowed."""
    target = Target.of(url)
    return (allow_relative and target.is_safe_path) or compiled(pattern).matches(target)


def host_matches(host: str, pattern: str) -> bool:
    """Whether a host (with port, if any) is allowed by a host pattern."""
    bare = pattern.partition("://")[2] or pattern
    bare = bare.partition("/")[0].lower()
    if "*" in bare or "?" in bare:
        return origin_glob(bare).fullmatch(host.lower()) is not None
    return host.lower() == bare


def is_valid_forwarded_host(host: str) -> bool:
    """Whether a Host-like header has the shape of a host: DNS name, IPv4 or bracketed IPv6."""
    return len(host) <= 260 and re.fullmatch(_FORWARDED, host) is not None


def is_loopback_host(host: str) -> bool:
    """Whether a host (with or without port) is this machine."""
    name = host.lower()
    if name.startswith("["):
        return name.partition("]")[0] == "[::1"
    name = name.partition(":")[0] if name.count(":") == 1 else name
    return (
        name in ("localhost", "::1", "::ffff:127.0.0.1")
        or name.endswith(".localhost")
        or re.fullmatch(r"127(\.[0-9]{1,3}){3}", name, re.ASCII) is not None
    )


def _custom_scheme(url: str, pattern: str) -> bool:
    wanted, found = _SCHEME_ONLY.fullmatch(pattern), _SCHEME_ONLY.fullmatch(url)
    if not wanted or not found:
        return False
    scheme = found["scheme"].lower()
    if scheme != wanted["scheme"].lower() or scheme in _NOT_APPS:
        return False
    host, path = _split(found["rest"])
    wanted_host, wanted_path = _split(wanted["rest"])
    if wanted_host and host.lower() != wanted_host.lower():
        return False
    if not wanted_path:
        return True
    resolved = _resolve(unquote(path))
    return resolved == wanted_path or resolved.startswith(wanted_path.rstrip("/") + "/")


def _split(rest: str) -> tuple[str, str]:
    rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    host, slash, path = rest.partition("/")
    return host, slash + path


def _resolve(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return "/" + "/".join(kept)
