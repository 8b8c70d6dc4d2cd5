"""Values of other systems as ours: whatever a row holds, reading it raises nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeAlias, cast

Fields: TypeAlias = "Mapping[str, Any]"
"""A row or an object by name, without case and underscores: `providerAccountId` and
`provider_account_id` are one."""

_TRUE = {"1", "t", "true", "y", "yes", "on"}
_FALSE = {"0", "f", "false", "n", "no", "off"}
_MILLISECONDS = 100_000_000_000
"""A number above it is Unix milliseconds; in seconds it would be the year 5138."""
_MOST = 2000
"""Characters of a name or an address of a picture."""


@lru_cache(maxsize=1024)
def plain(name: str) -> str:
    """A name without case, underscores, hyphens and spaces."""
    return name.casefold().replace("_", "").replace("-", "").replace(" ", "")


def fields(row: object) -> Fields:
    """An object of JSON or a row by plain names; what is no object has none."""
    if not isinstance(row, Mapping):
        return {}
    pairs = cast("Mapping[object, object]", row).items()
    return {plain(str(name)): value for name, value in pairs}


def decoded(value: object) -> Fields:
    """The object of a column that holds JSON, whether its driver has read it or not."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return fields(value)


def items(value: object) -> list[Fields]:
    """The objects of a list."""
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        return []
    return [fields(one) for one in cast("Sequence[object]", value)]


def text(*values: object, most: int = _MOST) -> str | None:
    """The first that is text (or a number) and not empty, without what no database can hold."""
    for value in values:
        if isinstance(value, bytes | bytearray):
            value = bytes(value).decode("utf-8", "replace")
        if value is None or isinstance(value, bool | Mapping | list):
            continue
        made = str(value).replace("\0", "").strip()
        if not made.isascii():
            made = made.encode("utf-8", "replace").decode("utf-8")
        if made:
            return made[:most]
    return None


def flag(value: object) -> bool:
    """Whether a flag is set: a boolean, a number, bits, a word or a date."""
    if isinstance(value, bytes | bytearray):
        return any(value)
    if isinstance(value, str):
        return value.strip().casefold() in _TRUE or moment(value) is not None
    return bool(value)


def yes_or_no(text: str) -> bool | None:
    """What a word says; None for one that says neither."""
    word = text.strip().casefold()
    return True if word in _TRUE else False if word in _FALSE else None


def moment(value: object) -> datetime | None:
    """A moment in UTC: a date (without a zone: UTC), ISO 8601, or Unix (milli)seconds."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        if isinstance(value, str):
            value = value.strip()
            value = float(value) if _is_number(value) else datetime.fromisoformat(_iso(value))
        if isinstance(value, int | float):
            seconds = value / 1000 if abs(value) >= _MILLISECONDS else value
            # 0 and 1 are flags.
            return datetime.fromtimestamp(seconds, UTC) if seconds > 1 else None
        if isinstance(value, datetime):
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _is_number(value: str) -> bool:
    # A year, month and day without hyphens are ISO 8601.
    return value.replace(".", "", 1).isdecimal() and value.isascii() and len(value) != 8


def _iso(value: str) -> str:
    """As `fromisoformat` takes it: PostgreSQL writes a space and `+00`, JavaScript `Z`."""
    return value.removesuffix(" UTC").replace(" ", "T", 1)
