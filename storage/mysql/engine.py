"""The storage contract where statements return no rows: MySQL has no RETURNING.

What must be one step is a short transaction instead. It finds the row without a lock, so that a
caller who loses a race does not go on to another row, and then locks that one row by its id.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar, cast

from watchword.database.contract import (
    Condition,
    Row,
    Sort,
    StorageError,
    StorageUnavailable,
    UniqueViolation,
    Value,
    Where,
)
from watchword.storage.sql.engine import SQLEngine
from watchword.storage.sql.queries import Statement

from .conditions import given_id
from .ddl import LiveTables, MySQLPlanner, look

T = TypeVar("T")
Rows = list[tuple[Any, ...]]


class Held(Protocol):
    """A connection that nobody else uses meanwhile."""

    async def read(self, sql: str, params: Sequence[Any]) -> Rows: ...

    async def write(self, sql: str, params: Sequence[Any]) -> tuple[Rows, int]: ...


class Together(Protocol):
    """What this engine wants of a connection beside `sql.engine.Connection`."""

    async def together(self, work: Callable[[Held], Awaitable[T]], *, atomic: bool) -> T:
        """Do work on one connection, `atomic` in a transaction; joins one that has begun.

        Work that gave way to another transaction is done again, unless it has joined.
        """
        ...


class MySQLEngine(SQLEngine):
    """One engine over one pool of connections."""

    __slots__ = ()

    async def create(self, model: str, row: Row) -> Row:
        if not self._dates.known:
            await self._dates.look(self._connection.read)
        it = self._queries.of(model)
        extra = await self._database.issuer.extra(model, row, self._look)
        insertion = self._queries.insert(model, row, extra=extra)

        async def work(held: Held) -> Row:
            made, _ = await self._stored(held, insertion)
            rows = await held.read(*self._by_id(model, str(made[0][0]) if made else row["id"]))
            # Without a transaction somebody may have deleted it again.
            return it.row(rows[0]) if rows else {**dict.fromkeys(it.columns), **row}

        return await self._together(work, atomic=False)

    async def reserve(self, model: str, row: Row) -> bool:
        if not self._dates.known:
            await self._dates.look(self._connection.read)
        extra = await self._database.issuer.extra(model, row, self._look)
        insertion = self._queries.insert(model, row, extra=extra)
        try:
            await self._together(lambda held: self._stored(held, insertion), atomic=False)
        except UniqueViolation:
            return False
        return True

    async def take(self, model: str, where: Where, *, sort: Sort | None = None) -> Row | None:
        if not self._dates.known:
            await self._dates.look(self._connection.read)
        it = self._queries.of(model)
        statement = self._first(model, where, sort)

        async def work(held: Held) -> Row | None:
            guard = await self._guard(held, model, where, statement)
            if guard is None:
                return None
            locking = self._queries.select(model, guard, limit=1, lock=True)
            rows = await held.read(*locking)
            if not rows:
                return None
            row = it.row(rows[0])
            await held.write(
                *self._queries.delete(model, [Condition("id", cast("str", row["id"]))])
            )
            return row

        return await self._together(work, atomic=True)

    async def increment(
        self,
        model: str,
        where: Where,
        amounts: Mapping[str, int],
        changes: Mapping[str, Value] | None = None,
    ) -> Row | None:
        if not self._dates.known:
            await self._dates.look(self._connection.read)
        if not amounts and not changes:
            return cast("Row | None", await self.find_one(model, where))
        it = self._queries.of(model)
        statement = self._first(model, where, None)
        self._queries.update_one(model, where, changes or {}, amounts)  # refuses before it asks

        async def work(held: Held) -> Row | None:
            guard = await self._guard(held, model, where, statement)
            if guard is None:
                return None
            change = self._queries.update_one(model, guard, changes or {}, amounts)
            _, affected = await held.write(*change)
            if not affected:
                return None
            return it.row((await held.read(*self._by_id(model, given_id(guard))))[0])

        return await self._together(work, atomic=True)

    async def plan(self) -> list[str]:
        database = self._database
        names = [model.table_name for model in database.schema]
        if not names:
            return []
        live = await look(self._connection.read, names)
        return MySQLPlanner(database.schema, database.dialect, live).plan()

    async def whole_plan(self) -> list[str]:
        database = self._database
        names = [model.table_name for model in database.schema]
        collation = (await look(self._connection.read, names)).collation
        empty = LiveTables({}, {}, collation)
        return MySQLPlanner(database.schema, database.dialect, empty).plan()

    async def _together(self, work: Callable[[Held], Awaitable[T]], *, atomic: bool) -> T:
        return await cast("Together", self._connection).together(work, atomic=atomic)

    async def _stored(self, held: Held, insertion: Statement) -> tuple[Rows, int]:
        try:
            return await held.write(*insertion)
        except (UniqueViolation, StorageUnavailable):
            raise
        except StorageError:
            self._database.issuer.forget()
            raise

    def _first(self, model: str, where: Where, sort: Sort | None) -> Statement | None:
        """What finds the first row, if its id is not known already."""
        if given_id(where) is not None:
            return None
        return self._queries.select(model, where, sort=sort, limit=1)

    async def _guard(
        self, held: Held, model: str, where: Where, first: Statement | None
    ) -> Where | None:
        """The conditions, narrowed to the first row that meets them now; None if there is none."""
        if first is None:
            return where
        rows = await held.read(*first)
        if not rows:
            return None
        own = cast("str", self._queries.of(model).row(rows[0])["id"])
        return [*where, Condition("id", own)]

    def _by_id(self, model: str, own: Any) -> Statement:
        return self._queries.select(model, [Condition("id", own)], limit=1)
