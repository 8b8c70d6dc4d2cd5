"""SQLite: the embedded default. WAL, foreign keys on, writers wait for each other.

The blocking engine has a connection per thread. The async engine reads on the event loop's own
thread (in WAL mode a point read never waits for a writer, and takes some ten microseconds: less
than handing it to a thread) and writes through one writer thread, one transaction at a time.

The writer is a one-thread executor and not aiosqlite: a write with its result is one hop instead
of two or three, and a program that ends without closing does not hang on a non-daemon thread.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

from watchword.database.contract import (
    InvalidValue,
    StorageError,
    StorageUnavailable,
    UniqueViolation,
)
from watchword.database.schema import FieldType, Schema

from .ddl import Read, TableShape
from .dialect import (
    Dialect,
    checked_number,
    checked_text,
    from_iso_date,
    from_json_text,
    iso_date,
    json_text,
)
from .sql_engine import SQLEngine

T = TypeVar("T")
Rows = list[tuple[Any, ...]]
Written = tuple[Rows, int]

_UNIQUE = (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)

DIALECT = Dialect(
    name="sqlite",
    placeholder="?",
    quote='"',
    id_type="text",
    types={
        FieldType.STRING: "text",
        FieldType.BOOLEAN: "integer",
        FieldType.NUMBER: "integer",
        FieldType.BIGINT: "bigint",
        FieldType.DATE: "date",
        FieldType.JSON: "text",
        FieldType.STRING_LIST: "text",
        FieldType.NUMBER_LIST: "text",
    },
    store={
        FieldType.STRING: checked_text,
        FieldType.BOOLEAN: int,
        FieldType.NUMBER: checked_number,
        FieldType.BIGINT: checked_number,
        FieldType.DATE: iso_date,
        FieldType.JSON: json_text,
        FieldType.STRING_LIST: json_text,
        FieldType.NUMBER_LIST: json_text,
    },
    load={
        FieldType.BOOLEAN: bool,
        FieldType.DATE: from_iso_date,
        FieldType.JSON: from_json_text,
        FieldType.STRING_LIST: from_json_text,
        FieldType.NUMBER_LIST: from_json_text,
    },
    no_limit=" LIMIT -1",
)


class SQLiteStorage:
    """A database file, or `:memory:`. `busy_timeout` is in seconds; a file is opened on first use.

    Both engines of one in-memory storage see the same data; it lives as long as the storage.
    """

    def __init__(self, path: str | os.PathLike[str], *, busy_timeout: float = 5.0) -> None:
        self.path = os.fspath(path)
        self.busy_timeout = busy_timeout
        self._shared = _SharedDatabase(self._open) if self.path == ":memory:" else None

    @classmethod
    def from_url(cls, url: str) -> SQLiteStorage:
        """`sqlite:///relative.db`, `sqlite:////absolute.db`, `sqlite://` for memory."""
        path = url.partition("://")[2].removeprefix("/")
        return cls(path or ":memory:")

    def blocking(self, schema: Schema) -> SQLEngine:
        connection = self._shared or _ThreadConnections(self._open)
        return SQLEngine(schema, DIALECT, connection, _inspect)

    def asynchronous(self, schema: Schema) -> SQLEngine:
        connection = self._shared or _LoopConnections(self._open)
        return SQLEngine(schema, DIALECT, connection, _inspect)

    def __repr__(self) -> str:
        return f"SQLiteStorage({self.path!r})"

    def _open(self) -> sqlite3.Connection:
        with _translated():
            connection = sqlite3.connect(
                self.path,
                timeout=self.busy_timeout,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=256,
            )
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
        return connection


_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    # LIKE is only used for literal text: as exact as on other databases.
    "case_sensitive_like=ON",
)


def _run(connection: sqlite3.Connection, sql: str, params: Sequence[Any]) -> Written:
    with _translated():
        cursor = connection.execute(sql, params)
        rows = cursor.fetchall()
        return rows, cursor.rowcount


def _script(connection: sqlite3.Connection, statements: Sequence[str]) -> None:
    with _translated():
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in statements:
                try:
                    connection.execute(statement)
                except sqlite3.OperationalError as error:
                    # Another process added the same column between our look and our turn.
                    if "duplicate column" not in str(error):
                        raise
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


class _ThreadConnections:
    """A connection per thread and process. A thread's connection ends with it."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._local = threading.local()

    def _here(self) -> sqlite3.Connection:
        local = self._local
        if getattr(local, "pid", None) != os.getpid():
            # After a fork the parent's connection must not be used, nor closed, by the child.
            local.inherited = getattr(local, "connection", None)
            local.connection, local.pid = self._connect(), os.getpid()
        return local.connection

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        with _translated():
            return self._here().execute(sql, params).fetchall()

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        return _run(self._here(), sql, params)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[_ThreadConnections, None]:
        connection = self._here()
        if connection.in_transaction:
            yield self
            return
        _run(connection, "BEGIN IMMEDIATE", ())
        try:
            yield self
        except BaseException:
            _run(connection, "ROLLBACK", ())
            raise
        _run(connection, "COMMIT", ())

    async def run_script(self, statements: Sequence[str]) -> None:
        _script(self._here(), statements)

    async def close(self) -> None:
        """Close this thread's connection; those of other threads end with their threads."""
        if getattr(self._local, "pid", None) == os.getpid():
            self._local.connection.close()
            self._local.pid = None


class _LoopState:
    """What belongs to one event loop: a reader, a writer with its thread, and its turn."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self.loop = asyncio.get_running_loop()
        self.turn = asyncio.Lock()
        self.reader = connect()
        self.writer = connect()
        self.thread = ThreadPoolExecutor(1, "watchword-sqlite")

    async def hop(self, work: Callable[..., T], *args: Any) -> T:
        """Run work with the writer in its thread; a cancelled caller still waits for the end."""
        future = self.loop.run_in_executor(self.thread, work, self.writer, *args)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait([future])
            raise

    def close(self) -> None:
        self.thread.shutdown(wait=True)
        self.reader.close()
        self.writer.close()


class _LoopConnections:
    """Reads on the loop's thread, writes in turn through the writer's thread."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._state: _LoopState | None = None

    def _here(self) -> _LoopState:
        state = self._state
        if state is None or state.loop is not asyncio.get_running_loop():
            if state is not None:
                state.close()
            state = self._state = _LoopState(self._connect)
        return state

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        with _translated():
            return self._here().reader.execute(sql, params).fetchall()

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        state = self._here()
        async with state.turn:
            return await state.hop(_run, sql, params)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[_LoopTransaction, None]:
        state = self._here()
        async with state.turn:
            await state.hop(_run, "BEGIN IMMEDIATE", ())
            try:
                yield _LoopTransaction(state)
            except BaseException:
                await state.hop(_run, "ROLLBACK", ())
                raise
            await state.hop(_run, "COMMIT", ())

    async def run_script(self, statements: Sequence[str]) -> None:
        state = self._here()
        async with state.turn:
            await state.hop(_script, statements)

    async def close(self) -> None:
        state, self._state = self._state, None
        if state is not None:
            state.close()


class _LoopTransaction:
    """The writer, while a transaction has the turn: reads see the transaction's own writes."""

    def __init__(self, state: _LoopState) -> None:
        self._state = state

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        return (await self._state.hop(_run, sql, params))[0]

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        return await self._state.hop(_run, sql, params)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[_LoopTransaction, None]:
        yield self

    async def run_script(self, statements: Sequence[str]) -> None:
        raise StorageError("the schema cannot be changed inside a transaction")

    async def close(self) -> None:
        raise StorageError("close the engine, not a transaction of it")


class _SharedDatabase:
    """An in-memory database: one connection, one user at a time, from any thread or loop.

    A transaction that waits keeps its turn; others poll for theirs, so that neither a thread
    nor a loop is ever blocked by a task of its own.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connection = connect()
        self._lock = threading.Lock()

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        return (await self.write(sql, params))[0]

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        await self._acquire()
        try:
            return _run(self._connection, sql, params)
        finally:
            self._lock.release()

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[_SharedTransaction, None]:
        await self._acquire()
        try:
            _run(self._connection, "BEGIN IMMEDIATE", ())
            try:
                yield _SharedTransaction(self._connection)
            except BaseException:
                _run(self._connection, "ROLLBACK", ())
                raise
            _run(self._connection, "COMMIT", ())
        finally:
            self._lock.release()

    async def run_script(self, statements: Sequence[str]) -> None:
        await self._acquire()
        try:
            _script(self._connection, statements)
        finally:
            self._lock.release()

    async def close(self) -> None:
        """The data lives as long as the storage: closing an engine keeps it."""

    async def _acquire(self) -> None:
        if self._lock.acquire(blocking=False):
            return
        if not _in_event_loop():
            self._lock.acquire()
            return
        while not self._lock.acquire(blocking=False):
            await asyncio.sleep(0.0005)


class _SharedTransaction:
    """The shared connection, while a transaction has the turn."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        return _run(self._connection, sql, params)[0]

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        return _run(self._connection, sql, params)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[_SharedTransaction, None]:
        yield self

    async def run_script(self, statements: Sequence[str]) -> None:
        raise StorageError("the schema cannot be changed inside a transaction")

    async def close(self) -> None:
        raise StorageError("close the engine, not a transaction of it")


def _in_event_loop() -> bool:
    return asyncio._get_running_loop() is not None


async def _inspect(read: Read) -> Mapping[str, TableShape]:
    tables: dict[str, TableShape] = {}
    for (name,) in await read("SELECT name FROM sqlite_master WHERE type = 'table'", ()):
        quoted = DIALECT.quoted(name)
        columns = await read(f"PRAGMA table_info({quoted})", ())
        indexes = await read(f"PRAGMA index_list({quoted})", ())
        rows = await read(f"SELECT 1 FROM {quoted} LIMIT 1", ())
        tables[name] = TableShape(
            columns=frozenset(column[1] for column in columns),
            indexes=frozenset(index[1] for index in indexes),
            has_rows=bool(rows),
        )
    return tables


@contextmanager
def _translated() -> Generator[None, None, None]:
    """The driver's errors as those of the contract; their texts could hold values, ours do not."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        if error.sqlite_errorcode in _UNIQUE:
            raise UniqueViolation("a row with this unique value exists") from None
        raise StorageError(f"the database refused the row ({error.sqlite_errorname})") from None
    except sqlite3.OperationalError as error:
        code = error.sqlite_errorcode & 0xFF if hasattr(error, "sqlite_errorcode") else 0
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN):
            raise StorageUnavailable(f"SQLite: {error.sqlite_errorname}") from None
        raise
    except (OverflowError, UnicodeEncodeError):
        raise InvalidValue("a value cannot be stored") from None
