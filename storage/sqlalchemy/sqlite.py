"""SQLite behind SQLAlchemy: the drivers `pysqlite` and `aiosqlite`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from watchword.database.contract import StorageError
from watchword.database.schema import Schema
from watchword.storage.sql.engine import SQLDatabase, SQLEngine
from watchword.storage.sqlite.driver import is_there_already, refused_statement
from watchword.storage.sqlite.driver import translated as of_sqlite
from watchword.storage.sqlite.glob import GLOB_DIALECT, GlobQueries
from watchword.storage.sqlite.storage import declared_types, inspect

from .traits import ALL_BUSY, driver_error, run_as_it_stands, spoken_by, translated

_PREPARED = "watchword_foreign_keys"


class SQLiteFlavor:
    """One user writes at a time; writers wait for as long as the engine's `timeout` says."""

    name = "sqlite"
    place = "the sqlite database behind SQLAlchemy"
    busy = ALL_BUSY
    engine: type[SQLEngine] = SQLEngine
    retried: tuple[type[StorageError], ...] = ()
    commits = True
    guarded_writes = False

    def __init__(self, engine: Engine) -> None:
        self.spoken = spoken_by(engine)
        if not event.contains(engine, "checkout", _checked_out):
            event.listen(engine, "checkout", _checked_out)

    def database(self, schema: Schema) -> SQLDatabase:
        queries = GlobQueries(schema, GLOB_DIALECT)
        return SQLDatabase.of(schema, GLOB_DIALECT, inspect, declared_types, queries)

    def stand_alone(self, connection: Connection) -> None:
        pass

    def begin(self, connection: Connection) -> None:
        connection.begin()
        # As a writer at once: a reader that becomes one would be refused without waiting.
        if _in_transaction(connection):
            run_as_it_stands(connection, "ROLLBACK")  # begun by an event listener, and empty
        run_as_it_stands(connection, "BEGIN IMMEDIATE")

    def join(self, connection: Connection) -> None:
        if not connection.in_transaction():
            connection.begin()
        # Python's driver begins late, and not at all before a savepoint.
        if not _in_transaction(connection):
            run_as_it_stands(connection, "BEGIN IMMEDIATE")

    def text(self, sql: str) -> str:
        return sql

    def undone(self, error: BaseException) -> bool:
        return False

    def gave_way(self, error: BaseException) -> bool:
        return False

    def spent(self, error: BaseException) -> bool:
        return False

    def of_driver(self, error: BaseException) -> StorageError:
        return of_sqlite(cast("Exception", error))

    def run_script(self, engine: Engine, statements: Sequence[str]) -> None:
        with engine.connect() as connection:
            self.begin(connection)
            for statement in statements:
                try:
                    run_as_it_stands(connection, statement)
                except Exception as error:
                    found = driver_error(error)
                    if is_there_already(found):
                        continue
                    if not isinstance(found, Exception):
                        raise translated(self, error) from None
                    raise refused_statement(found, statement) from None
            connection.commit()


def _in_transaction(connection: Connection) -> bool:
    driver: Any = connection.connection.driver_connection
    return bool(driver.in_transaction)


def _checked_out(connection: Any, record: Any, fairy: Any) -> None:
    """Turn foreign keys on, once for each connection: rows of a deleted user go with the user."""
    if _PREPARED not in record.info:
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()
        record.info[_PREPARED] = True
