"""Types of SQLAlchemy that store what watchword stores, on each database in its form.

Alembic writes them into migrations under the name of this module.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Integer, Text
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

from watchword.database.schema import Field, FieldType, Index, Model
from watchword.storage.mysql.ddl import LONGEST_KEY
from watchword.storage.sql.stored_forms import (
    boolean_number,
    from_iso_date,
    from_json_text,
    iso_date,
    json_text,
    moment,
)

_MYSQL = ("mysql", "mariadb")


class Words(TypeDecorator[str]):
    """Text, compared in bytes; `key` where an index needs it short (512 characters on MySQL)."""

    impl = Text
    cache_ok = True

    def __init__(self, key: bool = False, *, length: int = 512) -> None:
        super().__init__()
        self.key = key
        self.length = length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name not in _MYSQL:
            return Text()
        collation = _collation(dialect)
        if self.key:
            return mysql.VARCHAR(self.length, collation=collation)
        return mysql.MEDIUMTEXT(collation=collation)

    def __repr__(self) -> str:
        return f"Words(key={self.key}, length={self.length})"


class Id(Words):
    """An id, or what refers to one, where ids are made by watchword."""

    cache_ok = True

    def __init__(self) -> None:
        super().__init__(key=True, length=64)

    def __repr__(self) -> str:
        return "Id()"


class UuidId(Id):
    """An id that PostgreSQL keeps as `uuid`. It is text in Python."""

    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return postgresql.UUID(as_uuid=False)
        return super().load_dialect_impl(dialect)

    def __repr__(self) -> str:
        return "UuidId()"


class Flag(TypeDecorator[bool]):
    """A boolean; 0 or 1 on SQLite."""

    impl = Boolean
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Integer() if dialect.name == "sqlite" else Boolean()

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> Any:
        return boolean_number(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> bool | None:
        return None if value is None else bool(value)

    def __repr__(self) -> str:
        return "Flag()"


class _TextDate(UserDefinedType[str]):
    cache_ok = True

    def get_col_spec(self, **kw: Any) -> str:
        return "DATE"


class Moment(TypeDecorator[datetime]):
    """A moment in UTC and milliseconds; must have a zone. ISO text on SQLite."""

    impl = postgresql.TIMESTAMP
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return _TextDate()
        if dialect.name in _MYSQL:
            return mysql.DATETIME(fsp=3)
        return postgresql.TIMESTAMP(timezone=True)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        text = iso_date(value)
        if dialect.name == "sqlite":
            return text
        known = datetime.fromisoformat(text).astimezone(UTC)
        return known.replace(tzinfo=None) if dialect.name in _MYSQL else known

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return from_iso_date(value) if dialect.name == "sqlite" else moment(value)

    def __repr__(self) -> str:
        return "Moment()"


class Structure(TypeDecorator[Any]):
    """JSON; text on SQLite."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return Text()
        if dialect.name == "postgresql":
            return postgresql.JSONB(none_as_null=True)
        return JSON(none_as_null=True)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return json_text(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return from_json_text(value) if dialect.name == "sqlite" and value is not None else value

    def __repr__(self) -> str:
        return "Structure()"


def type_of(field: Field, ids: str) -> TypeEngine[Any]:
    """The type of a field's column; `ids` is `Schema.ids`."""
    reference = field.references
    if reference is not None and reference.field == "id":
        return id_type(ids)
    if field.type is FieldType.STRING:
        return Words(field.unique or field.index or field.sortable or reference is not None)
    return _TYPES[field.type]()


def id_type(ids: str) -> TypeEngine[Any]:
    """The type of an id."""
    return {"text": Id, "uuid": UuidId, "serial": Integer}[ids]()


def index_lengths(model: Model, index: Index, ids: str) -> dict[str, int]:
    """The columns of an index that hold longer text than MySQL can index, and where it is cut."""
    share = LONGEST_KEY // len(index.fields)
    kinds = {field.column_name: type_of(field, ids) for field in model.fields}
    kinds["id"] = id_type(ids)
    return {
        column: share
        for column in model.columns_of(index)
        if isinstance(kind := kinds[column], Words) and (not kind.key or kind.length > share)
    }


_TYPES: dict[FieldType, type[TypeEngine[Any]]] = {
    FieldType.BOOLEAN: Flag,
    FieldType.NUMBER: Integer,
    FieldType.BIGINT: BigInteger,
    FieldType.DATE: Moment,
    FieldType.JSON: Structure,
    FieldType.STRING_LIST: Structure,
    FieldType.NUMBER_LIST: Structure,
}


def _collation(dialect: Any) -> str:
    """In which a space at the end counts, and case does."""
    return "utf8mb4_nopad_bin" if dialect.is_mariadb else "utf8mb4_0900_bin"
