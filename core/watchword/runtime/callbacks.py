"""What kind of callback an application gave, and what it gave back."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable


def is_async(callback: Callable[..., object]) -> bool:
    """Whether calling `callback` gives an awaitable: `async def`, partials, callable objects."""
    while isinstance(callback, functools.partial):
        callback = callback.func
    if inspect.iscoroutinefunction(callback):
        return True
    return inspect.iscoroutinefunction(getattr(type(callback), "__call__", None))  # noqa: B004


def give_up(awaitable: Awaitable[object]) -> None:
    """Leave what a callback gave alone: a coroutine wants to be told."""
    if inspect.iscoroutine(awaitable):
        awaitable.close()
