"""What belongs to one process: connections, threads and locks are never shared across a fork.

Two things tell of a fork: the interpreter's hooks, which a fork in C does not run (uWSGI forks so),
and the process id, which is compared whenever something is borrowed. Whichever comes first makes
the child let go of all that its parent had, before anything is made anew. What was let go of is
kept for ever: to close it would be heard on the parent's connections (spec: security, W3).
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class PerProcess(Generic[T]):
    """One thing for this process, made with its first use.

    `close` closes what is idle in it, now, and what is in use when it is given back: it is called
    before a fork that the interpreter knows of, too. `rest` is called then instead, where the thing
    is still wanted afterwards. `leave` is told in a child what the parent had; it may close what is
    certain to be harmless.
    """

    def __init__(
        self,
        make: Callable[[], T],
        *,
        close: Callable[[T], None] | None = None,
        rest: Callable[[T], None] | None = None,
        leave: Callable[[T], None] | None = None,
    ) -> None:
        self._make = make
        self._close = close
        self._rest = rest
        self._leave = leave
        self._made: dict[int, T] = {}
        """By process id: it is one step to find out whether there is one here."""
        _everywhere[id(self)] = self

    def here(self) -> T:
        """The thing of this process."""
        found = self._made.get(os.getpid())
        return self._begun() if found is None else found

    def made_here(self) -> T | None:
        """The thing of this process, if it has been made."""
        return self._made.get(os.getpid())

    def take(self) -> T | None:
        """The thing of this process, which is the caller's from now on; None if there is none."""
        return self._made.pop(os.getpid(), None)

    def close(self) -> None:
        """Close the thing of this process, if there is one. The next use makes another."""
        found = self.take()
        if found is not None and self._close is not None:
            self._close(found)

    def before_fork(self) -> None:
        """Leave as little as possible for a child to find."""
        if self._close is not None:
            self.close()
        elif self._rest is not None and (found := self.made_here()) is not None:
            self._rest(found)

    def in_child(self, process: int) -> None:
        """Let go of what other processes than this one, number `process`, have made."""
        for other in [number for number in list(self._made) if number != process]:
            thing = self._made.pop(other)
            _inherited.append(thing)
            if self._leave is not None:
                self._leave(thing)

    def _begun(self) -> T:
        process = os.getpid()
        with _turn(process):
            _begin_process(process)
            if process not in self._made:
                self._made[process] = self._make()
            return self._made[process]


def keep_open(thing: object) -> None:
    """Keep what a child has in its hands from its parent from being closed."""
    _inherited.append(thing)


_everywhere: weakref.WeakValueDictionary[int, PerProcess[Any]] = weakref.WeakValueDictionary()
_inherited: list[object] = []
"""What this process got from its parents."""
_turns: dict[int, threading.RLock] = {}
"""One for each process: in a child, a thread that does not exist there may have the parent's."""
_process = os.getpid()


def _all() -> list[PerProcess[Any]]:
    # One step: other threads may add to it.
    return [one for ref in _everywhere.valuerefs() if (one := ref()) is not None]


def _turn(process: int) -> threading.RLock:
    return _turns.setdefault(process, threading.RLock())


def _begin_process(process: int) -> None:
    global _process
    if process != _process:
        for one in _all():
            one.in_child(process)
        _process = process


def _before_fork() -> None:
    for one in _all():
        one.before_fork()


def _after_fork_in_child() -> None:
    process = os.getpid()
    with _turn(process):
        _begin_process(process)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)
