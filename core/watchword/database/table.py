"""A record class made ready for storage: names, defaults and conversion, decided at start-up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar, cast

import msgspec

from watchword.discreet import Discreet

from .contract import Condition, JoinedRow, Operator, Row, Value
from .records import Attribute, Record, attributes_of, wire_names

R = TypeVar("R", bound=Record)


class Compare(Discreet, msgspec.Struct, frozen=True):
    """A comparison other than equality, for `where(expires_at=gt(now))`."""

    value: Value | list[Value]
    operator: Operator
    insensitive: bool = False


def ne(value: Value) -> Compare:
    return Compare(value, "ne")


def lt(value: Value) -> Compare:
    return Compare(value, "lt")


def lte(value: Value) -> Compare:
    return Compare(value, "lte")


def gt(value: Value) -> Compare:
    return Compare(value, "gt")


def gte(value: Value) -> Compare:
    return Compare(value, "gte")


def one_of(values: list[Value]) -> Compare:
    return Compare(values, "in")


def starts_with(value: str) -> Compare:
    return Compare(value, "starts_with")


class Table(Generic[R]):
    """One record class with everything that can be prepared about it."""

    def __init__(self, record: type[R]) -> None:
        self.record = record
        self.model = record.__model__
        self.attributes: Mapping[str, Attribute] = {a.name: a for a in attributes_of(record)}
        self.wire: Mapping[str, str] = wire_names(record)
        self._now_on_create = [a.wire for a in self.attributes.values() if a.column.now]
        self._now_on_write = [a.wire for a in self.attributes.values() if a.column.now == "write"]
        self._defaults = {a.wire: a.default for a in self.attributes.values() if a.default}
        self._optional = [a.wire for a in self.attributes.values() if a.optional]
        self.shown_defaults = frozenset(
            a.wire for a in self.attributes.values() if a.default and not a.optional
        ).difference(record.__hidden__)
        """What a copy for clients must hold to be believed: where such a field is missing, its
        default would be taken for its value."""
        self.all_defaults = self.shown_defaults | record.__hidden__
        """The same for a full copy, hidden fields included."""

    def conditions(self, filters: Mapping[str, object]) -> list[Condition]:
        """Conditions on attributes, all of which must hold. Unknown names raise `KeyError`."""
        made: list[Condition] = []
        wanted: Any
        for name, wanted in filters.items():
            field = self.wire[name]
            if type(wanted) is Compare:
                made.append(
                    Condition(field, wanted.value, wanted.operator, insensitive=wanted.insensitive)
                )
            else:
                made.append(Condition(field, wanted))
        return made

    def new_row(self, values: Mapping[str, object], new_id: str | None, now: datetime) -> Row:
        """A full row for `create`: given values over defaults, times filled in."""
        row: dict[str, object] = {} if new_id is None else {"id": new_id}
        for wire, default in self._defaults.items():
            row[wire] = default()
        for wire in self._optional:
            row.setdefault(wire, None)
        for wire in self._now_on_create:
            row[wire] = now
        row.update(self.to_row(values))
        return cast("Row", row)

    def changes(self, values: Mapping[str, object], now: datetime) -> Row:
        """The row fragment for an update; `updated_at` moves along."""
        row: dict[str, object] = dict.fromkeys(self._now_on_write, now)
        row.update(self.to_row(values))
        return cast("Row", row)

    def to_row(self, values: Mapping[str, object]) -> dict[str, object]:
        """Attribute names to wire names. Unknown names raise `KeyError`."""
        wire = self.wire
        return {wire[name]: value for name, value in values.items()}

    def from_row(self, row: Row | JoinedRow) -> R:
        """The record of a stored row. Columns that nobody declared are left out."""
        try:
            return msgspec.convert(row, self.record)
        except msgspec.ValidationError:
            # A column added after the row was written may be NULL: the default stands in.
            known = {
                key: value
                for key, value in row.items()
                if value is not None or key not in self._defaults
            }
            return msgspec.convert(known, self.record)

    def values_of(self, record: R) -> dict[str, object]:
        """All attributes of a record but its id."""
        return {name: getattr(record, name) for name in self.attributes}


IdGenerator = Callable[[str], str | None]
"""Makes the id for a row of the named model; None leaves it to the database."""
