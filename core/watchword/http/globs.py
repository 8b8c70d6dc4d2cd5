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
    """A pattern of origins or hosts: `*` matches any characters, `?` one, `\\` escapes."""
    pieces = [""]
    chars = iter(pattern)
    for char in chars:
        if char == "*":
            pieces.append("")
        elif char == "?":
            pieces[-1] += "."
        else:
            pieces[-1] += re.escape(next(chars, "\\") if char == "\\" else char)
    return _joined(pieces)


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
