"""How much background work is unfinished, and whether there is room for more.

Mail servers hang. Endpoints that promise a mail ask for room before they begin, and answer 503
without it; so whoever got in has the promise kept, beyond the bound if need be (spec: security,
W9).
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Coroutine
from typing import Any

from watchword.errors import Overloaded

from .named_work import names_of_the_unfinished
from .stretch import Stretch

_log = logging.getLogger("watchword.background")
_RETRY_AFTER = 30
"""Seconds; mail servers do not recover in a moment."""


class Backlog:
    """Counts background work; `most` pieces may be unfinished. Belongs to one process."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._unfinished = 0
        self._lock = threading.Condition(threading.Lock())
        _everywhere[os.getpid(), id(self)] = self
        self._full = Stretch(
            _log,
            f"{most} pieces of background work are unfinished: what would promise more is "
            "answered 503. Is the mail server slow?",
            "there is room for background work again",
        )

    def check(self) -> None:
        """Raises `Overloaded` if there is no room."""
        if self._unfinished >= self._most:
            self._full.begin()
            raise Overloaded(_RETRY_AFTER)

    def enter(self, *, promised: bool) -> None:
        """Count one more. Raises `Overloaded` if there is no room and nothing was promised."""
        with self._lock:
            if not promised:
                self.check()
            self._unfinished += 1

    def admit(self, work: Coroutine[Any, Any, None], *, promised: bool) -> None:
        """`enter` with a piece of work, which is closed where there is no room."""
        try:
            self.enter(promised=promised)
        except Exception:
            work.close()
            raise

    def leave(self) -> None:
        """One is finished."""
        with self._lock:
            self._unfinished -= 1
            # Not at the first free place, where it would begin and end all the time.
            if self._unfinished <= self._most // 2:
                self._full.end()
            if not self._unfinished:
                self._lock.notify_all()

    def wait(self, seconds: float) -> int:
        """Wait until nothing is unfinished; how much is left after `seconds`."""
        with self._lock:
            self._lock.wait_for(lambda: not self._unfinished, seconds)
            return self._unfinished


_everywhere: weakref.WeakValueDictionary[tuple[int, int], Backlog] = weakref.WeakValueDictionary()
"""By process, and in it by identity: a child has nothing to wait for of its parent's."""


def unfinished_after(seconds: float) -> int:
    """Wait for the background work of every server in this process, on whatever threads and loops
    it runs; how much is left after `seconds`. It blocks: a loop that runs here does nothing
    meanwhile."""
    end, process = time.monotonic() + seconds, os.getpid()
    here = [one for (made_in, _), one in list(_everywhere.items()) if made_in == process]
    return sum(one.wait(max(0, end - time.monotonic())) for one in here)


def unfinished_at_the_end(count: int, seconds: float) -> None:
    """Tell the operator what a shutdown left undone."""
    names = names_of_the_unfinished()
    among = f"; among them: {names}" if names else ""
    _log.error(
        "%d pieces of background work were not finished within %s s%s", count, seconds, among
    )


def lost_with_its_loop() -> None:
    """Tell the operator that an event loop ended before the work did."""
    _log.error("background work was cancelled with its event loop; close the server first")


def done_in_place(why: str) -> None:
    """Tell the operator that answers wait for their mails."""
    _log.warning("%s: background work is done before the answer", why)


def own_way_failed(error: BaseException) -> None:
    """Tell the operator that `Advanced(background=...)` raised, without its text."""
    _log.error("advanced.background failed with %s: run here instead", type(error).__name__)


def never_run() -> None:
    """Tell the operator that `Advanced(background=...)` let go of a job: nobody can run it now."""
    _log.error("advanced.background dropped a job without running it: what it had to do is lost")
