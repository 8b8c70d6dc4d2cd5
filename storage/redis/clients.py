"""Redis by clients of the application's own: Sentinel, Cluster, credentials that change."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from watchword.configuration.options import Duration
from watchword.database.contract import StorageUnavailable
from watchword.errors import ConfigurationError
from watchword.storage.connections.circuit_breaker import CircuitBreaker

from .engine import RedisEngine
from .pool import BlockingLink, LoopLink, Opening
from .storage import PREFIX, positive


class NoClient(ConfigurationError, StorageUnavailable):
    """This world was given no function that makes a client."""

    def __init__(self, option: str) -> None:
        super().__init__(option, "is missing, and this code needs it", "Give both functions")


class RedisClients:
    """Redis (6.2 or newer) or Valkey, asked by clients of redis-py that the application makes.

    `blocking` makes a client for synchronous code (`redis.Redis`, `RedisCluster`, or what
    `Sentinel.master_for` gives), `asynchronous` one of `redis.asyncio` for event loops: called once
    for each process and each event loop, with the first use there. Give both, or the one that is
    used. They are closed here; their time-outs and retries are the application's.

    `name` is what the log calls the store. `prefix`, `pause` and `clock` are those of
    `RedisStorage`; at most `max_connections` commands run at a time, and others wait for `timeout`
    seconds: let the client have as many connections.

    Raises `ConfigurationError`.
    """

    def __init__(
        self,
        blocking: Callable[[], Any] | None = None,
        asynchronous: Callable[[], Any] | None = None,
        *,
        name: str = "Redis",
        prefix: str = PREFIX,
        timeout: Duration = 1,
        max_connections: int = 50,
        pause: Duration = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        for option, make in (("blocking", blocking), ("asynchronous", asynchronous)):
            if make is not None and not callable(make):
                raise ConfigurationError(option, f"{make!r} is no function", "Give one")
        if max_connections < 1:
            raise ConfigurationError("max_connections", f"{max_connections!r} is none", "Give >= 1")
        self.server = name
        self.prefix = prefix
        self._blocking, self._asynchronous = blocking, asynchronous
        self._most, self._wait = max_connections, positive("timeout", timeout)
        self._breaker = CircuitBreaker(name, positive("pause", pause), clock)

    def blocking(self) -> RedisEngine:
        """An engine for synchronous code; safe under threads and after fork."""
        opening = self._opening("blocking", self._blocking)
        return RedisEngine(BlockingLink(lambda: opening), self.prefix, self._breaker)

    def asynchronous(self) -> RedisEngine:
        """An engine for event loops, one after the other or several at once."""
        opening = self._opening("asynchronous", self._asynchronous)
        return RedisEngine(LoopLink(lambda: opening), self.prefix, self._breaker)

    def __repr__(self) -> str:
        return f"RedisClients({self.server!r})"

    def _opening(self, option: str, make: Callable[[], Any] | None) -> Opening:
        def missing() -> Any:
            raise NoClient(option)

        return Opening(make or missing, self._most, self._wait)
