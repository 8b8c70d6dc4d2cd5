"""Things that belong to an event loop, made with its first use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from watchword.runtime.process import PerProcess

T = TypeVar("T")


class PerLoop(Generic[T]):
    """One thing for each event loop of this process.

    Things of closed loops are given up (`close`) when a new one is made. Before a fork that the
    interpreter knows of, so are those of loops that do not run, if the thing `rests`. What a child
    inherits of loops that did not run is told to `leave`.
    """

    def __init__(
        self,
        make: Callable[[], T],
        close: Callable[[T], None],
        *,
        rests: bool = False,
        leave: Callable[[T], None] | None = None,
    ) -> None:
        self._make = make
        self._close = close
        self._leave = leave
        self._made: PerProcess[dict[asyncio.AbstractEventLoop, T]] = PerProcess(
            dict, rest=self._close_resting if rests else None, leave=self._let_go
        )

    def here(self) -> T:
        """The thing of the running loop."""
        made, loop = self._made.here(), asyncio.get_running_loop()
        found = made.get(loop)
        if found is None:
            self._give_up(made, lambda other: other.is_closed())
            found = made[loop] = self._make()
        return found

    def take_here(self) -> T | None:
        """The thing of the running loop, if there is one; from now on it is the caller's.

        Things of closed loops are given up.
        """
        made = self._made.here()
        self._give_up(made, lambda loop: loop.is_closed())
        return made.pop(asyncio.get_running_loop(), None)

    def close_all(self) -> None:
        """Give up everything that this process has."""
        made = self._made.made_here()
        if made is not None:
            self._give_up(made, lambda loop: True)

    def _close_resting(self, made: dict[asyncio.AbstractEventLoop, T]) -> None:
        self._give_up(made, lambda loop: not loop.is_running())

    def _let_go(self, made: dict[asyncio.AbstractEventLoop, T]) -> None:
        if self._leave is not None:
            for loop, thing in made.items():
                if not loop.is_running():
                    self._leave(thing)

    def _give_up(
        self,
        made: dict[asyncio.AbstractEventLoop, T],
        chosen: Callable[[asyncio.AbstractEventLoop], bool],
    ) -> None:
        for loop in [loop for loop in list(made) if chosen(loop)]:
            thing = made.pop(loop, None)
            if thing is not None:
                self._close(thing)
