"""SQLite in memory under event loops: how their tasks wait for the turn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from watchword.storage.connections.per_loop import PerLoop

from .in_memory import MemoryDatabase, Turn, too_long

_POLL = 0.0005


class LoopTurns:
    """The tasks of a loop queue up; the first of them asks for the turn among threads and loops."""

    def __init__(self, memory: MemoryDatabase) -> None:
        self._timeout = memory.database.busy_timeout
        self._queues = PerLoop(asyncio.Lock, lambda queue: None)

    def caller(self) -> object:
        return asyncio.current_task()

    @asynccontextmanager
    async def taken(self, turn: Turn) -> AsyncGenerator[None, None]:
        async with self._queues.here():
            latest = time.monotonic() + self._timeout
            while not turn.lock.acquire(blocking=False):
                # Only another thread's transaction is waited for here, never a task of this loop.
                if time.monotonic() > latest:
                    raise too_long()
                await asyncio.sleep(_POLL)
            try:
                yield
            finally:
                turn.lock.release()
