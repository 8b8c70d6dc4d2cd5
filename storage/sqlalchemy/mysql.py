"""MySQL and MariaDB behind SQLAlchemy: the drivers `pymysql`, `mysqldb`, `aiomysql`, `asyncmy`.

PyMySQL must be there with each of them: the numbers of errors, and what they mean, are told by it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.engine import Connection, Engine

from watchword.database.contract import StorageError, StorageUnavailable
from watchword.database.schema import Schema
from watchword.storage.mysql.conditions import MySQLQueries
from watchword.storage.mysql.ddl import declared_types, inspect
from watchword.storage.mysql.dialect import DIALECT
from watchword.storage.mysql.engine import MySQLEngine
from watchword.storage.mysql.errors import (
    GaveWay,
    as_pymysql,
    ended,
    is_there_already,
    refused_statement,
    translated,
    undone,
)
from watchword.storage.mysql.url import MySQLOptions
from watchword.storage.sql.engine import SQLDatabase, SQLEngine

from .traits import ALL_BUSY, driver_error, run_as_it_stands, spoken_by

_MIGRATION_LOCK = "SELECT GET_LOCK(CONCAT('watchword:', MD5(DATABASE())), 60)"
"""One process at a time changes the schema. The lock ends with its connection."""


class MySQLFlavor:
    """Transactions of our own run at READ COMMITTED, whatever the defaults are."""

    name = "mysql"
    place = "the mysql database behind SQLAlchemy"
    busy = ALL_BUSY
    engine: type[SQLEngine] = MySQLEngine
    retried: tuple[type[StorageError], ...] = (GaveWay,)
    commits = True
    guarded_writes = False

    def __init__(self, engine: Engine) -> None:
        self.spoken = spoken_by(engine)
        url = engine.url
        self._options = MySQLOptions(
            host=url.host or "localhost", port=url.port or 3306, database=url.database or ""
        )

    def database(self, schema: Schema) -> SQLDatabase:
        queries = MySQLQueries(schema, DIALECT)
        return SQLDatabase.of(schema, DIALECT, inspect, declared_types, queries)

    def stand_alone(self, connection: Connection) -> None:
        pass

    def begin(self, connection: Connection) -> None:
        run_as_it_stands(connection, "SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        run_as_it_stands(connection, "START TRANSACTION")

    def join(self, connection: Connection) -> None:
        pass

    def text(self, sql: str) -> str:
        return sql

    def undone(self, error: BaseException) -> bool:
        return undone(as_pymysql(driver_error(error)))

    def gave_way(self, error: BaseException) -> bool:
        return isinstance(self.of_driver(driver_error(error)), GaveWay)

    def spent(self, error: BaseException) -> bool:
        return ended(as_pymysql(error))

    def of_driver(self, error: BaseException) -> StorageError:
        return translated(as_pymysql(error), self._options)

    def prepare_script(self, connection: Connection) -> None:
        """As on connections of MySQLStorage: identifiers may be quoted as in standard SQL."""
        connection.exec_driver_sql("SET sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES')")

    def run_script(self, engine: Engine, statements: Sequence[str]) -> None:
        if not statements:
            return
        with engine.connect() as connection:
            connection.detach()  # closing it ends the lock
            self.prepare_script(connection)
            [[mine]] = connection.exec_driver_sql(_MIGRATION_LOCK).fetchall()
            if mine != 1:
                text = "another process has been changing the schema for a minute"
                raise StorageUnavailable(text)
            for statement in statements:
                try:
                    run_as_it_stands(connection, statement)
                except Exception as error:
                    found = as_pymysql(driver_error(error))
                    if not is_there_already(found):
                        raise refused_statement(found, statement, self._options) from None
