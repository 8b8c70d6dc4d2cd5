"""Connections to SQLite files, as every engine uses them, and the driver's errors as ours.

SQLite must not be used across a fork: the library in the child believes that the process has the
parent's locks on the file, and takes none for the connections it opens. So whatever is idle is
closed before a fork; what a fork in C left open is closed in the child, before anything is opened
there (`close_inherited`).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from watchword.database.contract import (
    InvalidValue,
    ReferenceViolation,
    SchemaMismatch,
    StorageError,
    StorageUnavailable,
    UniqueViolation,
)
from watchword.discreet import Discreet
from watchword.storage.connections.forks import Lease
from watchword.storage.sql.engine import refuse_script, refused_empty

MEMORY = ":memory:"

Rows: TypeAlias = "list[tuple[Any, ...]]"
Written: TypeAlias = "tuple[Rows, int]"

DRIVER_ERRORS = (sqlite3.Error, OverflowError, UnicodeError)

_UNIQUE = (
    sqlite3.SQLITE_CONSTRAINT_UNIQUE,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
    sqlite3.SQLITE_CONSTRAINT_ROWID,
)
_PASSING = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
)
_OUTDATED = ("no such table", "no such column", "has no column named")
_PRAGMAS = (
    "foreign_keys=ON",
    # LIKE is only used for literal text: as exact as on other databases.
    "case_sensitive_like=ON",
)


JournalMode: TypeAlias = Literal["wal", "delete", "truncate", "persist"]
JOURNAL_MODES: tuple[str, ...] = get_args(JournalMode)


class Database(Discreet, msgspec.Struct, frozen=True):
    """Where the database is (`:memory:` or an absolute path), and how long to wait, in seconds."""

    path: str
    busy_timeout: float
    journal_mode: JournalMode = "wal"

    @property
    def readers_never_wait(self) -> bool:
        """Whether a read takes no longer while somebody writes."""
        return self.journal_mode == "wal"

    @property
    def _journal(self) -> tuple[str, ...]:
        # Less than FULL is safe against a loss of power with a write-ahead log only.
        synchronous = "NORMAL" if self.journal_mode == "wal" else "FULL"
        return (f"journal_mode={self.journal_mode}", f"synchronous={synchronous}")

    def open(self, factory: type[sqlite3.Connection] = sqlite3.Connection) -> sqlite3.Connection:
        """A new connection in autocommit mode. Raises `StorageUnavailable`, `StorageError`.

        A file that is not there yet is made for this user alone; SQLite gives the files beside it
        the same mode.
        """
        if self.path != MEMORY:
            _make_private(self.path)
        try:
            connection = sqlite3.connect(
                self.path,
                timeout=self.busy_timeout,
                isolation_level=None,
                check_same_thread=False,
                factory=factory,
                cached_statements=512,
            )
        except sqlite3.Error as error:
            raise self._not_opened(error) from None
        try:
            for pragma in (*self._journal, *_PRAGMAS):
                connection.execute(f"PRAGMA {pragma}").close()
        except sqlite3.Error as error:
            connection.close()
            raise self._not_opened(error) from None
        return connection

    def _not_opened(self, error: sqlite3.Error) -> StorageError:
        if _primary_code(error) == sqlite3.SQLITE_CANTOPEN:
            return StorageUnavailable(
                f"cannot open the SQLite database {self.path}: its folder must exist "
                "and this process must be allowed to write there"
            )
        return translated(error)


def _make_private(path: str) -> None:
    # Made without being opened where the system can: closing a file that another thread has opened
    # meanwhile would take the locks of its connection away. What fails here, SQLite explains.
    path = os.path.realpath(path)
    with suppress(OSError):
        if hasattr(os, "mknod"):
            try:
                os.mknod(path, 0o600)
                return
            except PermissionError:
                pass  # macOS lets only root do that
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def close_inherited(connections: Iterable[sqlite3.Connection]) -> None:
    """Close connections of the parent on which nothing was going on at the fork, in the child.

    The child has no lock yet that it could lose, and the parent's are not its to take. Left open,
    they would make SQLite believe that this process holds the file: the child's own connections
    would take no lock, and the last process to close would delete the log that they write to.
    """
    for connection in connections:
        with suppress(sqlite3.Error):
            connection.close()


def read(connection: sqlite3.Connection, sql: str, params: Sequence[Any]) -> Rows:
    """Rows of a SELECT."""
    try:
        return connection.execute(sql, params).fetchall()
    except DRIVER_ERRORS as error:
        raise translated(error) from None


def write(connection: sqlite3.Connection, sql: str, params: Sequence[Any]) -> Written:
    """Rows that a statement returned, and how many it affected."""
    try:
        cursor = connection.execute(sql, params)
        rows = cursor.fetchall()
    except DRIVER_ERRORS as error:
        raise translated(error) from None
    return rows, cursor.rowcount


def begin(connection: sqlite3.Connection) -> None:
    """Begin as a writer at once: a reader that becomes one would be refused without waiting."""
    write(connection, "BEGIN IMMEDIATE", ())


def commit(connection: sqlite3.Connection) -> None:
    """Commit, or nothing: what cannot be committed is rolled back."""
    try:
        write(connection, "COMMIT", ())
    except BaseException:
        rollback(connection)
        raise


def rollback(connection: sqlite3.Connection) -> None:
    """Roll back, unless SQLite has already done so by itself."""
    if connection.in_transaction:
        write(connection, "ROLLBACK", ())


def run_script(connection: sqlite3.Connection, statements: Sequence[str]) -> None:
    """Run statements that change the schema, all of them or none."""
    begin(connection)
    try:
        for statement in statements:
            _change_schema(connection, statement)
    except BaseException:
        rollback(connection)
        raise
    commit(connection)


def _change_schema(connection: sqlite3.Connection, statement: str) -> None:
    try:
        connection.execute(statement).close()
    except sqlite3.Error as error:
        if not is_there_already(error):
            raise refused_statement(error, statement) from None


def is_there_already(error: BaseException) -> bool:
    """Whether a statement wanted to add a column that is there.

    Another process may have added it between our look and our turn.
    """
    return "duplicate column name" in str(error)


def refused_statement(error: Exception, statement: str) -> StorageError:
    """The error of a statement of the schema: its text holds names and constants, no values."""
    if isinstance(error, sqlite3.IntegrityError):
        return StorageError(f"rows of the table stand against: {statement}")
    if isinstance(error, sqlite3.Error) and _primary_code(error) in _PASSING:
        return translated(error)
    return StorageError(f"SQLite refused: {statement} ({error})")


def translated(error: Exception) -> StorageError:
    """The driver's error as one of the contract; its text could hold values, ours does not."""
    if isinstance(error, OverflowError | UnicodeError):
        return InvalidValue("a value cannot be stored")
    name: str = getattr(error, "sqlite_errorname", type(error).__name__)
    if isinstance(error, sqlite3.IntegrityError):
        code = getattr(error, "sqlite_errorcode", 0)
        if code in _UNIQUE:
            return UniqueViolation("a row with this unique value exists")
        if code == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
            return ReferenceViolation("the row refers to one that does not exist")
        if code == sqlite3.SQLITE_CONSTRAINT_NOTNULL:
            return refused_empty(str(error).rpartition(" ")[2])
        return StorageError(f"the database refused the row ({name})")
    if isinstance(error, sqlite3.Error) and _primary_code(error) in _PASSING:
        return StorageUnavailable(f"the SQLite database is busy or cannot be opened ({name})")
    text = str(error)
    if any(known in text for known in _OUTDATED):
        return SchemaMismatch(text)
    return StorageError(f"the SQLite database failed ({name})")


def _primary_code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


class HeldConnection(Lease):
    """A connection inside a transaction that somebody else begins and ends."""

    __slots__ = ("_connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__()
        self._connection = connection

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        return read(self._held(), sql, params)

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        return write(self._held(), sql, params)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[HeldConnection, None]:
        yield self

    async def run_script(self, statements: Sequence[str]) -> None:
        refuse_script()

    async def close(self) -> None:
        """Nothing is given back before the transaction ends."""

    def _held(self) -> sqlite3.Connection:
        self.check()
        return self._connection


@asynccontextmanager
async def held_transaction(connection: sqlite3.Connection) -> AsyncGenerator[HeldConnection, None]:
    """A transaction on a connection that nobody else uses meanwhile."""
    begin(connection)
    held = HeldConnection(connection)
    try:
        yield held
        held.check()
    except BaseException:
        if not held.over:
            rollback(connection)
        raise
    else:
        commit(connection)
    finally:
        held.expire()
