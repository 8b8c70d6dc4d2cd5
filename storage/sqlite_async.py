"""SQLite under an event loop: reads in place, writes in turn through one writer's thread.

In WAL mode a point read never waits for a writer and takes some ten microseconds: less than it
takes to hand it to a thread. The writer is a one-thread executor rather than aiosqlite, whose
thread keeps a program alive that ends without closing, and which needs a second hop to say how
many rows a statement changed.
"""

from __future__ import annotations

import asyncio
import sqlite3
import weakref
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, ParamSpec, TypeVar

from watchword.database.contract import StorageUnavailable

from .forks import watch_forks
from .per_loop import PerLoop
from .sql_engine import refuse_after_end, refuse_script
from .sqlite_driver import (
    Database,
    Rows,
    Written,
    begin,
    commit,
    read,
    rollback,
    run_script,
    write,
)

P = ParamSpec("P")
T = TypeVar("T")

_inherited: list[_LoopState] = []
"""What a forked process got from its parent, kept so that it is never closed there."""


class _LoopState:
    """What belongs to one event loop: a reader, a writer with its thread, and its turn."""

    def __init__(self, database: Database) -> None:
        self.loop = asyncio.get_running_loop()
        self.turn = asyncio.Lock()
        self.held: HeldWriter | None = None
        self.reader = database.open()
        try:
            self.writer = database.open()
        except BaseException:
            self.reader.close()
            raise
        self._thread = ThreadPoolExecutor(1, "watchword-sqlite")
        self.retired = False
        """Closed by its own transaction: closes with its end."""
        self._closed = False

    async def hop(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run work in the writer's thread. A caller that is cancelled still waits for its end."""
        if self._closed:
            raise StorageUnavailable("the engine was closed meanwhile")
        future = asyncio.wrap_future(self._thread.submit(work, *args, **kwargs))
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            while not future.done():
                try:
                    await asyncio.wait([future])
                except asyncio.CancelledError:
                    continue  # cancelled again: the statement runs on all the same
            future.exception()  # the cancellation is what the caller hears of
            raise

    def close(self) -> None:
        self._closed = True
        self._thread.shutdown(wait=True)
        self.reader.close()
        self.writer.close()


class LoopConnections:
    """The connections of one async engine: a set for each event loop that uses it."""

    def __init__(self, database: Database) -> None:
        self._states = PerLoop(lambda: _LoopState(database), _LoopState.close)
        weakref.finalize(self, self._states.close_all)
        watch_forks(self)

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        state = self._states.here()
        if state.held is not None and state.held.mine():
            return await state.held.read(sql, params)
        return read(state.reader, sql, params)

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        state = self._states.here()
        if state.held is not None and state.held.mine():
            return await state.held.write(sql, params)
        async with state.turn:
            return await state.hop(write, state.writer, sql, params)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[HeldWriter, None]:
        """A transaction of this task; one that the task is in already is joined."""
        state = self._states.here()
        if state.held is not None and state.held.mine():
            yield state.held
            return
        async with state.turn:
            held = state.held = HeldWriter(state)
            try:
                await state.hop(begin, state.writer)
                yield held
                await state.hop(commit, state.writer)
            except BaseException:
                await state.hop(rollback, state.writer)
                raise
            finally:
                held.over, state.held = True, None
                if state.retired:
                    state.close()

    async def run_script(self, statements: Sequence[str]) -> None:
        state = self._states.here()
        if state.held is not None and state.held.mine():
            refuse_script()
        async with state.turn:
            await state.hop(run_script, state.writer, statements)

    async def close(self) -> None:
        """Close what the running loop has, once everybody who waits for a turn has had it."""
        state = self._states.take_here()
        if state is None:
            return
        if state.held is not None and state.held.mine():
            state.retired = True
            return
        async with state.turn:
            state.close()

    def before_fork(self) -> None:
        self._states.close_resting()

    def after_fork_in_child(self) -> None:
        _inherited.extend(self._states.drop_all())


class HeldWriter:
    """The writer, while a transaction has the turn: reads see the transaction's own writes."""

    def __init__(self, state: _LoopState) -> None:
        self._state = state
        self._task = asyncio.current_task()
        self.over = False

    def mine(self) -> bool:
        """Whether the running task is the one that began the transaction."""
        return self._task is not None and asyncio.current_task() is self._task

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        return await self._state.hop(read, self._writer(), sql, params)

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        return await self._state.hop(write, self._writer(), sql, params)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[HeldWriter, None]:
        yield self

    async def run_script(self, statements: Sequence[str]) -> None:
        refuse_script()

    async def close(self) -> None:
        """Nothing is given back before the transaction ends."""

    def _writer(self) -> sqlite3.Connection:
        if self.over:
            refuse_after_end()
        return self._state.writer
