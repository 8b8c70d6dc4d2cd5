"""The two worlds of whoever asks other servers and has none itself: requests, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .once import Shared
from .once_on_loops import SharedTasks
from .outgoing import OutgoingHTTP, OutgoingSettings
from .outgoing_opening import open_async_outgoing, open_blocking_outgoing
from .process import PerProcess

if TYPE_CHECKING:
    from .outgoing_async import AsyncOutgoing
    from .outgoing_blocking import BlockingOutgoing

T = TypeVar("T")


class World(Protocol):
    """What asking others needs of a world; a server's `Runtime` has it as well."""

    @property
    def http(self) -> OutgoingHTTP: ...

    async def once(self, key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T: ...


class AsyncOutside:
    """On event loops, any number of them."""

    def __init__(self, settings: OutgoingSettings) -> None:
        self._settings = settings
        self._shared = PerProcess(SharedTasks)
        self._http: dict[str, AsyncOutgoing] = {}

    @property
    def http(self) -> AsyncOutgoing:
        found = self._http.get("http")
        # Of several first threads, all go on with the same one.
        return found or self._http.setdefault("http", open_async_outgoing(self._settings))

    async def once(self, key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return await self._shared.here().do(key, work)


class BlockingOutside:
    """In threads, and after a fork."""

    def __init__(self, settings: OutgoingSettings) -> None:
        self._settings = settings
        self._shared = PerProcess(Shared)
        self._http: dict[str, BlockingOutgoing] = {}

    @property
    def http(self) -> BlockingOutgoing:
        found = self._http.get("http")
        return found or self._http.setdefault("http", open_blocking_outgoing(self._settings))

    async def once(self, key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return await self._shared.here().do(key, work)
