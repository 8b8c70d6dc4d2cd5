"""SQLite in memory: one connection for everybody, one user at a time, from any thread or loop.

The shared-cache mode of SQLite would give more, but ignores the busy timeout. A child has a copy of
the data as it was at the fork, as of all of its parent's memory; nothing is shared from then on.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
import weakref
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

from watchword.database.contract import StorageUnavailable
from watchword.runtime.process import PerProcess
from watchword.storage.connections.per_loop import PerLoop
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

_POLL = 0.0005


class _Turn:
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
        self._turns = PerProcess(lambda: _Turn(torn=self._torn), leave=self._leave)
        weakref.finalize(self, sqlite3.Connection.close, self.connection)

    def turn(self) -> _Turn:
        """The turn of this process. Raises `StorageUnavailable` where the data is half-written."""
        found = self._turns.here()
        if found.torn:
            raise StorageUnavailable(
                "the database in memory was being used when this process was forked"
            )
        return found

    def _leave(self, parents: _Turn) -> None:
        self._torn = self._torn or parents.lock.locked()


class Turns(Protocol):
    """How to wait for the turn in one of the two worlds."""

    def caller(self) -> object:
        """Who asks: a thread or a task."""
        ...

    def taken(self, turn: _Turn) -> AbstractAsyncContextManager[None]:
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

    def _held(self, turn: _Turn) -> HeldConnection | None:
        holder = turn.holder
        if holder is not None and holder[0] == self._turns.caller():
            return holder[1]
        return None


class BlockingTurns:
    """A thread waits for its turn for as long as the busy timeout."""

    def __init__(self, memory: MemoryDatabase) -> None:
        self._timeout = memory.database.busy_timeout

    def caller(self) -> object:
        return threading.get_ident()

    @asynccontextmanager
    async def taken(self, turn: _Turn) -> AsyncGenerator[None, None]:
        if not turn.lock.acquire(timeout=self._timeout):
            raise _too_long()
        try:
            yield
        finally:
            turn.lock.release()


class LoopTurns:
    """The tasks of a loop queue up; the first of them asks for the turn among threads and loops."""

    def __init__(self, memory: MemoryDatabase) -> None:
        self._timeout = memory.database.busy_timeout
        self._queues = PerLoop(asyncio.Lock, lambda queue: None)

    def caller(self) -> object:
        return asyncio.current_task()

    @asynccontextmanager
    async def taken(self, turn: _Turn) -> AsyncGenerator[None, None]:
        async with self._queues.here():
            latest = time.monotonic() + self._timeout
            while not turn.lock.acquire(blocking=False):
                # Only another thread's transaction is waited for here, never a task of this loop.
                if time.monotonic() > latest:
                    raise _too_long()
                await asyncio.sleep(_POLL)
            try:
                yield
            finally:
                turn.lock.release()


def _too_long() -> StorageUnavailable:
    return StorageUnavailable("the database in memory stayed busy for too long")
