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
from sqlalchemy.pool import Pool, QueuePool
from sqlalchemy.util import greenlet_spawn

from .forks import watch_forks
from .per_loop import PerLoop
from .sqlalchemy_flavor import Engines, Flavor

T = TypeVar("T")

_inherited: list[Pool] = []
"""What a forked process got from its parent, kept so that it is never closed there."""


class World(Protocol):
    """How to do work that may wait."""

    is_async: bool

    def caller(self) -> object:
        """Who asks: a thread or a task."""
        ...

    def engines(self) -> Engines:
        """The engines to be used here."""
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

    def __init__(self, engine: Engine, flavor: Flavor, *, disposes: bool) -> None:
        self._engine = engine
        self._engines = flavor.engines(engine)
        self._disposes = disposes
        watch_forks(self)

    def caller(self) -> object:
        return threading.get_ident()

    def engines(self) -> Engines:
        return self._engines

    async def run(self, work: Callable[[], T]) -> T:
        return work()

    def turn(self) -> AbstractAsyncContextManager[Any]:
        return nullcontext()

    async def close(self) -> None:
        if self._disposes:
            self._engine.dispose()

    def before_fork(self) -> None:
        """Nothing: the child never touches what it has got."""

    def after_fork_in_child(self) -> None:
        _forget(self._engine)


class Loops:
    """Work is done in greenlets. Each event loop has a pool: the first one the caller's.

    Connections of asynchronous drivers belong to the loop on which they were opened. A loop that
    is used beside the first one gets a pool like the caller's; one that comes after it, when the
    first one is closed, takes over the caller's engine with a pool made anew.
    """

    is_async = True

    def __init__(self, engine: AsyncEngine, flavor: Flavor, *, disposes: bool) -> None:
        self._engine = engine.sync_engine
        self._flavor = flavor
        self._disposes = disposes
        self._lock = threading.Lock()
        self._first: weakref.ref[asyncio.AbstractEventLoop] | None = None
        self._here: PerLoop[Engines] = PerLoop(self._made, self._given_up)
        watch_forks(self)

    def caller(self) -> object:
        return asyncio.current_task()

    def engines(self) -> Engines:
        return self._here.here()

    async def run(self, work: Callable[[], T]) -> T:
        """A caller that is cancelled still waits for the end: no connection is left half-used."""
        task = asyncio.ensure_future(greenlet_spawn(work))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            while not task.done():
                try:
                    await asyncio.wait([task])
                except asyncio.CancelledError:
                    continue  # cancelled again: the statement runs on all the same
            if not task.cancelled():
                task.exception()  # the cancellation is what the caller hears of
            raise

    def turn(self) -> AbstractAsyncContextManager[Any]:
        return asyncio.Lock()

    async def close(self) -> None:
        engines = self._here.take_here()
        if engines is None:
            return
        if self._disposes or not self._is_the_callers(engines):
            await self.run(engines.alone.dispose)
        if self._is_the_callers(engines):
            self._first = None

    def before_fork(self) -> None:
        """Nothing: the child never touches what it has got."""

    def after_fork_in_child(self) -> None:
        self._lock = threading.Lock()
        self._first = None
        self._here.drop_all()
        _forget(self._engine)

    def _made(self) -> Engines:
        loop = asyncio.get_running_loop()
        with self._lock:
            first = self._first() if self._first is not None else loop
            if not isinstance(self._engine.pool, QueuePool) or first is loop:
                self._first = weakref.ref(loop)
                return self._flavor.engines(self._engine)
            if first is None or first.is_closed():
                self._first = weakref.ref(loop)
                self._engine.dispose(close=False)  # nothing can be closed without its loop
                return self._flavor.engines(self._engine)
        return self._flavor.engines(self._copied())

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

    def _given_up(self, engines: Engines) -> None:
        if not self._is_the_callers(engines):
            engines.alone.dispose(close=False)

    def _is_the_callers(self, engines: Engines) -> bool:
        return engines.alone.pool is self._engine.pool


def _forget(engine: Engine) -> None:
    """Let go of the parent's connections in a child. Databases in memory stay."""
    if isinstance(engine.pool, QueuePool):
        _inherited.append(engine.pool)
        engine.dispose(close=False)
