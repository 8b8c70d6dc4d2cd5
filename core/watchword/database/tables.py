"""The record classes of one configuration, compiled once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, TypeVar

from .contract import Join
from .hooks import HookTable
from .names import Names
from .records import Record, model_of
from .schema import Schema
from .table import IdGenerator, Table

R = TypeVar("R", bound=Record)
J = TypeVar("J", bound=Record)

Listener = Callable[[Any, Any], Awaitable[None]]
"""Gets the call and the record as it is now."""


class Tables:
    """All record classes of one configuration, and the composite class that stands for each."""

    def __init__(
        self,
        records: Mapping[str, type[Record]],
        hooks: HookTable,
        new_id: IdGenerator,
        *,
        library_id: Callable[[], str],
        ids: str = "text",
        names: Names | None = None,
        unstored: Collection[str] = (),
        listeners: Mapping[str, Listener] | None = None,
    ) -> None:
        """`unstored` models have no table; `listeners` hear of updates, after hooks and commit."""
        self._tables: dict[str, Table[Any]] = {
            model: Table(record) for model, record in records.items()
        }
        stored = {model: record for model, record in records.items() if model not in unstored}
        models = map(model_of, stored.values())
        self.schema = Schema((names or Names()).applied(models), ids)
        self.hooks = hooks
        self.new_id = new_id
        self.library_id = library_id
        self.listeners: Mapping[str, Listener] = listeners or {}
        self._joins: dict[tuple[type[Record], type[Record], str], Any] = {}

    @property
    def models(self) -> tuple[str, ...]:
        """The names of all models."""
        return tuple(self._tables)

    def of(self, record: type[R]) -> Table[R]:
        """The table of a record class (or of a base of it). Raises `KeyError`."""
        return self._tables[record.__model__]

    def of_model(self, model: str) -> Table[Any]:
        """The table of a model. Raises `KeyError`."""
        return self._tables[model]

    def joined(
        self, record: type[R], other: type[J], via: str
    ) -> tuple[Table[R], Table[J], tuple[Join]]:
        """The tables of two record classes, and the join along the attribute `via`."""
        key = (record, other, via)
        found = self._joins.get(key)
        if found is None:
            table, related = self.of(record), self.of(other)
            join = Join(name="joined", model=related.model, local=table.wire[via])
            found = self._joins[key] = (table, related, (join,))
        return found

    def __contains__(self, record: type[Record]) -> bool:
        return record.__model__ in self._tables
