"""What is borrowed for a while, and over in a child: see `watchword.runtime.process`."""

from __future__ import annotations

import os

from watchword.database.contract import StorageError


class Owned:
    """Something that knows in which process it was made."""

    __slots__ = ("_process",)

    def __init__(self) -> None:
        self._process = os.getpid()

    @property
    def inherited(self) -> bool:
        """Whether this is a child of the process in which it was made."""
        return self._process != os.getpid()


class Lease(Owned):
    """A transaction that somebody has for a while. In a child it is over: the parent has it."""

    __slots__ = ("_ended",)

    def __init__(self) -> None:
        super().__init__()
        self._ended = False

    @property
    def over(self) -> bool:
        """Whether it must not be used any more, nor given back."""
        return self._ended or self.inherited

    def check(self) -> None:
        """Go on only while it lasts. Raises `StorageError`."""
        if self.over:
            raise StorageError("this transaction is over; use the engine that it was begun on")

    def expire(self) -> None:
        """Nobody may use it from now on."""
        self._ended = True
