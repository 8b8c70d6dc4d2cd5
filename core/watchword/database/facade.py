"""The database as a call sees it: typed records in and out, defaults and hooks applied."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Any, Protocol, TypeVar, cast

from msgspec import UNSET

from .contract import (
    Condition,
    Engine,
    Row,
    Sort,
    StorageError,
    Value,
    Where,
    WouldNotLast,
    refuse_all_rows,
)
from .hooks import Event
from .records import Record
from .table import Table, one_of
from .tables import Tables

R = TypeVar("R", bound=Record)
J = TypeVar("J", bound=Record)


_SWEPT = 500
"""Rows at a time: an instant for every database."""


class Caller(Protocol):
    """What the facade needs from the call that it serves."""

    @property
    def now(self) -> datetime: ...

    async def run(self, callback: Callable[..., object], *args: object) -> object: ...


class Database:
    """The operations of the storage contract on record classes, for one call.

    Filters and values are attribute names: `await db.find_one(User, email=email)`,
    `await db.delete(Session, user_id=id, expires_at=lt(now))`.
    """

    __slots__ = ("_after_commit", "_caller", "_engine", "_tables")

    def __init__(self, engine: Engine, tables: Tables, caller: Caller) -> None:
        self._engine = engine
        self._tables = tables
        self._caller = caller
        self._after_commit: list[Callable[[], Awaitable[None]]] | None = None

    async def find_one(
        self, record: type[R], *, sort: Sort | None = None, **filters: object
    ) -> R | None:
        """The first record that matches, or None."""
        table = self._tables.of(record)
        row = await self._engine.find_one(table.model, table.conditions(filters), sort=sort)
        return None if row is None else table.from_row(row)

    async def find_joined(
        self, record: type[R], other: type[J], *, via: str, **filters: object
    ) -> tuple[R, J] | None:
        """The first record that matches, with the one that its attribute `via` refers to."""
        table, joined, join = self._tables.joined(record, other, via)
        row = await self._engine.find_one(table.model, table.conditions(filters), join=join)
        if row is None:
            return None
        related: Any = row.pop("joined")
        if related is None:
            return None
        return table.from_row(row), joined.from_row(related)

    async def find_many(
        self,
        record: type[R],
        *,
        limit: int | None = 100,
        offset: int = 0,
        sort: Sort | None = None,
        where: Where = (),
        **filters: object,
    ) -> list[R]:
        """All records that match, at most `limit` of them (None: all).

        `where` are conditions beside the filters, as where a field has several.
        """
        table = self._tables.of(record)
        every = (*table.conditions(filters), *where)
        rows = await self._engine.find_many(
            table.model, every, limit=limit, offset=offset, sort=sort
        )
        return [table.from_row(row) for row in rows]

    async def count(self, record: type[Record], *, where: Where = (), **filters: object) -> int:
        """How many records match; `where` as in `find_many`."""
        table = self._tables.of(record)
        return await self._engine.count(table.model, (*table.conditions(filters), *where))

    async def create(self, record: type[R], **values: object) -> R | None:
        """Insert a record; None if a hook refused it. Raises `UniqueViolation`."""
        table = self._tables.of(record)
        merged = await self._before(table.model, "create_before", values)
        if merged is None:
            return None
        given = cast("str | None", merged.pop("id", None))
        row = table.new_row(merged, given or self._tables.new_id(table.model), self._caller.now)
        stored = table.from_row(await self._engine.create(table.model, row))
        await self._after(table.model, "create_after", stored)
        return stored

    async def make(self, record: type[R], **values: object) -> R | None:
        """A full record with its defaults, hooks run, but not stored; None if a hook refused it."""
        table = self._tables.of(record)
        merged = await self._before(table.model, "create_before", values)
        if merged is None:
            return None
        given = cast("str | None", merged.pop("id", None))
        # The library makes the id even where the database otherwise would.
        new_id = given or self._tables.new_id(table.model) or self._tables.library_id()
        made = table.from_row(table.new_row(merged, new_id, self._caller.now))
        await self._after(table.model, "create_after", made)
        return made

    async def amend(self, record: R, changes: Mapping[str, object]) -> R | None:
        """The record as `update` would leave it, hooks run, but nothing stored; None if refused."""
        table = self._tables.of(type(record))
        merged = await self._before(table.model, "update_before", changes)
        if merged is None:
            return None
        row = {**self.full_row(record), **table.changes(merged, self._caller.now)}
        amended = table.from_row(cast("Row", row))
        await self._after(table.model, "update_after", amended)
        return amended

    def full_row(self, record: Record) -> dict[str, object]:
        """All fields of a record by wire name, those that are never returned too."""
        wire = self._tables.of(type(record)).wire
        return {field: getattr(record, name) for name, field in wire.items()}

    async def reserve(self, record: type[Record], **values: object) -> bool:
        """Insert a record (with its id) unless one with the same id or unique value exists."""
        table = self._tables.of(record)
        given = cast("str | None", values.pop("id", None))
        row = table.new_row(values, given or self._tables.new_id(table.model), self._caller.now)
        return await self._engine.reserve(table.model, row)

    async def place(self, record: type[R], **values: object) -> bool:
        """`reserve`, with the hooks of `create`; False as well if a hook refused it."""
        table = self._tables.of(record)
        merged = await self._before(table.model, "create_before", values)
        if merged is None:
            return False
        given = cast("str | None", merged.pop("id", None))
        row = table.new_row(merged, given or self._tables.new_id(table.model), self._caller.now)
        made = await self._engine.reserve(table.model, row)
        if made:
            await self._after(table.model, "create_after", table.from_row(row))
        return made

    async def spare_id(self, record: type[Record], **values: object) -> str:
        """An id that a new record could have. Where the database makes them, it gives one away for
        a row that is gone again at once: it is of the right form, and nobody gets it later."""
        table = self._tables.of(record)
        made = self._tables.new_id(table.model)
        if made is not None:
            return made
        row = table.new_row(values, None, self._caller.now)
        try:
            async with self.transaction():
                stored = await self._engine.create(table.model, row)
                await self._engine.delete(table.model, [Condition("id", stored["id"])])
        except StorageError:
            return self._tables.library_id()
        return str(stored["id"])

    async def update(
        self, record: type[R], changes: Mapping[str, object], **filters: object
    ) -> R | None:
        """Change the first record that matches, in one step; as it is now, or None.

        None means that none matched, or that a hook refused.
        """
        table = self._tables.of(record)
        merged = await self._before(table.model, "update_before", dict(changes))
        if merged is None:
            return None
        row = await self._engine.update_if(
            table.model, table.conditions(filters), table.changes(merged, self._caller.now)
        )
        if row is None:
            return None
        stored = table.from_row(row)
        await self.announce(stored)
        return stored

    async def announce(self, stored: Record) -> None:
        """Tell of a record that was changed: `update_after` hooks, and whoever keeps copies.

        For what was changed here, and for what the application changed by itself.
        """
        model = self._tables.of(type(stored)).model
        listener = self._tables.listeners.get(model)
        try:
            await self._after(model, "update_after", stored)
        finally:
            # A hook that fails is no reason to keep copies of what was.
            if listener is not None:
                await self.after_commit(partial(listener, self._caller, stored))

    async def increment(
        self,
        record: type[R],
        amounts: Mapping[str, int],
        changes: Mapping[str, object] | None = None,
        **filters: object,
    ) -> R | None:
        """Add to numeric attributes of the first record that matches, in one step."""
        table = self._tables.of(record)
        row = await self._engine.increment(
            table.model,
            table.conditions(filters),
            cast("Mapping[str, int]", table.to_row(amounts)),
            table.changes(changes or {}, self._caller.now),
        )
        return None if row is None else table.from_row(row)

    async def take(
        self, record: type[R], *, sort: Sort | None = None, **filters: object
    ) -> R | None:
        """Delete the first record that matches and return it; of many callers one gets it."""
        table = self._tables.of(record)
        row = await self._engine.take(table.model, table.conditions(filters), sort=sort)
        if row is None:
            return None
        taken = table.from_row(row)
        await self._after(table.model, "delete_after", taken)
        return taken

    async def delete(
        self, record: type[Record], *, everything: bool = False, **filters: object
    ) -> int:
        """Delete all that match; how many it were (0 if a hook refused). As `Engine.delete`."""
        table = self._tables.of(record)
        where = table.conditions(filters)
        refuse_all_rows(table.model, where, everything=everything)
        hooks = self._tables.hooks
        before = hooks.get(table.model, "delete_before")
        after = hooks.get(table.model, "delete_after")
        if not before and not after:
            return await self._engine.delete(table.model, where, everything=everything)

        async def end(row_id: str) -> bool:
            return bool(await self._engine.delete(table.model, (*where, Condition("id", row_id))))

        return await self._end_hooked(table, where, end)

    async def sweep(self, record: type[Record], **filters: object) -> int:
        """Delete some hundred of the records that match: no request waits for a million of them.

        For what is swept again and again. How many it were.
        """
        table = self._tables.of(record)
        where = table.conditions(filters)
        refuse_all_rows(table.model, where)
        rows = await self._engine.find_many(table.model, where, limit=_SWEPT)
        if not rows:
            return 0
        ids = cast("list[Value]", [row["id"] for row in rows])
        return await self.delete(record, everything=False, id=one_of(ids), **filters)

    async def retire(
        self, record: type[Record], changes: Mapping[str, object], **filters: object
    ) -> int:
        """End all records that match, as `delete` does, but keep their rows with these changes.

        The changes must be such that a retired row matches no more. How many there were.
        """
        table = self._tables.of(record)
        where, kept = table.conditions(filters), table.changes(changes, self._caller.now)
        refuse_all_rows(table.model, where)

        async def end(row_id: str) -> bool:
            alone = (*where, Condition("id", row_id))
            return await self._engine.update_if(table.model, alone, kept) is not None

        return await self._end_hooked(table, where, end)

    async def _end_hooked(
        self, table: Table[R], where: Where, end: Callable[[str], Awaitable[bool]]
    ) -> int:
        rows = await self._engine.find_many(table.model, where, limit=None)
        doomed = [table.from_row(row) for row in rows]
        for found in doomed:
            for hook in self._tables.hooks.get(table.model, "delete_before"):
                if await self._caller.run(hook, found, self._caller) is False:
                    return 0
        ended = 0
        for found in doomed:
            if await end(found.id):
                ended += 1
                await self._after(table.model, "delete_after", found)
        return ended

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[None, None]:
        """Everything done through this object inside is stored together or not at all.

        `after` hooks wait for the commit. Nested use joins the outer transaction.
        """
        if self._after_commit is not None:
            yield
            return
        outer = self._engine
        queue: list[Callable[[], Awaitable[None]]] = []
        try:
            async with outer.transaction() as engine:
                self._engine, self._after_commit = engine, queue
                yield
        finally:
            self._engine, self._after_commit = outer, None
        await _all(queue)

    async def after_commit(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` once the surrounding transaction is stored; at once outside of one.

        Whatever fails of what waits for a commit, the rest is done; then the first failure is
        raised.
        """
        if self._after_commit is None:
            await work()
        else:
            self._after_commit.append(work)

    async def undoable(self) -> bool:
        """Whether what is written now may be undone: in our own transactions as in those of the
        application."""
        if self._after_commit is not None:
            return True
        asked = getattr(self._engine, "undoable", None)
        return asked is not None and await asked()

    async def must_last(self, what: str) -> None:
        """Refuse to count `what` in a transaction: whoever can undo it could guess without end.

        Raises `WouldNotLast` where that is `undoable`.
        """
        if await self.undoable():
            raise WouldNotLast(
                f"{what} are counted in the database, and must not be undone with the transaction "
                "that this call is made in: call before it begins or after it ends"
            )

    async def _before(
        self, model: str, event: Event, values: Mapping[str, object]
    ) -> dict[str, object] | None:
        # A creation's hook sees what earlier hooks made of it, an update's the original changes.
        merged = dict(values)
        for hook in self._tables.hooks.get(model, event):
            seen = dict(merged if event == "create_before" else values)
            answer = await self._caller.run(hook, seen, self._caller)
            if answer is False:
                return None
            if isinstance(answer, Mapping):
                merged.update(cast("Mapping[str, object]", answer))
        return {name: value for name, value in merged.items() if value is not UNSET}

    async def _after(self, model: str, event: Event, stored: Record) -> None:
        hooks = self._tables.hooks.get(model, event)
        if not hooks:
            return

        async def run() -> None:
            for hook in hooks:
                await self._caller.run(hook, stored, self._caller)

        await self.after_commit(run)


async def _all(works: Sequence[Callable[[], Awaitable[None]]]) -> None:
    failures: list[Exception] = []
    for work in works:
        try:
            await work()
        except Exception as error:
            failures.append(error)
    if failures:
        raise failures[0]
