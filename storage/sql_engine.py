"""The storage contract on SQL databases that know RETURNING, written once.

A database brings a `Connection` (how to read and to write) and its `Dialect`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, cast

from watchword.database.contract import (
    Condition,
    Join,
    JoinedRow,
    Row,
    Sort,
    Value,
    Where,
)
from watchword.database.schema import Schema

from .ddl import Inspector, plan
from .dialect import Dialect
from .queries import Queries


class Connection(Protocol):
    """What a database has to offer. Errors come out as those of the contract."""

    async def read(self, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Rows of a SELECT."""
        ...

    async def write(self, sql: str, params: Sequence[Any]) -> tuple[list[tuple[Any, ...]], int]:
        """Rows that a statement returned, and how many it affected."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[Connection]:
        """A connection on which everything is stored together; nested use joins."""
        ...

    async def run_script(self, statements: Sequence[str]) -> None:
        """Run statements that change the schema, in one transaction where possible."""
        ...

    async def close(self) -> None: ...


class SQLEngine:
    """One engine over one connection (or pool of them)."""

    def __init__(
        self, schema: Schema, dialect: Dialect, connection: Connection, inspector: Inspector
    ) -> None:
        self._schema = schema
        self._dialect = dialect
        self._queries = Queries(schema, dialect)
        self._connection = connection
        self._inspector = inspector

    async def create(self, model: str, row: Row) -> Row:
        rows, _ = await self._connection.write(*self._queries.insert(model, row))
        return self._queries.of(model).row(rows[0])

    async def reserve(self, model: str, row: Row) -> bool:
        sql, params = self._queries.insert(model, row, or_ignore=True)
        rows, _ = await self._connection.write(sql, params)
        return bool(rows)

    async def find_one(
        self, model: str, where: Where, *, join: Sequence[Join] = (), sort: Sort | None = None
    ) -> JoinedRow | None:
        sql, params = self._queries.select(model, where, sort=sort, limit=1, join=join)
        rows = await self._connection.read(sql, params)
        if not rows:
            return None
        if not join:
            return cast("JoinedRow", self._queries.of(model).row(rows[0]))
        return (await self._joined(model, rows, join))[0]

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
        sql, params = self._queries.select(
            model, where, sort=sort, limit=limit, offset=offset, join=join
        )
        return await self._joined(model, await self._connection.read(sql, params), join)

    async def count(self, model: str, where: Where = ()) -> int:
        rows = await self._connection.read(*self._queries.count(model, where))
        return int(rows[0][0])

    async def update(self, model: str, where: Where, changes: Mapping[str, Value]) -> int:
        _, affected = await self._connection.write(*self._queries.update(model, where, changes))
        return affected

    async def delete(self, model: str, where: Where) -> int:
        _, affected = await self._connection.write(*self._queries.delete(model, where))
        return affected

    async def take(self, model: str, where: Where, *, sort: Sort | None = None) -> Row | None:
        return await self._one(model, *self._queries.take(model, where, sort))

    async def update_if(self, model: str, where: Where, changes: Mapping[str, Value]) -> Row | None:
        return await self._one(model, *self._queries.update_one(model, where, changes, {}))

    async def increment(
        self,
        model: str,
        where: Where,
        amounts: Mapping[str, int],
        changes: Mapping[str, Value] | None = None,
    ) -> Row | None:
        sql, params = self._queries.update_one(model, where, changes or {}, amounts)
        return await self._one(model, sql, params)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[SQLEngine, None]:
        async with self._connection.transaction() as connection:
            inside = object.__new__(SQLEngine)
            inside.__dict__.update(self.__dict__, _connection=connection)
            yield inside

    async def plan(self) -> list[str]:
        tables = await self._inspector(self._connection.read)
        return plan(self._schema, self._dialect, tables)

    async def apply(self, statements: Sequence[str]) -> None:
        await self._connection.run_script(statements)

    async def close(self) -> None:
        await self._connection.close()

    async def _one(self, model: str, sql: str, params: Sequence[Any]) -> Row | None:
        rows, _ = await self._connection.write(sql, params)
        return self._queries.of(model).row(rows[0]) if rows else None

    async def _joined(
        self, model: str, rows: Sequence[Sequence[Any]], join: Sequence[Join]
    ) -> list[JoinedRow]:
        made = [self._queries.joined_row(model, join, row) for row in rows]
        for one in join:
            if one.many:
                for row in made:
                    key = cast("Value", row[one.local])
                    where = [Condition(one.foreign, key)]
                    found = await self.find_many(one.model, where, limit=one.limit)
                    row[one.name] = cast("list[Row]", found)
        return made
