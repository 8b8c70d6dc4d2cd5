"""Patterns with wildcards, as expressions that take no longer for any text than its length."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache


@lru_cache(maxsize=512)
def path_glob(pattern: str) -> re.Pattern[str]:
    """A pattern of paths: `*` matches any characters."""
    return _joined(map(re.escape, pattern.split("*")))


@lru_cache(maxsize=512)
def origin_glob(pattern: str) -> re.Pattern[str]:
    """A pattern of origins, hosts or paths: `*` matches any characters but slashes, `?` one of
    them, a segment `**` anything; `\\` escapes. Slashes at the end of a text do not count."""
    expression = ""
    for number, segments in enumerate(_SEGMENTS.split(pattern)):
        spans = "" if number == 0 else ".*" if segments == "" else "(?:.*/)?"
        expression += spans + _pieces(segments)
    return re.compile(expression + r"[/\\]*", re.DOTALL)


def matches_segments(pattern: str, path: str) -> bool:
    """Whether a path is of a pattern: `*` and `?` stay inside a segment, a segment `**` is any
    number of them, none included."""
    wanted, given = pattern.split("/"), path.split("/")
    at = here = 0
    again: tuple[int, int] | None = None
    """Behind the last `**`, and from where it could take one segment more: earlier ones need not
    be looked at again."""
    while here < len(given):
        if at < len(wanted) and wanted[at] == "**":
            at += 1
            again = at, here
        elif at < len(wanted) and _segment(wanted[at]).fullmatch(given[here]):
            at, here = at + 1, here + 1
        elif again is not None:
            at, here = again[0], again[1] + 1
            again = at, here
        else:
            return False
    return all(segment == "**" for segment in wanted[at:])


@lru_cache(maxsize=512)
def _segment(pattern: str) -> re.Pattern[str]:
    return re.compile(_pieces(pattern), re.DOTALL)


_SEGMENTS = re.compile(r"(?<=/)\*\*(?:/|\Z)")
_INSIDE = r"[^/\\]"


def _pieces(pattern: str) -> str:
    pieces = [""]
    chars = iter(pattern)
    for char in chars:
        if char == "*":
            pieces.append("")
        elif char == "?":
            pieces[-1] += _INSIDE
        else:
            pieces[-1] += re.escape(next(chars, "\\") if char == "\\" else char)
    first, *others = pieces
    if not others:
        return first
    *inner, last = others
    taken = "".join(f"(?>{_INSIDE}*?{piece})" for piece in inner if piece)
    return f"{first}{taken}{_INSIDE}*{last}"


def _joined(pieces: Iterable[str]) -> re.Pattern[str]:
    first, *others = pieces
    if not others:
        return re.compile(first, re.DOTALL)
    # Each inner piece is taken where it comes first and never tried again: a text cannot make the
    # match take long, however many wildcards there are.
    *inner, last = others
    return re.compile(
        first + "".join(f"(?>.*?{piece})" for piece in inner if piece) + f".*{last}", re.DOTALL
    )
