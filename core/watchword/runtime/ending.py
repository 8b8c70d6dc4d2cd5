"""The end of the process: what was promised is finished first, where that is still possible.

The interpreter says so before it waits for threads and before pools of the standard library refuse
work, so that a mail can still look up its server's name. Where it cannot say so that early, it is
told as late as everybody else.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from concurrent.futures import thread as pools_of_the_standard_library
from typing import Protocol


class Unfinished(Protocol):
    """Something that has work to do."""

    def finish_at_exit(self) -> None:
        """Do it, or wait for it, within bounds; raises nothing."""
        ...


class Endings:
    """All that is unfinished, kept until it is not: nobody else may hold it any more."""

    def __init__(self) -> None:
        self._begun: dict[Unfinished, int] = {}

    def begin(self, one: Unfinished) -> None:
        """Keep it. The process that does so finishes it, and no child."""
        self._begun[one] = os.getpid()

    def end(self, one: Unfinished) -> None:
        """It is finished, and may go."""
        self._begun.pop(one, None)

    def finish(self) -> None:
        """Finish all, also what is added meanwhile."""
        while self._begun:
            one, process = self._begun.popitem()
            if process == os.getpid():
                one.finish_at_exit()


endings = Endings()
"""Those of this process."""


def _at_exit(finish: Callable[[], None]) -> None:
    early = getattr(threading, "_register_atexit", None)
    try:
        if early is not None:
            early(finish)
            return
    except RuntimeError:
        pass  # the process is ending already
    atexit.register(finish)


# Whoever asked last is told first: these have asked when they were imported.
assert pools_of_the_standard_library  # noqa: S101
_at_exit(endings.finish)
