"""PostgreSQL behind SQLAlchemy: the drivers `psycopg`, `psycopg2` and `asyncpg`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

from msgspec.structs import replace
from sqlalchemy.engine import Connection, Engine

from watchword.database.contract import InvalidValue, StorageError, StorageUnavailable
from watchword.database.schema import FieldType, Schema
from watchword.storage.postgres import errors as postgres_errors
from watchword.storage.postgres.any_driver import ANY_DRIVER, JSONAsText
from watchword.storage.postgres.storage import DIALECT, MIGRATION_LOCK, declared_types, inspect
from watchword.storage.sql.engine import SQLDatabase, SQLEngine
from watchword.storage.sql.stored_forms import checked_date, checked_number

from .traits import ALL_BUSY, driver_error, run_as_it_stands, spoken_by


def _date(value: Any) -> datetime:
    try:
        found = checked_date(value).astimezone(UTC)
    except OverflowError:
        raise InvalidValue("the date lies outside the years 1 to 9999 in UTC") from None
    return found.replace(microsecond=found.microsecond // 1000 * 1000)


def _number(value: Any) -> int | float:
    number = checked_number(value)
    return int(number) if number == int(number) and abs(number) < 2**53 else number


# asyncpg sends values in the binary form of their column, and takes no text for them.
_ASYNCPG = replace(
    ANY_DRIVER,
    store={
        **DIALECT.store,
        FieldType.NUMBER: _number,
        FieldType.BIGINT: _number,
        FieldType.DATE: _date,
    },
)


class PostgresFlavor:
    """Statements alone are committed by the server; transactions run at READ COMMITTED."""

    name = "postgresql"
    place = "the postgresql database behind SQLAlchemy"
    busy = ALL_BUSY
    engine: type[SQLEngine] = SQLEngine
    retried: tuple[type[StorageError], ...] = ()
    commits = False
    guarded_writes = True

    def __init__(self, engine: Engine) -> None:
        self.spoken = spoken_by(engine)
        self._numbered = engine.dialect.driver == "asyncpg"

    def database(self, schema: Schema) -> SQLDatabase:
        dialect = _ASYNCPG if self._numbered else ANY_DRIVER
        queries = JSONAsText(schema, dialect)
        return SQLDatabase.of(schema, dialect, inspect, declared_types, queries)

    def stand_alone(self, connection: Connection) -> None:
        connection.execution_options(isolation_level="AUTOCOMMIT")

    def begin(self, connection: Connection) -> None:
        connection.execution_options(isolation_level="READ COMMITTED")
        connection.begin()

    def join(self, connection: Connection) -> None:
        pass

    def text(self, sql: str) -> str:
        return _numbered(sql) if self._numbered else sql

    def undone(self, error: BaseException) -> bool:
        return True

    def gave_way(self, error: BaseException) -> bool:
        found = driver_error(error)
        # The second one: the tables changed since asyncpg had prepared the statement.
        return postgres_errors.gave_way(found) or type(found).__name__ == (
            "InvalidCachedStatementError"
        )

    def spent(self, error: BaseException) -> bool:
        return postgres_errors.is_read_only(error)

    def of_driver(self, error: BaseException) -> StorageError:
        return postgres_errors.translated(cast("Exception", error))

    def run_script(self, engine: Engine, statements: Sequence[str]) -> None:
        if not statements:
            return
        with engine.connect() as connection:
            self.begin(connection)
            run_as_it_stands(connection, MIGRATION_LOCK)
            for statement in statements:
                try:
                    run_as_it_stands(connection, statement)
                except Exception as error:
                    found = cast("Exception", driver_error(error))
                    if isinstance(found, OSError):
                        raise StorageUnavailable("the connection was lost") from None
                    raise postgres_errors.refused_statement(found, statement) from None
            connection.commit()


_MARK = re.compile("%[s%]")


@lru_cache(4096)
def _numbered(sql: str) -> str:
    """`$1`, `$2` instead of `%s`."""
    number = 0

    def mark(found: re.Match[str]) -> str:
        nonlocal number
        if found[0] == "%%":
            return "%"
        number += 1
        return f"${number}"

    return _MARK.sub(mark, sql)
