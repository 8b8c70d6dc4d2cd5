"""The contract of secondary storage: a key-value store beside the database.

With one, sessions and verifications live there and not in the database (unless options say both),
and rate limits are counted there (spec: cookies and sessions, secondary storage).
"""

from __future__ import annotations

from typing import Protocol


class SecondaryEngine(Protocol):
    """The operations, as coroutines; those of a blocking engine never suspend."""

    async def get(self, key: str) -> str | None:
        """The live value of a key, or None."""
        ...

    async def set(self, key: str, value: str, ttl: int | None = None) -> None:
        """Store a value; it ends after `ttl` seconds (None: never)."""
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


class SecondaryStorage(Protocol):
    """A store that can be opened in two ways. Constructing one opens nothing."""

    def blocking(self) -> SecondaryEngine: ...

    def asynchronous(self) -> SecondaryEngine: ...
