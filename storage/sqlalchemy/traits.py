"""What differs between the databases behind SQLAlchemy, and what their drivers have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias, cast

from sqlalchemy.engine import Connection, CursorResult, Engine
from sqlalchemy.exc import SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from watchword.database.contract import InvalidValue, StorageError, StorageUnavailable
from watchword.database.schema import Schema
from watchword.storage.sql.engine import SQLDatabase, SQLEngine

Rows: TypeAlias = "list[tuple[Any, ...]]"
Written: TypeAlias = "tuple[Rows, int]"

ATTEMPTS = 5
"""How often work alone in its transaction is tried that gave way to another one."""
ALL_BUSY = "all connections of SQLAlchemy's pool stayed busy"


class Flavor(Protocol):
    """How one database is spoken to through SQLAlchemy. Knows no connection of its own."""

    name: str
    """As in traces (`db.system.name`)."""
    place: str
    """What the database is called when it cannot be reached."""
    busy: str
    """What a caller is told who waited too long for a connection."""
    spoken: tuple[str, str]
    """SQLAlchemy's names of the database and of the driver."""
    engine: type[SQLEngine]
    retried: tuple[type[StorageError], ...]
    """Errors of transactions after which these are tried again."""
    commits: bool
    """Whether a statement alone must be committed."""
    guarded_writes: bool
    """Whether a refused statement spoils a transaction, so that writes want a savepoint."""

    def database(self, schema: Schema) -> SQLDatabase:
        """The schema in the dialect of the driver."""
        ...

    def stand_alone(self, connection: Connection) -> None:
        """Prepare a connection for statements that are all there is to their transaction."""
        ...

    def begin(self, connection: Connection) -> None:
        """Begin a transaction that is going to write."""
        ...

    def join(self, connection: Connection) -> None:
        """Make sure that the caller's transaction has begun in the database too."""
        ...

    def text(self, sql: str) -> str:
        """A statement as the driver wants it."""
        ...

    def undone(self, error: BaseException) -> bool:
        """Whether an error means that nothing of the transaction can be stored any more."""
        ...

    def gave_way(self, error: BaseException) -> bool:
        """Whether work only failed because of others at the same time."""
        ...

    def spent(self, error: BaseException) -> bool:
        """Whether the connection is of no use after an error of the driver."""
        ...

    def of_driver(self, error: BaseException) -> StorageError:
        """The driver's error as one of the contract."""
        ...

    def run_script(self, engine: Engine, statements: Sequence[str]) -> None:
        """Run statements of the schema. Raises errors of the contract."""
        ...


def spoken_by(engine: Engine) -> tuple[str, str]:
    """SQLAlchemy's names of an engine's database and driver."""
    return engine.dialect.name, engine.dialect.driver


def execute(connection: Connection, flavor: Flavor, sql: str, params: Sequence[Any]) -> Written:
    """Rows of a statement, and how many it matched. After an INSERT for which the database made an
    id that it does not return, the one row is this id."""
    try:
        return written(connection.exec_driver_sql(flavor.text(sql), tuple(params)))
    except Exception as error:
        found = driver_error(error)
        if isinstance(found, OSError) or flavor.spent(found):
            connection.invalidate()  # its pool makes another one
        raise


def written(result: CursorResult[Any]) -> Written:
    """What a statement gave."""
    if result.returns_rows:
        cursor = cast("Any", result).cursor
        rows: Rows = list(cursor.fetchall())
        result.close()
        return rows, len(rows)
    made = result.lastrowid if result.dialect.name in ("mysql", "mariadb") else 0
    return ([(made,)] if made else []), result.rowcount


def run_as_it_stands(connection: Connection, statement: str) -> None:
    """Run a statement without parameters, in which `%` means nothing."""
    connection.exec_driver_sql(statement, execution_options={"no_parameters": True}).close()


def driver_error(error: BaseException) -> BaseException:
    """What the driver itself raised."""
    if isinstance(error, StatementError) and error.orig is not None:
        error = error.orig
    # SQLAlchemy puts classes of its own around the errors of asyncpg.
    return error.__cause__ if hasattr(error, "driver_exception") and error.__cause__ else error


def translated(flavor: Flavor, error: Exception) -> StorageError:
    """An error as one of the contract; its text could hold values, ours does not."""
    if isinstance(error, StorageError):
        return error
    if isinstance(error, PoolTimeoutError):
        return StorageUnavailable(flavor.busy)
    found = driver_error(error)
    if isinstance(found, SQLAlchemyError):
        return StorageError(f"SQLAlchemy refused the statement ({type(found).__name__})")
    if isinstance(found, OverflowError | UnicodeError):
        return InvalidValue("a value cannot be stored")
    if isinstance(found, OSError | TimeoutError):
        return unreachable(flavor, found)
    known = flavor.of_driver(found)
    lost = getattr(error, "connection_invalidated", False)
    if lost and not isinstance(known, StorageUnavailable):
        return unreachable(flavor, found)
    return known


def unreachable(flavor: Flavor, error: BaseException) -> StorageUnavailable:
    """The error of a database that does not answer."""
    return StorageUnavailable(f"{flavor.place} cannot be reached ({type(error).__name__})")
