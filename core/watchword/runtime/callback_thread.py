"""Which thread of control is asking, where a callback loop may be running beside the threads.

Storages of the blocking world ask in each call, so this loads no asyncio.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextvars import ContextVar


class CallbackThread(threading.Thread):
    """The thread of a callback loop."""

    def __init__(self, run: Callable[[], None], current_task: Callable[[], object]) -> None:
        super().__init__(target=run, name="watchword-callbacks", daemon=True)
        self.current_task = current_task
        self.process = os.getpid()


class Wait:
    """A thread's, for a callback. Tasks that the callback makes, and may leave behind, see it too,
    but nobody waits for them: only the callback's own task is the one."""

    __slots__ = ("is_over", "task", "thread")

    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self.task: object = None
        self.is_over = False


waiting: ContextVar[Wait | None] = ContextVar("watchword_waiting", default=None)


def on_the_callback_loop() -> bool:
    """Whether this is the thread of a callback loop."""
    return _here() is not None


def waiting_thread() -> int | None:
    """Which thread waits for the callback whose task is running on this loop; None elsewhere."""
    thread, wait = _here(), waiting.get()
    if thread is None or wait is None or wait.is_over:
        return None
    return wait.thread if wait.task is thread.current_task() else None


def asker() -> object:
    """Whose a transaction is: this thread's; on a callback loop the task's, for callbacks of
    several threads take turns there."""
    thread = _here()
    task = None if thread is None else thread.current_task()
    return threading.get_ident() if task is None else task


def _here() -> CallbackThread | None:
    """The present thread, if it runs a callback loop; that of a child which it forked does not."""
    thread = threading.current_thread()
    if isinstance(thread, CallbackThread) and thread.process == os.getpid():
        return thread
    return None
