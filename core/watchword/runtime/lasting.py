"""Background work on an event loop: it outlasts what the loop was made for.

`asyncio.run` cancels what is left once its main coroutine is done, and so do test clients and
servers, mostly without anybody having called `close()`. Such a cancellation comes while the loop
stands still, as no other does. Background work does not hear it: whoever cancels waits for what
was cancelled, and the work is finished meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar
from typing import Any

from .backlog import lost_with_its_loop, unfinished_at_the_end
from .ending import endings
from .jobs import Work, logged

_behind: ContextVar[LoopWork | None] = ContextVar("watchword_behind", default=None)

Factory = Callable[..., "asyncio.Future[Any]"]


def is_behind() -> bool:
    """Whether this is background work: its callbacks wait for nobody's hooks, and none for them."""
    return _behind.get() is not None


class LoopWork:
    """The unfinished background work of one event loop; made with the first piece, and gone with
    the last one.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        most: int,
        patience: float,
        gone: Callable[[], object],
    ) -> None:
        """At most `most` pieces run at a time. Once the loop ends, they have `patience` seconds."""
        self._loop = loop
        self._slots = asyncio.Semaphore(most)
        self._patience = patience
        self._gone = gone
        self._pieces: set[asyncio.Task[None]] = set()
        self._dismissed: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._expired = False
        self._before: Factory | None = loop.get_task_factory()
        self._factory: Factory = self._made
        loop.set_task_factory(self._factory)
        endings.begin(self)
        self._keeper = _Lasting(self, self._keep(), loop=loop, context=Context())

    @property
    def lasts(self) -> bool:
        """Whether there is work that the end of the loop has to wait for."""
        return not self._expired and bool(self.unfinished())

    def start(self, work: Work, finished: Callable[[], None]) -> None:
        """Begin one piece, when there is a place; `finished` is called once it has ended."""
        self._start(self._in_turn(work), work, finished)

    def start_now(self, work: Work, finished: Callable[[], None]) -> asyncio.Future[None]:
        """Begin one piece that somebody waits for, who may have a place; what is done with it."""
        return asyncio.shield(self._start(self._behind_the_answer(work), work, finished))

    def _start(
        self, running: Coroutine[Any, Any, None], work: Work, finished: Callable[[], None]
    ) -> asyncio.Task[None]:
        task = _Lasting(self, running, loop=self._loop)
        self._pieces.add(task)

        def ended(_: asyncio.Task[None]) -> None:
            self._pieces.discard(task)
            finished()
            if task.cancelled():
                work.close()
                if not self._expired:
                    lost_with_its_loop()

        task.add_done_callback(ended)
        return task

    def unfinished(self) -> list[asyncio.Task[None]]:
        """The pieces that are not done."""
        return [task for task in list(self._pieces) if not task.done()]

    async def drain(self, seconds: float) -> int:
        """Wait for all pieces, also those that they begin; how many are left after `seconds`."""
        end = self._loop.time() + seconds
        while left := self.unfinished():
            rest = end - self._loop.time()
            if rest <= 0:
                return len(left)
            await asyncio.wait(left, timeout=rest)
        return 0

    def outlast(self, task: asyncio.Task[Any]) -> None:
        """The loop ends, and cancelled a task that is needed for a while yet."""
        self._dismissed.add(task)
        if self._timer is None:
            self._timer = self._loop.call_later(self._patience, self._expire)

    def finish_at_exit(self) -> None:
        """A loop that stands still is run once more, and one of another thread waited for."""
        if self._loop.is_closed():
            self.abandon()
            return
        waiting = self.drain(self._patience)
        try:
            if self._loop.is_running():
                left = asyncio.run_coroutine_threadsafe(waiting, self._loop).result(self._patience)
            else:
                left = self._loop.run_until_complete(waiting)
        except Exception:
            waiting.close()
            left = len(self.unfinished())
        if left:
            unfinished_at_the_end(left, self._patience)

    def abandon(self) -> int:
        """Give up what a closed loop will never do; how many pieces that were."""
        left = self.unfinished()
        self._pieces.clear()
        endings.end(self)
        for _ in left:
            lost_with_its_loop()
        return len(left)

    async def _in_turn(self, work: Work) -> None:
        async with self._slots:
            await self._behind_the_answer(work)

    async def _behind_the_answer(self, work: Work) -> None:
        _behind.set(self)
        await logged(work)

    async def _keep(self) -> None:
        # The first piece is begun after this is.
        while left := self.unfinished():
            await asyncio.wait(left)
        self._close()

    def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._loop.get_task_factory() is self._factory:
            self._loop.set_task_factory(self._before)
        endings.end(self)
        self._gone()
        # What the work began beside itself ends as the loop wanted it.
        for task in self._dismissed:
            if task is not self._keeper:
                task.cancel()

    def _expire(self) -> None:
        self._expired = True
        left = self.unfinished()
        unfinished_at_the_end(len(left), self._patience)
        for task in {*left, *self._dismissed}:
            if task is not self._keeper:
                task.cancel()

    def _made(
        self, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **options: Any
    ) -> asyncio.Future[Any]:
        """A task, lasting if background work begins it: it waits for that."""
        if _behind.get() is self:
            return _Lasting(self, coroutine, loop=loop, **options)
        if self._before is not None:
            return self._before(loop, coroutine, **options)
        return asyncio.Task(coroutine, loop=loop, **options)


class _Lasting(asyncio.Task[Any]):
    """A task that does not hear the end of its loop while there is background work."""

    def __init__(self, work: LoopWork, coroutine: Coroutine[Any, Any, Any], **options: Any) -> None:
        self._work = work
        super().__init__(coroutine, **options)

    def cancel(self, msg: Any | None = None) -> bool:
        """Raise `CancelledError` within; unless the loop stands still, and so is ending."""
        if self.get_loop().is_running() or not self._work.lasts:
            return super().cancel(msg)
        if not self.done():
            self._work.outlast(self)
        return False
