"""Pages of records that clients ask for: how many, which, in which order (security I6, I7).

Conditions name fields that exist and that clients see; of what nobody can see nothing is found out
by asking for it, and whatever fits no field finds nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from watchword.call import Call
from watchword.database.contract import Condition, Operator, Sort, Value
from watchword.database.records import Record
from watchword.database.schema import FieldType
from watchword.http.json import parse_date
from watchword.pipeline.validation import invalid

LONGEST_PAGE = 1000
FURTHEST = 1_000_000_000
"""How far a page may be from the beginning."""

Given: TypeAlias = "str | bool | float | list[str]"
"""What a client compares a field with."""
_OF_TEXTS = ("contains", "starts_with", "ends_with")
_NUMBERS = (FieldType.NUMBER, FieldType.BIGINT)


class FitsNothing(Exception):
    """A condition that no record can fulfil."""


def whole_number(name: str, given: str | int | None, most: int) -> int:
    """A number in a query; 0 where it is left out. Raises VALIDATION_ERROR."""
    text = "0" if given is None else str(given) or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 12 and int(text) <= most):
        raise invalid([(f"query.{name}", f"This is no whole number from 0 to {most}")])
    return int(text)


def condition_on(
    call: Call, record: type[Record], wire: str, given: Given, operator: Operator
) -> Condition:
    """A comparison of a field with what a client gave. Raises `FitsNothing`."""
    kind = _field(call, record, wire)
    if operator in ("in", "not_in"):
        several = given if isinstance(given, list) else [given]
        return Condition(wire, [_value(kind, one) for one in several], operator)
    if isinstance(given, list) or (operator in _OF_TEXTS and kind is not FieldType.STRING):
        raise FitsNothing
    insensitive = operator in _OF_TEXTS
    return Condition(wire, _value(kind, given), operator, insensitive=insensitive)


def order_by(call: Call, record: type[Record], wire: str, direction: str) -> Sort | None:
    """An order that a client asked for; None for no field. Raises `FitsNothing`."""
    if not wire:
        return None
    _field(call, record, wire)
    return Sort(wire, descending=direction == "desc")


def shown_type(call: Call, record: type[Record], wire: str) -> FieldType | None:
    """The type of a field that clients see; None for any other."""
    if wire == "id":
        return FieldType.STRING
    for attribute in call.config.tables.of(record).attributes.values():
        if attribute.wire == wire and attribute.column.returned:
            return attribute.field.type
    return None


def _field(call: Call, record: type[Record], wire: str) -> FieldType:
    kind = shown_type(call, record, wire)
    if kind is None:
        raise FitsNothing
    return kind


def _value(kind: FieldType, given: str | bool | float) -> Value:
    text = given if isinstance(given, str) else str(given).lower()
    if kind is FieldType.STRING:
        return text
    if kind is FieldType.BOOLEAN and text in ("true", "false"):
        return text == "true"
    if kind in _NUMBERS:
        return _as_number(text)
    if kind is FieldType.DATE:
        return _as_date(text)
    raise FitsNothing


def _as_number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise FitsNothing from None
    if abs(number) > 2**53 or number != number:
        raise FitsNothing
    return int(number) if number.is_integer() else number


def _as_date(text: str) -> datetime:
    try:
        return parse_date(text)
    except ValueError:
        raise FitsNothing from None
