"""A secondary storage in the memory of one process: for tests, and for servers of one process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from watchword.runtime.process import PerProcess

_SWEEP = 10_000
"""Writes between two looks for ended keys."""


@dataclass(frozen=True, slots=True)
class _Entry:
    value: str
    ends_at: datetime | None


def _utc_now() -> datetime:
    return datetime.now(UTC)


class MemoryStorage:
    """Keys and values with an end. Safe under threads; never waits, so it serves both worlds."""

    def __init__(self, clock: Callable[[], datetime] = _utc_now) -> None:
        self.clock = clock
        self._entries: dict[str, _Entry] = {}
        self._lock = PerProcess(threading.Lock)
        self._writes = 0

    def blocking(self) -> MemoryStorage:
        return self

    def asynchronous(self) -> MemoryStorage:
        return self

    def live(self) -> dict[str, str]:
        """All keys that have not ended, with their values."""
        with self._lock.here():
            found = [(key, self._find(key)) for key in sorted(self._entries)]
            return {key: entry.value for key, entry in found if entry is not None}

    async def get(self, key: str) -> str | None:
        with self._lock.here():
            found = self._find(key)
            return found.value if found else None

    async def set(self, key: str, value: str, ttl: int | None = None) -> None:
        with self._lock.here():
            self._put(key, value, self._end(ttl))

    async def delete(self, key: str) -> None:
        with self._lock.here():
            self._entries.pop(key, None)

    async def get_and_delete(self, key: str) -> str | None:
        with self._lock.here():
            found = self._find(key)
            self._entries.pop(key, None)
            return found.value if found else None

    async def increment(self, key: str, ttl: int) -> int:
        with self._lock.here():
            found = self._find(key)
            count = int(found.value) + 1 if found else 1
            self._put(key, str(count), found.ends_at if found else self._end(ttl))
            return count

    async def replace(
        self, key: str, old: str | None, new: str | None, ttl: int | None = None
    ) -> bool:
        with self._lock.here():
            found = self._find(key)
            if (found.value if found else None) != old:
                return False
            if new is None:
                self._entries.pop(key, None)
            else:
                self._put(key, new, self._end(ttl))
            return True

    async def close(self) -> None:
        """Nothing is held open; what is stored stays."""

    def _find(self, key: str) -> _Entry | None:
        entry = self._entries.get(key)
        if entry is None or entry.ends_at is None or entry.ends_at > self.clock():
            return entry
        del self._entries[key]
        return None

    def _put(self, key: str, value: str, ends_at: datetime | None) -> None:
        self._entries[key] = _Entry(value, ends_at)
        self._writes += 1
        if self._writes % _SWEEP == 0:
            for old in list(self._entries):
                self._find(old)

    def _end(self, ttl: int | None) -> datetime | None:
        return None if ttl is None else self.clock() + timedelta(seconds=ttl)
