"""The session behind a web socket or a stream of an ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from watchword.configuration.options import Duration

from .live_session import EVERY, U, Watch

if TYPE_CHECKING:
    from watchword.auth import Auth, Checked

T = TypeVar("T")


class LiveSession(Watch[U]):
    """The session behind a web socket or a stream of an ASGI application."""

    def __init__(
        self,
        auth: Auth[U],
        checked: Checked[U],
        every: Duration = EVERY,
        *,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        super().__init__(auth, checked, every)
        self._sleep = sleep

    async def confirm(self) -> None:
        """Have the store say that it stands: a cookie may say more than holds any more.

        Raises `APIError` UNAUTHORIZED (401).
        """
        await self.is_alive()
        self._require()

    async def is_alive(self) -> bool:
        """Whether the session still stands. The store is asked if that was `every` ago."""
        if not self.is_over and self._is_due():
            self._learn(await self.auth.recheck(self._checked))
        return not self.is_over

    async def ended(self) -> None:
        """Return once the session is over: wait for it beside what else may happen."""
        await self._ended(asyncio.Event())

    async def _ended(self, left: asyncio.Event) -> None:
        # Beside the cancellation: a store may swallow that, and would be asked for ever.
        while await self.is_alive() and not left.is_set():
            await self._sleep(max(self.every, 1))

    async def through(self, source: AsyncIterable[T]) -> AsyncGenerator[T]:
        """What a source gives, until the session is over: also while the source is silent."""
        left = asyncio.Event()
        over = asyncio.ensure_future(self._ended(left))
        over.add_done_callback(_known)
        drawing = _Drawing(source)
        try:
            while True:
                coming = drawing.next()
                waited = (coming, drawing.task, over)
                await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
                if over.done():
                    over.result()  # Where the store cannot be asked, nothing is told any more.
                    return
                if not coming.done():
                    drawing.task.result()  # Cancelled from within.
                item = coming.result()
                if not item or not await self.is_alive():
                    return
                yield item[0]
        finally:
            # Both before the first wait: who is cancelled by anyio gets no further than that. And
            # they are not awaited themselves: their end must not be taken for that of this.
            left.set()
            drawing.task.cancel()
            over.cancel()
            await asyncio.wait((drawing.task, over))


class _Drawing(Generic[T]):
    """Draws from a source what is asked for, all of it in one task: what a source opens around its
    items (a time limit, a group of tasks), it can close only there."""

    def __init__(self, source: AsyncIterable[T]) -> None:
        self._asked: asyncio.Queue[asyncio.Future[tuple[T] | None]] = asyncio.Queue()
        self.task = asyncio.ensure_future(self._draw(aiter(source)))

    def next(self) -> asyncio.Future[tuple[T] | None]:
        """The next item; None once there is none."""
        coming: asyncio.Future[tuple[T] | None] = asyncio.get_running_loop().create_future()
        coming.add_done_callback(_known)
        self._asked.put_nowait(coming)
        return coming

    async def _draw(self, given: AsyncIterator[T]) -> None:
        try:
            while True:
                coming = await self._asked.get()
                try:
                    coming.set_result((await anext(given),))
                except StopAsyncIteration:
                    coming.set_result(None)
                    return
                except Exception as error:
                    coming.set_exception(error)
                    return
        finally:
            close: Any = getattr(given, "aclose", None)
            if close is not None:
                await close()


def _known(work: asyncio.Future[Any]) -> None:
    """An error is known, also where nobody asks for it."""
    if not work.cancelled():
        work.exception()
