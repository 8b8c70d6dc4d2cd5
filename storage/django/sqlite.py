"""SQLite behind Django: connections of the backend `django.db.backends.sqlite3`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from msgspec.structs import replace

from watchword.database.contract import StorageError
from watchword.database.schema import Schema
from watchword.storage.sql.engine import SQLDatabase, SQLEngine
from watchword.storage.sqlite.driver import is_there_already, refused_statement
from watchword.storage.sqlite.driver import translated as of_sqlite
from watchword.storage.sqlite.glob import GLOB_DIALECT, GlobQueries, GlobSQL
from watchword.storage.sqlite.storage import declared_types, inspect

from .flavors import driver_error, run_as_it_stands

_DIALECT = replace(GLOB_DIALECT, placeholder="%s")


class _UntypedSQL(GlobSQL):
    """Django has its driver convert columns by their declared types, dates into what ours are not;
    an expression has no declared type."""

    def untyped(self, field: str, alias: str = "") -> str:
        return f"+{alias}{self.columns[field]}"

    selected = untyped


class _Queries(GlobQueries):
    model_sql = _UntypedSQL


class SQLiteFlavor:
    """One user writes at a time; writers wait for as long as the option `timeout` says."""

    name = "sqlite"
    engine: type[SQLEngine] = SQLEngine
    retried: tuple[type[StorageError], ...] = ()
    guarded_writes = False

    def database(self, schema: Schema) -> SQLDatabase:
        queries = _Queries(schema, _DIALECT)
        return SQLDatabase.of(schema, _DIALECT, inspect, declared_types, queries)

    def before_begin(self, connection: BaseDatabaseWrapper) -> None:
        pass

    def begun(self, connection: BaseDatabaseWrapper) -> None:
        # As a writer at once: a reader that becomes one would be refused without waiting. Django's
        # own is empty yet.
        run_as_it_stands(connection, "ROLLBACK")
        run_as_it_stands(connection, "BEGIN IMMEDIATE")

    def undone(self, error: BaseException) -> bool:
        return False

    def gave_way(self, error: BaseException) -> bool:
        return False

    def of_driver(self, error: BaseException) -> StorageError:
        return of_sqlite(cast("Exception", error))

    def run_script(self, connection: BaseDatabaseWrapper, statements: Sequence[str]) -> None:
        with transaction.atomic(using=connection.alias):
            self.begun(connection)
            for statement in statements:
                try:
                    run_as_it_stands(connection, statement)
                except Exception as error:
                    found = driver_error(error)
                    if not is_there_already(found):
                        raise refused_statement(cast("Exception", found), statement) from None
