"""SQLite in memory: one connection for everybody, one user at a time, from any thread or loop.

The shared-cache mode of SQLite would give more, but ignores the busy timeout. A child has a copy of
the data as it was at the fork, as of all of its parent's memory; nothing is shared from then on.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

from watchword.database.contract import StorageUnavailable
from watchword.runtime.callback_thread import asker
from watchword.runtime.process import PerProcess
from watchword.storage.sql.engine import refuse_script

from .driver import (
    Database,
    HeldConnection,
    Rows,
    Written,
    held_transaction,
    read,
    run_script,
    write,
)


class Turn:
    """Whose turn it is in one process."""

    def __init__(self, *, torn: bool = False) -> None:
        self.lock = threading.Lock()
        self.holder: tuple[object, HeldConnection] | None = None
        """Who is in a transaction (a thread's number or a task), and the transaction."""
        self.torn = torn
        """The fork came in between, while something was done to the data."""


class MemoryDatabase:
    """The connection and whose turn it is. The data lives as long as this object."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.connection = database.open()
        self._torn = False
        self._turns = PerProcess(lambda: Turn(torn=self._torn), leave=self._leave)
        weakref.finalize(self, sqlite3.Connection.close, self.connection)

    def turn(self) -> Turn:
        """The turn of this process. Raises `StorageUnavailable` where the data is half-written."""
        found = self._turns.here()
        if found.torn:
            raise StorageUnavailable(
                "the database in memory was being used when this process was forked"
            )
        return found

    def _leave(self, parents: Turn) -> None:
        self._torn = self._torn or parents.lock.locked()


class Turns(Protocol):
    """How to wait for the turn in one of the two worlds."""

    def caller(self) -> object:
        """Who asks: a thread or a task."""
        ...

    def taken(self, turn: Turn) -> AbstractAsyncContextManager[None]:
        """Has the connection to itself. Raises `StorageUnavailable`."""
        ...


class MemoryConnections:
    """The shared connection, as one engine sees it."""

    def __init__(self, memory: MemoryDatabase, turns: Turns) -> None:
        self._memory = memory
        self._turns = turns

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        turn = self._memory.turn()
        if held := self._held(turn):
            return await held.read(sql, params)
        async with self._turns.taken(turn):
            return read(self._memory.connection, sql, params)

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        turn = self._memory.turn()
        if held := self._held(turn):
            return await held.write(sql, params)
        async with self._turns.taken(turn):
            return write(self._memory.connection, sql, params)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[HeldConnection, None]:
        """A transaction of this thread or task; one that it is in already is joined."""
        turn = self._memory.turn()
        if held := self._held(turn):
            yield held
            return
        async with self._turns.taken(turn), held_transaction(self._memory.connection) as held:
            turn.holder = (self._turns.caller(), held)
            try:
                yield held
            finally:
                turn.holder = None

    async def run_script(self, statements: Sequence[str]) -> None:
        turn = self._memory.turn()
        if self._held(turn):
            refuse_script()
        async with self._turns.taken(turn):
            run_script(self._memory.connection, statements)

    async def close(self) -> None:
        """The data lives as long as the storage: closing an engine keeps it."""

    def _held(self, turn: Turn) -> HeldConnection | None:
        holder = turn.holder
        if holder is not None and holder[0] == self._turns.caller():
            return holder[1]
        return None


class BlockingTurns:
    """A thread waits for its turn for as long as the busy timeout."""

    def __init__(self, memory: MemoryDatabase) -> None:
        self._timeout = memory.database.busy_timeout

    def caller(self) -> object:
        return asker()

    @asynccontextmanager
    async def taken(self, turn: Turn) -> AsyncGenerator[None, None]:
        if not turn.lock.acquire(timeout=self._timeout):
            raise too_long()
        try:
            yield
        finally:
            turn.lock.release()


def too_long() -> StorageUnavailable:
    """What is raised when the turn does not come."""
    return StorageUnavailable("the database in memory stayed busy for too long")
