"""What this process may use of the machine: cores and memory, as limits and containers say."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator

_GROUPS = "/sys/fs/cgroup"
_UNKNOWN = 512 * 1024 * 1024
"""Bytes of memory that are supposed where no limit can be read."""
_SHARE = 4
"""One part in so many of the memory is for password hashes."""


def parallel_hashes(cores: float, memory: int, cost: int) -> int:
    """How many password hashes run at a time: at least one.

    One core is left to everything else. `cost` is what one hash takes, and `memory` what there is,
    in bytes: all together take a quarter of it.
    """
    return max(1, min(math.ceil(cores) - 1, memory // _SHARE // max(1, cost)))


def usable_cores(groups: str | os.PathLike[str] = _GROUPS) -> float:
    """Cores that this process may run on, or the part of them that its container pays for."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores: float = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    quota, period = _words(f"{groups}/cpu.max", 2) or (
        *(_words(f"{groups}/cpu/cpu.cfs_quota_us", 1) or ("-1",)),
        *(_words(f"{groups}/cpu/cpu.cfs_period_us", 1) or ("1",)),
    )
    if quota.isdecimal() and period.isdecimal() and int(period):
        cores = min(cores, int(quota) / int(period))
    return cores


def usable_memory(groups: str | os.PathLike[str] = _GROUPS) -> int:
    """Bytes of memory that this process may have."""
    return min(_memory_limits(groups), default=_UNKNOWN)


def _memory_limits(groups: str | os.PathLike[str]) -> Iterator[int]:
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        words = _words(f"{groups}/{name}", 1)
        if words is not None and words[0].isdecimal():
            yield int(words[0])
    try:
        yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return


def _words(file: str, count: int) -> list[str] | None:
    try:
        with open(file, encoding="ascii") as opened:
            words = opened.read().split()
    except (OSError, UnicodeError):
        return None
    return words if len(words) == count else None
