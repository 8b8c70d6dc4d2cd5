"""The async runtime: ASGI servers and anything that awaits. Any number of event loops."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar, copy_context
from typing import ParamSpec, TypeVar, cast
from weakref import WeakKeyDictionary

from watchword.database.contract import Engine
from watchword.observability import background_failed
from watchword.secondary import SecondaryEngine

from .backlog import Backlog, lost_with_its_loop, unfinished_at_the_end
from .callbacks import is_async
from .capacity import Capacity
from .hashing import hashing_within
from .process import PerProcess
from .threads import ThreadPool

P = ParamSpec("P")
T = TypeVar("T")

_behind: ContextVar[bool] = ContextVar("watchword_behind", default=False)
"""Whether this is background work: its callbacks wait for nobody's hooks, and none for them."""


class _Here:
    """What belongs to one process."""

    def __init__(self, capacity: Capacity) -> None:
        self.callbacks = ThreadPool(
            capacity.callback_threads, "watchword-callback", queue=capacity.callback_queue
        )
        self.behind = ThreadPool(
            capacity.background, "watchword-background", at_exit=capacity.drain
        )
        self.backlog = Backlog(capacity.background + capacity.background_queue)
        self.tasks: set[asyncio.Task[None]] = set()
        self._most = capacity.background
        self._slots: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = (
            WeakKeyDictionary()
        )

    def slots(self, loop: asyncio.AbstractEventLoop) -> asyncio.Semaphore:
        """Places for background work that runs on a loop."""
        return self._slots.setdefault(loop, asyncio.Semaphore(self._most))

    def unfinished(self, loop: asyncio.AbstractEventLoop) -> list[asyncio.Task[None]]:
        """Background work that is not done, of a loop."""
        tasks = list(self.tasks)
        return [task for task in tasks if task.get_loop() is loop and not task.done()]

    def finished(self, work: Coroutine[object, object, None], task: asyncio.Task[None]) -> None:
        """Background work has ended, in whichever way."""
        self.tasks.discard(task)
        self.backlog.leave()
        if task.cancelled():
            work.close()
            lost_with_its_loop()


class AsyncRuntime:
    """Awaits async callbacks; sync ones, mails and password hashing go to threads, each to a pool
    of its own. Safe after a fork.
    """

    def __init__(self, engine: Engine, capacity: Capacity) -> None:
        self.engine = engine
        self.secondary: SecondaryEngine | None = None
        """Set before the first call; it may want to be opened with this runtime."""
        self._capacity = capacity
        self._hashing = hashing_within(capacity.hashes)
        self._here = PerProcess(functools.partial(_Here, capacity))

    async def call(
        self, callback: Callable[P, T | Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        if is_async(callback):
            result = callback(*args, **kwargs)
        else:
            # In a copy of the caller's context, so that its trace goes on.
            work = functools.partial(copy_context().run, callback, *args, **kwargs)
            here = self._here.here()
            pool = here.behind if _behind.get() else here.callbacks
            result = await asyncio.wrap_future(pool.submit(work))
        if inspect.isawaitable(result):
            return await cast("Awaitable[T]", result)
        return cast("T", result)

    async def offload(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        # In a copy of the caller's context, so that its trace goes on.
        context = copy_context()
        job = self._hashing.submit(lambda: context.run(work, *args, **kwargs))
        outcome = asyncio.wrap_future(job.outcome)
        if not job.waits:
            return await outcome
        timer = asyncio.get_running_loop().call_later(self._hashing.wait, job.expire)
        try:
            return await outcome
        finally:
            timer.cancel()
            job.give_up()

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def require_room(self) -> None:
        self._here.here().backlog.check()

    def background(self, work: Coroutine[object, object, None], *, promised: bool = False) -> None:
        here, loop = self._here.here(), asyncio.get_running_loop()
        try:
            here.backlog.enter(promised=promised)
        except Exception:
            work.close()
            raise
        task = loop.create_task(_behind_the_answer(work, here.slots(loop)))
        here.tasks.add(task)
        task.add_done_callback(functools.partial(here.finished, work))

    async def drain(self, within: float | None = None) -> None:
        """Wait until all background work is done, also what that work starts.

        At most `within` seconds, or what the capacity says; the log tells what is left then.
        """
        loop = asyncio.get_running_loop()
        seconds = self._capacity.drain if within is None else within
        end = loop.time() + seconds
        while left := self._here.here().unfinished(loop):
            rest = end - loop.time()
            if rest <= 0:
                return unfinished_at_the_end(len(left), seconds)
            await asyncio.wait(left, timeout=rest)

    def release(self) -> None:
        """Let the idle threads end; what was given to them is done before."""
        self._here.take()


async def _behind_the_answer(
    work: Coroutine[object, object, None], slots: asyncio.Semaphore
) -> None:
    _behind.set(True)
    try:
        async with slots:
            await work
    except Exception as error:
        background_failed(error)
