"""Keys in a key-value store, in the reference's form (spec: plugin api-key, (e)).

    api-key:<hash>            the key, as JSON: this entry decides
    api-key:by-id:<id>        a copy, to find the hash by
    api-key:by-ref:<owner>    the ids of an owner's keys, as a JSON list

Every change exchanges the whole entry for another one, if nobody else did so meanwhile: what is
counted is never lost, and a key that was switched off or deleted is not brought back.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from watchword.call import Call
from watchword.crypto.signing import equal
from watchword.database.contract import Row, StorageUnavailable
from watchword.database.own_store import OwnStore
from watchword.database.secondary import KeyValueStore, SecondaryEngine
from watchword.database.table import Compare, Table, one_of
from watchword.http.json import InvalidJSON, decode, encode, parse_date

from .records import StoredApiKey
from .stores import DatabaseKeys, Held, Page, Use

_ATTEMPTS = 200
"""Exchanges that are tried while others come first."""
_DATES = {"lastRefillAt", "lastRequest", "expiresAt", "createdAt", "updatedAt"}
_KEY, _BY_ID, _BY_OWNER = "api-key:", "api-key:by-id:", "api-key:by-ref:"


class SecondaryKeys:
    """Keys in the server's secondary storage, or in one of the configuration's own."""

    def __init__(self, custom: KeyValueStore | None) -> None:
        self._custom = custom

    async def by_hash(self, call: Call, hashed: str) -> Held | None:
        held = _read(call, await self._store(call).get(_KEY + hashed))
        return None if held is None or not equal(held.row.key, hashed) else held

    async def by_id(self, call: Call, key_id: str) -> Held | None:
        copy = _read(call, await self._store(call).get(_BY_ID + key_id))
        held = None if copy is None else await self.by_hash(call, copy.row.key)
        return None if held is None or held.row.id != key_id else held

    async def of_owner(
        self, call: Call, owner_id: str, configs: Sequence[str], page: Page
    ) -> tuple[list[StoredApiKey], int]:
        ids = _ids(await self._store(call).get(_BY_OWNER + owner_id))
        held = [await self.by_id(call, one) for one in ids]
        rows = [
            one.row
            for one in held
            if one is not None and one.row.reference_id == owner_id and one.row.config_id in configs
        ]
        return page.of(call, rows), len(rows)

    async def add(self, call: Call, values: Mapping[str, object]) -> StoredApiKey | None:
        row = await call.db.make(StoredApiKey, **values)
        if row is None:
            return None
        await self._write_copies(call, row)
        if not await self._store(call).replace(*self._entry(call, row, None)):
            raise StorageUnavailable("a new key is there already")
        await self._list(call, row, lambda ids: [*ids, *({row.id} - {*ids})])
        return row

    async def use(self, call: Call, held: Held, use: Use) -> StoredApiKey | None:
        row = held.row
        counted = {name: (getattr(row, name) or 0) + by for name, by in use.amounts.items()}
        used = copy.copy(row)
        for name, value in {**counted, **use.changes}.items():
            setattr(used, name, value)
        return used if await self._put(call, held, used) else None

    async def change(
        self, call: Call, held: Held, changes: Mapping[str, object]
    ) -> StoredApiKey | None:
        found: Held | None = held
        for _ in range(_ATTEMPTS):
            if found is None:
                return None
            amended = await call.db.amend(found.row, changes)
            if amended is None:
                return None
            if await self._put(call, found, amended):
                return amended
            found = await self.by_hash(call, held.row.key)
        raise StorageUnavailable("a key was changed by others all the time")

    async def remove(self, call: Call, held: Held, **guards: Any) -> bool:
        found: Held | None = held
        store, key_id = self._store(call), held.row.id
        for _ in range(_ATTEMPTS):
            if found is None or not _holds(found.row, guards):
                return False
            if await store.replace(_KEY + held.row.key, found.secret_text, None):
                await store.delete(_BY_ID + key_id)
                await self._list(call, held.row, lambda ids: [id for id in ids if id != key_id])
                return True
            found = await self.by_hash(call, held.row.key)
        raise StorageUnavailable("a key was changed by others all the time")

    async def remove_of_owner(self, call: Call, owner_id: str, configs: Sequence[str]) -> None:
        for one in _ids(await self._store(call).get(_BY_OWNER + owner_id)):
            held = await self.by_id(call, one)
            if held is not None and held.row.config_id in configs:
                await self.remove(call, held)

    async def _put(self, call: Call, held: Held, row: StoredApiKey) -> bool:
        done = await self._store(call).replace(*self._entry(call, row, held.secret_text))
        if done:
            await self._write_copies(call, row)
        return done

    async def _write_copies(self, call: Call, row: StoredApiKey) -> None:
        await self._store(call).set(_BY_ID + row.id, _text(call, row), _life(call, row))

    def _entry(
        self, call: Call, row: StoredApiKey, old: str | None
    ) -> tuple[str, str | None, str, int | None]:
        return _KEY + row.key, old, _text(call, row), _life(call, row)

    async def _list(
        self, call: Call, row: StoredApiKey, change: Callable[[list[str]], list[str]]
    ) -> None:
        key, store = _BY_OWNER + row.reference_id, self._store(call)
        for _ in range(_ATTEMPTS):
            old = await store.get(key)
            ids = change(_ids(old))
            if await store.replace(key, old, encode(ids).decode() if ids else None):
                return
        raise StorageUnavailable("a list of keys was changed by others all the time")

    def _store(self, call: Call) -> SecondaryEngine:
        return call.secondary if self._custom is None else OwnStore(self._custom, call.run)


class CachedKeys(DatabaseKeys):
    """Keys as rows of the database, of which a server of the reference may keep copies in the
    secondary storage: they are taken away with every change."""

    def __init__(self, custom: KeyValueStore | None) -> None:
        self._custom = custom

    async def add(self, call: Call, values: Mapping[str, object]) -> StoredApiKey | None:
        row = await super().add(call, values)
        if row is not None:
            await self._forget(call, row)
        return row

    async def change(
        self, call: Call, held: Held, changes: Mapping[str, object]
    ) -> StoredApiKey | None:
        row = await super().change(call, held, changes)
        await self._forget(call, held.row)
        return row

    async def remove(self, call: Call, held: Held, **guards: Any) -> bool:
        removed = await super().remove(call, held, **guards)
        await self._forget(call, held.row)
        return removed

    async def remove_of_owner(self, call: Call, owner_id: str, configs: Sequence[str]) -> None:
        wanted = one_of(list(configs))
        rows = await call.db.find_many(
            StoredApiKey, limit=None, reference_id=owner_id, config_id=wanted
        )
        await super().remove_of_owner(call, owner_id, configs)
        for row in rows:
            await self._forget(call, row)

    async def _forget(self, call: Call, row: StoredApiKey) -> None:
        store = call.secondary if self._custom is None else OwnStore(self._custom, call.run)

        async def forget() -> None:
            for key in (_KEY + row.key, _BY_ID + row.id, _BY_OWNER + row.reference_id):
                await store.delete(key)

        await call.db.after_commit(forget)


def _table(call: Call) -> Table[StoredApiKey]:
    return call.config.tables.of(StoredApiKey)


def _text(call: Call, row: StoredApiKey) -> str:
    values = call.db.full_row(row)
    if row.metadata is not None:
        values["metadata"] = decode(row.metadata.encode())
    return encode(values).decode()


def _read(call: Call, text: str | None) -> Held | None:
    if text is None:
        return None
    try:
        values = cast("dict[str, object]", decode(text.encode()))
        metadata = values.get("metadata")
        if not isinstance(metadata, str):
            values["metadata"] = encode(metadata).decode()
        for name in _DATES & values.keys():
            if isinstance(values[name], str):
                values[name] = parse_date(cast("str", values[name]))
        row = _table(call).from_row(cast("Row", values))
    except (InvalidJSON, AttributeError, TypeError, ValueError):
        return None
    return Held(row, text)


def _ids(text: str | None) -> list[str]:
    try:
        found: object = None if text is None else decode(text.encode())
    except InvalidJSON:
        return []
    listed = cast("list[object]", found) if isinstance(found, list) else []
    return [one for one in listed if isinstance(one, str)]


def _life(call: Call, row: StoredApiKey) -> int | None:
    if row.expires_at is None:
        return None
    return max(1, math.floor((row.expires_at - call.now).total_seconds()))


def _holds(row: StoredApiKey, guards: Mapping[str, object]) -> bool:
    return all(_fits(getattr(row, name), wanted) for name, wanted in guards.items())


def _fits(value: object, wanted: object) -> bool:
    if not isinstance(wanted, Compare):
        return value == wanted
    if value is None:
        return False
    limit = wanted.value
    if isinstance(value, datetime) and isinstance(limit, datetime):
        return value < limit if wanted.operator == "lt" else value <= limit
    if isinstance(value, int) and isinstance(limit, int):
        return value < limit if wanted.operator == "lt" else value <= limit
    return False
