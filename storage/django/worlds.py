"""The two worlds in which statements are run: in place, and in threads as Django's ORM is."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Protocol, TypeVar
from weakref import WeakKeyDictionary, WeakSet, WeakValueDictionary

from asgiref.sync import sync_to_async
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from watchword.database.contract import StorageUnavailable
from watchword.runtime.callback_thread import asker, on_the_callback_loop, waiting_thread
from watchword.runtime.lasting import is_behind
from watchword.storage.connections.uninterrupted import to_its_end

T = TypeVar("T")

_OWN_THREADS = "watchword-"
_ASIDE = "watchword-aside"
_PATIENCE = 30.0
"""Seconds to wait for somebody's transaction on a connection that several threads share."""


class Bell(Protocol):
    """Rings when a transaction is over."""

    def ring(self) -> None: ...

    async def wait(self) -> None:
        """Raises `StorageUnavailable` where it does not: who is in the transaction may wait for
        the caller."""
        ...


class World(Protocol):
    """How to do work that may wait."""

    def caller(self) -> object:
        """Who asks: a thread or a task."""
        ...

    async def run(self, work: Callable[[], T], held: BaseDatabaseWrapper | None = None) -> T:
        """Do work in the thread of the caller's connection; `held` is the one with the transaction
        that the work belongs to, if it does to one."""
        ...

    def bell(self) -> Bell:
        """What those wait for who have to."""
        ...

    def done(self, connection: BaseDatabaseWrapper) -> None:
        """Look after a connection on which no transaction is going on."""
        ...


class Threads:
    """Work is done in place, on the connection of the thread.

    A callback that is `async def` runs on a loop of watchword's own, while the thread that called
    it waits. What it asks for is done for that thread: on its connection, in its transactions.
    Tasks that it makes stand for themselves, as the thread may go on before they are done.
    """

    def __init__(self, alias: str) -> None:
        self._alias = alias
        self._connections: WeakValueDictionary[object, BaseDatabaseWrapper] = WeakValueDictionary()
        """Those of threads."""
        self._aside: WeakSet[BaseDatabaseWrapper] = WeakSet()
        """Those of callbacks for whom no thread that has one waits: they end with the statement, or
        with the transaction."""

    def caller(self) -> object:
        return waiting_thread() or asker()

    async def run(self, work: Callable[[], T], held: BaseDatabaseWrapper | None = None) -> T:
        if on_the_callback_loop():
            # Who waited when the transaction began may not any more; it stays where it is.
            connection = held or self._connections.get(self.caller())
            with ThreadPoolExecutor(1, _ASIDE) as aside:
                return aside.submit(self._on, connection, work).result()
        self._connections[threading.get_ident()] = connections[self._alias]
        return work()

    def _on(self, connection: BaseDatabaseWrapper | None, work: Callable[[], T]) -> T:
        """Do work on another thread's connection, or a new one; here no event loop forbids it."""
        if connection is None:
            connection = connections[self._alias]
            self._aside.add(connection)
        connections[self._alias] = connection
        connection.inc_thread_sharing()
        try:
            return work()
        finally:
            del connections[self._alias]
            if connection in self._aside and not connection.in_atomic_block:
                connection.close()
            connection.dec_thread_sharing()

    def bell(self) -> Bell:
        return _ThreadBell()

    def done(self, connection: BaseDatabaseWrapper) -> None:
        # Django does it at the end of a request; behind an answer there is none.
        name = threading.current_thread().name
        if name.startswith(_OWN_THREADS) and not name.startswith(_ASIDE):
            with suppress(Exception):
                connection.close_if_unusable_or_obsolete()


class _ThreadBell:
    def __init__(self) -> None:
        self._over = threading.Event()

    def ring(self) -> None:
        self._over.set()

    async def wait(self) -> None:
        if not self._over.wait(_PATIENCE):
            raise _too_long()


class Loops:
    """Work is done in the thread in which Django runs synchronous code for this request.

    Background work outlasts its request, and the thread of that: each task of it has another one,
    with a connection that ends with the task.
    """

    def __init__(self, alias: str) -> None:
        self._alias = alias
        self._behind: WeakKeyDictionary[asyncio.Task[Any], ThreadPoolExecutor] = WeakKeyDictionary()

    def caller(self) -> object:
        return asyncio.current_task()

    async def run(self, work: Callable[[], T], held: BaseDatabaseWrapper | None = None) -> T:
        task = asyncio.current_task()
        if task is not None and is_behind():
            loop = asyncio.get_running_loop()
            return await to_its_end(_awaited(loop.run_in_executor(self._thread_of(task), work)))
        return await to_its_end(sync_to_async(work, thread_sensitive=True)())

    def bell(self) -> Bell:
        return _LoopBell()

    def done(self, connection: BaseDatabaseWrapper) -> None:
        pass

    def _thread_of(self, task: asyncio.Task[Any]) -> ThreadPoolExecutor:
        found = self._behind.get(task)
        if found is None:
            found = self._behind[task] = ThreadPoolExecutor(1, "watchword-django")
            task.add_done_callback(self._end)
        return found

    def _end(self, task: asyncio.Task[Any]) -> None:
        thread = self._behind.pop(task)
        thread.submit(lambda: connections[self._alias].close())
        thread.shutdown(wait=False)


class _LoopBell:
    """Rung in the thread of the connection, heard on the loop."""

    def __init__(self) -> None:
        self._rung = False
        self._lock = threading.Lock()
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def ring(self) -> None:
        with self._lock:
            self._rung = True
            waiting, self._waiting = self._waiting, []
        for loop, event in waiting:
            with suppress(RuntimeError):  # the loop is closed: nobody waits
                loop.call_soon_threadsafe(event.set)

    async def wait(self) -> None:
        event = asyncio.Event()
        with self._lock:
            if self._rung:
                return
            self._waiting.append((asyncio.get_running_loop(), event))
        try:
            async with asyncio.timeout(_PATIENCE):
                await event.wait()
        except TimeoutError:
            raise _too_long() from None


def _too_long() -> StorageUnavailable:
    return StorageUnavailable("another transaction stayed on the connection for too long")


async def _awaited(future: asyncio.Future[T]) -> T:
    return await future
