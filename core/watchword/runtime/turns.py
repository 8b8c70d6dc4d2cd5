"""Taking turns: so many at a time, the others in the order in which they came.

Threads and event loops wait in one queue. Belongs to one process.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future

from watchword.errors import Overloaded


class Turns:
    """At most `parallel` callers at a time, and at most `queue` that wait."""

    def __init__(self, parallel: int, queue: int) -> None:
        self._free = parallel
        self._queue = queue
        self._lock = threading.Lock()
        self._waiting: deque[Future[None]] = deque()

    def take(self) -> Future[None] | None:
        """None: it is the caller's turn. Else what is done once it is.

        Raises `Overloaded` if too many wait. Whoever had a turn calls `leave`.
        """
        with self._lock:
            if self._free:
                self._free -= 1
                return None
            if len(self._waiting) >= self._queue:
                raise Overloaded
            turn: Future[None] = Future()
            self._waiting.append(turn)
            return turn

    def give_up(self, turn: Future[None]) -> bool:
        """Wait no longer. False if the turn has come: then it must be used, or left."""
        with self._lock:
            if turn.cancelled() or not turn.cancel():
                return False
            self._waiting.remove(turn)
            return True

    def leave(self) -> None:
        """End a turn; it goes to the one who has waited longest."""
        with self._lock:
            if not self._waiting:
                self._free += 1
                return
            turn = self._waiting.popleft()
            turn.set_running_or_notify_cancel()
        turn.set_result(None)
