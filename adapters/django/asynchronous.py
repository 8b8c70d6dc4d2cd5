"""Which of the two worlds is asking."""

from __future__ import annotations

import asyncio

import asgiref.sync


def is_async(function: object) -> bool:
    """Whether a view, or what stands around one, is to be awaited; marked ones of Django too."""
    return asgiref.sync.iscoroutinefunction(function)  # pyright: ignore[reportDeprecated]


def on_a_loop() -> bool:
    """Whether an event loop runs in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
