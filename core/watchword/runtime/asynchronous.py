"""The async runtime: ASGI servers and anything that awaits. One event loop at a time."""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar, cast

from watchword.database.contract import Engine
from watchword.observability import background_failed
from watchword.secondary import SecondaryEngine

from .callbacks import is_async

P = ParamSpec("P")
T = TypeVar("T")


class AsyncRuntime:
    """Awaits async callbacks, sends sync ones and password hashing to threads.

    Hashing has a pool of its own that leaves one core to the event loop, so that a burst of
    sign-ins queues up instead of stalling every other request.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.secondary: SecondaryEngine | None = None
        """Set before the first call; it may want to be opened with this runtime."""
        self._hashing = ThreadPoolExecutor(max(1, (os.cpu_count() or 2) - 1), "watchword-hash")
        self._callbacks = ThreadPoolExecutor(16, "watchword-callback")
        self._tasks: set[asyncio.Task[None]] = set()

    async def call(
        self, callback: Callable[P, T | Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        if is_async(callback):
            result = callback(*args, **kwargs)
        else:
            # In a copy of the caller's context, so that its trace goes on.
            work = functools.partial(copy_context().run, callback, *args, **kwargs)
            result = await asyncio.get_running_loop().run_in_executor(self._callbacks, work)
        if inspect.isawaitable(result):
            return await cast("Awaitable[T]", result)
        return cast("T", result)

    async def offload(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        bound = functools.partial(work, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._hashing, bound)

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def background(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self) -> None:
        """Wait until all background work is done, also what that work starts."""
        loop = asyncio.get_running_loop()
        while tasks := [task for task in self._tasks if task.get_loop() is loop]:
            await asyncio.gather(*tasks)

    def release(self) -> None:
        """Let the idle threads end; the runtime must not be used afterwards."""
        self._hashing.shutdown(wait=False)
        self._callbacks.shutdown(wait=False)


async def _logged(work: Coroutine[object, object, None]) -> None:
    try:
        await work
    except Exception as error:
        background_failed(error)
