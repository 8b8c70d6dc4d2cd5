"""watchword's tables as `Table` objects: for Alembic, for joins, for foreign keys of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, ForeignKey, Identity, Index, MetaData, Table
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from watchword.database.schema import Field, Model, Schema, schema_and_table
from watchword.database.tables import Tables
from watchword.storage.sql.index_names import IndexNames

from .types import id_type, index_lengths, type_of

if TYPE_CHECKING:
    from watchword.auth import Auth


class Insertion(FunctionElement[Any]):
    """The moment of insertion, as a column's default; NULL on SQLite, which has no such moment."""

    inherit_cache = True


class NewId(FunctionElement[Any]):
    """A UUID of the database's, as a column's default; NULL on SQLite, which makes none."""

    inherit_cache = True


_SPOKEN: dict[type[FunctionElement[Any]], dict[str, str]] = {
    Insertion: {"postgresql": "CURRENT_TIMESTAMP", "sqlite": "NULL"},
    NewId: {"postgresql": "pg_catalog.gen_random_uuid()", "sqlite": "NULL"},
}
_SPOKEN_BY_MYSQL: dict[type[FunctionElement[Any]], str] = {
    Insertion: "CURRENT_TIMESTAMP(3)",
    NewId: "(UUID())",
}


def _default_text(element: FunctionElement[Any], compiler: Any, **options: Any) -> str:
    kind: type[FunctionElement[Any]] = type(element)
    return _SPOKEN[kind].get(compiler.dialect.name, _SPOKEN_BY_MYSQL[kind])


for _kind in _SPOKEN:
    compiles(_kind)(_default_text)


def watchword_metadata(given: Auth | Tables | Schema, metadata: MetaData | None = None) -> MetaData:
    """The tables of a configuration in `metadata`, or in a new one.

    Names are those of the configuration (`Names`), types those that `migrate` makes on each
    database. Raises `sqlalchemy.exc.InvalidRequestError` for a table that is there already.
    """
    schema = schema_of(given)
    made = MetaData() if metadata is None else metadata
    names = IndexNames(schema)
    for model in schema:
        _table(made, schema, model, names)
    return made


def schema_of(given: Auth | Tables | Schema) -> Schema:
    """The schema of a configuration."""
    if isinstance(given, Schema):
        return given
    tables = given if isinstance(given, Tables) else given.config.tables
    return tables.schema


def _table(metadata: MetaData, schema: Schema, model: Model, names: IndexNames) -> None:
    place, name = schema_and_table(model.table_name)
    table = Table(
        name,
        metadata,
        _id(schema),
        *(_column(metadata, schema, field) for field in model.fields),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mariadb_engine="InnoDB",
        mariadb_charset="utf8mb4",
        sqlite_autoincrement=schema.ids == "serial",
        schema=place,
    )
    for field in model.fields:
        if field.index and not field.unique:
            name = names.of(model, field.column_name, unique=False)
            Index(name, table.c[field.column_name])
    for index in model.indexes:
        columns, cut = model.columns_of(index), index_lengths(model, index, schema.ids)
        Index(
            names.of(model, *columns, unique=index.unique),
            *(table.c[column] for column in columns),
            unique=index.unique,
            mysql_length=cut,
            mariadb_length=cut,
        )


def _id(schema: Schema) -> Column[Any]:
    kind = id_type(schema.ids)
    if schema.ids == "serial":
        return Column("id", kind, Identity(always=False), primary_key=True)
    default = NewId() if schema.ids == "uuid" else None
    return Column("id", kind, primary_key=True, server_default=default)


def _column(metadata: MetaData, schema: Schema, field: Field) -> Column[Any]:
    references: list[ForeignKey] = []
    if field.references is not None:
        target = schema[field.references.model]
        wanted = field.references.field
        column = "id" if wanted == "id" else target.field(wanted).column_name
        found = metadata.tables[target.table_name].c[column]
        references.append(ForeignKey(found, ondelete=field.references.on_delete.upper()))
    return Column(
        field.column_name,
        type_of(field, schema.ids),
        *references,
        nullable=not field.required,
        unique=field.unique or None,
        server_default=Insertion() if field.default_now else None,
    )
