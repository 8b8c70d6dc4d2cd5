"""What a profile is built in: address, database, clock and outbox."""

from __future__ import annotations

from collections.abc import Iterator, MutableSequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing import Manager
from types import SimpleNamespace
from typing import Any, Literal

from redis import Redis

from watchword.storage.memory import MemoryStorage
from watchword.storage.redis import RedisStorage


class Clock:
    """The real time plus an offset that the runner sets; `shared` holds it for all workers."""

    def __init__(self, shared: Any = None) -> None:
        self._shared = shared or SimpleNamespace(value=0.0)

    @property
    def offset(self) -> float:
        return self._shared.value

    @offset.setter
    def offset(self, seconds: float) -> None:
        self._shared.value = seconds

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.offset)


@dataclass
class Surroundings:
    """The server's address and database, its clock, its outbox."""

    origin: str
    database: str
    workers: int = 1
    provider: str = ""
    """Base URL of the fake identity provider."""
    redis: str = ""
    """The server of the secondary storage; without it that is in memory."""
    password_hash: Literal["argon2id", "scrypt"] = "argon2id"
    """For new passwords; the reference reads `scrypt` alone."""
    clock: Clock = field(default_factory=Clock)
    outbox: MutableSequence[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    secondary: MemoryStorage | RedisStorage | None = None

    def post(self, kind: str, to: str, **rest: Any) -> None:
        """Put a message into the outbox."""
        self.outbox.append({"kind": kind, "to": to, **rest})

    @property
    def prefix(self) -> str:
        """What the keys of this server begin with on its Redis."""
        return f"conformance:{self.origin}:"

    def open_secondary(self) -> MemoryStorage | RedisStorage:
        """The secondary storage."""
        if self.redis:
            self.secondary = RedisStorage(self.redis, prefix=self.prefix)
        else:
            self.secondary = MemoryStorage(self.clock)
        return self.secondary

    def live(self) -> dict[str, str]:
        """What the secondary storage holds."""
        if isinstance(self.secondary, MemoryStorage):
            return self.secondary.live()
        with Redis.from_url(self.redis, decode_responses=True) as client:
            keys: list[str] = list(client.scan_iter(match=f"{self.prefix}*"))
            found = {key: client.get(key) for key in keys}
        return {key[len(self.prefix) :]: str(text) for key, text in found.items() if text}

    def empty_secondary(self) -> None:
        """Begin with nothing on the Redis."""
        if self.redis:
            with Redis.from_url(self.redis) as client:
                for key in client.scan_iter(match=f"{self.prefix}*"):
                    client.delete(key)


@contextmanager
def shared_state(workers: int) -> Iterator[dict[str, Any]]:
    """Clock and outbox; with several workers in a process of their own, which all workers ask."""
    if workers == 1:
        yield {}
        return
    with Manager() as manager:
        yield {"clock": Clock(manager.Value("d", 0.0)), "outbox": manager.list()}
