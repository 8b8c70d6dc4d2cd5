"""What differs between the databases behind Django, and what their drivers have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

from django.core.exceptions import SynchronousOnlyOperation
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import TransactionManagementError
from django.db.utils import Error as DjangoError

from watchword.database.contract import InvalidValue, StorageError, StorageUnavailable
from watchword.database.schema import Schema
from watchword.storage.sql.engine import SQLDatabase, SQLEngine

Rows: TypeAlias = "list[tuple[Any, ...]]"
Written: TypeAlias = "tuple[Rows, int]"

ATTEMPTS = 5
"""How often work alone in its transaction is tried that gave way to another one."""


class Flavor(Protocol):
    """How one database is spoken to through Django. Knows no connection of its own."""

    name: str
    """As in traces (`db.system.name`)."""
    engine: type[SQLEngine]
    retried: tuple[type[StorageError], ...]
    """Errors of transactions after which these are tried again."""
    guarded_writes: bool
    """Whether a refused statement spoils a transaction, so that writes want a savepoint."""

    def database(self, schema: Schema) -> SQLDatabase:
        """The schema in the dialect of Django's connections."""
        ...

    def before_begin(self, connection: BaseDatabaseWrapper) -> None:
        """What a transaction of our own wants to be said before it begins."""
        ...

    def begun(self, connection: BaseDatabaseWrapper) -> None:
        """What it wants to be said as its first statement."""
        ...

    def undone(self, error: BaseException) -> bool:
        """Whether an error of the driver means that nothing of the transaction is stored."""
        ...

    def gave_way(self, error: BaseException) -> bool:
        """Whether work only failed because of others at the same time."""
        ...

    def of_driver(self, error: BaseException) -> StorageError:
        """The driver's error as one of the contract."""
        ...

    def run_script(self, connection: BaseDatabaseWrapper, statements: Sequence[str]) -> None:
        """Run statements of the schema, outside of transactions. Raises errors of the contract."""
        ...


def takes_part(connection: BaseDatabaseWrapper) -> bool:
    """Whether what is written now is part of a transaction that the application ends: in a block of
    `atomic`, and where it has switched autocommit off."""
    if connection.in_atomic_block:
        return True
    if connection.connection is None:
        return not connection.settings_dict["AUTOCOMMIT"]
    return not connection.autocommit


def execute(connection: BaseDatabaseWrapper, sql: str, params: Sequence[Any]) -> Written:
    """Rows of a statement, and how many it matched. After an INSERT for which the database made an
    id that it does not return, the one row is this id."""
    with connection.cursor() as cursor:
        cursor.execute(sql, tuple(params))
        if cursor.description is not None:
            rows: Rows = list(cursor.fetchall())
            return rows, len(rows)
        made = cursor.lastrowid if connection.vendor == "mysql" else 0
        return ([(made,)] if made else []), cursor.rowcount


def run_as_it_stands(connection: BaseDatabaseWrapper, statement: str) -> None:
    """Run a statement without parameters, in which `%` means nothing."""
    with connection.cursor() as cursor:
        cursor.execute(statement)


def driver_error(error: BaseException) -> BaseException:
    """What the driver itself raised; Django puts classes of its own around that."""
    cause = error.__cause__
    return cause if isinstance(error, DjangoError) and cause is not None else error


def translated(flavor: Flavor, error: Exception) -> Exception:
    """An error as one of the contract; its text could hold values, ours does not.

    What Django refuses by itself (a query on an event loop, one in a test that must not make any)
    stays as it is.
    """
    if isinstance(error, StorageError | SynchronousOnlyOperation):
        return error
    if isinstance(error, TransactionManagementError):
        return StorageError("the transaction had been given up: its block must end first")
    found = driver_error(error)
    if isinstance(found, OverflowError | UnicodeError):
        return InvalidValue("a value cannot be stored")
    if isinstance(found, OSError | TimeoutError):
        return StorageUnavailable(f"the database cannot be reached ({type(found).__name__})")
    return flavor.of_driver(found) if isinstance(error, DjangoError) else error
