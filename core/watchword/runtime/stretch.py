"""A state that lasts for a while is one line in the log when it begins and one when it ends."""

from __future__ import annotations

import logging


class Stretch:
    """Tells once that something began, and once that it is over."""

    __slots__ = ("_began", "_log", "_on", "_over")

    def __init__(self, log: logging.Logger, began: str, over: str) -> None:
        self._log = log
        self._began = began
        self._over = over
        self._on = False

    def begin(self) -> None:
        """It is so now: an ERROR, if it was not so before."""
        if not self._on:
            self._on = True
            self._log.error(self._began)

    def end(self) -> None:
        """It is not so any more: a WARNING, if it was so before."""
        if self._on:
            self._on = False
            self._log.warning(self._over)
