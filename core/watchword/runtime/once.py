"""What several callers want at the same moment is done once, and all of them get the outcome."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Shared:
    """Work that is being done, by key. Belongs to one process, and to threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begun: dict[object, Future[Any]] = {}

    async def do(self, key: object, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work in this thread, or wait for the one that does it already."""
        with self._lock:
            found = self._begun.get(key)
            mine: Future[T] = self._begun.setdefault(key, Future())
        if found is not None:
            return found.result()
        try:
            result = await work()
        except BaseException as error:
            self._end(key)
            mine.set_exception(error)
            raise
        self._end(key)
        mine.set_result(result)
        return result

    def _end(self, key: object) -> None:
        with self._lock:
            del self._begun[key]
