"""The blocking runtime: WSGI, scripts, the command line. Safe under threads and after a fork."""

from __future__ import annotations

import functools
import inspect
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from watchword.database.contract import Engine
from watchword.database.secondary import SecondaryEngine
from watchword.errors import Overloaded

from .backlog import Backlog, done_in_place, unfinished_at_the_end
from .callback_thread import on_the_callback_loop
from .callbacks import give_up
from .capacity import Capacity
from .hashing import hashing_within
from .hosts import threads_stand_still
from .jobs import BackgroundHandler, BlockingJob, Work, in_place, in_their_own_way, logged, nothing
from .lazy import open_callback_loop
from .once import Shared
from .outgoing import OutgoingSettings
from .outgoing_opening import open_blocking_outgoing
from .process import PerProcess
from .threads import NoThreads, ThreadPool
from .wake_ups import WakeUps

if TYPE_CHECKING:
    from .callback_loop import CallbackLoop
    from .outgoing_blocking import BlockingOutgoing

P = ParamSpec("P")
T = TypeVar("T")


_MOST_BEGUN = 32


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


class _Here:
    """What belongs to one process."""

    def __init__(self, capacity: Capacity) -> None:
        self.backlog = Backlog(capacity.background + capacity.background_queue)
        # A script that ends without closing the server has promised mails all the same.
        self.behind = ThreadPool(
            capacity.background, "watchword-background", at_exit=capacity.drain
        )
        self.begun = ThreadPool(_MOST_BEGUN, "watchword-job", at_exit=capacity.drain)
        """For jobs that begin on the callbacks' own loop, which they may need."""
        self.shared = Shared()
        self.wake_ups = WakeUps()
        self._lock = threading.Lock()
        self._loop: CallbackLoop | None = None
        self._lacks_threads = False

    def start(self, work: Callable[[], None]) -> None:
        """Begin background work that has a place in the backlog; without threads it is done now."""
        try:
            future = self.behind.submit(work)
        except NoThreads:
            self._do(work)
        else:
            future.add_done_callback(lambda _: self.backlog.leave())

    def _do(self, work: Callable[[], None]) -> None:
        if not self._lacks_threads:
            self._lacks_threads = True
            done_in_place("the system gives no threads")
        try:
            work()
        finally:
            self.backlog.leave()

    def finished(self, work: Work) -> Awaitable[None]:
        """Do the work of a job. Who awaits it on the callbacks' own loop may be cancelled; the work
        goes on."""
        loop = self._loop
        if loop is not None and loop.is_here:
            context = copy_context()
            return loop.outcome_of(self.begun.submit(lambda: context.run(finish, work)))
        finish(work)
        return nothing

    def finish(self, seconds: float) -> int:
        """Wait for all background work, also what that begins; how much is left after `seconds`."""
        end = time.monotonic() + seconds
        while left := self.begun.finish(0) + self.behind.finish(0):
            if time.monotonic() >= end:
                return left
            for pool in (self.begun, self.behind):
                pool.finish(end - time.monotonic())
        return 0

    def loop(self) -> CallbackLoop:
        """The loop of async callbacks, started with its first use."""
        with self._lock:
            if self._loop is None:
                self._loop = open_callback_loop()
            return self._loop

    def result_of(self, awaitable: Awaitable[T]) -> T:
        """Run an awaitable on the callbacks' loop. Raises `MustNotWait` on any such loop: this one
        would wait for itself, that of another server for what may wait for it, and with it every
        callback of that server.
        """
        if not on_the_callback_loop():
            return self.loop().result_of(awaitable)
        give_up(awaitable)
        raise MustNotWait(
            "an async callback called a blocking entrance on its event loop; await the async "
            "entrance there, or call the blocking one in a thread (asyncio.to_thread)"
        )

    def end(self) -> None:
        """Stop the loop."""
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.stop()


class BlockingRuntime:
    """Calls in place, hashes in place when it is its turn, and has a small pool for mails."""

    def __init__(
        self,
        engine: Engine,
        capacity: Capacity,
        handler: BackgroundHandler | None = None,
        outgoing: OutgoingSettings | None = None,
    ) -> None:
        """`handler` is the application's own way to run background work."""
        self.engine = engine
        self.secondary: SecondaryEngine | None = None
        """Set before the first call; it may want to be opened with this runtime."""
        if handler is None and threads_stand_still():
            done_in_place("uWSGI runs no threads between requests (see its `enable-threads`)")
            handler = in_place
        self._handler = handler
        self.hands_over = handler is not None
        self._capacity = capacity
        self._hashing = hashing_within(capacity.hashes)
        self._here = PerProcess(functools.partial(_Here, capacity))
        self._outgoing = outgoing or OutgoingSettings()
        self._http: BlockingOutgoing | None = None
        self._opened: dict[str, BlockingOutgoing] = {}

    @property
    def http(self) -> BlockingOutgoing:
        if self._http is None:
            # Of several first threads, all go on with the same one.
            made = open_blocking_outgoing(self._outgoing)
            self._http = self._opened.setdefault("http", made)
        return self._http

    async def once(self, key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return await self._here.here().shared.do(key, work)

    async def call(
        self, callback: Callable[P, T | Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        result = callback(*args, **kwargs)
        if inspect.isawaitable(result):
            return self._here.here().result_of(cast("Awaitable[T]", result))
        return cast("T", result)

    async def offload(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return self._hashing.run(functools.partial(work, *args, **kwargs))

    async def pause(self, seconds: float) -> None:
        time.sleep(seconds)

    async def either(
        self, blocking: Callable[[], T], asynchronous: Callable[[], Awaitable[T]], seconds: float
    ) -> T:
        return blocking()

    def wake(self, seconds: float, work: Callable[[], Work]) -> None:
        if not threads_stand_still():
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
        # In a copy of the caller's context, so that its trace goes on.
        context = copy_context()
        here.start(lambda: context.run(finish, logged(work)))

    async def hand_over(self, work: Work) -> None:
        here, handler = self._here.here(), self._handler or in_place
        job = BlockingJob(work, here.finished)
        with in_their_own_way(job, self.background):
            # One that is no `async def` may return what the job gave it, which is over by then.
            result = handler(job)
            if inspect.isawaitable(result) and result is not nothing:
                here.result_of(cast("Awaitable[object]", result))

    def drain(self, within: float | None = None) -> None:
        """Wait until all background work is done, also what that work starts; end the threads.

        At most `within` seconds, or what the capacity says; the log tells what is left then.
        """
        seconds = self._capacity.drain if within is None else within
        here = self._here.here()
        here.wake_ups.drop()
        left = here.finish(seconds)
        # What was done meanwhile may have wanted to be woken.
        here.wake_ups.drop()
        if left:
            return unfinished_at_the_end(left, seconds)
        self._here.take()
        here.end()

    def hang_up(self) -> None:
        """Close idle connections to other servers."""
        if self._http is not None:
            self._http.close()
