"""Statements that bring a database to the schema (spec: data model, migrations).

They create tables, columns and indexes; they never drop, rename, retype or tighten anything.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from watchword.database.contract import StorageError
from watchword.database.schema import Field, FieldType, Model, Schema, schema_and_table
from watchword.discreet import Discreet

from .dialect import Dialect
from .index_names import IndexNames

LiveIndex: TypeAlias = tuple[tuple[str, ...], bool]
"""The columns of an index in their order (an expression is a column without a name), and whether it
is unique. Indexes of some rows only are left out."""


class TableShape(Discreet, msgspec.Struct, frozen=True):
    """What a live table has."""

    columns: frozenset[str]
    not_null: frozenset[str]
    """The columns that refuse NULL."""
    indexes: frozenset[LiveIndex]
    has_rows: bool
    needed: frozenset[str] = frozenset()
    """The columns for which every insert must bring a value."""

    def has_index(self, *columns: str, unique: bool) -> bool:
        """Whether an index does what one over these columns would do."""
        if unique:
            return any(alone and set(found) == set(columns) for found, alone in self.indexes)
        return any(found[: len(columns)] == columns for found, _ in self.indexes)


Read = Callable[[str, Sequence[Any]], Awaitable[list[tuple[Any, ...]]]]
Inspector = Callable[[Read, Collection[str]], Awaitable[Mapping[str, TableShape]]]
"""Finds out what those of the named tables have that exist."""


def plan(
    schema: Schema,
    dialect: Dialect,
    tables: Mapping[str, TableShape],
    schemas: Collection[str] = (),
) -> list[str]:
    """The missing statements, in an order in which they can run. `schemas` are those that exist.

    Raises `StorageError` for a required column without default on a table that has rows.
    """
    planner = Planner(schema, dialect)
    missing = [model.table_name for model in schema if model.table_name not in tables]
    wanted = dict.fromkeys(schema_and_table(name)[0] for name in missing)
    made = [name for name in wanted if name is not None and name not in schemas]
    return [f"CREATE SCHEMA IF NOT EXISTS {dialect.named(name)}" for name in made] + [
        statement
        for model in schema
        for statement in planner.statements(model, tables.get(model.table_name))
    ]


def unfillable(schema: Schema, tables: Mapping[str, TableShape]) -> list[str]:
    """The columns (`table.column`) that need a value and that the schema does not know."""
    return [
        f"{model.table_name}.{column}"
        for model in schema
        if model.table_name in tables
        for column in sorted(
            tables[model.table_name].needed - {"id", *(one.column_name for one in model.fields)}
        )
    ]


class Planner:
    """The statements of a schema in one dialect; a database may say some of them otherwise."""

    def __init__(self, schema: Schema, dialect: Dialect) -> None:
        self._schema = schema
        self._dialect = dialect
        self._index_names = IndexNames(schema)

    def statements(self, model: Model, shape: TableShape | None) -> Iterator[str]:
        if shape is None:
            yield self._table(model)
            for field in model.fields:
                if field.index and not field.unique:
                    yield self._index(model, field.column_name, unique=False)
            for index in model.indexes:
                yield self._index(model, *model.columns_of(index), unique=index.unique)
            return
        for field in model.fields:
            column = field.column_name
            if column not in shape.columns:
                yield self._added(model, field, has_rows=shape.has_rows)
            # UNIQUE cannot be added with a column everywhere: it comes as an index of its own.
            keyed = field.unique or field.index
            if keyed and not shape.has_index(column, unique=field.unique):
                yield self._index(model, column, unique=field.unique)
        for index in model.indexes:
            columns = model.columns_of(index)
            if not shape.has_index(*columns, unique=index.unique):
                yield self._index(model, *columns, unique=index.unique)

    def _table(self, model: Model) -> str:
        dialect = self._dialect
        columns = [f"{dialect.named('id')} {dialect.id_columns[self._schema.ids]}"]
        columns += [self._column(field) for field in model.fields]
        if dialect.constraints_last:
            columns += self._constraints(model)
        table = dialect.named_table(model.table_name)
        return f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(columns)})"

    def _column(self, field: Field) -> str:
        text = f"{self._dialect.named(field.column_name)} {self._type(field)}"
        default = self._default(field)
        if default is not None:
            text += f" DEFAULT {default}"
        if field.required:
            text += " NOT NULL"
        if self._dialect.constraints_last:
            return text
        if field.unique:
            text += " UNIQUE"
        return text + self._references(field)

    def _constraints(self, model: Model) -> Iterator[str]:
        for field in model.fields:
            column = self._dialect.named(field.column_name)
            if field.unique:
                yield f"UNIQUE ({column})"
            if field.references:
                yield f"FOREIGN KEY ({column}){self._references(field)}"

    def _added(self, model: Model, field: Field, *, has_rows: bool) -> str:
        default = self._default(field)
        if field.required and default is None and has_rows:
            raise StorageError(
                f"table {model.table_name} has rows and lacks the required column "
                f"{field.column_name}: give the field a constant default or let it be empty, or "
                f"add the column yourself with a value in each row: {self._by_hand(model, field)}"
            )
        text = f"{self._dialect.named(field.column_name)} {self._type(field)}"
        if default is not None:
            text += f" DEFAULT {default}"
        if field.required and (default is not None or self._dialect.adds_not_null):
            text += " NOT NULL"
        table = self._dialect.named_table(model.table_name)
        return f"ALTER TABLE {table} {self._dialect.add_column} {text}{self._references(field)}"

    def _by_hand(self, model: Model, field: Field) -> str:
        dialect = self._dialect
        table, column = dialect.named_table(model.table_name), dialect.named(field.column_name)
        add = f"ALTER TABLE {table} {dialect.add_column} {column} {self._type(field)};"
        return f"{add} UPDATE {table} SET {column} = ...;"

    def _default(self, field: Field) -> str | None:
        value = field.default
        if value is None:
            return self._dialect.now_default if field.default_now else None
        if isinstance(value, bool):
            return self._dialect.true if value else self._dialect.false
        if isinstance(value, str):
            return "'" + value.replace("'", "''") + "'"
        return str(value)

    def _type(self, field: Field) -> str:
        dialect, reference = self._dialect, field.references
        if reference is not None and reference.field == "id":
            return dialect.id_references[self._schema.ids]
        keyed = field.unique or field.index or field.sortable or reference is not None
        if field.type is FieldType.STRING and keyed and dialect.key_text_type:
            return dialect.key_text_type
        return dialect.types[field.type]

    def _references(self, field: Field) -> str:
        reference = field.references
        if reference is None:
            return ""
        target = self._schema[reference.model]
        column = "id" if reference.field == "id" else target.field(reference.field).column_name
        table, column = self._dialect.named_table(target.table_name), self._dialect.named(column)
        return f" REFERENCES {table} ({column}) ON DELETE {reference.on_delete.upper()}"

    def _index(self, model: Model, *columns: str, unique: bool) -> str:
        dialect = self._dialect
        name = dialect.named(self._index_names.of(model, *columns, unique=unique))
        kind = "UNIQUE INDEX" if unique else "INDEX"
        table, parts = dialect.named_table(model.table_name), ", ".join(map(dialect.named, columns))
        return f"CREATE {kind} IF NOT EXISTS {name} ON {table} ({parts})"
