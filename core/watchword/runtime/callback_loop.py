"""One background event loop for the blocking world, for callbacks that are `async def`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar, cast

from watchword.errors import Overloaded

from .callback_thread import CallbackThread, Wait, waiting
from .callbacks import give_up

T = TypeVar("T")


class CallbackLoop:
    """An event loop in a daemon thread; threads hand it awaitables and wait for the results."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = CallbackThread(self._run, self._current_task)
        self._lock = threading.Lock()
        self._stopped = False
        self._thread.start()

    @property
    def is_here(self) -> bool:
        """Whether this is the thread of the loop, which must not be held up."""
        return threading.current_thread() is self._thread

    def outcome_of(self, begun: Future[T]) -> Awaitable[T]:
        """What a thread does, to be awaited on the loop; only for what runs on it."""
        return asyncio.shield(asyncio.wrap_future(begun, loop=self._loop))

    def result_of(self, awaitable: Awaitable[T]) -> T:
        """Run an awaitable on the loop; blocks until it is done, raises what it raises.

        Raises `Overloaded` (503) once the loop was stopped.
        """
        # The awaitable has a copy of this thread's context.
        wait = Wait()
        before = waiting.set(wait)
        try:
            return self._begun(wait, awaitable).result()
        finally:
            wait.is_over = True
            waiting.reset(before)
            self._break_off(wait)

    def stop(self) -> None:
        """End the loop and its thread; whoever still waits for a result hears of it."""
        with self._lock:
            self._stopped = True
            self._loop.call_soon_threadsafe(self._loop.stop)

    def _begun(self, wait: Wait, awaitable: Awaitable[T]) -> Future[T]:
        # What is begun behind the stop would be neither done nor cancelled.
        with self._lock:
            if not self._stopped:
                return asyncio.run_coroutine_threadsafe(_awaited_by(wait, awaitable), self._loop)
        give_up(awaitable)
        raise Overloaded

    def _break_off(self, wait: Wait) -> None:
        """End a callback that goes on though nobody waits for it: an interrupt may come at any
        place."""
        task = cast("asyncio.Task[object] | None", wait.task)
        if task is not None and not task.done():
            with suppress(RuntimeError):  # the loop has ended, and with it the callback
                self._loop.call_soon_threadsafe(task.cancel)

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
    if wait.is_over:
        give_up(awaitable)
        raise asyncio.CancelledError
    return await awaitable


async def _cancel(tasks: set[asyncio.Task[object]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
