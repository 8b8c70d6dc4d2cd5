"""Connections to Redis for the two worlds.

redis-py tells of a pool whose connections are all in use as it tells of a server that is down. So
the places among the connections are given out here, and its pool never runs out: whoever gets no
place in time hears of `SecondaryBusy`, and no connection is thrown away.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Protocol, cast

import redis
from redis import asyncio as aioredis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import ReadOnlyError
from redis.retry import Retry

from watchword.database.secondary import SecondaryBusy
from watchword.runtime.process import PerProcess
from watchword.storage.connections.per_loop import PerLoop

_log = logging.getLogger("watchword.secondary")

_TRIES = 1
"""New tries after a connection broke: the server may have closed it while it was idle."""


def _retried(kind: type[Retry] | type[AsyncRetry]) -> dict[str, object]:
    retry = kind(NoBackoff(), _TRIES, (Disconnected,))
    return {"retry": retry, "retry_on_error": [Disconnected]}


class _Commands(Protocol):
    def execute_command(self, *command: object) -> Any: ...


class _Pool:
    """The connections of one process."""

    def __init__(self, url: str, options: Mapping[str, object]) -> None:
        given: dict[str, Any] = {**options, **_retried(Retry)}
        self.pool = cast("Any", redis.BlockingConnectionPool).from_url(url, **given)
        self.client = cast("_Commands", redis.Redis(connection_pool=self.pool))
        self._places = threading.Semaphore(self.pool.max_connections)

    @contextmanager
    def place(self) -> Generator[None, None, None]:
        """A place among the connections. Raises `SecondaryBusy`."""
        if not self._places.acquire(timeout=self.pool.timeout):
            raise _all_busy(self.pool)
        try:
            yield
        finally:
            self._places.release()

    def give_up(self) -> None:
        """Leave a server that takes no writes any more: idle connections lead to it too."""
        try:
            self.pool.disconnect(inuse_connections=False)
        except TypeError:
            self.pool.disconnect()  # older clients know but all; who waits on one asks again

    def close(self) -> None:
        self.pool.disconnect()


class BlockingLink:
    """A pool for the threads of each process."""

    def __init__(self, url: str, options: Mapping[str, object]) -> None:
        self._pools = PerProcess(lambda: _Pool(url, options))

    def check(self) -> None:
        """Make a connection without connecting. Raises what redis-py does for wrong options."""
        pool = self._pools.here().pool
        pool.connection_class(**pool.connection_kwargs)

    async def send(self, *command: str | int) -> object:
        pool = self._pools.here()
        with pool.place():
            try:
                return pool.client.execute_command(*command)
            except ReadOnlyError:
                pool.give_up()
                raise

    async def close(self) -> None:
        """Disconnect what this process has."""
        pool = self._pools.made_here()
        if pool is not None:
            pool.close()


class _LoopPool:
    """The connections of one event loop."""

    def __init__(self, url: str, options: Mapping[str, object]) -> None:
        given: dict[str, Any] = {**options, **_retried(AsyncRetry)}
        self.pool = cast("Any", aioredis.BlockingConnectionPool).from_url(url, **given)
        self.client = cast("_Commands", aioredis.Redis(connection_pool=self.pool))
        self._places = asyncio.Semaphore(self.pool.max_connections)

    @asynccontextmanager
    async def place(self) -> AsyncGenerator[None, None]:
        """A place among the connections. Raises `SecondaryBusy`."""
        if self._places.locked():
            try:
                async with asyncio.timeout(self.pool.timeout):
                    await self._places.acquire()
            except TimeoutError:
                raise _all_busy(self.pool) from None
        else:
            await self._places.acquire()  # does not wait
        try:
            yield
        finally:
            self._places.release()


class LoopLink:
    """A pool for each event loop that uses it."""

    def __init__(self, url: str, options: Mapping[str, object]) -> None:
        # The sockets of a loop that was closed first go with the garbage collector.
        self._pools = PerLoop(lambda: _LoopPool(url, options), lambda pool: None)

    async def send(self, *command: str | int) -> object:
        pool = self._pools.here()
        async with pool.place():
            try:
                return await pool.client.execute_command(*command)
            except ReadOnlyError:
                await pool.pool.disconnect(inuse_connections=False)
                raise

    async def close(self) -> None:
        """Disconnect what the running loop has."""
        taken = self._pools.take_here()
        if taken is not None:
            await taken.pool.disconnect()


def _all_busy(pool: Any) -> SecondaryBusy:
    text = f"all {pool.max_connections} connections to Redis stayed busy for {pool.timeout:g} s"
    _log.warning("%s: this call failed, others go on", text)
    return SecondaryBusy(text)
