"""Scopes: what a provider grants, as it answers it and as it is stored (joined with commas)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

MOST = 500
"""Scopes of one answer that are kept."""


def parse_scopes(value: object) -> list[str]:
    """The scopes of a token answer: a text split at white space, or a list of texts."""
    if isinstance(value, str):
        return value.split()[:MOST]
    if not isinstance(value, list):
        return []
    texts = (one.strip() for one in cast("list[object]", value) if isinstance(one, str))
    return [text for text in texts if text][:MOST]


def stored_scopes(stored: str | None) -> list[str]:
    """The scopes of an account's column."""
    return [scope.strip() for scope in (stored or "").split(",") if scope.strip()]


def merge_scopes(stored: str | None, incoming: Iterable[str] | None) -> str:
    """The column's new text: what is stored, then what is new."""
    return ",".join(dict.fromkeys([*stored_scopes(stored), *(incoming or ())]))
