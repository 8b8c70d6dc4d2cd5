"""Places for outgoing requests: so many in all, and half of them for any one server."""

from __future__ import annotations

import threading
from concurrent.futures import Future

from .turns import Turns


class Places:
    """The turns of one process and world. A server that hangs holds up who asks the same one."""

    def __init__(self, parallel: int, queue: int) -> None:
        self._share = max(1, parallel // 2)
        self._queue = queue
        self._all = Turns(parallel, queue)
        self._lock = threading.Lock()
        self._servers: dict[str, tuple[Turns, int]] = {}

    def join(self, server: str) -> tuple[Turns, Turns]:
        """The turns to take for a server, in this order; `part` follows."""
        with self._lock:
            turns, users = self._servers.get(server) or (Turns(self._share, self._queue), 0)
            self._servers[server] = turns, users + 1
        return turns, self._all

    def part(self, server: str) -> None:
        """Nothing of a server is remembered once nobody asks it any more."""
        with self._lock:
            turns, users = self._servers.pop(server)
            if users > 1:
                self._servers[server] = turns, users - 1


def leave_or_give_up(turns: Turns, turn: Future[None] | None) -> None:
    """End a turn, or the wait for it, if that was not over before."""
    if turn is None or not turns.give_up(turn):
        turns.leave()
