"""Statements that bring a database to the schema (spec: data model, migrations).

They create tables, columns and indexes; they never drop, rename, retype or tighten anything.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from watchword.database.contract import StorageError
from watchword.database.schema import Field, FieldType, Model, Schema

from .dialect import Dialect

_LONGEST_NAME = 63


@dataclass(frozen=True, slots=True)
class TableShape:
    """What a live table has: its columns, its indexes, and whether it holds rows."""

    columns: frozenset[str]
    indexes: frozenset[str]
    has_rows: bool


Read = Callable[[str, Sequence[Any]], Awaitable[list[tuple[Any, ...]]]]
Inspector = Callable[[Read], Awaitable[Mapping[str, TableShape]]]


def plan(schema: Schema, dialect: Dialect, tables: Mapping[str, TableShape]) -> list[str]:
    """The missing statements, in an order in which they can run.

    Raises `StorageError` for a required column without default on a table that has rows.
    """
    return [
        statement
        for model in schema
        for statement in _model_plan(schema, dialect, model, tables.get(model.table_name))
    ]


def index_name(table: str, column: str, *, unique: bool) -> str:
    """`<table>_<column>_idx` (or `_uidx`); names that are too long are cut and hashed."""
    suffix = "uidx" if unique else "idx"
    name = f"{table}_{column}_{suffix}"
    if len(name) <= _LONGEST_NAME:
        return name
    tail = f"_{_fnv1a(name):08x}_{suffix}"
    return f"{table}_{column}"[: _LONGEST_NAME - len(tail)] + tail


def _model_plan(
    schema: Schema, dialect: Dialect, model: Model, shape: TableShape | None
) -> Iterator[str]:
    if shape is None:
        columns = [f"{dialect.quoted('id')} {dialect.id_type} NOT NULL PRIMARY KEY"]
        columns += [_column(schema, dialect, field) for field in model.fields]
        table = dialect.quoted(model.table_name)
        yield f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(columns)})"
        yield from (_index(dialect, model, f) for f in model.fields if _indexed(f))
        return
    for field in model.fields:
        if field.column_name not in shape.columns:
            yield from _added(schema, dialect, model, field, has_rows=shape.has_rows)


def _added(
    schema: Schema, dialect: Dialect, model: Model, field: Field, *, has_rows: bool
) -> Iterator[str]:
    default = _literal(field.default)
    if field.required and default is None and has_rows:
        raise StorageError(
            f"table {model.table_name} has rows and lacks the required column "
            f"{field.column_name}: add it by hand with a value for each row, or give it a default"
        )
    # UNIQUE cannot be added with a column everywhere: it comes as an index of its own.
    text = f"{dialect.quoted(field.column_name)} {_type(dialect, field)}"
    if default is not None:
        text += f" DEFAULT {default}"
    if field.required and (default is not None or (not has_rows and dialect.adds_not_null)):
        text += " NOT NULL"
    text += _references(schema, dialect, field)
    yield f"ALTER TABLE {dialect.quoted(model.table_name)} ADD COLUMN {text}"
    if field.unique or _indexed(field):
        yield _index(dialect, model, field)


def _column(schema: Schema, dialect: Dialect, field: Field) -> str:
    text = f"{dialect.quoted(field.column_name)} {_type(dialect, field)}"
    if field.default_now and dialect.now_default:
        text += f" DEFAULT {dialect.now_default}"
    if field.required:
        text += " NOT NULL"
    if field.unique:
        text += " UNIQUE"
    return text + _references(schema, dialect, field)


def _type(dialect: Dialect, field: Field) -> str:
    if field.references is not None:
        return dialect.id_type
    keyed = field.unique or field.index or field.sortable
    if field.type is FieldType.STRING and keyed and dialect.key_text_type:
        return dialect.key_text_type
    return dialect.types[field.type]


def _references(schema: Schema, dialect: Dialect, field: Field) -> str:
    if field.references is None:
        return ""
    target = schema[field.references.model]
    table, column = dialect.quoted(target.table_name), dialect.quoted(field.references.field)
    return f" REFERENCES {table} ({column}) ON DELETE {field.references.on_delete.upper()}"


def _index(dialect: Dialect, model: Model, field: Field) -> str:
    name = dialect.quoted(index_name(model.table_name, field.column_name, unique=field.unique))
    kind = "UNIQUE INDEX" if field.unique else "INDEX"
    table, column = dialect.quoted(model.table_name), dialect.quoted(field.column_name)
    return f"CREATE {kind} IF NOT EXISTS {name} ON {table} ({column})"


def _indexed(field: Field) -> bool:
    return field.index and not field.unique


def _literal(value: object) -> str | None:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | float):
        return str(value)
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else None


def _fnv1a(text: str) -> int:
    value = 0x811C9DC5
    for byte in text.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value
