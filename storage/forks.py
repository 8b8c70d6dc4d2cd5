"""Who must know of forks of this process: connections must not be used on both sides of one."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Forkable(Protocol):
    """What must know of forks of this process."""

    def before_fork(self) -> None:
        """Close what is idle."""
        ...

    def after_fork_in_child(self) -> None:
        """Drop what is left of the parent's."""
        ...


_forkable: weakref.WeakSet[Forkable] = weakref.WeakSet()


def watch_forks(one: Forkable) -> None:
    """Tell `one` of every fork for as long as it lives."""
    _forkable.add(one)


def _before_fork() -> None:
    for one in list(_forkable):
        one.before_fork()


def _after_fork_in_child() -> None:
    for one in list(_forkable):
        one.after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)
