"""What differs between SQL databases, as one table of differences.

Two SQL strings that differ in a word are one string and a word from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from watchword.database.schema import FieldType, Schema, schema_and_table
from watchword.discreet import Discreet
from watchword.errors import ConfigurationError

from .stored_forms import ISO, DateForm, serial_number

Convert = Callable[[Any], Any]


class Dialect(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """One SQL database: spelling, types and stored forms (spec: data model, physical types)."""

    name: str
    placeholder: str
    quote: str

    types: Mapping[FieldType, str]
    id_columns: Mapping[str, str]
    """Type and constraints of the `id` column, by how ids are made (`Schema.ids`)."""
    id_references: Mapping[str, str]
    """Type of a column that refers to an id, likewise."""
    strict_ids: Mapping[str, tuple[Convert, Any]] = msgspec.field(
        default_factory=lambda: {"serial": (serial_number, -1)}
    )
    """Where ids are no text in the database: how one is handed to the driver (it raises
    `InvalidValue` for what is no id), and an id that no row has, to be looked for instead."""
    key_text_type: str | None = None
    """Type of text that is unique, sortable or indexed, where it differs."""
    now_default: str | None = None
    """The expression for a date's database default, where the database has one."""
    true: str = "1"
    false: str = "0"
    adds_not_null: bool = False
    """Whether NOT NULL can be added without a default to a table without rows."""
    constraints_last: bool = False
    """Whether CREATE TABLE has its unique and foreign keys behind the columns, for tools that read
    its text (SQLAlchemy finds ON DELETE only there)."""
    all_schemas: str | None = None
    """The query for the names of all schemas, where tables may be in several and say in which."""
    current_schema: str | None = None
    """The query for the schema that unqualified tables are in, where a database has several."""
    usual_schema: str = ""
    """The one that they are in unless the connection says otherwise."""
    add_column: str = "ADD COLUMN"
    """The words that add a column; with IF NOT EXISTS where the database knows it."""

    store: Mapping[FieldType, Convert]
    """How a value of a logical type is handed to the driver. Raises `InvalidValue`."""
    load: Mapping[FieldType, Convert]
    """How it comes back; types that are missing come back as they are."""

    loose_types: bool = False
    """Whether a column may hold values of other types than its own."""
    empty_text_dates: DateForm = ISO
    """How moments are written into a column of text that holds none yet."""

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
    returning: str = " RETURNING {}"
    """The words that make a statement return rows; nothing where the database has none."""
    no_limit: str = ""
    """What stands for "no limit" in front of OFFSET, where the database insists on a limit."""
    insertion_order: str | None = None
    """The column that tells the order of insertion, where the database has one."""
    lock_row: str = ""
    """The words that end a SELECT in a transaction, so that nobody changes the row it finds before
    the end of the transaction. Nothing where a transaction has the database to itself."""
    lock_joined_row: str = ""
    """The same in a statement with joins, where the row itself is called `t`."""

    def check(self, schema: Schema) -> None:
        """Refuse names of tables that this database has no place for (`ConfigurationError`)."""
        for model in schema:
            if self.all_schemas is None and schema_and_table(model.table_name)[0] is not None:
                raise ConfigurationError(
                    "names.tables",
                    f"{model.table_name!r} is a table in a schema, and {self.name} has no schemas",
                    "Use a name without a dot; the database is said in its URL",
                )

    def quoted_table(self, name: str) -> str:
        """The name of a table, with its schema if it says one, as `quoted` does it."""
        return ".".join(self.quoted(part) for part in schema_and_table(name) if part is not None)

    def named_table(self, name: str) -> str:
        """The same, as `named` does it."""
        return ".".join(self.named(part) for part in schema_and_table(name) if part is not None)

    def quoted(self, identifier: str) -> str:
        """An identifier for a statement with parameters. Identifiers come from the schema only."""
        quoted = self.named(identifier)
        return quoted.replace("%", "%%") if self.placeholder == "%s" else quoted

    def named(self, identifier: str) -> str:
        """An identifier, quoted, for a statement that is run as it stands: one of the schema."""
        mark = self.quote
        return mark + identifier.replace(mark, mark + mark) + mark
