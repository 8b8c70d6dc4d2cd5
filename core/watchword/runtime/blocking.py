"""The blocking runtime: WSGI, scripts, the command line. Safe under threads and after fork."""

from __future__ import annotations

import inspect
import os
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from watchword.database.contract import Engine
from watchword.observability import background_failed
from watchword.secondary import SecondaryEngine

from .lazy import open_callback_loop

if TYPE_CHECKING:
    from .callback_loop import CallbackLoop

P = ParamSpec("P")
T = TypeVar("T")


class MustNotWait(RuntimeError):
    """A coroutine of the blocking world tried to wait on an event loop."""


def finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never really waits; refuse one that does (`MustNotWait`)."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    coroutine.close()
    raise MustNotWait(
        "an asynchronous storage or body was used through the blocking entrance; "
        "use a blocking one, or call the async entrance"
    )


class BlockingRuntime:
    """Calls in place, hashes in place, and keeps one small thread pool for background work."""

    def __init__(self, engine: Engine, *, background_threads: int = 4) -> None:
        self.engine = engine
        self.secondary: SecondaryEngine | None = None
        """Set before the first call; it may want to be opened with this runtime."""
        self._threads = background_threads
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._pool: ThreadPoolExecutor | None = None
        self._pending: set[Future[None]] = set()
        self._loop: CallbackLoop | None = None

    async def call(
        self, callback: Callable[P, T | Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        result = callback(*args, **kwargs)
        if inspect.isawaitable(result):
            return self._on_loop(cast("Awaitable[T]", result))
        return cast("T", result)

    async def offload(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return work(*args, **kwargs)

    async def pause(self, seconds: float) -> None:
        time.sleep(seconds)

    def background(self, work: Coroutine[object, object, None]) -> None:
        with self._lock:
            self._renew_after_fork()
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads, "watchword-background")
            # In a copy of the caller's context, so that its trace goes on.
            future = self._pool.submit(copy_context().run, _run_logged, work)
            self._pending.add(future)
        future.add_done_callback(self._pending.discard)

    def drain(self) -> None:
        """Wait until all background work is done."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True)
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.stop()

    def _renew_after_fork(self) -> None:
        # Threads do not survive a fork; a child starts its own.
        if self._pid != os.getpid():
            self._pid, self._pool, self._loop = os.getpid(), None, None
            self._pending = set()

    def _on_loop(self, awaitable: Awaitable[T]) -> T:
        with self._lock:
            self._renew_after_fork()
            if self._loop is None:
                self._loop = open_callback_loop()
            loop = self._loop
        return loop.result_of(awaitable)


def _run_logged(work: Coroutine[object, object, None]) -> None:
    try:
        finish(work)
    except Exception as error:
        background_failed(error)
