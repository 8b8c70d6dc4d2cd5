"""An application's own key-value store as secondary storage: three methods suffice.

Its `get` may return text, bytes, or the value that the JSON text stands for.

What the store does not promise in one step is done in two, and two callers may come between:
`get_and_delete` may then serve two, `increment` may lose a count, `replace` may undo a change.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Protocol, cast

from watchword.errors import ConfigurationError
from watchword.http.json import encode

from .secondary import KeyValueStore, SecondaryEngine, SecondaryStorage

_log = logging.getLogger("watchword.secondary")

_REMEDY = "Give RedisStorage(...), or an object with get, set and delete"
_LOSSES = {
    "get_and_delete": "a token of single use may be redeemed twice at the same moment",
    "increment": "rate limits are counted in memory, by each process for itself",
    "replace": "a session that is renewed while it is revoked may live on",
}
"""What an application lives without, by the method that its store has not."""


class Run(Protocol):
    """Runs a callback, `def` or `async def`, where it belongs: `Runtime.call`."""

    def __call__(self, callback: Callable[..., object], *args: object) -> Awaitable[object]: ...


def check_secondary(storage: SecondaryStorage | KeyValueStore) -> bool:
    """Whether the storage counts in one step. Logs what is lost with a store that does less.

    Raises `ConfigurationError` for an object that is no storage at all.
    """
    if _opens(storage):
        return True
    kind = type(storage).__name__
    for name in ("get", "set", "delete"):
        if not callable(getattr(storage, name, None)):
            raise ConfigurationError("secondary_storage", f"{kind} has no method {name}", _REMEDY)
    for name, loss in _LOSSES.items():
        if not _has(storage, name):
            _log.warning("the secondary storage %s has no method %s: %s", kind, name, loss)
    return _has(storage, "increment")


def open_secondary(
    storage: SecondaryStorage | KeyValueStore, run: Run, *, blocking: bool
) -> SecondaryEngine:
    """The engine of a storage for one of the two worlds."""
    if _opens(storage):
        opened = cast("SecondaryStorage", storage)
        return opened.blocking() if blocking else opened.asynchronous()
    return OwnStore(cast("KeyValueStore", storage), run)


class OwnStore:
    """The engine over an application's own store."""

    def __init__(self, store: KeyValueStore, run: Run) -> None:
        self._store = store
        self._run = run

    async def get(self, key: str) -> str | None:
        return _text(await self._run(self._store.get, key))

    async def set(self, key: str, value: str, ttl: int | None = None) -> None:
        if ttl is not None and ttl <= 0:
            await self.delete(key)
        else:
            await self._run(self._store.set, key, value, ttl)

    async def delete(self, key: str) -> None:
        await self._run(self._store.delete, key)

    async def get_and_delete(self, key: str) -> str | None:
        if _has(self._store, "get_and_delete"):
            return _text(await self._own("get_and_delete", key))
        found = await self.get(key)
        if found is not None:
            await self.delete(key)
        return found

    async def increment(self, key: str, ttl: int) -> int:
        if _has(self._store, "increment"):
            return cast("int", await self._own("increment", key, ttl))
        count = int(await self.get(key) or 0) + 1
        await self.set(key, str(count), ttl)
        return count

    async def replace(
        self, key: str, old: str | None, new: str | None, ttl: int | None = None
    ) -> bool:
        if _has(self._store, "replace"):
            return bool(await self._own("replace", key, old, new, ttl))
        if await self.get(key) != old:
            return False
        if new is None:
            await self.delete(key)
        else:
            await self.set(key, new, ttl)
        return True

    async def close(self) -> None:
        """The store belongs to the application."""

    async def _own(self, name: str, *args: object) -> object:
        return await self._run(getattr(self._store, name), *args)


def _text(value: object) -> str | None:
    """The value as it was stored: clients of stores give bytes, or read JSON by themselves."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray):
        return value.decode("utf-8", "replace")
    return encode(value).decode()


def _opens(storage: object) -> bool:
    return _has(storage, "blocking") and _has(storage, "asynchronous")


def _has(storage: object, name: str) -> bool:
    return callable(getattr(storage, name, None))
