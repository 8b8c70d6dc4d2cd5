"""The schema as data: models, fields, and how record classes describe them.

A record class is the one place where a table is described: its annotations give the types,
`Column` in an `Annotated` gives what a type cannot say. `Schema` is what storages and
migrations read.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping

import msgspec

from watchword.discreet import Discreet


class FieldType(enum.Enum):
    """Logical types; each storage maps them to its own (spec: data model, physical types)."""

    STRING = "string"
    BOOLEAN = "boolean"
    NUMBER = "number"
    BIGINT = "bigint"
    DATE = "date"
    JSON = "json"
    STRING_LIST = "string[]"
    NUMBER_LIST = "number[]"


class Reference(Discreet, msgspec.Struct, frozen=True):
    """A foreign key: the referenced model and field, and what deletion does."""

    model: str
    field: str = "id"
    on_delete: str = "cascade"


class Field(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """One column of a model, under its logical name (camelCase)."""

    name: str
    type: FieldType
    required: bool = True
    unique: bool = False
    index: bool = False
    sortable: bool = False
    references: Reference | None = None
    default: str | int | float | bool | None = None
    """A constant that `migrate` uses when the column is added to a table that has rows."""
    default_now: bool = False
    """The moment of insertion; a database default where the database can express it."""
    column: str | None = None
    """Physical column name; None means the logical one."""

    @property
    def column_name(self) -> str:
        return self.column or self.name


class Index(Discreet, msgspec.Struct, frozen=True):
    """An index over fields of a model, by their logical names, in this order."""

    fields: tuple[str, ...]
    unique: bool = False
    """Whether no two rows may have the same values in all of them."""


class Model(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """A table: `id` (text primary key) and the fields in the order in which they are created."""

    name: str
    fields: tuple[Field, ...]
    table: str | None = None
    """Physical table name; None means the logical one. `internal.users` is the table `users` in the
    schema `internal`; a name without a dot is in the schema of the connection."""
    indexes: tuple[Index, ...] = ()
    """Those beside the ones of single fields."""

    @property
    def table_name(self) -> str:
        return self.table or self.name

    def field(self, name: str) -> Field:
        """The field with this logical name. Raises `KeyError`."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(f"{self.name}.{name}")

    def columns_of(self, index: Index) -> tuple[str, ...]:
        """The physical columns of an index. Raises `KeyError`."""
        names = index.fields
        return tuple("id" if name == "id" else self.field(name).column_name for name in names)


def schema_and_table(name: str) -> tuple[str | None, str]:
    """The two parts of a physical table name: `internal.users`, or only `users`."""
    schema, dot, table = name.partition(".")
    return (schema, table) if dot else (None, name)


class Schema(Discreet, msgspec.Struct, frozen=True):
    """All models by logical name, in an order in which they can be created (references first)."""

    models: Mapping[str, Model]
    ids: str = "text"
    """How primary keys are made: `text` (by the library), `uuid` or `serial` (by the database)."""

    def __getitem__(self, name: str) -> Model:
        return self.models[name]

    def __iter__(self) -> Iterator[Model]:
        return iter(self.models.values())
