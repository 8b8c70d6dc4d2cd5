"""A pool of threads with a bounded queue, which holds up no exit of the process.

The standard library's pool takes any number of tasks, and a process waits for its threads when it
ends: for ever where a mail server hangs, and in a child that inherited threads which do not run.
"""

from __future__ import annotations

import logging
import queue as queues
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, TypeVar

import msgspec

from watchword.discreet import Discreet
from watchword.errors import Overloaded

from .backlog import unfinished_at_the_end
from .ending import endings
from .stretch import Stretch

T = TypeVar("T")

_log = logging.getLogger("watchword.background")


class _Task(Discreet, msgspec.Struct, frozen=True):
    outcome: Future[Any]
    work: Callable[[], Any]

    def run(self) -> None:
        if not self.outcome.set_running_or_notify_cancel():
            return
        try:
            result = self.work()
        except BaseException as error:
            self.outcome.set_exception(error)
        else:
            self.outcome.set_result(result)


_Tasks = queues.SimpleQueue["_Task | None"]


class NoThreads(Overloaded):
    """The system gives no thread, and there is none yet."""


class ThreadPool:
    """At most `most` threads, started when they are needed; `queue` tasks may wait for one.

    Belongs to one process. The threads end with the pool, once they have done what was given. At
    the end of the process unfinished tasks get `at_exit` seconds.
    """

    def __init__(
        self, most: int, name: str, *, queue: int | None = None, at_exit: float = 0
    ) -> None:
        """Without `queue` any number of tasks may wait: whoever gives them has a bound."""
        self._most = most
        self._room = None if queue is None else most + queue
        self._name = name
        # Looked up late: gevent may have put another in its place.
        self._tasks: _Tasks = queues.SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._threads = 0
        self._pending: set[Future[Any]] = set()
        self._full = Stretch(
            _log, f"{name}: {self._room} tasks are unfinished; more are 503", f"{name}: room again"
        )
        weakref.finalize(self, _dismiss, self._tasks).atexit = False
        self._at_exit = at_exit

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Run `work` in a thread. Raises `Overloaded` if there is no room, or `NoThreads`."""
        outcome: Future[T] = Future()
        with self._lock:
            self._check_room()
            self._hire()
            if self._at_exit and not self._pending:
                endings.begin(self)
            self._pending.add(outcome)
        outcome.add_done_callback(self._finished)
        self._tasks.put(_Task(outcome, work))
        return outcome

    def finish(self, seconds: float) -> int:
        """Wait for all tasks, also those that they add; how many are left after `seconds`."""
        end = time.monotonic() + seconds
        while left := [one for one in list(self._pending) if not one.done()]:
            rest = end - time.monotonic()
            if rest <= 0:
                return len(left)
            wait(left, rest)
        return 0

    def finish_at_exit(self) -> None:
        """What was given is done, for a while."""
        if left := self.finish(self._at_exit):
            unfinished_at_the_end(left, self._at_exit)

    def _check_room(self) -> None:
        if self._room is None:
            return
        # A task that nobody waits for any more keeps its place until a thread has passed it by.
        taken = max(len(self._pending), self._tasks.qsize())
        if taken >= self._room:
            self._full.begin()
            raise Overloaded
        # Not at the first free place, where it would begin and end all the time.
        if taken <= self._room // 2:
            self._full.end()

    def _hire(self) -> None:
        if self._idle.acquire(blocking=False) or self._threads >= self._most:
            return
        name = f"{self._name}_{self._threads}"
        thread = threading.Thread(
            target=_serve, args=(self._tasks, self._idle), name=name, daemon=True
        )
        try:
            thread.start()
        except RuntimeError:
            # The system gives no more threads; those that are there must do.
            if not self._threads:
                raise NoThreads from None
            return
        self._threads += 1

    def _finished(self, outcome: Future[Any]) -> None:
        with self._lock:
            self._pending.discard(outcome)
            if self._at_exit and not self._pending:
                endings.end(self)


def _serve(tasks: _Tasks, idle: threading.Semaphore) -> None:
    while (task := tasks.get()) is not None:
        task.run()
        # Nothing of a finished task is kept while the thread waits for another.
        del task
        idle.release()
    # For the next thread.
    tasks.put(None)


def _dismiss(tasks: _Tasks) -> None:
    tasks.put(None)
