"""MySQL under an event loop: a pool for each loop, whose connections work in threads.

A statement is one hop to a thread and back, and so is a whole short transaction. The caller never
waits in a thread for a connection, only on the loop.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from watchword.runtime.blocking import finish
from watchword.storage.connections.per_loop import PerLoop
from watchword.storage.sql.engine import refuse_script

from .driver import Link, Rows, Written
from .pool import HeldLink, Links, alone, run_script
from .url import MySQLOptions

T = TypeVar("T")


class _LoopPool:
    """What belongs to one event loop: connections, their threads, and who is in a transaction."""

    def __init__(self, options: MySQLOptions) -> None:
        self.options = options
        self.links = Links(options)
        self.held: dict[asyncio.Task[Any] | None, LoopHeldLink] = {}
        self._places = asyncio.Semaphore(options.pool_size)
        self._threads = ThreadPoolExecutor(options.pool_size, "watchword-mysql")
        self._users = 0
        self._retired = False

    @asynccontextmanager
    async def borrowed(self) -> AsyncGenerator[Link, None]:
        """A connection. Raises `StorageUnavailable`."""
        self._users += 1
        try:
            await self._place()
            link = self.links.take()
            try:
                yield link
            finally:
                self.links.give_back(link)
                self._places.release()
        finally:
            self._users -= 1
            if self._retired and not self._users:
                self._threads.shutdown(wait=False)

    async def hop(self, work: Callable[[], T]) -> T:
        """Run work in a thread. A caller that is cancelled still waits for its end."""
        future = asyncio.wrap_future(self._threads.submit(work))
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            while not future.done():
                try:
                    await asyncio.wait([future])
                except asyncio.CancelledError:
                    continue  # cancelled again: the statement runs on all the same
            if not future.cancelled():
                future.exception()  # the cancellation is what the caller hears of
            raise

    def close(self) -> None:
        """Close what is idle; the rest, and the threads, when the last user is done."""
        self._retired = True
        self.links.close()
        if not self._users:
            self._threads.shutdown(wait=False)

    def abandon(self) -> None:
        """Close all of it for a loop that does not run any more."""
        self.links.close()
        self._threads.shutdown(wait=False)

    async def _place(self) -> None:
        if not self._places.locked():
            await self._places.acquire()  # does not wait
            return
        try:
            async with asyncio.timeout(self.options.pool_timeout):
                await self._places.acquire()
        except TimeoutError:
            raise self.links.all_busy() from None


class LoopConnections:
    """The connections of one async engine: a pool for each event loop that uses it."""

    def __init__(self, options: MySQLOptions) -> None:
        self._pools = PerLoop(lambda: _LoopPool(options), _LoopPool.abandon, rests=True)
        weakref.finalize(self, self._pools.close_all)

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        return (await self.write(sql, params))[0]

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        return await self.together(lambda held: held.write(sql, params), atomic=False)

    async def together(self, work: Callable[[HeldLink], Awaitable[T]], *, atomic: bool) -> T:
        """See `mysql_engine.Together`; the work must not wait for anything but the connection."""
        pool = self._pools.here()
        if held := self._held(pool):
            return await held.together(work, atomic=atomic)
        async with pool.borrowed() as link:
            return await pool.hop(lambda: finish(alone(link, pool.options, work, atomic=atomic)))

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[LoopHeldLink, None]:
        """A transaction of this task; one that the task is in already is joined."""
        pool = self._pools.here()
        if held := self._held(pool):
            yield held
            return
        me = asyncio.current_task()
        async with pool.borrowed() as link:
            inner = HeldLink(link, pool.options)
            held = LoopHeldLink(pool, inner)
            try:
                await held.step(inner.begin)
                pool.held[me] = held
                yield held
                await held.step(inner.commit)
            except BaseException:
                if not inner.over:  # it is in a child, whose parent has the connection
                    await held.undo(link)
                raise
            finally:
                inner.expire()
                pool.held.pop(me, None)

    async def run_script(self, statements: Sequence[str]) -> None:
        pool = self._pools.here()
        if self._held(pool):
            refuse_script()
        if statements:
            async with pool.borrowed():
                await pool.hop(lambda: run_script(pool.options, statements))

    async def close(self) -> None:
        """Close what the running loop has; connections in use when they are given back."""
        pool = self._pools.take_here()
        if pool is not None:
            pool.close()

    def _held(self, pool: _LoopPool) -> LoopHeldLink | None:
        return pool.held.get(asyncio.current_task()) if pool.held else None


class LoopHeldLink:
    """A connection inside a transaction; tasks that share it take turns."""

    __slots__ = ("_inner", "_pool", "_turn")

    def __init__(self, pool: _LoopPool, inner: HeldLink) -> None:
        self._pool = pool
        self._inner = inner
        self._turn = asyncio.Lock()

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        return (await self.write(sql, params))[0]

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        return await self.step(lambda: self._inner.run(sql, params))

    async def together(self, work: Callable[[HeldLink], Awaitable[T]], *, atomic: bool) -> T:
        """See `mysql_engine.Together`."""
        return await self.step(lambda: finish(_coroutine(work, self._inner)))

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[LoopHeldLink, None]:
        yield self

    async def run_script(self, statements: Sequence[str]) -> None:
        refuse_script()

    async def close(self) -> None:
        """Nothing is given back before the transaction ends."""

    async def undo(self, link: Link) -> None:
        """Roll back; a connection on which that is not certain is given up."""
        done = False
        try:
            await self.step(self._inner.roll_back)
            done = True
        finally:
            if not done:
                link.close()  # the server undoes what is not committed

    async def step(self, work: Callable[[], T]) -> T:
        """Do one thing on the connection, in a thread."""
        self._inner.check()
        async with self._turn:
            return await self._pool.hop(work)


async def _coroutine(work: Callable[[HeldLink], Awaitable[T]], held: HeldLink) -> T:
    return await work(held)
