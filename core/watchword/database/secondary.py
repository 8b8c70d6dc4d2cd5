"""The contract of secondary storage: a key-value store beside the database.

With one, sessions and verifications live there and not in the database (unless options say both),
and rate limits are counted there (spec: cookies and sessions, secondary storage).
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from .contract import StorageUnavailable


class SecondaryUnavailable(StorageUnavailable):
    """The secondary storage cannot be reached. Whoever raises it has logged the outage."""


class SecondaryBusy(SecondaryUnavailable):
    """All connections to the secondary storage are in use: this call failed, the store is well."""


class SecondaryEngine(Protocol):
    """The operations, as coroutines; those of a blocking engine never suspend.

    All raise `StorageUnavailable` when the store cannot be reached, and `SecondaryBusy` when no
    connection to it came free in time.
    """

    async def get(self, key: str) -> str | None:
        """The live value of a key, or None."""
        ...

    async def set(self, key: str, value: str, ttl: int | None = None) -> None:
        """Store a value; it ends after `ttl` seconds (None: never; 0: at once)."""
        ...

    async def delete(self, key: str) -> None:
        """Forget a key; one that is not there is fine."""
        ...

    async def get_and_delete(self, key: str) -> str | None:
        """The value, deleted in the same step: of many callers exactly one gets it."""
        ...

    async def increment(self, key: str, ttl: int) -> int:
        """Add one and return the count. The key ends `ttl` seconds after its first increment."""
        ...

    async def replace(
        self, key: str, old: str | None, new: str | None, ttl: int | None = None
    ) -> bool:
        """Put `new` in the place of `old` in one step; False if another value is there.

        None stands for no value: an `old` of None adds, a `new` of None deletes.
        """
        ...

    async def close(self) -> None:
        """Give back all connections. The engine may be used again and then opens new ones."""
        ...


class SecondaryStorage(Protocol):
    """A store that can be opened in two ways. Constructing one opens nothing."""

    def blocking(self) -> SecondaryEngine: ...

    def asynchronous(self) -> SecondaryEngine: ...


class KeyValueStore(Protocol):
    """The least that a store of the application's own must offer; `def` or `async def`.

    `get_and_delete`, `increment` and `replace`, with the signatures and promises of
    `SecondaryEngine`, are used where the store has them. A store that cannot be reached raises
    `StorageUnavailable`.
    """

    def get(self, key: str, /) -> object:
        """The live value of a key, or None; or an awaitable of it.

        Bytes are taken as well, and what a client made of the text by reading it as JSON.
        """
        ...

    def set(self, key: str, value: str, ttl: int | None, /) -> Awaitable[None] | None:
        """Store a value; it ends after `ttl` seconds (None: never)."""
        ...

    def delete(self, key: str, /) -> Awaitable[None] | None:
        """Forget a key."""
        ...
