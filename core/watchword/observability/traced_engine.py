"""A storage engine that makes a span of each operation."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager

from opentelemetry.trace import SpanKind

from watchword.database.contract import Engine, Join, JoinedRow, Row, Sort, Value, Where

from .spans import Spans


class TracedEngine:
    """Hands everything on to another engine. `system` names the database (`db.system.name`).

    A span is `{operation} {model}`; operations are those of the storage contract.
    """

    def __init__(self, engine: Engine, spans: Spans, system: str) -> None:
        self._engine = engine
        self._spans = spans
        self._system = system

    def __getattr__(self, name: str) -> object:
        """What an engine offers beside the contract, it offers still."""
        return getattr(self._engine, name)

    async def create(self, model: str, row: Row) -> Row:
        with self._span("create", model):
            return await self._engine.create(model, row)

    async def reserve(self, model: str, row: Row) -> bool:
        with self._span("reserve", model):
            return await self._engine.reserve(model, row)

    async def find_one(
        self, model: str, where: Where, *, join: Sequence[Join] = (), sort: Sort | None = None
    ) -> JoinedRow | None:
        with self._span("find_one", model):
            return await self._engine.find_one(model, where, join=join, sort=sort)

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
        with self._span("find_many", model):
            return await self._engine.find_many(
                model, where, limit=limit, offset=offset, sort=sort, join=join
            )

    async def count(self, model: str, where: Where = ()) -> int:
        with self._span("count", model):
            return await self._engine.count(model, where)

    async def update(
        self,
        model: str,
        where: Where,
        changes: Mapping[str, Value],
        *,
        everything: bool = False,
    ) -> int:
        with self._span("update", model):
            return await self._engine.update(model, where, changes, everything=everything)

    async def delete(self, model: str, where: Where, *, everything: bool = False) -> int:
        with self._span("delete", model):
            return await self._engine.delete(model, where, everything=everything)

    async def take(self, model: str, where: Where, *, sort: Sort | None = None) -> Row | None:
        with self._span("take", model):
            return await self._engine.take(model, where, sort=sort)

    async def update_if(self, model: str, where: Where, changes: Mapping[str, Value]) -> Row | None:
        with self._span("update_if", model):
            return await self._engine.update_if(model, where, changes)

    async def increment(
        self,
        model: str,
        where: Where,
        amounts: Mapping[str, int],
        changes: Mapping[str, Value] | None = None,
    ) -> Row | None:
        with self._span("increment", model):
            return await self._engine.increment(model, where, amounts, changes)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Engine, None]:
        """The span lasts from waiting for the transaction to its commit."""
        with self._span("transaction"):
            async with self._engine.transaction() as inner:
                yield TracedEngine(inner, self._spans, self._system)

    async def plan(self) -> list[str]:
        with self._span("plan"):
            return await self._engine.plan()

    async def apply(self, statements: Sequence[str]) -> None:
        with self._span("apply"):
            await self._engine.apply(statements)

    async def close(self) -> None:
        await self._engine.close()

    def _span(self, operation: str, model: str | None = None) -> AbstractContextManager[object]:
        attributes = {"db.system.name": self._system, "db.operation.name": operation}
        if model is None:
            return self._spans.open(operation, attributes, SpanKind.CLIENT)
        attributes["db.collection.name"] = model
        return self._spans.open(f"{operation} {model}", attributes, SpanKind.CLIENT)
