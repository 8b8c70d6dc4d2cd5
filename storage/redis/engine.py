"""The operations of secondary storage in the words of Redis, over a link of either world.

Redis 6.2 or newer, or any Valkey: single use is GETDEL. What takes two steps is a script, which
the server runs as one.
"""

from __future__ import annotations

from typing import Protocol, cast

from redis import exceptions

from watchword.database.contract import StorageUnavailable
from watchword.errors import ConfigurationError
from watchword.storage.connections.circuit_breaker import CircuitBreaker

from .pool import takes_no_writes

INCREMENT = """
local count = redis.call('INCR', KEYS[1])
if count == 1 or redis.call('TTL', KEYS[1]) == -1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return count
"""
"""A counter without an end gets one too: another client may have died before it set the end."""

REPLACE = """
local found = redis.call('GET', KEYS[1])
if (found or '') ~= ARGV[2] or (found and '1' or '0') ~= ARGV[1] then return 0 end
if ARGV[3] == '0' then redis.call('DEL', KEYS[1])
elseif ARGV[5] == '' then redis.call('SET', KEYS[1], ARGV[4])
else redis.call('SET', KEYS[1], ARGV[4], 'EX', ARGV[5]) end
return 1
"""
"""Arguments: whether there is an old value, and which; a new one, and which; its seconds."""

_OUTAGES = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.OutOfMemoryError,
    exceptions.ClusterDownError,
    exceptions.RedisClusterException,
    OSError,
)


class ClusterRefused(ConfigurationError, StorageUnavailable):
    """The server is a node of a Redis Cluster, and sends its clients to others."""

    def __init__(self) -> None:
        super().__init__(
            "url",
            "the server is a node of a Redis Cluster, of which only one would be asked",
            "Use RedisClients with clients of the cluster, or an endpoint that has all keys",
        )


class Link(Protocol):
    """Sends commands, in the blocking or in the asynchronous world."""

    async def send(self, *command: str | int) -> object: ...

    async def close(self) -> None: ...


class RedisEngine:
    """Secondary storage on a Redis or Valkey server. All keys begin with `prefix`."""

    def __init__(self, link: Link, prefix: str, breaker: CircuitBreaker) -> None:
        self._link = link
        self._prefix = prefix
        self._breaker = breaker

    async def get(self, key: str) -> str | None:
        return _text(await self._ask("GET", self._prefix + key))

    async def set(self, key: str, value: str, ttl: int | None = None) -> None:
        if ttl is None:
            await self._ask("SET", self._prefix + key, value)
        elif ttl > 0:
            await self._ask("SET", self._prefix + key, value, "EX", ttl)
        else:
            await self.delete(key)

    async def delete(self, key: str) -> None:
        await self._ask("DEL", self._prefix + key)

    async def get_and_delete(self, key: str) -> str | None:
        return _text(await self._ask("GETDEL", self._prefix + key))

    async def increment(self, key: str, ttl: int) -> int:
        count = await self._ask("EVAL", INCREMENT, 1, self._prefix + key, ttl)
        return cast("int", count)

    async def replace(
        self, key: str, old: str | None, new: str | None, ttl: int | None = None
    ) -> bool:
        if ttl is not None and ttl <= 0:
            new = None
        known = (int(old is not None), old or "", int(new is not None), new or "")
        end = "" if ttl is None else ttl
        return await self._ask("EVAL", REPLACE, 1, self._prefix + key, *known, end) == 1

    async def close(self) -> None:
        await self._link.close()

    async def _ask(self, *command: str | int) -> object:
        ticket = self._breaker.admit()
        try:
            answer = await self._link.send(*command)
        except _OUTAGES as error:
            raise self._breaker.failed(ticket, type(error).__name__) from None
        except exceptions.RedisError as error:
            if takes_no_writes(error):
                raise self._breaker.failed(ticket, "ReadOnlyError") from None
            if _sends_elsewhere(error):
                raise ClusterRefused from None
            # Its text may quote what was sent.
            kind = type(error).__name__
            raise StorageUnavailable(f"Redis refused {command[0]} ({kind})") from None
        self._breaker.succeeded(ticket)
        return answer


def _sends_elsewhere(error: exceptions.RedisError) -> bool:
    # Older clients have no class for it outside of their own clusters.
    return isinstance(error, exceptions.AskError) or str(error).startswith(("MOVED ", "ASK "))


def _text(answer: object) -> str | None:
    # What is no UTF-8 is nothing that was stored here: readers find it damaged.
    return None if answer is None else cast("bytes", answer).decode("utf-8", "replace")
