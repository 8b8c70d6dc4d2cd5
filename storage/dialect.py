"""What differs between SQL databases, as one table of differences.

Two SQL strings that differ in a word are one string and a word from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from watchword.database.schema import FieldType

Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One SQL database: spelling, types and stored forms (spec: data model, physical types)."""

    name: str
    placeholder: str
    quote: str

    types: Mapping[FieldType, str]
    id_columns: Mapping[str, str]
    """Type and constraints of the `id` column, by how ids are made (`Schema.ids`)."""
    id_references: Mapping[str, str]
    """Type of a column that refers to an id, likewise."""
    key_text_type: str | None = None
    """Type of text that is unique, sortable or indexed, where it differs."""
    now_default: str | None = None
    """The expression for a date's database default, where the database has one."""
    true: str = "1"
    false: str = "0"
    adds_not_null: bool = False
    """Whether NOT NULL can be added without a default to a table without rows."""

    store: Mapping[FieldType, Convert]
    """How a value of a logical type is handed to the driver. Raises `InvalidValue`."""
    load: Mapping[FieldType, Convert]
    """How it comes back; types that are missing come back as they are."""

    lower: str = "LOWER({})"
    """Text in lower case; the database folds both sides of an insensitive comparison."""
    like: str = "LIKE"
    like_escape: str = " ESCAPE '\\'"
    longest_pattern: int | None = None
    """Bytes that a pattern may have."""
    longest_list: int = 10_000
    """Values that `in` and `not_in` may have."""
    insert: str = "INSERT INTO"
    insert_unless_known: str = "INSERT INTO"
    """The words that begin an insertion that gives way to a row with an equal unique value."""
    unless_known: str = " ON CONFLICT DO NOTHING"
    """The words that end it."""
    no_limit: str = ""
    """What stands for "no limit" in front of OFFSET, where the database insists on a limit."""
    insertion_order: str | None = None
    """The column that tells the order of insertion, where the database has one."""

    def quoted(self, identifier: str) -> str:
        """An identifier, quoted. Identifiers come from the schema only."""
        mark = self.quote
        quoted = mark + identifier.replace(mark, mark + mark) + mark
        return quoted.replace("%", "%%") if self.placeholder == "%s" else quoted
