"""Values that are too long for one cookie, in pieces `name.0`, `name.1` and so on.

Spec: cookies and sessions, chunking. Browsers drop a cookie of more than 4096 bytes as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from .cookies import CookieAttributes, serialize_cookie

LONGEST_LINE = 4050
"""Characters of one Set-Cookie line."""
MOST_PIECES = 100
"""Pieces that are written, looked at and expired."""

_NUMBER = re.compile(r"[0-9]|[1-9][0-9]", re.ASCII)


class ValueTooLong(ValueError):
    """The value does not fit into `MOST_PIECES` cookies."""


def split_chunks(name: str, value: str, attributes: CookieAttributes) -> list[tuple[str, str]]:
    """The cookies, as names and values, that carry a value: one, or its pieces in order.

    The value is made of characters that stand unencoded in a cookie, as tokens and base64url are.
    Raises `ValueTooLong`.
    """
    capacity = LONGEST_LINE - len(serialize_cookie(f"{name}.99", "", attributes))
    if len(value) <= capacity:
        return [(name, value)]
    if capacity <= 0 or len(value) > capacity * MOST_PIECES:
        raise ValueTooLong(f"cookie {name}: {len(value)} characters need too many cookies")
    pieces = range(0, len(value), capacity)
    return [
        (f"{name}.{number}", value[start : start + capacity]) for number, start in enumerate(pieces)
    ]


def join_chunks(cookies: Mapping[str, str], name: str) -> str | None:
    """The value of a cookie that may have come in pieces; None if there is none of it.

    `cookies` is what `parse_cookie_chunks` read.
    """
    whole = cookies.get(name)
    if whole:
        return whole
    return "".join(cookies[piece] for piece in chunk_names(cookies, name)) or None


def chunk_names(cookies: Mapping[str, str], name: str) -> list[str]:
    """The names of the pieces among the cookies, in numeric order."""
    prefix = name + "."
    numbers = [
        int(found[len(prefix) :])
        for found in cookies
        if found.startswith(prefix) and _NUMBER.fullmatch(found, len(prefix))
    ]
    return [f"{prefix}{number}" for number in sorted(numbers)]


def stale_names(cookies: Mapping[str, str], name: str, written: Collection[str]) -> list[str]:
    """The cookies of a value that a browser sent and that are not written anew: to be expired."""
    names = [name] if name in cookies else []
    return [old for old in (*names, *chunk_names(cookies, name)) if old not in written]
