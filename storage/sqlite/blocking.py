"""SQLite without an event loop: a thread borrows a connection for a statement or a transaction.

There are as many connections as were ever used at once, whatever the number of threads; the one
that was given back last is taken first, because its caches are warm.
"""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from watchword.runtime.callback_thread import asker
from watchword.runtime.process import PerProcess, keep_open
from watchword.storage.sql.engine import refuse_script

from .driver import (
    DRIVER_ERRORS,
    Database,
    HeldConnection,
    Rows,
    Written,
    close_inherited,
    held_transaction,
    run_script,
    translated,
    write,
)

_MOST_IDLE = 32


class _Pool:
    """The connections of one process that nobody uses."""

    def __init__(self, opened: Callable[[], sqlite3.Connection]) -> None:
        self._open = opened
        # Borrowing is list.pop and list.append: each is one step even between threads.
        self._idle: list[sqlite3.Connection] = []
        self._closed = False

    def borrow(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._open()

    def give_back(self, connection: sqlite3.Connection) -> None:
        if len(self._idle) >= _MOST_IDLE:
            connection.close()
            return
        self._idle.append(connection)
        if self._closed:
            self.close()

    def close(self) -> None:
        """Close what is idle; what is in use is closed when it is given back."""
        self._closed = True
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:
                return
            connection.close()

    def leave(self) -> None:
        close_inherited(self._idle)


class BlockingConnections:
    """The connections of one blocking engine. Safe under threads and fork."""

    def __init__(self, database: Database) -> None:
        opened = database.open
        self._pools = PerProcess(lambda: _Pool(opened), close=_Pool.close, leave=_Pool.leave)
        self._held: dict[object, HeldConnection] = {}
        weakref.finalize(self, self._pools.close)

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        if self._held and (held := self._joined()):
            return await held.read(sql, params)
        pool = self._pools.here()
        connection = pool.borrow()
        try:
            return connection.execute(sql, params).fetchall()
        except DRIVER_ERRORS as error:
            raise translated(error) from None
        finally:
            pool.give_back(connection)

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        if self._held and (held := self._joined()):
            return await held.write(sql, params)
        pool = self._pools.here()
        connection = pool.borrow()
        try:
            return write(connection, sql, params)
        finally:
            pool.give_back(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[HeldConnection, None]:
        """A transaction of this thread; one that the thread is in already is joined."""
        if held := self._joined():
            yield held
            return
        me, pool = asker(), self._pools.here()
        connection, held = pool.borrow(), None
        try:
            async with held_transaction(connection) as held:
                self._held[me] = held
                try:
                    yield held
                finally:
                    self._held.pop(me, None)
        finally:
            if held is not None and held.inherited:
                keep_open(connection)
            else:
                pool.give_back(connection)

    async def run_script(self, statements: Sequence[str]) -> None:
        if self._joined():
            refuse_script()
        pool = self._pools.here()
        connection = pool.borrow()
        try:
            run_script(connection, statements)
        finally:
            pool.give_back(connection)

    async def close(self) -> None:
        """Close all connections; those in use are closed when they are given back."""
        self._pools.close()

    def _joined(self) -> HeldConnection | None:
        held = self._held.get(asker()) if self._held else None
        return None if held is None or held.inherited else held
