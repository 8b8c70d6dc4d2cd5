"""Where requests are counted: in memory, in the database, or by the application.

A window restarts once nothing was allowed for its length. Check and count are one atomic step, so
that a burst gets exactly the allowed number through (spec: HTTP, rate limiter; security L1, L5).
"""

from __future__ import annotations

import logging
import math
import threading
from collections import OrderedDict
from typing import Protocol, cast

import msgspec

from watchword.call import Call
from watchword.configuration.options import RateLimitRule, RateLimitStore, seconds
from watchword.database.contract import StorageUnavailable
from watchword.database.secondary import SecondaryBusy
from watchword.database.table import gt, lt
from watchword.discreet import Discreet
from watchword.records import RateLimitCounter
from watchword.runtime.process import PerProcess

_log = logging.getLogger("watchword.rate_limit")

MOST_COUNTERS = 100_000
"""Counters that the memory keeps; beyond, the oldest are forgotten."""

DAY = 86_400
"""Seconds. Rows of the database that were idle for as long are swept."""

_ATTEMPTS = 10


class Counters(Protocol):
    """Counts requests by key."""

    async def consume(self, call: Call, key: str, rule: RateLimitRule) -> int | None:
        """Count one request; None if it is allowed, else the seconds to wait."""
        ...


class ClearableCounters(Counters, Protocol):
    """Counters that can be set back."""

    async def give_back(self, call: Call, key: str, rule: RateLimitRule) -> None:
        """Undo one that was counted."""
        ...

    async def clear(self, call: Call, key: str) -> None:
        """Forget what was counted under a key."""
        ...


class _Window(Discreet, msgspec.Struct):
    count: int
    last: float


class MemoryCounters:
    """Counters of one process, shared by its threads."""

    def __init__(self) -> None:
        self._windows: OrderedDict[str, _Window] = OrderedDict()
        self._lock = PerProcess(threading.Lock)

    async def consume(self, call: Call, key: str, rule: RateLimitRule) -> int | None:
        window, now = seconds("rate limit window", rule.window), call.now.timestamp()
        with self._lock.here():
            found = self._windows.get(key)
            if found is None or now - found.last >= window:
                self._windows[key] = _Window(1, now)
            elif found.count < rule.max:
                found.count += 1
                found.last = now
            else:
                return max(1, math.ceil(found.last + window - now))
            self._windows.move_to_end(key)
            if len(self._windows) > MOST_COUNTERS:
                self._windows.popitem(last=False)
            return None

    async def give_back(self, call: Call, key: str, rule: RateLimitRule) -> None:
        with self._lock.here():
            found = self._windows.get(key)
            if found is not None and found.count > 0:
                found.count -= 1

    async def clear(self, call: Call, key: str) -> None:
        with self._lock.here():
            self._windows.pop(key, None)


class DatabaseCounters:
    """Counters as rows of the `rateLimit` table, shared by all processes on the database.

    Nothing is counted inside a transaction, where a rollback would undo it (security, W8).
    """

    def __init__(self, longest_window: int) -> None:
        self._longest = longest_window

    async def consume(self, call: Call, key: str, rule: RateLimitRule) -> int | None:
        await call.db.must_last("guesses and requests")
        window = seconds("rate limit window", rule.window) * 1000
        now = int(call.now.timestamp() * 1000)
        for _ in range(_ATTEMPTS):
            counted = await call.db.increment(
                RateLimitCounter,
                {"count": 1},
                {"last_request": now},
                key=key,
                last_request=gt(now - window),
                count=lt(rule.max),
            )
            if counted is not None or await self._first(call, key, now):
                return None
            found = await call.db.find_one(RateLimitCounter, key=key)
            if found is None:
                continue
            if found.last_request > now - window:
                if found.count >= rule.max:
                    return max(1, math.ceil((found.last_request + window - now) / 1000))
            elif await self._restart(call, found, now):
                return None
        return max(1, window // 1000)

    async def give_back(self, call: Call, key: str, rule: RateLimitRule) -> None:
        await call.db.increment(RateLimitCounter, {"count": -1}, key=key, count=gt(0))

    async def clear(self, call: Call, key: str) -> None:
        await call.db.delete(RateLimitCounter, key=key)

    async def _first(self, call: Call, key: str, now: int) -> bool:
        return await call.db.reserve(RateLimitCounter, key=key, count=1, last_request=now)

    async def _restart(self, call: Call, found: RateLimitCounter, now: int) -> bool:
        changes = {"count": 1, "last_request": now}
        won = await call.db.update(
            RateLimitCounter, changes, key=found.key, last_request=found.last_request
        )
        if won is None:
            return False
        old = now - self._longest * 1000
        await call.db.sweep(RateLimitCounter, last_request=lt(old))
        return True


class SecondaryCounters:
    """Counters in the secondary storage: fixed windows, counted by the storage itself.

    While it is down, each process counts in `memory`, by the same rules, or all is refused
    (`on_storage_failure`); nothing ever passes uncounted. One that is merely busy is not down: the
    call is refused (`SecondaryBusy`).
    """

    def __init__(self, memory: MemoryCounters) -> None:
        self._memory = memory

    async def consume(self, call: Call, key: str, rule: RateLimitRule) -> int | None:
        window = seconds("rate limit window", rule.window)
        try:
            count = await call.secondary.increment(key, window)
        except SecondaryBusy:
            raise
        except StorageUnavailable:
            if call.config.rate_limit.on_storage_failure == "refuse":
                raise
            _note(call, failing=True)
            return await self._memory.consume(call, key, rule)
        _note(call, failing=False)
        return None if count <= rule.max else window

    async def give_back(self, call: Call, key: str, rule: RateLimitRule) -> None:
        # There is no step back in the contract. What is put begins a whole window: never too short.
        window = seconds("rate limit window", rule.window)
        for _ in range(_ATTEMPTS):
            count = await call.secondary.get(key)
            if count is None:
                return
            less = str(int(count) - 1) if int(count) > 1 else None
            if await call.secondary.replace(key, count, less, window):
                return

    async def clear(self, call: Call, key: str) -> None:
        await self._memory.clear(call, key)
        try:
            await call.secondary.delete(key)
        except StorageUnavailable:
            if call.config.rate_limit.on_storage_failure == "refuse":
                raise


_failing: dict[int, object] = {}
"""The configurations whose storage did not count when it was last asked to, by their ids: as long
as one is kept, no other gets its id."""
_lock = PerProcess(threading.Lock)


def _note(call: Call, *, failing: bool) -> None:
    # One line when it stops counting, and one when it goes on.
    one = id(call.config)
    if (one in _failing) is failing:
        return
    with _lock.here():
        changed = (one in _failing) is not failing
        if failing:
            _failing[one] = call.config
        else:
            _failing.pop(one, None)
    if changed and failing:
        _log.error("the secondary storage is unavailable: each process counts in memory")
    elif changed:
        _log.warning("the secondary storage is back: requests are counted there")


def account_counters(call: Call, memory: MemoryCounters) -> ClearableCounters:
    """What counts events of one account: the store of rate limits; beside an own one, `memory`.

    `memory` counts while the secondary storage is down, too: what bounds guesses never opens.
    """
    limits = call.config.rate_limit
    if limits.consume is not None or limits.storage == "memory":
        return memory
    return DatabaseCounters(DAY) if limits.storage == "database" else SecondaryCounters(memory)


class OwnCounters:
    """Counting by the application's own store."""

    def __init__(self, consume: RateLimitStore) -> None:
        self._consume = consume

    async def consume(self, call: Call, key: str, rule: RateLimitRule) -> int | None:
        return cast("int | None", await call.run(self._consume, key, rule))
