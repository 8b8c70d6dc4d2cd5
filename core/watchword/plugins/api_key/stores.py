"""Where keys are kept: what the plugin asks of such a place, and the database as one.

A use of a key is one conditional statement: it counts and looks at once, so that of many uses at
the same moment exactly as many are let through as there may be (security, race safety).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import msgspec

from watchword.call import Call
from watchword.crypto.signing import equal
from watchword.database.contract import Sort
from watchword.database.table import one_of
from watchword.discreet import Discreet

from .records import StoredApiKey

LONGEST_PAGE = 100
"""Keys that are listed at once."""


class Held(Discreet, msgspec.Struct, frozen=True):
    """A key as it was found, with the text that it was read from where there is one."""

    row: StoredApiKey
    secret_text: str = ""


class Use(Discreet, msgspec.Struct, frozen=True):
    """What a use does to a key, and what must hold at that moment for it to be done."""

    amounts: Mapping[str, int]
    changes: Mapping[str, object]
    guards: Mapping[str, object]

    @property
    def counts(self) -> bool:
        """Whether anything is counted by it that must not be missed."""
        return bool(self.amounts) or not self.changes.keys() <= {"last_request", "updated_at"}


class Page(Discreet, msgspec.Struct, frozen=True):
    """Which part of a list, in which order."""

    limit: int = LONGEST_PAGE
    offset: int = 0
    sort: Sort | None = None

    def of(self, call: Call, rows: list[StoredApiKey]) -> list[StoredApiKey]:
        """This part of keys that no database has sorted."""
        if self.sort is not None:
            wire = call.config.tables.of(StoredApiKey).wire
            name = next(name for name, field in wire.items() if field == self.sort.field)
            rows = sorted(rows, key=partial(_rank, name), reverse=self.sort.descending)
        return rows[self.offset :][: self.limit]


def _rank(name: str, row: StoredApiKey) -> tuple[bool, Any]:
    found = getattr(row, name)
    return found is not None, 0 if found is None else found


class KeyStore(Protocol):
    """Keeps keys. Of `configs` only keys of these configurations are seen."""

    async def by_hash(self, call: Call, hashed: str) -> Held | None:
        """The key that is used with what has this hash."""
        ...

    async def by_id(self, call: Call, key_id: str) -> Held | None: ...

    async def of_owner(
        self, call: Call, owner_id: str, configs: Sequence[str], page: Page
    ) -> tuple[list[StoredApiKey], int]:
        """Keys of an owner, and how many there are in all."""
        ...

    async def add(self, call: Call, values: Mapping[str, object]) -> StoredApiKey | None:
        """Keep a new key; None if a hook refused it."""
        ...

    async def use(self, call: Call, held: Held, use: Use) -> StoredApiKey | None:
        """Do what a use does, in one step; None if a guard does not hold any more."""
        ...

    async def change(
        self, call: Call, held: Held, changes: Mapping[str, object]
    ) -> StoredApiKey | None:
        """Change these fields and no other; None if the key is gone, or a hook refused."""
        ...

    async def remove(self, call: Call, held: Held, **guards: Any) -> bool:
        """Forget a key if the guards still hold; whether this call did it."""
        ...

    async def remove_of_owner(self, call: Call, owner_id: str, configs: Sequence[str]) -> None:
        """Forget all keys of an owner."""
        ...


class DatabaseKeys:
    """Keys as rows of the database."""

    async def by_hash(self, call: Call, hashed: str) -> Held | None:
        row = await call.db.find_one(StoredApiKey, key=hashed)
        # Databases of others may compare without regard to case.
        return None if row is None or not equal(row.key, hashed) else Held(row)

    async def by_id(self, call: Call, key_id: str) -> Held | None:
        row = await call.db.find_one(StoredApiKey, id=key_id)
        return None if row is None else Held(row)

    async def of_owner(
        self, call: Call, owner_id: str, configs: Sequence[str], page: Page
    ) -> tuple[list[StoredApiKey], int]:
        wanted: dict[str, Any] = {
            "reference_id": owner_id,
            "config_id": one_of(list(configs)),
        }
        total = await call.db.count(StoredApiKey, **wanted)
        if not page.limit or not total:
            return [], total
        rows = await call.db.find_many(
            StoredApiKey, limit=page.limit, offset=page.offset, sort=page.sort, **wanted
        )
        return rows, total

    async def add(self, call: Call, values: Mapping[str, object]) -> StoredApiKey | None:
        return await call.db.create(StoredApiKey, **values)

    async def use(self, call: Call, held: Held, use: Use) -> StoredApiKey | None:
        if use.counts:
            await call.db.must_last("uses of a key")
        same = {"id": held.row.id, "key": held.row.key, "enabled": held.row.enabled}
        return await call.db.increment(StoredApiKey, use.amounts, use.changes, **same, **use.guards)

    async def change(
        self, call: Call, held: Held, changes: Mapping[str, object]
    ) -> StoredApiKey | None:
        return await call.db.update(StoredApiKey, changes, id=held.row.id)

    async def remove(self, call: Call, held: Held, **guards: Any) -> bool:
        return await call.db.delete(StoredApiKey, id=held.row.id, **guards) > 0

    async def remove_of_owner(self, call: Call, owner_id: str, configs: Sequence[str]) -> None:
        wanted = one_of(list(configs))
        await call.db.delete(StoredApiKey, reference_id=owner_id, config_id=wanted)
