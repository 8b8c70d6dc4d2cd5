"""The blocking runtime: WSGI, scripts, the command line. Safe under threads and after a fork."""

from __future__ import annotations

import functools
import inspect
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from watchword.database.contract import Engine
from watchword.database.secondary import SecondaryEngine

from .backlog import Backlog, done_in_place, own_way_failed, unfinished_at_the_end
from .callbacks import is_async
from .capacity import Capacity
from .hashing import hashing_within
from .hosts import threads_stand_still
from .jobs import BackgroundHandler, BlockingJob, Work, in_place, logged, nothing
from .lazy import open_blocking_outgoing, open_callback_loop
from .once import Shared
from .outgoing import OutgoingSettings
from .process import PerProcess
from .threads import NoThreads, ThreadPool

if TYPE_CHECKING:
    from .callback_loop import CallbackLoop
    from .outgoing_blocking import BlockingOutgoing

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


class _Here:
    """What belongs to one process."""

    def __init__(self, capacity: Capacity) -> None:
        self.backlog = Backlog(capacity.background + capacity.background_queue)
        # A script that ends without closing the server has promised mails all the same.
        self.behind = ThreadPool(
            capacity.background, "watchword-background", at_exit=capacity.drain
        )
        self.shared = Shared()
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
        """Do the work of a job. On the callbacks' own loop, which it may need, in a thread."""
        loop = self._loop
        if loop is not None and loop.is_here:
            return loop.in_thread(functools.partial(finish, work))
        finish(work)
        return nothing

    def loop(self) -> CallbackLoop:
        """The loop of async callbacks, started with its first use."""
        with self._lock:
            if self._loop is None:
                self._loop = open_callback_loop()
            return self._loop

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
            return self._here.here().loop().result_of(cast("Awaitable[T]", result))
        return cast("T", result)

    async def offload(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return self._hashing.run(functools.partial(work, *args, **kwargs))

    async def pause(self, seconds: float) -> None:
        time.sleep(seconds)

    def require_room(self) -> None:
        if not self.hands_over:
            self._here.here().backlog.check()

    def background(self, work: Work, *, promised: bool = False) -> None:
        here = self._here.here()
        try:
            here.backlog.enter(promised=promised)
        except Exception:
            work.close()
            raise
        # In a copy of the caller's context, so that its trace goes on.
        context = copy_context()
        here.start(lambda: context.run(finish, logged(work)))

    async def hand_over(self, work: Work) -> None:
        here, handler = self._here.here(), self._handler or in_place
        job = BlockingJob(work, here.finished)
        done = False
        try:
            # One that is no `async def` may return what the job gave it, which is over by then.
            result = handler(job)
            if is_async(handler) or inspect.iscoroutine(result):
                here.loop().result_of(cast("Awaitable[object]", result))
            done = True
        except Exception as error:
            own_way_failed(error)
        finally:
            # Also where the program is being ended.
            if not done and (left := job.take()) is not None:
                self.background(left, promised=True)

    def drain(self, within: float | None = None) -> None:
        """Wait until all background work is done, also what that work starts; end the threads.

        At most `within` seconds, or what the capacity says; the log tells what is left then.
        """
        seconds = self._capacity.drain if within is None else within
        here = self._here.here()
        if left := here.behind.finish(seconds):
            return unfinished_at_the_end(left, seconds)
        self._here.take()
        here.end()

    def hang_up(self) -> None:
        """Close idle connections to other servers."""
        if self._http is not None:
            self._http.close()
