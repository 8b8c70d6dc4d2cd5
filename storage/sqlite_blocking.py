"""SQLite without an event loop: a thread borrows a connection for a statement or a transaction.

There are as many connections as were ever used at once, whatever the number of threads; the one
that was given back last is taken first, because its caches are warm.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from .forks import watch_forks
from .sql_engine import refuse_script
from .sqlite_driver import (
    DRIVER_ERRORS,
    Database,
    HeldConnection,
    Rows,
    Written,
    held_transaction,
    run_script,
    translated,
    write,
)

_MOST_IDLE = 32


class BlockingConnections:
    """The connections of one blocking engine. Safe under threads and fork."""

    def __init__(self, database: Database) -> None:
        self._open = database.open
        # Borrowing is list.pop and list.append: each is one step even between threads.
        self._idle: list[sqlite3.Connection] = []
        self._generation = 0
        self._held: dict[int, HeldConnection] = {}
        weakref.finalize(self, _close_all, self._idle)
        watch_forks(self)

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        if self._held and (held := self._held.get(threading.get_ident())):
            return await held.read(sql, params)
        generation, connection = self._generation, self._borrow()
        try:
            return connection.execute(sql, params).fetchall()
        except DRIVER_ERRORS as error:
            raise translated(error) from None
        finally:
            self._give_back(connection, generation)

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        if self._held and (held := self._held.get(threading.get_ident())):
            return await held.write(sql, params)
        generation, connection = self._generation, self._borrow()
        try:
            return write(connection, sql, params)
        finally:
            self._give_back(connection, generation)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[HeldConnection, None]:
        """A transaction of this thread; one that the thread is in already is joined."""
        me = threading.get_ident()
        if held := self._held.get(me):
            yield held
            return
        generation, connection = self._generation, self._borrow()
        try:
            async with held_transaction(connection) as held:
                self._held[me] = held
                try:
                    yield held
                finally:
                    del self._held[me]
        finally:
            self._give_back(connection, generation)

    async def run_script(self, statements: Sequence[str]) -> None:
        if threading.get_ident() in self._held:
            refuse_script()
        generation, connection = self._generation, self._borrow()
        try:
            run_script(connection, statements)
        finally:
            self._give_back(connection, generation)

    async def close(self) -> None:
        """Close all connections; those in use are closed when they are given back."""
        self._generation += 1
        _close_all(self._idle)

    def before_fork(self) -> None:
        _close_all(self._idle)

    def after_fork_in_child(self) -> None:
        # Other threads, with what they had borrowed, do not exist here.
        me = threading.get_ident()
        self._held = {ident: held for ident, held in self._held.items() if ident == me}

    def _borrow(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._open()

    def _give_back(self, connection: sqlite3.Connection, generation: int) -> None:
        if generation == self._generation and len(self._idle) < _MOST_IDLE:
            self._idle.append(connection)
        else:
            connection.close()


def _close_all(connections: list[sqlite3.Connection]) -> None:
    while connections:
        try:
            connection = connections.pop()
        except IndexError:
            return
        connection.close()
