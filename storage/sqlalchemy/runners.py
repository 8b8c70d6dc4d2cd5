"""The two worlds in which statements are run: in place, and in greenlets of an event loop."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Protocol, TypeVar, cast

from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import StaticPool
from sqlalchemy.util import greenlet_spawn

from watchword.runtime.callback_thread import asker
from watchword.runtime.process import PerProcess, keep_open
from watchword.storage.connections.per_loop import PerLoop
from watchword.storage.connections.uninterrupted import to_its_end

T = TypeVar("T")


class World(Protocol):
    """How to do work that may wait."""

    is_async: bool

    def caller(self) -> object:
        """Who asks: a thread or a task."""
        ...

    def engine(self) -> Engine:
        """The engine to be used here."""
        ...

    async def run(self, work: Callable[[], T]) -> T:
        """Do work on a connection."""
        ...

    def turn(self) -> AbstractAsyncContextManager[Any]:
        """What tasks that share a connection hold while they use it."""
        ...

    async def close(self) -> None:
        """Give back the connections that are not the caller's."""
        ...


class Threads:
    """Work is done in place. Safe under threads and fork."""

    is_async = False

    def __init__(self, engine: Engine, *, disposes: bool) -> None:
        self._engine = PerProcess(lambda: engine, leave=_leave)
        self._engine.here()  # the application may use it in a parent that never asks us
        self._disposes = disposes

    def caller(self) -> object:
        return asker()

    def engine(self) -> Engine:
        return self._engine.here()

    async def run(self, work: Callable[[], T]) -> T:
        return work()

    def turn(self) -> AbstractAsyncContextManager[Any]:
        return nullcontext()

    async def close(self) -> None:
        if self._disposes:
            self._engine.here().dispose()


class _First:
    """Which event loop has the caller's engine, in one process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.loop: weakref.ref[asyncio.AbstractEventLoop] | None = None


class Loops:
    """Work is done in greenlets. Each event loop has a pool: the first one the caller's.

    Connections of asynchronous drivers belong to the loop on which they were opened. A loop that
    is used beside the first one gets a pool like the caller's; one that comes after it, when the
    first one is closed, takes over the caller's engine with a pool made anew. That holds for pools
    that keep nothing too: of a pool's first connections SQLAlchemy makes one at a time, under a
    lock of asyncio's, and who waits for that in another loop is never woken. Only a pool that is
    one connection, as to a database in memory, is shared.
    """

    is_async = True

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        disposes: bool,
        abandon: Callable[[], None] = lambda: None,
    ) -> None:
        self._abandon = abandon
        shared = self._engine = engine.sync_engine
        self._disposes = disposes
        self._first = PerProcess(_First, leave=lambda first: _leave(shared, closes=False))
        self._first.here()  # the application may use it in a parent that never asks us
        self._here: PerLoop[Engine] = PerLoop(self._made, self._given_up)

    def caller(self) -> object:
        return asyncio.current_task()

    def engine(self) -> Engine:
        return self._here.here()

    async def run(self, work: Callable[[], T]) -> T:
        return await to_its_end(greenlet_spawn(work))

    def turn(self) -> AbstractAsyncContextManager[Any]:
        return asyncio.Lock()

    async def close(self) -> None:
        engine = self._here.take_here()
        if engine is None:
            return
        if self._disposes or engine is not self._engine:
            await self.run(engine.dispose)
        if self._disposes and engine is self._engine:
            self._first.here().loop = None

    def _made(self) -> Engine:
        loop, place = asyncio.get_running_loop(), self._first.here()
        with place.lock:
            first = place.loop() if place.loop is not None else loop
            if isinstance(self._engine.pool, StaticPool) or first is loop:
                place.loop = weakref.ref(loop)
                return self._engine
            if first is None or first.is_closed():
                place.loop = weakref.ref(loop)
                self._engine.dispose(close=False)  # nothing can be closed without its loop
                return self._engine
        return self._copied()

    def _copied(self) -> Engine:
        engine = self._engine
        return Engine(
            engine.pool.recreate(),
            engine.dialect,
            engine.url,
            echo=cast("bool | None", engine.echo),
            execution_options=engine.get_execution_options(),
            hide_parameters=engine.hide_parameters,
        )

    def _given_up(self, engine: Engine) -> None:
        self._abandon()  # its loop is closed, and can close nothing any more
        if engine is not self._engine:
            engine.dispose(close=False)


def _leave(engine: Engine, *, closes: bool = True) -> None:
    """Let go of the parent's connections in a child, which has a copy of a database in memory.

    Idle ones to an SQLite file are closed (see `sqlite.driver.close_inherited`), unless they are of
    a driver that wants its thread for it.
    """
    if not _is_in_memory(engine):
        keep_open(engine.pool)
        engine.dispose(close=closes and engine.dialect.name == "sqlite")


def _is_in_memory(engine: Engine) -> bool:
    if engine.dialect.name != "sqlite":
        return False
    name = engine.url.database or ":memory:"
    return ":memory:" in name or engine.url.query.get("mode") == "memory"
