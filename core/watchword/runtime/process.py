"""What belongs to one process, and is made anew in every other.

A forked child inherits threads that do not run there, locks that may be held for ever and sockets
that its parent reads from. Hooks of the interpreter do not see every fork: some servers fork in C.
So the process id is compared whenever such a thing is borrowed (spec: security, W3).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerProcess(Generic[T]):
    """Makes one thing for each process that asks. `make` is called late and may be called twice.

    What a child inherited is kept there, so that it is neither used nor closed by its parent's
    finalizers. Needs no lock, which could itself be inherited in a locked state.
    """

    __slots__ = ("_make", "_things")

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._things: dict[int, T] = {}

    def here(self) -> T:
        """The one of this process."""
        process = os.getpid()
        found = self._things.get(process)
        # Of threads that come here at once, all get what the first one put.
        return self._things.setdefault(process, self._make()) if found is None else found

    def take(self) -> T | None:
        """The one of this process, which is forgotten; None if there is none yet."""
        return self._things.pop(os.getpid(), None)
