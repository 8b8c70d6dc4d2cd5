"""What was begun on a connection is waited for, whoever is cancelled meanwhile; and nobody who was
cancelled goes on for all that."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")


async def to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """The result of work; a caller that is cancelled waits for its end: no connection is left
    half-used."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await until_done(task)
        if not task.cancelled():
            task.exception()  # the cancellation is what the caller hears of
        raise


async def until_done(work: asyncio.Future[Any]) -> None:
    """Wait for work that runs on all the same, however often the caller is cancelled meanwhile.

    It is begun once, and not anew each time: anyio cancels in every round of the loop, so that
    nothing that begins with a wait would ever get through.
    """
    while not work.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([work])


def cancellations() -> int:
    """How often the running task has been cancelled, and nobody has taken it back."""
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


async def heed() -> NoReturn:
    """Be cancelled after all, where what was waited for has swallowed it."""
    # Whoever cancels again and again, as anyio does, does so here, and knows its own words again.
    await asyncio.sleep(0)
    raise asyncio.CancelledError
