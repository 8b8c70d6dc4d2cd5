"""Opens what needs asyncio only when it is used: a WSGI process never loads it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from watchword.database.contract import Engine

from .capacity import Capacity
from .jobs import BackgroundHandler
from .outgoing import OutgoingSettings

if TYPE_CHECKING:
    from .asynchronous import AsyncRuntime
    from .callback_loop import CallbackLoop


def open_async_runtime(
    engine: Engine,
    capacity: Capacity,
    handler: BackgroundHandler | None,
    outgoing: OutgoingSettings,
) -> AsyncRuntime:
    """The async runtime over an engine. Raises `WrongLoop` where asyncio does not run."""
    module = import_module("..asynchronous", __name__)
    made: AsyncRuntime = module.AsyncRuntime(engine, capacity, handler, outgoing)
    return made


def open_callback_loop() -> CallbackLoop:
    """The event loop for asynchronous callbacks in the blocking world."""
    made: CallbackLoop = import_module("..callback_loop", __name__).CallbackLoop()
    return made
