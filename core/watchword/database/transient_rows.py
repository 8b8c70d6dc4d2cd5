"""Rows of a server without a database: in the memory of the process, bounded, gone at its end.

Users, accounts and verifications have to be somewhere while somebody signs in. A storage in memory
keeps them, the oldest make room for new ones, and no single value is long.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from .contract import (
    Condition,
    Engine,
    InvalidValue,
    Join,
    JoinedRow,
    Row,
    Sort,
    Storage,
    Value,
    Where,
    check_schema,
)
from .schema import Schema

MOST_ROWS = 5_000
"""Rows of one model."""
LONGEST_TEXT = 8_192
"""Characters of one value."""
_STEP = 100
"""Insertions between two looks at how many rows there are."""


class TransientRows:
    """A storage over another one in memory. Its tables exist once they are needed."""

    def __init__(self, memory: Storage) -> None:
        self._memory = memory
        self.system: str = getattr(memory, "system", "other_sql")
        self._inserted: Counter[str] = Counter()

    def check(self, schema: Schema) -> None:
        """See `watchword.database.contract.Storage`."""
        check_schema(self._memory, schema)

    def blocking(self, schema: Schema) -> Engine:
        return TransientEngine(self._memory.blocking(schema), schema, self._inserted)

    def asynchronous(self, schema: Schema) -> Engine:
        return TransientEngine(self._memory.asynchronous(schema), schema, self._inserted)


class TransientEngine:
    """The operations of the storage contract, with the bounds."""

    def __init__(
        self, memory: Engine, schema: Schema, inserted: Counter[str], *, ready: bool = False
    ) -> None:
        self._memory = memory
        self._schema = schema
        self._inserted = inserted
        self._ready = ready

    async def create(self, model: str, row: Row) -> Row:
        _check(row)
        created = await (await self._opened()).create(model, row)
        await self._make_room(model)
        return created

    async def reserve(self, model: str, row: Row) -> bool:
        _check(row)
        reserved = await (await self._opened()).reserve(model, row)
        await self._make_room(model)
        return reserved

    async def find_one(
        self, model: str, where: Where, *, join: Sequence[Join] = (), sort: Sort | None = None
    ) -> JoinedRow | None:
        return await (await self._opened()).find_one(model, where, join=join, sort=sort)

    async def find_many(
        self,
        model: str,
        where: Where = (),
        *,
        limit: int | None = 100,
        offset: int = 0,
        sort: Sort | None = None,
        join: Sequence[Join] = (),
    ) -> list[JoinedRow]:
        memory = await self._opened()
        return await memory.find_many(
            model, where, limit=limit, offset=offset, sort=sort, join=join
        )

    async def count(self, model: str, where: Where = ()) -> int:
        return await (await self._opened()).count(model, where)

    async def update(
        self,
        model: str,
        where: Where,
        changes: Mapping[str, Value],
        *,
        everything: bool = False,
    ) -> int:
        _check(changes)
        memory = await self._opened()
        return await memory.update(model, where, changes, everything=everything)

    async def delete(self, model: str, where: Where, *, everything: bool = False) -> int:
        return await (await self._opened()).delete(model, where, everything=everything)

    async def take(self, model: str, where: Where, *, sort: Sort | None = None) -> Row | None:
        return await (await self._opened()).take(model, where, sort=sort)

    async def update_if(self, model: str, where: Where, changes: Mapping[str, Value]) -> Row | None:
        _check(changes)
        return await (await self._opened()).update_if(model, where, changes)

    async def increment(
        self,
        model: str,
        where: Where,
        amounts: Mapping[str, int],
        changes: Mapping[str, Value] | None = None,
    ) -> Row | None:
        _check(changes or {})
        return await (await self._opened()).increment(model, where, amounts, changes)

    def transaction(self) -> AbstractAsyncContextManager[Engine]:
        return self._transaction()

    @asynccontextmanager
    async def _transaction(self) -> AsyncGenerator[Engine, None]:
        memory = await self._opened()
        async with memory.transaction() as inside:
            yield TransientEngine(inside, self._schema, self._inserted, ready=True)

    async def plan(self) -> list[str]:
        """Nothing: there is no database to bring up to date."""
        return []

    async def apply(self, statements: Sequence[str]) -> None:
        await (await self._opened()).apply(statements)

    async def close(self) -> None:
        await self._memory.close()

    async def _opened(self) -> Engine:
        if not self._ready:
            # Two callers may do this at the same time: the statements may be run twice.
            await self._memory.apply(await self._memory.plan())
            self._ready = True
        return self._memory

    async def _make_room(self, model: str) -> None:
        self._inserted[model] += 1
        if self._inserted[model] % _STEP:
            return
        excess = await self._memory.count(model) - MOST_ROWS
        if excess > 0:
            dated = any(field.name == "createdAt" for field in self._schema[model].fields)
            sort = Sort("createdAt") if dated else None
            oldest = await self._memory.find_many(model, limit=excess, sort=sort)
            ids: list[Value] = [str(row["id"]) for row in oldest]
            await self._memory.delete(model, [Condition("id", ids, "in")])


def _check(row: Mapping[str, Value]) -> None:
    for field, value in row.items():
        if isinstance(value, str) and len(value) > LONGEST_TEXT:
            raise InvalidValue(f"{field} is longer than {LONGEST_TEXT} characters")
