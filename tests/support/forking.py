"""Children that are forked as servers written in C fork them: no hook of the interpreter runs."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable

PATIENCE = 30
"""Seconds after which a child that hangs is ended."""


def fork(*, hooks: bool = False) -> int:
    """As `os.fork`. A child that hangs is ended. `hooks`: by Python, whose hooks run."""
    # PyDLL keeps the interpreter's lock, which the child must have.
    child = os.fork() if hooks else ctypes.PyDLL(None).fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(PATIENCE)
    return child


def exit_code(child: int) -> int:
    """The exit code of a child, once it has ended."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def in_forked_child(work: Callable[[], object], *, hooks: bool = False) -> int:
    """The exit code of a child that does `work`: 0 if that raised nothing."""
    child = fork(hooks=hooks)
    if child:
        return exit_code(child)
    code = 1
    try:
        work()
        code = 0
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(code)
