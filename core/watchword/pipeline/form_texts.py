"""The texts of a form as the values of an endpoint's input.

Browsers send nothing but text: a checked box is `on`, a number is its digits, a field that was left
empty is there all the same. What cannot be read stays as it is: validation says what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, TypeAlias, Union, cast, get_args, get_origin
from weakref import WeakKeyDictionary

import msgspec

from watchword.database.records import Attribute
from watchword.database.tables import Tables
from watchword.discreet import Discreet, secret_fields

LEFT_OUT = object()
"""What an empty text is to a field that may be missing."""

_SWITCHES = {
    **dict.fromkeys(("on", "true", "1", "yes"), True),
    **dict.fromkeys(("", "off", "false", "0", "no"), False),
}
_NUMBER = re.compile(r"\s*([+-]?[0-9]{1,18}(\.[0-9]{1,18})?)\s*", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)

Reading: TypeAlias = Callable[[object], object]
"""Makes a value of a text, or of the list of those that came under one name."""


def reading_of(hint: object, *, required: bool) -> Reading:
    """How the texts of a field with this type are read."""
    arms = frozenset(_arms(hint))
    nothing: object = None if NoneType in arms else "" if required else LEFT_OUT
    if str in arms:
        return last_of if NoneType not in arms else lambda given: last_of(given) or None
    for arm in arms:
        if get_origin(arm) is list:
            return _list(get_args(arm)[0])
    if bool in arms:
        return _switch
    if int in arms or float in arms:
        return lambda given: _number(last_of(given), nothing)
    if datetime in arms:
        return lambda given: _moment(last_of(given), nothing)
    return lambda given: nothing if last_of(given) == "" else last_of(given)


@cache
def readings_of(kind: type[msgspec.Struct]) -> Mapping[str, Reading]:
    """Those of a struct, by the names on the wire."""
    return {
        info.encode_name: reading_of(info.type, required=info.required)
        for info in msgspec.structs.fields(kind)
    }


def reading_of_attribute(attribute: Attribute) -> Reading:
    """That of a record's field."""
    return reading_of(attribute.annotation, required=attribute.required)


def _arms(hint: object) -> Iterator[object]:
    if get_origin(hint) is Annotated:
        yield from _arms(get_args(hint)[0])
    elif isinstance(hint, UnionType) or get_origin(hint) is Union:
        for arm in get_args(hint):
            yield from _arms(arm)
    else:
        yield hint


def last_of(given: object) -> object:
    """Of several texts under one name the last: a box stands behind its hidden `false`."""
    if isinstance(given, list):
        several = cast("list[object]", given)
        return several[-1] if several else ""
    return given


def _switch(given: object) -> object:
    last = last_of(given)
    return _SWITCHES.get(last.lower(), last) if isinstance(last, str) else last


def _number(given: object, nothing: object) -> object:
    if given == "":
        return nothing
    found = _NUMBER.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        return given
    return float(found[1]) if found[2] else int(found[1])


def _moment(given: object, nothing: object) -> object:
    if given == "":
        return nothing
    is_day = isinstance(given, str) and _DATE.fullmatch(given)
    return f"{given}T00:00:00Z" if is_day else given


def _list(item: object) -> Reading:
    read = reading_of(item, required=True)

    def items(given: object) -> object:
        several = cast("list[object]", given) if isinstance(given, list) else [given]
        return [read(one) if isinstance(one, str) else one for one in several]

    return items


def _is_text(value: object) -> bool:
    return isinstance(value, str | list)


class OwnFields:
    """The fields of records that a client may set wherever an endpoint takes such."""

    def __init__(self, tables: Tables) -> None:
        self.readings: dict[str, Reading] = {}
        self.secrets: set[str] = set()
        # Of several with one name the users' own counts, whose table is the first.
        for table in reversed([tables.of_model(name) for name in tables.models]):
            self.secrets |= secret_names(table.record)
            for one in table.attributes.values():
                if one.column.input:
                    self.readings[one.wire] = reading_of_attribute(one)

    def readings_with(self, kind: type[msgspec.Struct] | None) -> Mapping[str, Reading]:
        """How the texts of all fields are read that an endpoint with this input may know."""
        return self.readings if kind is None else {**self.readings, **readings_of(kind)}

    def typed(
        self, kind: type[msgspec.Struct] | None, form: Mapping[str, object]
    ) -> dict[str, object]:
        """A form as values of that input's types, by their names on the wire.

        What the endpoint does not know is left out. One without an input reads its body itself, and
        says nowhere what it knows: it gets everything.
        """
        readings, found = self.readings_with(kind), dict[str, object]()
        for name, value in form.items():
            read = readings.get(name)
            if read is None:
                if kind is None:
                    found[name] = value
                continue
            made = read(value) if _is_text(value) else value
            if made is not LEFT_OUT:
                found[name] = made
        return found


def secret_names(kind: type[msgspec.Struct]) -> set[str]:
    """The names on the wire of what is never shown."""
    hidden = secret_fields(kind) if issubclass(kind, Discreet) else frozenset[str]()
    found = {info.encode_name for info in msgspec.structs.fields(kind) if info.name in hidden}
    return found | set(getattr(kind, "__hidden__", ()))


_KNOWN: WeakKeyDictionary[Tables, OwnFields] = WeakKeyDictionary()


def own_fields(tables: Tables) -> OwnFields:
    """The fields of one configuration, made once."""
    found = _KNOWN.get(tables)
    if found is None:
        found = _KNOWN[tables] = OwnFields(tables)
    return found
