"""What several callers want at the same moment is done once on each event loop."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class SharedTasks:
    """Tasks under way, by loop and key. Belongs to one process."""

    def __init__(self) -> None:
        self._begun: dict[tuple[asyncio.AbstractEventLoop, object], asyncio.Task[Any]] = {}

    async def do(self, key: object, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Begin the work on the running loop, or wait for the task that does it already."""
        loop = asyncio.get_running_loop()
        found = self._begun.get((loop, key))
        if found is None:
            found = self._begun[loop, key] = loop.create_task(work())
            found.add_done_callback(functools.partial(self._end, (loop, key)))
        # Shielded: the others go on when the one who came first has gone.
        return await asyncio.shield(found)

    def _end(self, key: tuple[asyncio.AbstractEventLoop, object], task: asyncio.Task[Any]) -> None:
        self._begun.pop(key)
        if not task.cancelled():
            task.exception()  # Whoever wanted it may be gone: nobody is told then.
