"""What the core may ask of the world it runs in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec, Protocol, TypeVar

from watchword.database.contract import Engine
from watchword.database.secondary import SecondaryEngine

from .outgoing import OutgoingHTTP

P = ParamSpec("P")
T = TypeVar("T")


class Runtime(Protocol):
    """Storage, callbacks, heavy work and background work, in one of two worlds."""

    @property
    def engine(self) -> Engine:
        """The storage engine of this world."""
        ...

    @property
    def secondary(self) -> SecondaryEngine | None:
        """The secondary storage of this world, if there is one."""
        ...

    @property
    def http(self) -> OutgoingHTTP:
        """Requests to other servers. Loads what they need with the first use."""
        ...

    async def once(self, key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do work that several callers want at the same moment once; each gets its outcome.

        Within this process, and in the async world this event loop. What is raised, all get.
        """
        ...

    async def call(
        self, callback: Callable[P, T | Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run an application's callback, `def` or `async def`; its exceptions pass through."""
        ...

    async def offload(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a password hash, or what is as heavy, where it stalls no other request.

        Both worlds of a process take turns. Raises `Overloaded` (503) if too many wait, if it is
        not its turn in time, or if there is no memory for it; then nothing is known of its result.
        """
        ...

    async def pause(self, seconds: float) -> None:
        """Let time pass before an answer that must not tell by its time what was found."""
        ...

    async def either(
        self, blocking: Callable[[], T], asynchronous: Callable[[], Awaitable[T]], seconds: float
    ) -> T:
        """Do what there are two ways to do, in that of this world.

        On an event loop it is given up after `seconds` (`TimeoutError`); what blocks has to keep to
        them by itself.
        """
        ...

    def wake(self, seconds: float, work: Callable[[], Coroutine[object, object, None]]) -> None:
        """Begin background work after a while, if the process, or the event loop, is still there
        and has room then. Nothing waits for it: a shutdown drops what has not begun."""
        ...

    def require_room(self) -> None:
        """Raises `Overloaded` (503) if background work piles up. Ask before promising any.

        An application with its own way to run it has its own bounds.
        """
        ...

    def background(self, work: Coroutine[object, object, None], *, promised: bool = False) -> None:
        """Start work that delays no response, and is waited for at a clean shutdown.

        Its exceptions are logged, never raised. Without room `Overloaded` (503) is raised, and the
        work is not begun; what was `promised`, after room was required, is taken in any case.
        """
        ...

    @property
    def hands_over(self) -> bool:
        """Whether background work goes through `hand_over`, at the end of a call, instead."""
        ...

    async def hand_over(self, work: Coroutine[object, object, None]) -> None:
        """Have background work run in the application's own way, which may delay the response.

        If that fails, it is run as by `background`. Raises nothing.
        """
        ...
