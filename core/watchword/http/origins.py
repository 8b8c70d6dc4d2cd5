"""Which URLs and hosts a pattern trusts (spec: HTTP, trust test; security O2 to O4, R1, R5)."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

from .urls import is_safe_relative, parse_url

_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_FORWARDED = re.compile(
    rf"({_LABEL}(\.{_LABEL})*|\[[0-9A-Fa-f:.]{{2,45}}\])(:[0-9]{{1,5}})?", re.ASCII
)
_SCHEME_ONLY = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*)://(?P<rest>.*)", re.DOTALL)
_UNTRUSTED_SCHEMES = frozenset(("javascript", "data", "vbscript", "blob", "file"))
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def origin_matches(url: str, pattern: str, *, allow_relative: bool = False) -> bool:
    """Whether a URL is trusted by one pattern; relative paths only where they are allowed."""
    if url.startswith("/"):
        return allow_relative and is_safe_relative(url)
    if _CONTROL.search(url):
        return False
    parsed = parse_url(url)
    if parsed is None or parsed.scheme in _UNTRUSTED_SCHEMES:
        return _custom_scheme(url, pattern)
    if "*" in pattern or "?" in pattern:
        if parsed.host.startswith(".") or ".." in parsed.host:
            return False
        if "://" not in pattern:
            # A pattern that names no scheme trusts web sites, not every app on the device.
            return parsed.is_web and _glob(pattern).fullmatch(parsed.netloc) is not None
        subject = parsed.origin if parsed.is_web else url
        return _glob(pattern).fullmatch(subject) is not None
    if parsed.is_web:
        return parsed.origin == pattern
    return _custom_scheme(url, pattern)


def host_matches(host: str, pattern: str) -> bool:
    """Whether a host (with port, if any) is allowed by a host pattern."""
    bare = pattern.partition("://")[2] or pattern
    bare = bare.partition("/")[0].lower()
    if "*" in bare or "?" in bare:
        return _glob(bare).fullmatch(host.lower()) is not None
    return host.lower() == bare


def is_valid_forwarded_host(host: str) -> bool:
    """Whether a Host-like header has the shape of a host: DNS name, IPv4 or bracketed IPv6."""
    return len(host) <= 260 and _FORWARDED.fullmatch(host) is not None


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
    if scheme != wanted["scheme"].lower() or scheme in ("http", "https", *_UNTRUSTED_SCHEMES):
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


@lru_cache(maxsize=512)
def _glob(pattern: str) -> re.Pattern[str]:
    pieces = [""]
    chars = iter(pattern)
    for char in chars:
        if char == "*":
            pieces.append("")
        elif char == "?":
            pieces[-1] += "."
        else:
            pieces[-1] += re.escape(next(chars, "\\") if char == "\\" else char)
    first, *others = pieces
    if not others:
        return re.compile(first, re.DOTALL)
    # Each inner piece is taken where it comes first and never tried again: a URL cannot make the
    # match take long, however many wildcards there are.
    *inner, last = others
    return re.compile(
        first + "".join(f"(?>.*?{piece})" for piece in inner if piece) + f".*{last}", re.DOTALL
    )
