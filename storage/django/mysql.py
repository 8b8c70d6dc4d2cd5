"""MySQL and MariaDB behind Django, with mysqlclient, or PyMySQL in its place.

PyMySQL must be there with both: the numbers of errors, and what they mean, are told by it.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.backends.base.base import BaseDatabaseWrapper

from watchword.database.contract import StorageError, StorageUnavailable
from watchword.database.schema import Schema
from watchword.storage.mysql.conditions import MySQLQueries
from watchword.storage.mysql.ddl import declared_types, inspect
from watchword.storage.mysql.dialect import DIALECT
from watchword.storage.mysql.engine import MySQLEngine
from watchword.storage.mysql.errors import (
    GaveWay,
    as_pymysql,
    is_there_already,
    refused_statement,
    translated,
    undone,
)
from watchword.storage.mysql.url import MySQLOptions
from watchword.storage.sql.engine import SQLDatabase, SQLEngine

from .flavors import driver_error, execute, run_as_it_stands

_LOCK = "CONCAT('watchword:', MD5(DATABASE()))"
"""One process at a time changes the schema."""


class MySQLFlavor:
    """Transactions of our own run at READ COMMITTED, whatever the option `isolation_level` is."""

    name = "mysql"
    engine: type[SQLEngine] = MySQLEngine
    retried: tuple[type[StorageError], ...] = (GaveWay,)
    guarded_writes = False

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        settings = connection.settings_dict
        self._options = MySQLOptions(
            host=settings["HOST"] or "localhost",
            port=int(settings["PORT"] or 3306),
            database=str(settings["NAME"] or ""),
        )

    def database(self, schema: Schema) -> SQLDatabase:
        queries = MySQLQueries(schema, DIALECT)
        return SQLDatabase.of(schema, DIALECT, inspect, declared_types, queries)

    def before_begin(self, connection: BaseDatabaseWrapper) -> None:
        options = connection.settings_dict["OPTIONS"]
        level: str | None = options.get("isolation_level", "read committed")
        if level is None or level.lower() != "read committed":
            run_as_it_stands(connection, "SET TRANSACTION ISOLATION LEVEL READ COMMITTED")

    def begun(self, connection: BaseDatabaseWrapper) -> None:
        pass

    def undone(self, error: BaseException) -> bool:
        return undone(as_pymysql(error))

    def gave_way(self, error: BaseException) -> bool:
        return isinstance(self.of_driver(error), GaveWay)

    def of_driver(self, error: BaseException) -> StorageError:
        return translated(as_pymysql(error), self._options)

    def run_script(self, connection: BaseDatabaseWrapper, statements: Sequence[str]) -> None:
        if not statements:
            return
        [[mine]], _ = execute(connection, f"SELECT GET_LOCK({_LOCK}, 60)", ())
        if mine != 1:
            raise StorageUnavailable("another process has been changing the schema for a minute")
        try:
            for statement in statements:
                try:
                    run_as_it_stands(connection, statement)
                except Exception as error:
                    found = as_pymysql(driver_error(error))
                    if not is_there_already(found):
                        raise refused_statement(found, statement, self._options) from None
        finally:
            execute(connection, f"SELECT RELEASE_LOCK({_LOCK})", ())
