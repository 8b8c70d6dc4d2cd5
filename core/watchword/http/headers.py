"""Header fields: a list of pairs outside, a case-blind mapping inside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias, cast

from .bounds import LONGEST_FIELD
from .cookies import cookies_after


class Headers:
    """Immutable header fields of a request. Repeated fields are kept, in order.

    Names are lower-cased. `get` joins repeated fields with ", " (RFC 9110, 5.2), and `cookie`
    with "; " (RFC 9113, 8.2.3). A field that is too long to be read is not there for `get`, and
    `has_too_long` says so.
    """

    __slots__ = ("_index", "has_too_long", "pairs")

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self.pairs: tuple[tuple[str, str], ...] = tuple(pairs)
        index: dict[str, str] = {}
        for name, value in self.pairs:
            name = name.lower()
            if name in index:
                earlier = index[name]
                if len(earlier) > LONGEST_FIELD:
                    continue
                value = earlier + ("; " if name == "cookie" else ", ") + value
            index[name] = value
        # This is on every request's way: one look at all of them is faster than one at each.
        self.has_too_long = max(map(len, index.values()), default=0) > LONGEST_FIELD
        if self.has_too_long:
            index = {name: value for name, value in index.items() if len(value) <= LONGEST_FIELD}
        self._index = index

    @classmethod
    def of_bytes(cls, pairs: Iterable[tuple[bytes, bytes]]) -> Headers:
        """Headers from pairs of latin-1 bytes."""
        return cls([(name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs])

    @classmethod
    def of(cls, source: HeaderSource | None) -> Headers:
        """Headers from a mapping, pairs of strings or pairs of latin-1 bytes; None is empty."""
        if source is None:
            return EMPTY
        if isinstance(source, Headers):
            return source
        items: Iterable[tuple[str | bytes, str | bytes]]
        items = cast("Any", source).items() if isinstance(source, Mapping) else source
        return cls([(_text(name), _text(value)) for name, value in items])

    def get(self, name: str) -> str | None:
        """The value of a field (lower-case name), repeated ones joined; None if absent."""
        return self._index.get(name)

    def __contains__(self, name: object) -> bool:
        return name in self._index

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.pairs)

    def replacing(self, name: str, value: str) -> Headers:
        """These headers with every `name` field replaced by one with `value`."""
        kept = [pair for pair in self.pairs if pair[0].lower() != name]
        return Headers([*kept, (name, value)])

    def without(self, *names: str) -> Headers:
        """These headers but for the fields with these lower-case names."""
        return Headers([pair for pair in self.pairs if pair[0].lower() not in names])

    def after_cookies(self, lines: Iterable[str]) -> Headers:
        """What a browser sends that had these cookies, once it took these Set-Cookie lines."""
        left = cookies_after(self.get("cookie") or "", lines)
        return self.replacing("cookie", left) if left else self.without("cookie")

    def __repr__(self) -> str:
        return f"Headers({sorted(self._index)})"


def asks_for_websocket(headers: Headers) -> bool:
    """Whether these are the headers of a web socket's opening handshake (RFC 6455, 4.1)."""
    upgrade = headers.get("upgrade")
    return upgrade is not None and "websocket" in upgrade.lower()


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


HeaderSource: TypeAlias = (
    "Headers | Mapping[str, str] | Iterable[tuple[str, str]] | Iterable[tuple[bytes, bytes]]"
)

EMPTY = Headers()
