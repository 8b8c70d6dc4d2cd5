"""What the core hands back to an adapter: status, header pairs and bytes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import ClassVar

import msgspec

from watchword.discreet import Discreet

_BREAKS = str.maketrans("", "", "\r\n\0")


class Constant(tuple[str, str]):
    """A header pair that many answers carry: its bytes are made once."""

    encoded: tuple[bytes, bytes]

    def __new__(cls, name: str, value: str) -> Constant:
        """`name` is in lower case, both are latin-1."""
        made = super().__new__(cls, (name, value))
        made.encoded = encoded(name, value)
        return made

    def __getnewargs__(self) -> tuple[str, str]:
        return self[0], self[1]


def encoded(name: str, value: str) -> tuple[bytes, bytes]:
    """A header pair as bytes, its name in lower case."""
    return name.lower().encode("latin-1"), value.encode("latin-1")


class Response(Discreet, msgspec.Struct, frozen=True):
    """One response. Header pairs are to be sent as they are, in order, never merged or rebuilt.

    Several `set-cookie` pairs may carry one name; the last one wins in the browser.
    """

    __secrets__: ClassVar[frozenset[str]] = frozenset(("headers", "body"))

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first field with this lower-case name."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    @property
    def cookies(self) -> tuple[str, ...]:
        """All `set-cookie` values, in order."""
        return tuple(value for key, value in self.headers if key == "set-cookie")

    def with_headers(self, *pairs: tuple[str, str]) -> Response:
        """The same response with more header pairs at the end."""
        return Response(self.status, (*self.headers, *pairs), self.body)


def varying(headers: Iterable[tuple[str, str]], names: str) -> tuple[tuple[str, str], ...]:
    """Pairs (lower-case names) with one `Vary` at the end, theirs and these (RFC 9110, 12.5.5)."""
    given = tuple(headers)
    if "vary" not in dict(given):
        return (*given, varies(names))
    listed = ",".join([*(value for name, value in given if name == "vary"), names])
    known: dict[str, str] = {}
    for one in filter(None, map(str.strip, listed.split(","))):
        known.setdefault(one.lower(), one)
    every = "*" if "*" in known else ", ".join(known.values())
    return (*(pair for pair in given if pair[0] != "vary"), ("vary", every))


@cache
def varies(names: str) -> Constant:
    """The `Vary` of a configuration."""
    return Constant("vary", names)


def header_value(text: str) -> str:
    """Text made safe for a header line: no CR, LF or NUL, non-ASCII percent-encoded as UTF-8."""
    if text.isascii() and text.isprintable():
        return text
    clean = text.translate(_BREAKS)
    return "".join(
        char if char.isascii() else "".join(f"%{byte:02X}" for byte in _utf8(char))
        for char in clean
    )


def _utf8(char: str) -> bytes:
    return char.encode("utf-8", "replace")
