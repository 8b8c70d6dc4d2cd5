"""MySQL without an event loop: a thread borrows a connection for a statement or a transaction.

There are as many connections as were ever used at once, up to the size of the pool; the one that
was given back last is taken first.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

from .forks import watch_forks
from .mysql_driver import Link, Rows, Written
from .mysql_links import HeldLink, Links, alone, begun, run_script
from .mysql_url import MySQLOptions
from .sql_engine import refuse_script

T = TypeVar("T")

_inherited: list[Links] = []
"""What a forked process got from its parent, kept so that it is never closed there."""


class BlockingConnections:
    """The connections of one blocking engine. Safe under threads and fork."""

    def __init__(self, options: MySQLOptions) -> None:
        self._options = options
        self._links = Links(options)
        self._places = threading.Semaphore(options.pool_size)
        self._held: dict[int, HeldLink] = {}
        self._finalizer = weakref.finalize(self, self._links.close)
        watch_forks(self)

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        return (await self.write(sql, params))[0]

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        return await self.together(lambda held: held.write(sql, params), atomic=False)

    async def together(self, work: Callable[[HeldLink], Awaitable[T]], *, atomic: bool) -> T:
        """See `mysql_engine.Together`."""
        if self._held and (held := self._held.get(threading.get_ident())):
            return await work(held)
        with self._borrowed() as link:
            return await alone(link, self._options, work, atomic=atomic)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[HeldLink, None]:
        """A transaction of this thread; one that the thread is in already is joined."""
        me = threading.get_ident()
        if held := self._held.get(me):
            yield held
            return
        with self._borrowed() as link, begun(link, self._options) as held:
            self._held[me] = held
            try:
                yield held
            finally:
                self._held.pop(me, None)

    async def run_script(self, statements: Sequence[str]) -> None:
        if threading.get_ident() in self._held:
            refuse_script()
        if statements:
            with self._place():
                run_script(self._options, statements)

    async def close(self) -> None:
        """Close all connections; those in use are closed when they are given back."""
        self._renew().close()

    def before_fork(self) -> None:
        self._renew().close()

    def after_fork_in_child(self) -> None:
        # Other threads, with what they had borrowed, do not exist here.
        _inherited.append(self._renew())
        self._places = threading.Semaphore(self._options.pool_size)
        for held in self._held.values():
            held.over = True
        self._held.clear()

    def _renew(self) -> Links:
        old, self._links = self._links, Links(self._options)
        self._finalizer.detach()
        self._finalizer = weakref.finalize(self, self._links.close)
        return old

    @contextmanager
    def _place(self) -> Generator[None, None, None]:
        places = self._places
        if not places.acquire(timeout=self._options.pool_timeout):
            raise self._links.all_busy()
        try:
            yield
        finally:
            places.release()

    @contextmanager
    def _borrowed(self) -> Generator[Link, None, None]:
        with self._place():
            links, process = self._links, os.getpid()
            link = links.take()
            try:
                yield link
            finally:
                if os.getpid() == process:
                    links.give_back(link)
