"""Free-form fields of a request: which of a record's own fields a client may set, and how.

Spec: data model, additional fields. Fields of the core records are never read from here; what a
subclass of `User` or `Session`, or a plugin, declares is. What declares no length of its own has
one of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from watchword.call import Call
from watchword.database.records import Attribute, Record, attributes_of
from watchword.errors import APIError
from watchword.http.json import parse_date

from .problems import NOT_A_DATE, TOO_LONG
from .validation import ValidationCodes, invalid, sentence_for

LONGEST_TEXT = 10_000
"""Characters of a text. `Annotated[str, msgspec.Meta(max_length=...)]` says otherwise."""
LONGEST_JSON = 65_535
"""Bytes of a list or an object, as JSON; a `max_length` of its own says otherwise, too."""


def read_fields(
    call: Call,
    base: type[Record],
    *,
    creating: bool,
    given: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """The additional fields of `base` that the body sets, by attribute name, type-checked.

    `given` are other fields than those on top of the body. Raises MISSING_FIELD (when creating),
    FIELD_NOT_ALLOWED or VALIDATION_ERROR.
    """
    given = call.fields if given is None else given
    values: dict[str, object] = {}
    wrong: list[tuple[str, str]] = []
    for attribute in additional(call, base):
        if attribute.wire not in given:
            if creating and attribute.required:
                raise ValidationCodes.MISSING_FIELD(
                    f"{attribute.wire} is missing", field=attribute.wire
                )
            continue
        value = given[attribute.wire]
        if not attribute.column.input:
            # Where a default exists it stands in silently; otherwise only nothing is accepted.
            if value and not (creating and attribute.default is not None and _constant(attribute)):
                raise ValidationCodes.FIELD_NOT_ALLOWED(
                    f"{attribute.wire} is not allowed to be set", field=attribute.wire
                )
            continue
        try:
            values[attribute.name] = _checked(attribute, value)
        except _Wrong as problem:
            wrong.append(problem.told)
    if wrong:
        raise invalid(wrong)
    return values


def additional(call: Call, base: type[Record]) -> list[Attribute]:
    """The attributes that a configuration has beyond the core's `base` class."""
    core = {attribute.name for attribute in attributes_of(base)}
    table = call.config.tables.of(base)
    return [found for name, found in table.attributes.items() if name not in core]


def _constant(attribute: Attribute) -> bool:
    return attribute.default is not None and attribute.default() is not None


async def refuse_taken(
    call: Call, base: type[Record], values: Mapping[str, object], refusal: APIError
) -> None:
    """Raise `refusal` if some record has one of these values in a unique additional field."""
    for attribute in additional(call, base):
        wanted = values.get(attribute.name)
        if not attribute.column.unique or wanted is None:
            continue
        if await call.db.count(base, **dict[str, Any]({attribute.name: wanted})):
            raise refusal


def checked_value(attribute: Attribute, value: object) -> object:
    """A value from JSON as the attribute's type, validated. Raises VALIDATION_ERROR."""
    try:
        return _checked(attribute, value)
    except _Wrong as problem:
        raise invalid([problem.told]) from None


class _Wrong(Exception):
    """A value that an attribute does not take, and what to tell of it."""

    def __init__(self, attribute: Attribute, sentence: str, path: str = "") -> None:
        super().__init__(attribute.wire)
        self.told = f"body.{attribute.wire}{path}", sentence


def _checked(attribute: Attribute, value: object) -> object:
    _check_length(attribute, value)
    typed = _typed(attribute, value)
    if attribute.column.validator is None or typed is None:
        return typed
    try:
        return attribute.column.validator(typed)
    except ValueError as error:
        raise _Wrong(attribute, str(error)) from None


def _check_length(attribute: Attribute, value: object) -> None:
    if _declares_length(attribute.annotation):
        return
    if isinstance(value, str):
        fits = len(value) <= LONGEST_TEXT
    else:
        is_flat = not isinstance(value, list | dict)
        fits = is_flat or len(msgspec.json.encode(value)) <= LONGEST_JSON
    if not fits:
        raise _Wrong(attribute, TOO_LONG)


@cache
def _declares_length(hint: object) -> bool:
    """Whether a type says how long its values may be; that of the items in a list is no length of
    the list."""
    if get_origin(hint) is Annotated:
        kind, *said = get_args(hint)
        own = any(isinstance(one, msgspec.Meta) and one.max_length is not None for one in said)
        return own or _declares_length(kind)
    if isinstance(hint, UnionType) or get_origin(hint) is Union:
        return any(map(_declares_length, get_args(hint)))
    return False


def _typed(attribute: Attribute, value: object) -> object:
    if attribute.field.type.value == "date" and isinstance(value, str):
        try:
            return parse_date(value)
        except ValueError:
            raise _Wrong(attribute, NOT_A_DATE) from None
    try:
        return msgspec.convert(value, attribute.annotation)
    except msgspec.ValidationError as error:
        path, sentence = sentence_for(error)
        raise _Wrong(attribute, sentence, path) from None
