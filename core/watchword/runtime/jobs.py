"""An application's own way to run background work: what it gets, and what it may do with it."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import Any, Protocol, TypeAlias, TypeVar

from watchword.observability.logs import background_failed

from .backlog import never_run, own_way_failed

T = TypeVar("T")
Work: TypeAlias = "Coroutine[object, object, None]"


class BackgroundJob(Protocol):
    """A piece of background work, to be run once; further calls do nothing.

    `await job()` in asynchronous code, `job()` in the code of a blocking server. It raises nothing:
    failures are logged. It belongs to this process, and in an asynchronous server to the event
    loop on which it was handed over; it cannot be pickled.
    """

    def __call__(self) -> Any: ...


BackgroundHandler: TypeAlias = "Callable[[BackgroundJob], object]"
"""Runs jobs in the application's own way, `def` or `async def`. It is called when everything else
about the answer is done; what it awaits, the answer waits for."""


class _Once:
    """Work that is taken by the first who asks for it."""

    def __init__(self, work: Work) -> None:
        self._works = [work]
        self._process = os.getpid()

    def take(self) -> Work | None:
        """The work, unless it was taken. Safe under threads."""
        try:
            return self._works.pop()
        except IndexError:
            return None

    def __del__(self) -> None:
        # A child of the process has inherited it, and nothing to do with it.
        if (work := self.take()) is not None and self._process == os.getpid():
            work.close()
            never_run()


class _Background(Protocol):
    def __call__(self, work: Work, *, promised: bool) -> None: ...


@contextmanager
def in_their_own_way(job: _Once, background: _Background) -> Generator[None, None, None]:
    """Call the application's handler inside: a job that it fails to run is run in our own way.

    Also where somebody who waits for the answer has gone, or the program is being ended.
    """
    done = False
    try:
        yield
        done = True
    except Exception as error:
        own_way_failed(error)
    finally:
        if not done and (left := job.take()) is not None:
            background(left, promised=True)


class AsyncJob(_Once):
    """A job of an asynchronous server. Who awaits it may be cancelled; the work goes on."""

    def __init__(self, work: Work, begun: Callable[[Work], Awaitable[None]]) -> None:
        super().__init__(work)
        self._begun = begun

    async def __call__(self) -> None:
        work = self.take()
        if work is not None:
            await self._begun(work)


class BlockingJob(_Once):
    """A job of a blocking server, done when the call returns."""

    def __init__(self, work: Work, run: Callable[[Work], Awaitable[None]]) -> None:
        super().__init__(work)
        self._run = run

    def __call__(self) -> Awaitable[None]:
        work = self.take()
        return nothing if work is None else self._run(logged(work))


class _Nothing:
    """What may be awaited, and is over."""

    def __await__(self) -> Generator[Any, None, None]:
        return
        yield


nothing = _Nothing()
"""For a job that is done, in code that awaits it nevertheless."""


async def logged(work: Awaitable[None]) -> None:
    """Do background work; a failure is one line in the log."""
    try:
        await work
    except Exception as error:
        background_failed(error)


def in_place(job: BackgroundJob) -> None:
    """The way of a blocking server that can run no threads: the answer waits."""
    job()
