"""MySQL without an event loop: a thread borrows a connection for a statement or a transaction.

There are as many connections as were ever used at once, up to the size of the pool; the one that
was given back last is taken first.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

from watchword.runtime.process import PerProcess
from watchword.storage.sql.engine import refuse_script

from .driver import Link, Rows, Written
from .pool import HeldLink, Links, alone, begun, run_script
from .url import MySQLOptions

T = TypeVar("T")


class _Pool:
    """The connections of one process, and how many there may be."""

    def __init__(self, options: MySQLOptions) -> None:
        self._options = options
        self._links = Links(options)
        self._places = threading.Semaphore(options.pool_size)

    @contextmanager
    def place(self) -> Generator[None, None, None]:
        """A place among the connections. Raises `StorageUnavailable`."""
        if not self._places.acquire(timeout=self._options.pool_timeout):
            raise self._links.all_busy()
        try:
            yield
        finally:
            self._places.release()

    @contextmanager
    def borrowed(self) -> Generator[Link, None, None]:
        """A connection. Raises `StorageUnavailable`."""
        with self.place():
            link = self._links.take()
            try:
                yield link
            finally:
                self._links.give_back(link)

    def close(self) -> None:
        """Close what is idle; what is in use is closed when it is given back."""
        self._links.close()


class BlockingConnections:
    """The connections of one blocking engine. Safe under threads and fork."""

    def __init__(self, options: MySQLOptions) -> None:
        self._options = options
        self._pools = PerProcess(lambda: _Pool(options), close=_Pool.close)
        self._held: dict[int, HeldLink] = {}
        weakref.finalize(self, self._pools.close)

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        return (await self.write(sql, params))[0]

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        return await self.together(lambda held: held.write(sql, params), atomic=False)

    async def together(self, work: Callable[[HeldLink], Awaitable[T]], *, atomic: bool) -> T:
        """See `mysql_engine.Together`."""
        if self._held and (held := self._joined()):
            return await work(held)
        with self._pools.here().borrowed() as link:
            return await alone(link, self._options, work, atomic=atomic)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[HeldLink, None]:
        """A transaction of this thread; one that the thread is in already is joined."""
        if held := self._joined():
            yield held
            return
        me = threading.get_ident()
        with self._pools.here().borrowed() as link, begun(link, self._options) as held:
            self._held[me] = held
            try:
                yield held
            finally:
                self._held.pop(me, None)

    async def run_script(self, statements: Sequence[str]) -> None:
        if self._joined():
            refuse_script()
        if statements:
            with self._pools.here().place():
                run_script(self._options, statements)

    async def close(self) -> None:
        """Close all connections; those in use are closed when they are given back."""
        self._pools.close()

    def _joined(self) -> HeldLink | None:
        held = self._held.get(threading.get_ident())
        return None if held is None or held.inherited else held
