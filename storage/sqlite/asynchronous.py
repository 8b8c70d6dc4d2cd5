"""SQLite under an event loop: reads in place, writes in turn through aiosqlite's thread.

In WAL mode a point read never waits for a writer and takes some ten microseconds: less than it
takes to hand it to a thread. In the other modes readers wait for writers, and so must not do it in
the loop: there reads go the way of the writes.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from watchword.storage.connections.forks import Lease
from watchword.storage.connections.per_loop import PerLoop
from watchword.storage.sql.engine import refuse_script

from .driver import Database, Rows, Written, close_inherited, read
from .writer import Writer


class _LoopState:
    """What belongs to one event loop: a reader, a writer, and whose turn it is to write."""

    def __init__(self, database: Database) -> None:
        self.loop = asyncio.get_running_loop()
        self.turn = asyncio.Lock()
        self.held: HeldWriter | None = None
        self.reader = database.open()
        self.writer = Writer(database)
        self.retired = False
        """Closed by its own transaction: closes with its end."""

    def close(self) -> None:
        # The reader last: whoever closes last writes the log into the database.
        self.writer.close()
        self.reader.close()

    def leave(self) -> None:
        """Close what nobody used, in a child."""
        close_inherited([self.reader])
        if not self.turn.locked():
            self.writer.leave()


class LoopConnections:
    """The connections of one async engine: a set for each event loop that uses it."""

    def __init__(self, database: Database) -> None:
        self._in_place = database.readers_never_wait
        self._states = PerLoop(
            lambda: _LoopState(database), _LoopState.close, rests=True, leave=_LoopState.leave
        )
        weakref.finalize(self, self._states.close_all)

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        state = self._states.here()
        if state.held is not None and state.held.mine():
            return await state.held.read(sql, params)
        if self._in_place:
            return read(state.reader, sql, params)
        async with state.turn:
            return (await state.writer.run(sql, params))[0]

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        state = self._states.here()
        if state.held is not None and state.held.mine():
            return await state.held.write(sql, params)
        async with state.turn:
            return await state.writer.run(sql, params)

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
                await state.writer.begin()
                yield held
                held.check()
                await state.writer.commit()
            except BaseException:
                if not held.over:
                    await state.writer.rollback()
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
            await state.writer.run_script(statements)

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
        return (await self._state.writer.run(sql, params))[0]

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        self.check()
        return await self._state.writer.run(sql, params)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[HeldWriter, None]:
        yield self

    async def run_script(self, statements: Sequence[str]) -> None:
        refuse_script()

    async def close(self) -> None:
        """Nothing is given back before the transaction ends."""
