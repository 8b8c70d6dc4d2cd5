"""One background event loop for the blocking world, for callbacks that are `async def`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable
from concurrent.futures import Future
from typing import TypeVar

from .callback_thread import CallbackThread, Wait, waiting

T = TypeVar("T")


class CallbackLoop:
    """An event loop in a daemon thread; threads hand it awaitables and wait for the results."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = CallbackThread(self._run, self._current_task)
        self._thread.start()

    @property
    def is_here(self) -> bool:
        """Whether this is the thread of the loop, which must not be held up."""
        return threading.current_thread() is self._thread

    def outcome_of(self, begun: Future[T]) -> Awaitable[T]:
        """What a thread does, to be awaited on the loop; only for what runs on it."""
        return asyncio.shield(asyncio.wrap_future(begun, loop=self._loop))

    def result_of(self, awaitable: Awaitable[T]) -> T:
        """Run an awaitable on the loop; blocks until it is done, raises what it raises."""
        # The awaitable has a copy of this thread's context.
        wait = Wait()
        before = waiting.set(wait)
        try:
            coroutine = _awaited_by(wait, awaitable)
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
        finally:
            wait.is_over = True
            waiting.reset(before)

    def stop(self) -> None:
        """End the loop and its thread; whoever still waits for a result hears of it."""
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _current_task(self) -> object:
        return asyncio.current_task(self._loop)

    def _run(self) -> None:
        try:
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(_cancel(asyncio.all_tasks(self._loop)))
            self._loop.close()


async def _awaited_by(wait: Wait, awaitable: Awaitable[T]) -> T:
    wait.task = asyncio.current_task()
    return await awaitable


async def _cancel(tasks: set[asyncio.Task[object]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
