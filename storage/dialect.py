"""What differs between SQL databases, as one table of differences.

Two SQL strings that differ in a word are one string and a word from here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from watchword.database.contract import InvalidValue
from watchword.database.schema import FieldType
from watchword.http.json import format_date, jsonable, parse_date

Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One SQL database: spelling, types and stored forms (spec: data model, physical types)."""

    name: str
    placeholder: str
    quote: str
    types: Mapping[FieldType, str]
    id_type: str
    store: Mapping[FieldType, Convert]
    """How a value of a logical type is handed to the driver."""
    load: Mapping[FieldType, Convert]
    """How it comes back; types that are missing come back as they are."""
    now_default: str | None = None
    """The expression for a date's database default, where the database has one."""
    like: str = "LIKE"
    like_escape: str = " ESCAPE '\\'"
    adds_not_null: bool = False
    """Whether NOT NULL can be added without a default to a table without rows."""
    no_limit: str = ""
    """What stands for "no limit" in front of OFFSET, where the database insists on a limit."""
    key_text_type: str | None = None
    """Type of text that is unique, sortable or indexed, where it differs."""

    def quoted(self, identifier: str) -> str:
        """An identifier, quoted. Identifiers come from the schema only."""
        mark = self.quote
        return mark + identifier.replace(mark, mark + mark) + mark


def checked_text(value: Any) -> str:
    """Text that every database can hold. Raises `InvalidValue`."""
    if not isinstance(value, str):
        raise InvalidValue("expected text")
    if "\0" in value:
        raise InvalidValue("text must not hold U+0000")
    if not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise InvalidValue("text must not hold lone surrogates") from None
    return value


def checked_number(value: Any) -> int | float:
    """A number that fits into 64 bits. Raises `InvalidValue`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidValue("expected a number")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise InvalidValue("the number does not fit into 64 bits")
    return value


def checked_date(value: Any) -> datetime:
    """An aware moment. Raises `InvalidValue`."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise InvalidValue("expected a date with a zone")
    return value


def iso_date(value: Any) -> str:
    """A moment as text with three fractional digits and `Z`; such texts sort by time."""
    return format_date(checked_date(value))


def from_iso_date(value: Any) -> datetime:
    """A stored moment; also the forms that others wrote (numbers are Unix milliseconds)."""
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value / 1000, UTC)
    if len(value) == 24 and value.endswith("Z"):
        return datetime.fromisoformat(value)
    try:
        return parse_date(value)
    except ValueError:
        return datetime.fromisoformat(value).replace(tzinfo=UTC)


def json_text(value: Any) -> str:
    """A JSON value as text, as the protocol writes it."""
    text = json.dumps(jsonable(value), ensure_ascii=False, separators=(",", ":"))
    return checked_text(text)


def from_json_text(value: Any) -> Any:
    """A stored JSON text; what is no text came parsed from the driver."""
    return json.loads(value) if isinstance(value, str | bytes) else value
