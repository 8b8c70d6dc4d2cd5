"""Things that belong to an event loop, made with its first use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerLoop(Generic[T]):
    """One thing for each event loop; things of closed loops are given up when a new one is made."""

    def __init__(self, make: Callable[[], T], close: Callable[[T], None]) -> None:
        self._make = make
        self._close = close
        self._made: dict[asyncio.AbstractEventLoop, T] = {}

    def here(self) -> T:
        """The thing of the running loop."""
        loop = asyncio.get_running_loop()
        found = self._made.get(loop)
        if found is None:
            self._give_up(lambda other: other.is_closed())
            found = self._made[loop] = self._make()
        return found

    def take_here(self) -> T | None:
        """The thing of the running loop, if there is one; from now on it is the caller's.

        Things of closed loops are given up.
        """
        self._give_up(lambda loop: loop.is_closed())
        return self._made.pop(asyncio.get_running_loop(), None)

    def close_resting(self) -> None:
        """Give up the things of all loops that are not running."""
        self._give_up(lambda loop: not loop.is_running())

    def close_all(self) -> None:
        """Give up everything."""
        self._give_up(lambda loop: True)

    def drop_all(self) -> list[T]:
        """Forget everything without closing it."""
        dropped = list(self._made.values())
        self._made.clear()
        return dropped

    def _give_up(self, chosen: Callable[[asyncio.AbstractEventLoop], bool]) -> None:
        for loop in [loop for loop in list(self._made) if chosen(loop)]:
            thing = self._made.pop(loop, None)
            if thing is not None:
                self._close(thing)
