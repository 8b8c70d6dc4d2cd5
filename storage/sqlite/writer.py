"""The writer of one event loop: a connection in aiosqlite's thread, one hop for each statement.

What aiosqlite leaves to us: its thread must not keep a program alive that ends without closing, a
caller that is cancelled must not leave a statement running behind its back, how many rows were
changed must come with the hop that changed them, and its log must not quote values.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from typing import Any

import aiosqlite

from watchword.database.contract import StorageUnavailable
from watchword.storage.connections.uninterrupted import until_done

from .driver import (
    DRIVER_ERRORS,
    Database,
    Rows,
    Written,
    close_inherited,
    is_there_already,
    refused_statement,
    translated,
)


class Writer:
    """The connection that writes, opened with its first statement. One task at a time has it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._line: _Line | None = None
        self._raw: sqlite3.Connection | None = None
        self._closed = False

    async def run(self, sql: str, params: Sequence[Any]) -> Written:
        """Rows that a statement returned, and how many it affected."""
        try:
            return await self._step(sql, params)
        except DRIVER_ERRORS as error:
            raise translated(error) from None

    async def begin(self) -> None:
        """Begin as a writer at once: a reader that becomes one would be refused without waiting."""
        await self.run("BEGIN IMMEDIATE", ())

    async def commit(self) -> None:
        """Commit, or nothing: what cannot be committed is rolled back."""
        try:
            await self.run("COMMIT", ())
        except BaseException:
            await self.rollback()
            raise

    async def rollback(self) -> None:
        """Roll back, unless SQLite has already done so by itself: also where it was closed."""
        if self._raw is not None and not self._closed and self._raw.in_transaction:
            await self.run("ROLLBACK", ())

    async def run_script(self, statements: Sequence[str]) -> None:
        """Run statements that change the schema, all of them or none."""
        await self.begin()
        try:
            for statement in statements:
                await self._change_schema(statement)
        except BaseException:
            await self.rollback()
            raise
        await self.commit()

    async def _change_schema(self, statement: str) -> None:
        try:
            await self._step(statement, ())
        except sqlite3.Error as error:
            if not is_there_already(error):
                raise refused_statement(error, statement) from None

    async def _step(self, sql: str, params: Sequence[Any]) -> Written:
        if self._closed:
            raise StorageUnavailable("the engine was closed meanwhile")
        line, values = self._line or await self._connected(), _Values(params)
        try:
            rows: Rows = await line.execute_fetchall(sql, values)  # pyright: ignore[reportAssignmentType]
        except asyncio.CancelledError:
            await until_done(line.all_done())
            raise
        return rows, values.cursor.rowcount

    async def _connected(self) -> _Line:
        raw = self._database.open(_Connection)
        line = _Line(lambda: raw, 64)
        try:
            await line
        except BaseException:
            line.end()
            raw.close()
            raise
        self._raw, self._line = raw, line
        return line

    def close(self) -> None:
        """Close it once all that was given to it is done."""
        self._closed = True
        if self._line is not None and self._raw is not None:
            self._line.end()
            self._raw.close()  # where the thread could not: its loop was closed over a statement

    def leave(self) -> None:
        """Close what nobody used, in a child: the thread is the parent's."""
        if self._raw is not None:
            close_inherited([self._raw])


class _Values(tuple[Any, ...]):
    """The values of one statement, and its cursor once it ran. Their repr does not quote them:
    aiosqlite logs the arguments of all that it does."""

    cursor: sqlite3.Cursor

    def __repr__(self) -> str:
        return f"<{len(self)} values>"


class _Connection(sqlite3.Connection):
    """A connection that leaves the cursor of a statement with its values."""

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        cursor = super().execute(sql, parameters)
        if isinstance(parameters, _Values):
            parameters.cursor = cursor
        return cursor


class _Line(aiosqlite.Connection):
    """aiosqlite's connection, with a thread that ends with the program at the latest."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], iter_chunk_size: int) -> None:
        super().__init__(connector, iter_chunk_size)
        # As SQLAlchemy does it. What was given to it is done all the same: the engine is closed
        # at exit, which waits for it.
        self._thread.daemon = True

    def all_done(self) -> asyncio.Future[None]:
        """Done once all is done that was given to the thread until now.

        No task: the end of a loop cancels every task, and a statement would run on.
        """
        asked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._running:
            self._tx.put_nowait((asked, lambda: None))  # pyright: ignore[reportUnknownMemberType]
        else:
            asked.set_result(None)  # who ended it has waited for the thread
        return asked

    def end(self) -> None:
        """Stop the thread after all that it was given, and wait for it."""
        # Asked for beside a loop, `stop` would report to that one, which may be closed already.
        asking = threading.Thread(target=self._ask_to_stop, name="watchword-sqlite-stop")
        try:
            asking.start()
        except RuntimeError:  # too late in the life of the interpreter
            self._ask_to_stop()
        else:
            asking.join()
        self._thread.join()

    def _ask_to_stop(self) -> None:
        self.stop()  # pyright: ignore[reportUnknownMemberType] (its future's type)
