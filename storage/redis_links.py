"""Connections to Redis for the two worlds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Protocol, cast

import redis
from redis import asyncio as aioredis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.retry import Retry

from .per_loop import PerLoop

_TRIES = 1
"""New tries after a connection broke: the server may have closed it while it was idle."""


def _retried(kind: type[Retry] | type[AsyncRetry]) -> dict[str, object]:
    retry = kind(NoBackoff(), _TRIES, (Disconnected,))
    return {"retry": retry, "retry_on_error": [Disconnected]}


class _Commands(Protocol):
    def execute_command(self, *command: object) -> Any: ...


class BlockingLink:
    """A pool for threads. redis-py makes a new one in a forked process."""

    def __init__(self, url: str, options: Mapping[str, object]) -> None:
        given: dict[str, Any] = {**options, **_retried(Retry)}
        self._pool = cast("Any", redis.BlockingConnectionPool).from_url(url, **given)
        self._client = cast("_Commands", redis.Redis(connection_pool=self._pool))

    def check(self) -> None:
        """Make a connection without connecting. Raises what redis-py does for wrong options."""
        self._pool.connection_class(**self._pool.connection_kwargs)

    async def send(self, *command: str | int) -> object:
        return self._client.execute_command(*command)

    async def close(self) -> None:
        self._pool.disconnect()


class _LoopPool:
    def __init__(self, url: str, options: Mapping[str, object]) -> None:
        given: dict[str, Any] = {**options, **_retried(AsyncRetry)}
        self.pool = cast("Any", aioredis.BlockingConnectionPool).from_url(url, **given)
        self.client = cast("_Commands", aioredis.Redis(connection_pool=self.pool))


_inherited: list[_LoopPool] = []
"""What a forked process got from its parent, kept so that it is never closed there."""


class LoopLink:
    """A pool for each event loop that uses it."""

    def __init__(self, url: str, options: Mapping[str, object]) -> None:
        # The sockets of a loop that was closed first go with the garbage collector.
        self._pools = PerLoop(lambda: _LoopPool(url, options), lambda pool: None)
        self._pid = os.getpid()

    async def send(self, *command: str | int) -> object:
        self._renew_after_fork()
        return await self._pools.here().client.execute_command(*command)

    async def close(self) -> None:
        """Disconnect what the running loop has."""
        self._renew_after_fork()
        taken = self._pools.take_here()
        if taken is not None:
            await taken.pool.disconnect()

    def _renew_after_fork(self) -> None:
        if self._pid != os.getpid():
            self._pid = os.getpid()
            _inherited.extend(self._pools.drop_all())
