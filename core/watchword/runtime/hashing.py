"""Password hashing: one bound for all of a process, whichever way it is asked.

A hash takes a core and tens of megabytes, so a burst of sign-ins must neither take all of both nor
make a queue that nobody sees the end of. The place in the queue is taken first come, first served;
when it is full, or takes too long, the answer is 503 (spec: security, W9).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from functools import cache, partial
from typing import Generic, TypeVar

from watchword.errors import Overloaded

from .capacity import Hashes
from .hosts import off_the_greenlets
from .process import PerProcess
from .stretch import Stretch
from .threads import ThreadPool
from .turns import Turns

T = TypeVar("T")

_log = logging.getLogger("watchword.hashing")


class _Here:
    """What belongs to one process."""

    def __init__(self, bounds: Hashes) -> None:
        self.turns = Turns(bounds.parallel, bounds.queue)
        self.threads = ThreadPool(bounds.parallel, "watchword-hash")
        self.crowded = Stretch(
            _log, "too many password hashes are asked for: some are answered 503", "hashing goes on"
        )


class Job(Generic[T]):
    """Hashing that another thread does. `outcome` may be awaited; `waits` says for its turn."""

    def __init__(self, here: _Here, work: Callable[[], T], retry_after: int) -> None:
        self.outcome: Future[T] = Future()
        self._here = here
        self._work = work
        self._retry_after = retry_after
        self._turn = here.turns.take()

    @property
    def waits(self) -> bool:
        """Whether its turn has not come yet."""
        return self._turn is not None and not self._turn.done()

    def start(self) -> None:
        """Begin, now or when the turn comes."""
        if self._turn is None:
            self._begin()
        else:
            self._turn.add_done_callback(lambda turn: None if turn.cancelled() else self._begin())

    def expire(self) -> None:
        """Refuse, unless the turn has come."""
        if self.give_up():
            self._refuse(_refused(self._here, self._retry_after))

    def give_up(self) -> bool:
        """Wait no longer for the turn; whether that was in time."""
        return self._turn is not None and self._here.turns.give_up(self._turn)

    def _begin(self) -> None:
        try:
            self._here.threads.submit(self._run)
        except Overloaded as error:
            self._here.turns.leave()
            self._refuse(error)

    def _refuse(self, error: Overloaded) -> None:
        # Whoever waits may have gone away.
        if self.outcome.set_running_or_notify_cancel():
            self.outcome.set_exception(error)

    def _run(self) -> None:
        # The turn ends here and not with who waits, who may be gone by now.
        if not self.outcome.set_running_or_notify_cancel():
            self._here.turns.leave()
            return
        try:
            result = _done(self._work)
        except BaseException as error:
            self._here.turns.leave()
            self.outcome.set_exception(error)
        else:
            self._here.turns.leave()
            self.outcome.set_result(result)


class Hashing:
    """Runs hashes within bounds, in the caller's thread or in one of its own."""

    def __init__(self, bounds: Hashes) -> None:
        self.wait = bounds.wait
        self._retry_after = max(1, math.ceil(bounds.wait))
        self._here = PerProcess(partial(_Here, bounds))

    def run(self, work: Callable[[], T]) -> T:
        """Hash in this thread, when it is its turn. Raises `Overloaded`."""
        here = self._here.here()
        try:
            turn = here.turns.take()
        except Overloaded:
            raise _refused(here, self._retry_after) from None
        if turn is not None:
            self._await(here, turn)
        else:
            here.crowded.end()
        try:
            return off_the_greenlets(partial(_done, work))
        finally:
            here.turns.leave()

    def submit(self, work: Callable[[], T]) -> Job[T]:
        """Hash in another thread. Raises `Overloaded` if too many wait already."""
        here = self._here.here()
        try:
            job = Job(here, work, self._retry_after)
        except Overloaded:
            raise _refused(here, self._retry_after) from None
        if not job.waits:
            here.crowded.end()
        job.start()
        return job

    def _await(self, here: _Here, turn: Future[None]) -> None:
        try:
            turn.result(self.wait)
        except TookTooLong:
            if here.turns.give_up(turn):
                raise _refused(here, self._retry_after) from None
        except BaseException:
            # The caller is being ended while it waits.
            if not here.turns.give_up(turn):
                here.turns.leave()
            raise


@cache
def hashing_within(bounds: Hashes) -> Hashing:
    """The hashing of this process with these bounds: all servers in it take turns."""
    return Hashing(bounds)


def _refused(here: _Here, retry_after: int) -> Overloaded:
    here.crowded.begin()
    return Overloaded(retry_after)


def _done(work: Callable[[], T]) -> T:
    try:
        return work()
    except MemoryError:
        # Nothing is known about the password then; it is not wrong.
        _log.error("there is no memory for a password hash: 503")
        raise Overloaded from None
