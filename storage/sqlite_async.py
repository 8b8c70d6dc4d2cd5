"""SQLite under an event loop: reads in place, writes in turn through one writer's thread.

In WAL mode a point read never waits for a writer and takes some ten microseconds: less than it
takes to hand it to a thread. The writer is a one-thread executor rather than aiosqlite, whose
thread keeps a program alive that ends without closing, and which needs a second hop to say how
many rows a statement changed.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, ParamSpec, TypeVar

from watchword.database.contract import StorageUnavailable

from .forks import Lease
from .per_loop import PerLoop
from .sql_engine import refuse_script
from .sqlite_driver import (
    Database,
    Rows,
    Written,
    begin,
    close_inherited,
    commit,
    read,
    rollback,
    run_script,
    write,
)

P = ParamSpec("P")
T = TypeVar("T")


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

    def leave(self) -> None:
        """Close what nobody used, in a child."""
        close_inherited([self.reader] if self.turn.locked() else [self.reader, self.writer])


class LoopConnections:
    """The connections of one async engine: a set for each event loop that uses it."""

    def __init__(self, database: Database) -> None:
        self._states = PerLoop(
            lambda: _LoopState(database), _LoopState.close, rests=True, leave=_LoopState.leave
        )
        weakref.finalize(self, self._states.close_all)

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
                held.check()
                await state.hop(commit, state.writer)
            except BaseException:
                if not held.over:
                    await state.hop(rollback, state.writer)
                raise
            finally:
                state.held = None
                held.expire()
                if state.retired and not held.inherited:
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


class HeldWriter(Lease):
    """The writer, while a transaction has the turn: reads see the transaction's own writes."""

    __slots__ = ("_state", "_task")

    def __init__(self, state: _LoopState) -> None:
        super().__init__()
        self._state = state
        self._task = asyncio.current_task()

    def mine(self) -> bool:
        """Whether the running task is the one that began the transaction."""
        return self._task is not None and asyncio.current_task() is self._task

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        self.check()
        return await self._state.hop(read, self._state.writer, sql, params)

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        self.check()
        return await self._state.hop(write, self._state.writer, sql, params)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[HeldWriter, None]:
        yield self

    async def run_script(self, statements: Sequence[str]) -> None:
        refuse_script()

    async def close(self) -> None:
        """Nothing is given back before the transaction ends."""
