"""Spares a server that is down, and whoever would wait for it.

After a failure nothing is asked for a while; then one caller tries, and the rest go on failing at
once until that one succeeds. An outage is one line in the log, and its end another.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from watchword.database.secondary import SecondaryUnavailable
from watchword.runtime.process import PerProcess

_log = logging.getLogger("watchword.secondary")


class CircuitBreaker:
    """The state of one server, shared by all who ask it. Safe under threads and fork.

    `pause` is the time between two tries during an outage, in seconds of `clock`.
    """

    def __init__(self, server: str, pause: float, clock: Callable[[], float]) -> None:
        self._server = server
        self._pause = pause
        self._clock = clock
        self._outages = 0
        self._next_try: float | None = None
        self._lock = PerProcess(threading.Lock)

    def admit(self) -> int:
        """Let a caller ask; gives the ticket to report with. Raises `SecondaryUnavailable`."""
        if self._next_try is not None:
            with self._lock.here():
                self._take_turn()
        return self._outages

    def failed(self, ticket: int, reason: str) -> SecondaryUnavailable:
        """Note that asking failed; gives what to raise."""
        with self._lock.here():
            if ticket == self._outages:
                if self._next_try is None:
                    self._outages += 1
                    _log.error("%s is unavailable (%s)", self._server, reason)
                self._next_try = self._clock() + self._pause
        return self._unavailable()

    def succeeded(self, ticket: int) -> None:
        """Note that asking succeeded."""
        if self._next_try is not None:
            with self._lock.here():
                self._end_outage(ticket)

    def _take_turn(self) -> None:
        if self._next_try is not None:
            now = self._clock()
            if now < self._next_try:
                raise self._unavailable()
            self._next_try = now + self._pause

    def _end_outage(self, ticket: int) -> None:
        # A caller from before the outage tells nothing about what is now.
        if self._next_try is not None and ticket == self._outages:
            self._next_try = None
            _log.warning("%s is available again", self._server)

    def _unavailable(self) -> SecondaryUnavailable:
        return SecondaryUnavailable(f"{self._server} is unavailable")
