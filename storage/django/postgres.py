"""PostgreSQL behind Django, with psycopg 3 or psycopg2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from watchword.database.contract import StorageError
from watchword.database.schema import FieldType, Schema
from watchword.storage.postgres import errors as postgres_errors
from watchword.storage.postgres.any_driver import ANY_DRIVER, JSON, AskedAsText
from watchword.storage.postgres.storage import MIGRATION_LOCK, declared_types, inspect
from watchword.storage.sql.engine import SQLDatabase, SQLEngine
from watchword.storage.sql.queries import Queries

from .flavors import driver_error, run_as_it_stands


class _ModelSQL(AskedAsText):
    """Without USE_TZ Django takes the zone of the session from moments, and does not say which."""

    kinds = (*JSON, FieldType.DATE)


class _Queries(Queries):
    model_sql = _ModelSQL


class PostgresFlavor:
    """Transactions of our own run at READ COMMITTED, whatever the option `isolation_level` is."""

    name = "postgresql"
    engine: type[SQLEngine] = SQLEngine
    retried: tuple[type[StorageError], ...] = ()
    guarded_writes = True

    def database(self, schema: Schema) -> SQLDatabase:
        queries = _Queries(schema, ANY_DRIVER)
        return SQLDatabase.of(schema, ANY_DRIVER, inspect, declared_types, queries)

    def before_begin(self, connection: BaseDatabaseWrapper) -> None:
        pass

    def begun(self, connection: BaseDatabaseWrapper) -> None:
        settings: dict[str, Any] = connection.settings_dict
        if "isolation_level" in settings["OPTIONS"]:
            run_as_it_stands(connection, "SET TRANSACTION ISOLATION LEVEL READ COMMITTED")

    def undone(self, error: BaseException) -> bool:
        return True

    def gave_way(self, error: BaseException) -> bool:
        return postgres_errors.gave_way(error)

    def of_driver(self, error: BaseException) -> StorageError:
        return postgres_errors.translated(cast("Exception", error))

    def run_script(self, connection: BaseDatabaseWrapper, statements: Sequence[str]) -> None:
        if not statements:
            return
        with transaction.atomic(using=connection.alias):
            self.begun(connection)
            run_as_it_stands(connection, MIGRATION_LOCK)
            for statement in statements:
                try:
                    run_as_it_stands(connection, statement)
                except Exception as error:
                    found = cast("Exception", driver_error(error))
                    raise postgres_errors.refused_statement(found, statement) from None
