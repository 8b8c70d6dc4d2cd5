"""Scopes: what a provider grants, as it answers it and as it is stored (joined with commas)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

MOST = 500
"""Scopes of one answer that are kept."""
LONGEST = 255
"""Characters of one; they are ASCII (RFC 6749, 3.3)."""


def parse_scopes(value: object) -> list[str]:
    """The scopes of a token answer: a text split at white space, or a list of texts."""
    listed = value.split() if isinstance(value, str) else value
    if not isinstance(listed, list):
        return []
    texts = (one.strip() for one in cast("list[object]", listed) if isinstance(one, str))
    return [text for text in texts if _is_scope(text)][:MOST]


def _is_scope(text: str) -> bool:
    return 0 < len(text) <= LONGEST and text.isascii() and text.isprintable()


def stored_scopes(stored: str | None) -> list[str]:
    """The scopes of an account's column."""
    return [scope.strip() for scope in (stored or "").split(",") if scope.strip()]


def merge_scopes(stored: str | None, incoming: Iterable[str] | None) -> str:
    """The column's new text: what is stored, then what is new."""
    return ",".join(dict.fromkeys([*stored_scopes(stored), *(incoming or ())]))
