"""`Advanced(work=WorkLimits(...))`: how much of what waits one process does at a time."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.runtime.capacity import Capacity, Hashes

from .durations import Duration, in_seconds, seconds
from .option_checks import check_number

_MOST_THREADS = 1000


@dataclass(frozen=True, kw_only=True)
class WorkLimits:
    """Bounds of password hashing, mails and callbacks, for each process of a server."""

    hashes: int | None = None
    """Password hashes at a time. None: one for each core but one, and no more than fit into a
    quarter of the memory; at least one."""
    hash_queue: int | None = None
    """Hashes that wait for their turn, first come, first served; beyond, the answer is 503. None:
    64 for each that runs."""
    hash_wait: Duration = 5
    """How long a hash waits for its turn (5 s); then the answer is 503."""
    callback_threads: int = 16
    """Threads for hooks and other callbacks that are no `async def`, in asynchronous servers."""
    callback_queue: int = 1000
    """Callbacks that wait for such a thread; beyond, the answer is 503."""
    background: int = 16
    """Mails and other background work at a time."""
    background_queue: int = 1000
    """Background work that waits; beyond, what would promise more is answered 503."""
    drain: Duration = 30
    """How long `close()` waits for background work (30 s); the log tells what is left then."""

    def __post_init__(self) -> None:
        for name, least, most in (
            ("hashes", 1, _MOST_THREADS),
            ("hash_queue", 0, None),
            ("callback_threads", 1, _MOST_THREADS),
            ("callback_queue", 0, None),
            ("background", 1, _MOST_THREADS),
            ("background_queue", 0, None),
        ):
            value = getattr(self, name)
            if value is not None or not name.startswith("hash"):
                check_number(f"advanced.work.{name}", value, least, most)
        seconds("advanced.work.hash_wait", self.hash_wait)
        seconds("advanced.work.drain", self.drain)

    def capacity(self, hash_memory: int) -> Capacity:
        """The bounds on this machine; `hash_memory` is what one password hash takes, in bytes."""
        return Capacity(
            hashes=Hashes.fitting(
                self.hashes,
                self.hash_queue,
                in_seconds(self.hash_wait),
                memory=hash_memory,
            ),
            callback_threads=self.callback_threads,
            callback_queue=self.callback_queue,
            background=self.background,
            background_queue=self.background_queue,
            drain=in_seconds(self.drain),
        )
