"""The storage contract: what a database must be able to do for watchword.

Rows go in and rows come out. A row is a plain dict keyed by the *logical* field names of the schema
(camelCase, as on the wire); the storage renames, quotes and converts to whatever its database
wants. Conditions are data, never SQL.

Three operations make single use safe on every database, each in one atomic step: `take`,
`update_if` and `increment`. Code above this floor never reads a row and then writes what it read.

A `Storage` is a configuration (a URL, a pool) that yields two engines over the same database: one
that never waits on an event loop (`blocking`) and one made for it (`asynchronous`). Both speak
the same coroutine interface, so the core is written once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

import msgspec

from watchword.discreet import Discreet

from .schema import Schema

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
Value: TypeAlias = "str | int | float | bool | datetime | list[Json] | dict[str, Json] | None"
Row: TypeAlias = "dict[str, Value]"
JoinedRow: TypeAlias = "dict[str, Value | Row | list[Row]]"

Operator: TypeAlias = Literal[
    "eq", "ne", "lt", "lte", "gt", "gte", "in", "not_in", "contains", "starts_with", "ends_with"
]


class Condition(Discreet, msgspec.Struct, frozen=True):
    """One comparison of a field with a value.

    All conditions with connector AND must hold, and, if there are any with connector OR, at least
    one of those. `eq`/`ne` with None mean IS NULL / IS NOT NULL. `in`/`not_in` take a list; an
    empty `in` matches nothing. In `contains`, `starts_with` and `ends_with` the value is literal
    text: `%` and `_` have no special meaning. `insensitive` compares lower-cased text.
    """

    field: str
    value: Value | Sequence[Value]
    operator: Operator = "eq"
    connector: Literal["AND", "OR"] = "AND"
    insensitive: bool = False


Where: TypeAlias = Sequence[Condition]


class Sort(Discreet, msgspec.Struct, frozen=True):
    """An order of rows: by one field, ties in order of insertion where the database knows it."""

    field: str
    descending: bool = False


class Join(Discreet, msgspec.Struct, frozen=True):
    """Fetch related rows in the same call: where `foreign` of `model` equals `local` of this row.

    The related row is put into the result under `name`: a row or None, or with `many` a list of at
    most `limit` rows.
    """

    name: str
    model: str
    local: str
    foreign: str = "id"
    many: bool = False
    limit: int = 100


class StorageError(Exception):
    """Base of what a storage raises. The text never holds a value from a row."""


class UniqueViolation(StorageError):
    """A create or an update met an existing row with the same unique value. Nothing was written."""


class ReferenceViolation(StorageError):
    """A row refers to one that does not exist (any more). Nothing was written."""


class StorageUnavailable(StorageError):
    """The database cannot be reached or stayed busy for too long. The caller may try again."""


class WouldNotLast(StorageError):
    """What must outlive every rollback was about to be written in a transaction. Nothing was."""


class SchemaMismatch(StorageError):
    """The database lacks a table or column of the schema: it has to be migrated.

    `lacking` says which, in the words of the database.
    """

    def __init__(self, lacking: str) -> None:
        super().__init__(
            "the database is not in the shape of the schema, migrate it (`watchword migrate`, or "
            f"`auth.migrate()`): {lacking}"
        )


class InvalidValue(StorageError):
    """A value cannot be stored in its field (NUL in text, out of range). Names the field."""


def refuse_all_rows(model: str, where: Where, *, everything: bool = False) -> None:
    """What an engine's `update` and `delete` do first: a condition that was lost on the way must
    not touch every row. Raises `ValueError` for an empty `where`, unless `everything` is true."""
    if not where and not everything:
        raise ValueError(
            f"no condition says which rows of {model!r} are meant; "
            "say everything=True if it is all of them"
        )


class Engine(Protocol):
    """One way to run the operations below. Every method is a coroutine in both kinds of engine.

    A blocking engine's coroutines never suspend, so they can be driven without an event loop.
    Unknown models and fields raise `KeyError` (a fault of the caller, not of the database).

    Beside the operations an engine may offer the command line `dialect`, the name of its database,
    `whole_plan()`, a coroutine like `plan()` that gives the statements for an empty database,
    `script_head()`, a coroutine that gives those which a file of them begins with, and
    `unfillable()`, one that names the columns (`table.column`) for which every insert needs a value
    that the schema does not know of.
    One that can take part in transactions of the application has a coroutine `undoable()` too:
    whether what the caller writes now may be undone with a transaction.
    """

    async def create(self, model: str, row: Row) -> Row:
        """Insert a row (with its id, unless the database makes ids) and return it as stored.

        Raises `UniqueViolation`, `ReferenceViolation`.
        """
        ...

    async def reserve(self, model: str, row: Row) -> bool:
        """Insert a row unless one with the same unique value exists. True for the one winner."""
        ...

    async def find_one(
        self, model: str, where: Where, *, join: Sequence[Join] = (), sort: Sort | None = None
    ) -> JoinedRow | None:
        """The first row that matches, or None."""
        ...

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
        """All rows that match, at most `limit` of them (None: no limit)."""
        ...

    async def count(self, model: str, where: Where = ()) -> int:
        """How many rows match."""
        ...

    async def update(
        self,
        model: str,
        where: Where,
        changes: Mapping[str, Value],
        *,
        everything: bool = False,
    ) -> int:
        """Change all rows that match; how many there were. Raises `UniqueViolation`.

        An empty `where` is refused (`ValueError`, see `refuse_all_rows`) unless `everything` says
        that all rows are meant.
        """
        ...

    async def delete(self, model: str, where: Where, *, everything: bool = False) -> int:
        """Delete all rows that match; how many there were. An empty `where` as in `update`."""
        ...

    async def take(self, model: str, where: Where, *, sort: Sort | None = None) -> Row | None:
        """Delete the first row that matches and return it: of many callers exactly one gets it.

        A caller that loses the race for a row gets None; it does not go on to another row.
        """
        ...

    async def update_if(self, model: str, where: Where, changes: Mapping[str, Value]) -> Row | None:
        """Change the first row that matches and return it as it is now, or None if none matched.

        The match and the change are one step, so a condition on the old value is a guard.
        """
        ...

    async def increment(
        self,
        model: str,
        where: Where,
        amounts: Mapping[str, int],
        changes: Mapping[str, Value] | None = None,
    ) -> Row | None:
        """Add to numeric fields of the first row that matches (and set `changes`), in one step.

        Returns the row as it is now, or None if none matched. No increment is ever lost.
        """
        ...

    def transaction(self) -> AbstractAsyncContextManager[Engine]:
        """Run everything done through the engine that this yields, or nothing of it.

        An exception rolls back and is raised on. Inside, `transaction()` joins the outer one. A row
        that `find_one` finds inside stays as it is until the end, except for what is done inside.
        After a refused statement some databases only let go: leave the transaction then.
        """
        ...

    async def plan(self) -> list[str]:
        """The statements that bring the database to the schema; empty when it is there.

        Creates missing tables, columns and indexes; never drops, renames or retypes.
        """
        ...

    async def apply(self, statements: Sequence[str]) -> None:
        """Run such statements, in one transaction where the database can. Safe to run twice."""
        ...

    async def close(self) -> None:
        """Give back all connections. The engine may be used again and then opens new ones."""
        ...


class BulkEngine(Protocol):
    """What an engine may offer beside the contract: rows by the thousand, for imports."""

    async def create_many(self, model: str, rows: Sequence[Row]) -> None:
        """Insert rows that have the same fields, `id` among them, in few statements.

        All or nothing inside a transaction. Raises what `create` raises.
        """
        ...


def check_schema(storage: Storage, schema: Schema) -> None:
    """Raise `ConfigurationError` if the storage says that it cannot keep the schema."""
    check: object = getattr(storage, "check", None)
    if callable(check):
        check(schema)


class Storage(Protocol):
    """A database that can be opened in two ways. Constructing one opens nothing.

    An attribute `system`, if there is one, names the database in traces: OpenTelemetry's
    `db.system.name`, for example `postgresql`. A method `probe()`, if there is one, connects once
    and raises `StorageUnavailable` with the reason: commands ask it before they wait for a pool.
    A method `check(schema)`, if there is one, raises `ConfigurationError` for a schema that the
    database cannot keep: `Auth` asks it when it is built.
    """

    def blocking(self, schema: Schema) -> Engine:
        """An engine whose coroutines never suspend; safe under threads and after fork."""
        ...

    def asynchronous(self, schema: Schema) -> Engine:
        """An engine for one event loop; created lazily on the loop that first uses it."""
        ...
