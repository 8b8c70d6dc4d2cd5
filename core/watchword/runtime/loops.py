"""Whose event loop runs here. Only asyncio's will do (uvloop is one): connections and threads are
awaited on it."""

from __future__ import annotations

import sys
from asyncio import get_running_loop, to_thread
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class WrongLoop(RuntimeError):
    """The asynchronous entrance was used where asyncio does not run."""


def require_asyncio() -> None:
    """Raise `WrongLoop` elsewhere, before something deep inside misses its loop."""
    try:
        get_running_loop()
    except RuntimeError:
        trio = sys.modules.get("trio")
        found = "no event loop" if trio is None or not trio.lowlevel.in_trio_run() else "trio"
        raise WrongLoop(
            f"{found} runs here, and asynchronous servers need asyncio: run the application on it "
            "(Hypercorn: `--worker-class asyncio`), or call `auth.blocking` in a thread"
        ) from None


def is_on_loop() -> bool:
    """Whether an event loop runs in this thread, which must not be held up."""
    try:
        get_running_loop()
    except RuntimeError:
        return False
    return True


async def beside_the_loop(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do in a thread of its own what blocks, while the loop goes on."""
    return await to_thread(work, *args, **kwargs)
