"""Work that is to begin after a while on an event loop, if that runs then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class WakeUpsOnLoops:
    """What waits for its time, by event loop; belongs to one process."""

    def __init__(self) -> None:
        self._waiting: dict[asyncio.AbstractEventLoop, set[asyncio.TimerHandle]] = {}

    def add(self, seconds: float, begin: Callable[[], None]) -> None:
        """Call `begin` on the running loop after a while."""
        loop = asyncio.get_running_loop()
        for closed in [one for one in list(self._waiting) if one.is_closed()]:
            self._waiting.pop(closed, None)
        waiting = self._waiting.setdefault(loop, set())

        def woken() -> None:
            waiting.discard(handle)
            begin()

        handle = loop.call_later(seconds, woken)
        waiting.add(handle)

    def drop(self) -> None:
        """Forget what has not begun on the running loop."""
        for handle in self._waiting.pop(asyncio.get_running_loop(), ()):
            handle.cancel()
