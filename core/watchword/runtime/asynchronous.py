"""The async runtime: ASGI servers and anything that awaits. Any number of event loops."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from watchword.database.contract import Engine
from watchword.database.secondary import SecondaryEngine
from watchword.errors import Overloaded

from .backlog import Backlog, done_in_place, unfinished_at_the_end
from .callbacks import is_async
from .capacity import Capacity
from .hashing import hashing_within
from .jobs import AsyncJob, BackgroundHandler, Work, in_their_own_way
from .lasting import LoopWork, is_behind
from .loops import require_asyncio
from .once_on_loops import SharedTasks
from .outgoing import OutgoingSettings
from .outgoing_opening import open_async_outgoing
from .process import PerProcess
from .threads import NoThreads, ThreadPool
from .wake_ups_on_loops import WakeUpsOnLoops

if TYPE_CHECKING:
    from .outgoing_async import AsyncOutgoing

P = ParamSpec("P")
T = TypeVar("T")


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
        self._capacity = capacity
        self._works: dict[asyncio.AbstractEventLoop, LoopWork] = {}
        self.shared = SharedTasks()
        self.wake_ups = WakeUpsOnLoops()
        self._lacks_threads = False

    @property
    def is_idle(self) -> bool:
        """Whether no loop has background work."""
        return not self._works

    def work(self) -> LoopWork | None:
        """The unfinished work of the running loop, if there is any."""
        return self._works.get(asyncio.get_running_loop())

    def start(self, work: Work) -> None:
        """Begin background work that has a place in the backlog, on the running loop."""
        self._work().start(work, self.backlog.leave)

    def start_now(self, work: Work) -> asyncio.Future[None]:
        """Begin background work that the application has chosen to begin."""
        self.backlog.enter(promised=True)
        return self._work().start_now(work, self.backlog.leave)

    def _work(self) -> LoopWork:
        loop = asyncio.get_running_loop()
        found = self._works.get(loop)
        if found is None:
            self._give_up_closed()
            most, patience = self._capacity.background, self._capacity.drain
            found = LoopWork(loop, most, patience, lambda: self._works.pop(loop, None))
            self._works[loop] = found
        return found

    async def run(self, work: Callable[[], T]) -> T:
        """Do a callback's blocking work in a thread: in one of those that it may hold up."""
        if not is_behind():
            return await asyncio.wrap_future(self.callbacks.submit(work))
        try:
            outcome = self.behind.submit(work)
        except NoThreads:
            # It was promised. The loop waits.
            if not self._lacks_threads:
                self._lacks_threads = True
                done_in_place("the system gives no threads")
            return work()
        return await asyncio.wrap_future(outcome)

    def _give_up_closed(self) -> None:
        for loop in [loop for loop in list(self._works) if loop.is_closed()]:
            work = self._works.pop(loop, None)
            for _ in range(0 if work is None else work.abandon()):
                self.backlog.leave()


class AsyncRuntime:
    """Awaits async callbacks; sync ones, mails and password hashing go to threads, each to a pool
    of its own. Safe after a fork.
    """

    def __init__(
        self,
        engine: Engine,
        capacity: Capacity,
        handler: BackgroundHandler | None = None,
        outgoing: OutgoingSettings | None = None,
    ) -> None:
        """`handler` is the application's own way to run background work. Raises `WrongLoop`."""
        require_asyncio()
        self.engine = engine
        self.secondary: SecondaryEngine | None = None
        """Set before the first call; it may want to be opened with this runtime."""
        self._handler = handler
        self.hands_over = handler is not None
        self._capacity = capacity
        self._hashing = hashing_within(capacity.hashes)
        self._here = PerProcess(functools.partial(_Here, capacity))
        self._outgoing = outgoing or OutgoingSettings()
        self._http: AsyncOutgoing | None = None

    @property
    def http(self) -> AsyncOutgoing:
        if self._http is None:
            self._http = open_async_outgoing(self._outgoing)
        return self._http

    async def once(self, key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return await self._here.here().shared.do(key, work)

    async def call(
        self, callback: Callable[P, T | Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        if is_async(callback):
            result = callback(*args, **kwargs)
        else:
            # In a copy of the caller's context, so that its trace goes on.
            work = functools.partial(copy_context().run, callback, *args, **kwargs)
            result = await self._here.here().run(work)
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

    async def either(
        self, blocking: Callable[[], T], asynchronous: Callable[[], Awaitable[T]], seconds: float
    ) -> T:
        async with asyncio.timeout(seconds):
            return await asynchronous()

    def wake(self, seconds: float, work: Callable[[], Work]) -> None:
        self._here.here().wake_ups.add(seconds, lambda: self._woken(work))

    def _woken(self, work: Callable[[], Work]) -> None:
        with suppress(Overloaded):
            self.background(work())

    def require_room(self) -> None:
        if not self.hands_over:
            self._here.here().backlog.check()

    def background(self, work: Work, *, promised: bool = False) -> None:
        here = self._here.here()
        here.backlog.admit(work, promised=promised)
        here.start(work)

    async def hand_over(self, work: Work) -> None:
        job = AsyncJob(work, self._here.here().start_now)
        with in_their_own_way(job, self.background):
            result = None if self._handler is None else self._handler(job)
            if inspect.isawaitable(result):
                await result

    async def drain(self, within: float | None = None) -> None:
        """Wait until all background work of the running loop is done, also what that starts.

        At most `within` seconds, or what the capacity says; the log tells what is left then.
        """
        seconds = self._capacity.drain if within is None else within
        here = self._here.here()
        here.wake_ups.drop()
        work = here.work()
        if work is not None and (left := await work.drain(seconds)):
            unfinished_at_the_end(left, seconds)
        # What was done meanwhile may have wanted to be woken.
        here.wake_ups.drop()

    async def hang_up(self) -> None:
        """Close the running loop's connections to other servers."""
        if self._http is not None:
            await self._http.close()

    def release(self) -> None:
        """Let the idle threads end; what was given to them is done before."""
        here = self._here.made_here()
        if here is not None and here.is_idle:
            self._here.take()
