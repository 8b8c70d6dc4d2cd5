"""Work that is to begin after a while, in a thread of its own, if the process is there then."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress


class WakeUps:
    """What waits for its time; belongs to one process. Its threads hold up no exit."""

    def __init__(self) -> None:
        self._waiting: set[threading.Timer] = set()

    def add(self, seconds: float, begin: Callable[[], None]) -> None:
        """Call `begin` after a while. Nothing happens where the system gives no thread."""

        def woken() -> None:
            self._waiting.discard(timer)
            begin()

        timer = threading.Timer(seconds, woken)
        timer.daemon = True
        timer.name = "watchword-wake-up"
        self._waiting.add(timer)
        with suppress(RuntimeError):
            timer.start()

    def drop(self) -> None:
        """Forget all that has not begun."""
        while self._waiting:
            self._waiting.pop().cancel()
