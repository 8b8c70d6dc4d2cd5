"""Connections to Redis for the two worlds.

redis-py tells of a pool whose connections are all in use as it tells of a server that is down. So
the places among the connections are given out here, and its pool never runs out: whoever gets no
place in time hears of `SecondaryBusy`, and no connection is thrown away.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, cast

import redis
from redis import asyncio as aioredis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import ReadOnlyError, RedisError, ResponseError
from redis.retry import Retry

from watchword.database.secondary import SecondaryBusy
from watchword.runtime.process import PerProcess
from watchword.storage.connections.per_loop import PerLoop

_log = logging.getLogger("watchword.secondary")

_TRIES = 1
"""New tries after a connection broke: the server may have closed it while it was idle."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A client of redis-py, and what may be asked of it. Its parts are of either world."""

    client: Callable[[], Any]
    """Makes it, with its first use."""
    most: int
    """Commands at a time."""
    wait: float
    """Seconds to wait for a place among them."""


def opening_of_url(url: str, options: Mapping[str, object]) -> Opening:
    """For threads. Parameters of the URL win."""
    pool = blocking_pool(url, options)
    return Opening(lambda: redis.Redis(connection_pool=pool), pool.max_connections, pool.timeout)


def loop_opening_of_url(url: str, options: Mapping[str, object]) -> Opening:
    """For an event loop."""
    given: dict[str, Any] = {**options, **_retried(AsyncRetry)}
    pool = cast("Any", aioredis.BlockingConnectionPool).from_url(url, **given)
    return Opening(lambda: aioredis.Redis(connection_pool=pool), pool.max_connections, pool.timeout)


def blocking_pool(url: str, options: Mapping[str, object]) -> Any:
    """A pool that has not connected. Raises what redis-py does for wrong options."""
    return cast("Any", redis.BlockingConnectionPool).from_url(url, **options, **_retried(Retry))


def _retried(kind: type[Retry] | type[AsyncRetry]) -> dict[str, Any]:
    retry = kind(NoBackoff(), _TRIES, (Disconnected,))
    return {"retry": retry, "retry_on_error": [Disconnected]}


class _Pool:
    """The connections of one process."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._client: Any = None
        self._lock = threading.Lock()
        self._places = threading.Semaphore(opening.most)

    def client(self) -> Any:
        """The client, made by the first who asks: one of a cluster connects at once."""
        if self._client is None:
            with self._lock:
                if self._client is None:
                    self._client = self._opening.client()
        return self._client

    @contextmanager
    def place(self) -> Generator[None, None, None]:
        """A place among the connections. Raises `SecondaryBusy`."""
        if not self._places.acquire(timeout=self._opening.wait):
            raise _all_busy(self._opening)
        try:
            yield
        finally:
            self._places.release()

    def give_up(self) -> None:
        """Leave a server that takes no writes any more: idle connections lead to it too."""
        pool = getattr(self._client, "connection_pool", None)
        if pool is None:
            return  # a cluster's client looks for another server itself
        try:
            pool.disconnect(inuse_connections=False)
        except TypeError:
            pool.disconnect()  # older clients know but all; who waits on one asks again

    def close(self) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        pool = getattr(client, "connection_pool", None)
        if pool is not None:
            pool.disconnect()
        for one in _watchers(pool):
            one.close()
        client.close()


class BlockingLink:
    """A pool for the threads of each process."""

    def __init__(self, opening: Callable[[], Opening]) -> None:
        self._pools = PerProcess(lambda: _Pool(opening()))

    async def send(self, *command: str | int) -> object:
        pool = self._pools.here()
        with pool.place():
            try:
                return pool.client().execute_command(*command)
            except ResponseError as error:
                if takes_no_writes(error):
                    pool.give_up()
                raise

    async def close(self) -> None:
        """Disconnect what this process has."""
        pool = self._pools.made_here()
        if pool is not None:
            pool.close()


class _LoopPool:
    """The connections of one event loop."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self.client = opening.client()
        self._places = asyncio.Semaphore(opening.most)

    @asynccontextmanager
    async def place(self) -> AsyncGenerator[None, None]:
        """A place among the connections. Raises `SecondaryBusy`."""
        if self._places.locked():
            try:
                async with asyncio.timeout(self._opening.wait):
                    await self._places.acquire()
            except TimeoutError:
                raise _all_busy(self._opening) from None
        else:
            await self._places.acquire()  # does not wait
        try:
            yield
        finally:
            self._places.release()

    async def give_up(self) -> None:
        """Leave a server that takes no writes any more."""
        pool = getattr(self.client, "connection_pool", None)
        if pool is not None:
            await pool.disconnect(inuse_connections=False)

    async def close(self) -> None:
        pool = getattr(self.client, "connection_pool", None)
        if pool is not None:
            await pool.disconnect()
        for one in _watchers(pool):
            await one.aclose()
        await self.client.aclose()


class LoopLink:
    """A pool for each event loop that uses it."""

    def __init__(self, opening: Callable[[], Opening]) -> None:
        # The sockets of a loop that was closed first go with the garbage collector.
        self._pools = PerLoop(lambda: _LoopPool(opening()), lambda pool: None)

    async def send(self, *command: str | int) -> object:
        pool = self._pools.here()
        async with pool.place():
            try:
                return await pool.client.execute_command(*command)
            except ResponseError as error:
                if takes_no_writes(error):
                    await pool.give_up()
                raise

    async def close(self) -> None:
        """Disconnect what the running loop has."""
        taken = self._pools.take_here()
        if taken is not None:
            await taken.close()


def takes_no_writes(error: RedisError) -> bool:
    """Whether a server that is a copy says so; Redis 6 says it of a script in the text alone."""
    return isinstance(error, ReadOnlyError) or " -READONLY " in str(error)


def _watchers(pool: Any) -> list[Any]:
    """The clients of Sentinels, which tell where the server is."""
    return getattr(getattr(pool, "sentinel_manager", None), "sentinels", [])


def _all_busy(opening: Opening) -> SecondaryBusy:
    text = f"all {opening.most} connections to Redis stayed busy for {opening.wait:g} s"
    _log.warning("%s: this call failed, others go on", text)
    return SecondaryBusy(text)
