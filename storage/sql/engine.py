"""The storage contract on SQL databases that know RETURNING, written once.

A database brings a `Connection` (how to read and to write), its `Dialect`, and an `Inspector`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, cast, runtime_checkable

import msgspec

from watchword.database.contract import (
    Join,
    JoinedRow,
    Row,
    Sort,
    StorageError,
    StorageUnavailable,
    UniqueViolation,
    Value,
    Where,
    refuse_all_rows,
)
from watchword.database.schema import Schema, schema_and_table
from watchword.discreet import Discreet

from .date_columns import DateColumns, DeclaredTypes
from .ddl import Inspector, TableShape, plan, unfillable
from .dialect import Dialect
from .issuer_column import IssuerColumn
from .queries import Queries

_KEYS_AT_ONCE = 500
_ROWS_AT_ONCE = 500
"""Far below the bounds of all databases: PostgreSQL takes 65,535 parameters, SQLite 32,766."""


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


@runtime_checkable
class CopyingConnection(Protocol):
    """A connection of a database that has a quicker way in for many rows."""

    async def copy_in(
        self, table: str, names: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        """Insert rows of bound values into a table; its name and its columns' are quoted."""
        ...


class SQLDatabase(Discreet, msgspec.Struct, frozen=True):
    """What the engines of one database and schema have in common."""

    schema: Schema
    dialect: Dialect
    inspector: Inspector
    queries: Queries
    issuer: IssuerColumn
    dates: DateColumns

    @classmethod
    def of(
        cls,
        schema: Schema,
        dialect: Dialect,
        inspector: Inspector,
        declared: DeclaredTypes,
        queries: Queries | None = None,
    ) -> SQLDatabase:
        dialect.check(schema)
        made = queries or Queries(schema, dialect)
        dates = DateColumns(schema, dialect, made, declared)
        return cls(schema, dialect, inspector, made, IssuerColumn(schema), dates)


class SQLEngine:
    """One engine over one connection (or pool of them)."""

    __slots__ = ("_connection", "_database", "_dates", "_inside", "_queries")

    def __init__(
        self, database: SQLDatabase, connection: Connection, *, inside: bool = False
    ) -> None:
        self._database = database
        self._queries = database.queries
        self._dates = database.dates
        self._connection = connection
        self._inside = inside
        """In a transaction: what reads one row may go on to change it, so the row is locked."""

    async def create(self, model: str, row: Row) -> Row:
        rows = await self._insert(model, row, unless_known=False)
        return self._queries.of(model).row(rows[0])

    async def create_many(self, model: str, rows: Sequence[Row]) -> None:
        """See `watchword.database.contract.BulkEngine`."""
        if not self._dates.known:
            await self._dates.look(self._connection.read)
        if not rows:
            return
        extra = [await self._database.issuer.extra(model, row, self._look) for row in rows]
        names, values = self._queries.bound_rows(model, rows, extra)
        if isinstance(self._connection, CopyingConnection):
            await self._connection.copy_in(self._queries.of(model).table, names, values)
            return
        for start in range(0, len(values), _ROWS_AT_ONCE):
            part = values[start : start + _ROWS_AT_ONCE]
            await self._connection.write(*self._queries.insert_many(model, names, part))

    async def reserve(self, model: str, row: Row) -> bool:
        return bool(await self._insert(model, row, unless_known=True))

    async def find_one(
        self, model: str, where: Where, *, join: Sequence[Join] = (), sort: Sort | None = None
    ) -> JoinedRow | None:
        if not self._dates.known:
            await self._dates.look(self._connection.read)
        sql, params = self._queries.first(model, where, sort, tuple(join), lock=self._inside)
        rows = await self._connection.read(sql, params)
        if not rows:
            return None
        row = self._row(model, join, rows[0])
        for one in join:
            if one.many:
                await self._relate([row], one)
        return row

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
        if not self._dates.known:
            await self._dates.look(self._connection.read)
        if offset < 0 or (limit is not None and limit < 0):
            raise ValueError("limit and offset must not be negative")
        sql, params = self._queries.select(
            model, where, sort=sort, limit=limit, offset=offset, join=join
        )
        rows = await self._connection.read(sql, params)
        made = [self._row(model, join, row) for row in rows]
        for one in join:
            if one.many:
                await self._relate(made, one)
        return made

    async def count(self, model: str, where: Where = ()) -> int:
        if not self._dates.known:
            await self._dates.look(self._connection.read)
        rows = await self._connection.read(*self._queries.count(model, where))
        return int(rows[0][0])

    async def update(
        self,
        model: str,
        where: Where,
        changes: Mapping[str, Value],
        *,
        everything: bool = False,
    ) -> int:
        refuse_all_rows(model, where, everything=everything)
        if not self._dates.known:
            await self._dates.look(self._connection.read)
        if not changes:
            return await self.count(model, where)
        _, affected = await self._connection.write(*self._queries.update(model, where, changes))
        return affected

    async def delete(self, model: str, where: Where, *, everything: bool = False) -> int:
        refuse_all_rows(model, where, everything=everything)
        if not self._dates.known:
            await self._dates.look(self._connection.read)
        _, affected = await self._connection.write(*self._queries.delete(model, where))
        return affected

    async def take(self, model: str, where: Where, *, sort: Sort | None = None) -> Row | None:
        if not self._dates.known:
            await self._dates.look(self._connection.read)
        rows, _ = await self._connection.write(*self._queries.take(model, where, sort))
        return self._queries.of(model).row(rows[0]) if rows else None

    async def update_if(self, model: str, where: Where, changes: Mapping[str, Value]) -> Row | None:
        return await self.increment(model, where, {}, changes)

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
        statement = self._queries.update_one(model, where, changes or {}, amounts)
        rows, _ = await self._connection.write(*statement)
        return self._queries.of(model).row(rows[0]) if rows else None

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[SQLEngine, None]:
        async with self._connection.transaction() as connection:
            yield type(self)(self._database, connection, inside=True)

    async def plan(self) -> list[str]:
        tables, schemas = await self._tables(), await self._schemas()
        return plan(self._database.schema, self._database.dialect, tables, schemas)

    async def unfillable(self) -> list[str]:
        """Columns (`table.column`) that need a value which the schema does not know of."""
        found = unfillable(self._database.schema, await self._tables())
        return [one for one in found if one != self._database.issuer.column]

    async def script_head(self) -> list[str]:
        """What a file of statements begins with, so that it works where this engine does."""
        dialect = self._database.dialect
        if dialect.current_schema is None:
            return []
        [[name]] = await self._connection.read(dialect.current_schema, ())
        if name in (None, dialect.usual_schema):
            return []
        return [f"SET search_path TO {dialect.named(name)}"]

    async def whole_plan(self) -> list[str]:
        """All statements of the schema, as for an empty database."""
        return plan(self._database.schema, self._database.dialect, {})

    async def undoable(self) -> bool:
        """Whether the caller is in a transaction, of ours or of an application."""
        if self._inside:
            return True
        joined = getattr(self._connection, "joined", None)
        return joined is not None and await joined()

    @property
    def dialect(self) -> str:
        """The name of the database's dialect: `sqlite`, `postgresql`..."""
        return self._database.dialect.name

    async def apply(self, statements: Sequence[str]) -> None:
        self._database.issuer.forget()
        await self._connection.run_script(statements)
        self._dates.forget()

    async def close(self) -> None:
        await self._connection.close()

    async def _insert(self, model: str, row: Row, *, unless_known: bool) -> list[tuple[Any, ...]]:
        if not self._dates.known:
            await self._dates.look(self._connection.read)
        issuer = self._database.issuer
        extra = await issuer.extra(model, row, self._look)
        sql, params = self._queries.insert(model, row, unless_known=unless_known, extra=extra)
        try:
            rows, _ = await self._connection.write(sql, params)
        except (UniqueViolation, StorageUnavailable):
            raise
        except StorageError:
            issuer.forget()
            raise
        return rows

    async def _look(self, table: str) -> TableShape | None:
        return (await self._database.inspector(self._connection.read, [table])).get(table)

    async def _tables(self) -> Mapping[str, TableShape]:
        names = [model.table_name for model in self._database.schema]
        return await self._database.inspector(self._connection.read, names) if names else {}

    async def _schemas(self) -> list[str]:
        """The schemas that there are, if a table says in which one it is."""
        query = self._database.dialect.all_schemas
        named = [schema_and_table(model.table_name)[0] for model in self._database.schema]
        if query is None or not any(named):
            return []
        return [name for (name,) in await self._connection.read(query, ())]

    def _row(self, model: str, join: Sequence[Join], values: Sequence[Any]) -> JoinedRow:
        it = self._queries.of(model)
        row: Any = it.row(values)
        start = it.width
        for one in join:
            if not one.many:
                other = self._queries.of(one.model)
                part = values[start : start + other.width]
                start += other.width
                row[one.name] = None if part[0] is None else other.row(part)
        return row

    async def _relate(self, rows: Sequence[JoinedRow], one: Join) -> None:
        """Fetch a to-many join: one query for all rows (for 500 keys at a time)."""
        related: dict[object, list[Row]] = {}
        for row in rows:
            if row[one.local] is not None:
                related[row[one.local]] = []
        keys = list(related)
        it = self._queries.of(one.model)
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            statement = self._queries.select_related(one, keys[start : start + _KEYS_AT_ONCE])
            for values in await self._connection.read(*statement):
                found = it.row(values)
                related[found[one.foreign]].append(found)
        for row in rows:
            row[one.name] = list(related.get(row[one.local], ()))


def refuse_script() -> None:
    """What `Connection.run_script` does inside a transaction. Raises `StorageError`."""
    raise StorageError("the schema cannot be changed inside a transaction")


def refused_empty(column: str) -> StorageError:
    """The error of a row without a value for a column that must have one."""
    return StorageError(
        f"the database refused the row: the column {column} must have a value and got none; where "
        "the schema does not know it any more, drop it, or let it be null"
    )
