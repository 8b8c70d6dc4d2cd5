"""Whose event loop runs here. Only asyncio's will do (uvloop is one): connections and threads are
awaited on it."""

from __future__ import annotations

import sys
from asyncio import get_running_loop


class WrongLoop(RuntimeError):
    """The server runs on a loop that watchword does not know."""


def refuse_trio() -> None:
    """Raise `WrongLoop` under trio, before something deep inside misses its loop."""
    trio = sys.modules.get("trio")
    if trio is None or not trio.lowlevel.in_trio_run():
        return
    try:
        get_running_loop()
    except RuntimeError:
        raise WrongLoop(
            "watchword runs on asyncio, and this server runs on trio: "
            "start it with asyncio (Hypercorn: --worker-class asyncio)"
        ) from None
