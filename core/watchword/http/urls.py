"""URLs as browsers read them (WHATWG URL Standard), as far as trust decisions need it.

Python's own parser differs from browsers in backslashes, tabs, slashes and hosts; each difference
is an open redirect somewhere. A URL that a browser would refuse, that means something else once it
is escaped, or that this module does not understand, is None.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from importlib import import_module
from typing import ClassVar, cast
from urllib.parse import urljoin

import msgspec

from watchword.discreet import Discreet

from .bounds import LONGEST_GROWN_URL, LONGEST_HOST

_STRIP = "".join(map(chr, range(0x21)))
_DROPPED = str.maketrans("", "", "\t\r\n")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_FORBIDDEN = re.compile(r"[\x00-\x20#%/:<>?@\[\\\]^|\x7f]")
_NUMBER = re.compile(r"(0[xX][0-9A-Fa-f]*|[0-9]+)", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ENCODED_SLASH = re.compile(r"%(2f|5c)", re.IGNORECASE)
_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}


class URL(Discreet, msgspec.Struct, frozen=True):
    """A parsed absolute URL. `host` is ASCII, lower-cased; a default `port` is None."""

    __secrets__: ClassVar[frozenset[str]] = frozenset(("query",))

    scheme: str
    host: str
    port: int | None
    path: str
    query: str
    fragment: str

    @property
    def is_web(self) -> bool:
        """Whether the scheme is http or https."""
        return self.scheme in ("http", "https")

    @property
    def netloc(self) -> str:
        """Host and port, as they stand in an origin."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        """`scheme://host[:port]`."""
        return f"{self.scheme}://{self.netloc}"


def parse_url(text: str) -> URL | None:
    """An absolute URL with a host (http, https and custom schemes), or None."""
    if len(text) > LONGEST_GROWN_URL:
        return None
    text = text.strip(_STRIP).translate(_DROPPED)
    found = _SCHEME.match(text)
    if found is None:
        return None
    scheme = found[1].lower()
    special = scheme in _DEFAULT_PORTS
    rest = text[found.end() :]
    rest, _, fragment = rest.partition("#")
    rest, _, query = rest.partition("?")
    if "\\" in rest:
        # To browsers it is a slash, and no slash any more once somebody has escaped it:
        # `https://app.example\@evil.example` leads to the one, `...%5C@evil.example` to the other.
        return None
    if special:
        rest = rest.lstrip("/")
    elif rest.startswith("//"):
        rest = rest[2:]
    else:
        return None
    authority, slash, path = rest.partition("/")
    host, port = _authority(authority, scheme, special=special)
    if host is None:
        return None
    path = _resolved(slash + path) if slash else ("/" if special else "")
    return URL(scheme, host, port, path, query, fragment)


def join_url(base: str, target: str) -> str | None:
    """A target as seen from a URL (RFC 3986, 5); None if that cannot be read. Trusts nothing."""
    try:
        return urljoin(base, target)
    except ValueError:
        return None


def is_single_slash_path(path: str) -> bool:
    """Whether a text is a path below the same origin: one leading slash, then none, nor a `\\`."""
    return path.startswith("/") and not path.startswith(("//", "/\\"))


def is_safe_relative(path: str) -> bool:
    """Whether a relative target stays on site in every browser (spec: HTTP, trust test).

    Stricter than the trust test of the protocol: a path that becomes `//host` once its dot
    segments are resolved (`/..//evil.example`) is not safe either, whoever resolves it.
    """
    if len(path) > LONGEST_GROWN_URL or not is_single_slash_path(path):
        return False
    if "\\" in path or _CONTROL.search(path):
        return False
    bare = re.split(r"[?#]", path, maxsplit=1)[0]
    return _ENCODED_SLASH.search(bare) is None and not _resolved(bare).startswith("//")


def stays_on_site(path: str) -> bool:
    """Whether a path that is about to be sent as a redirect still is safe (`is_safe_relative`)."""
    return is_safe_relative(path)


def normalize_pathname(path: str, base_path: str) -> str:
    """The path below the base path, without trailing slashes; others unchanged, empty is `/`."""
    path = path.rstrip("/") or "/"
    base = base_path.rstrip("/")
    if path == base or not base:
        return path if not base else "/"
    return path[len(base) :] if path.startswith(base + "/") else path


def _authority(text: str, scheme: str, *, special: bool) -> tuple[str | None, int | None]:
    text = text.rpartition("@")[2]
    if len(text) > LONGEST_HOST:
        # To normalise it takes time that grows with the square of the length.
        return None, None
    if text.startswith("["):
        inside, bracket, tail = text[1:].partition("]")
        host = _ipv6(inside) if bracket else None
        port_text = tail[1:] if tail.startswith(":") else None
        if tail and port_text is None:
            return None, None
    else:
        name, colon, port_text = text.partition(":")
        port_text = port_text if colon else None
        host = _host(name, special=special)
    if host is None:
        return None, None
    if not port_text:
        return host, None
    if not re.fullmatch(r"[0-9]{1,5}", port_text, re.ASCII) or int(port_text) > 65535:
        return None, None
    port = int(port_text)
    return host, None if _DEFAULT_PORTS.get(scheme) == port else port


def _ipv6(text: str) -> str | None:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return None
    if "%" in text:
        return None
    mapped = address.ipv4_mapped
    # Python versions differ in how they print this form; browsers do not.
    return f"[::ffff:{int(mapped) >> 16:x}:{int(mapped) & 0xFFFF:x}]" if mapped else f"[{address}]"


def ascii_name(name: str) -> str:
    """A name of a host as it stands in the DNS (UTS 46). Raises `UnicodeError`."""
    # Its tables are loaded with the first name that is not ASCII, which most servers never meet.
    return cast("bytes", import_module("idna").encode(name, uts46=True)).decode("ascii")


def _host(text: str, *, special: bool) -> str | None:
    if not special:
        return None if _FORBIDDEN.search(text) else text.lower()
    if not text or "%" in text:
        # Who encodes a name for the DNS before it is unescaped finds other dots in it.
        return None
    name = unicodedata.normalize("NFKC", text)
    if not name.isascii() and len(name) <= LONGEST_HOST:
        try:
            name = ascii_name(name)
        except UnicodeError:
            return None
    name = name.lower()
    if not name.isascii() or not name or _FORBIDDEN.search(name):
        return None
    return _ipv4(name) if _NUMBER.fullmatch(name.removesuffix(".").rpartition(".")[2]) else name


def _ipv4(name: str) -> str | None:
    parts = name.removesuffix(".").split(".")
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    try:
        numbers = [_number(part) for part in parts]
    except ValueError:
        return None
    if any(number > 255 for number in numbers[:-1]) or numbers[-1] >= 256 ** (5 - len(numbers)):
        return None
    value = numbers[-1] + sum(n * 256 ** (3 - i) for i, n in enumerate(numbers[:-1]))
    return str(ipaddress.IPv4Address(value))


def _number(text: str) -> int:
    if len(text) > 20:
        raise ValueError("too long for an address")
    if text[:2].lower() == "0x":
        return int(text[2:] or "0", 16)
    return int(text, 8) if len(text) > 1 and text.startswith("0") else int(text)


def _resolved(path: str) -> str:
    kept: list[str] = []
    segments = path.split("/")[1:]
    for index, segment in enumerate(segments):
        # Two dots are six characters when they are escaped.
        dots = segment if len(segment) > 6 else segment.lower().replace("%2e", ".")
        last = index == len(segments) - 1
        if dots == "..":
            if kept:
                kept.pop()
            if last:
                kept.append("")
        elif dots == ".":
            if last:
                kept.append("")
        else:
            kept.append(segment)
    return "/" + "/".join(kept)
