"""How much of what waits is done at a time, and how much may wait: decided at start-up."""

from __future__ import annotations

import msgspec

from watchword.discreet import Discreet

from .machine import parallel_hashes, usable_cores, usable_memory

WAITING_HASHES = 64
"""For each that runs."""


class Hashes(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of password hashing. Servers in one process with the same bounds share them."""

    parallel: int
    queue: int
    wait: float
    """Seconds."""

    @classmethod
    def fitting(
        cls, parallel: int | None, queue: int | None, wait: float, *, memory: int
    ) -> Hashes:
        """What was chosen, and for the rest (None) what suits the machine.

        `memory` is what one hash takes, in bytes.
        """
        if parallel is None:
            parallel = parallel_hashes(usable_cores(), usable_memory(), memory)
        queue = parallel * WAITING_HASHES if queue is None else queue
        return cls(parallel=parallel, queue=queue, wait=wait)


class Capacity(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of all that waits in one server."""

    hashes: Hashes
    callback_threads: int = 16
    callback_queue: int = 1000
    background: int = 16
    background_queue: int = 1000
    drain: float = 30
    """Seconds."""
