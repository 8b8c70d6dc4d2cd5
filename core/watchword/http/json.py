"""JSON as the protocol writes it: dates with exactly three fractional digits and `Z`.

The official client misreads longer fractions, and msgspec writes varying ones, so dates are made
into text first, by a conversion that is prepared once per type.
"""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from operator import attrgetter
from types import UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin

import msgspec

from .bounds import MOST_CONTAINERS

DEEPEST = 64
"""Levels of nesting that are read."""

_LARGEST = 2**53
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_NO_BRACKETS = rb'(?s)"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[^"\[\]{}]++'
"""Texts, with brackets in them or not, and all else that is no bracket."""
_SURROGATE = "[\ud800-\udfff]"
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()


class InvalidJSON(ValueError):
    """The bytes are not JSON that is accepted here."""


def format_date(moment: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SS.sssZ`, in UTC, cut to milliseconds. `ValueError` without a zone."""
    if moment.tzinfo is not UTC:
        if moment.tzinfo is None:
            raise ValueError(f"the date {moment} has no time zone; give it one, such as UTC")
        moment = moment.astimezone(UTC)
    # Of all ways the fastest: msgspec writes six digits or none, in C.
    text = _encoder.encode(moment).decode("ascii")
    return f"{text[1:24]}Z" if moment.microsecond else f"{text[1:20]}.000Z"


def parse_date(text: str) -> datetime:
    """An ISO 8601 moment with zone, as aware UTC in milliseconds. Raises `ValueError`."""
    if not _ISO.fullmatch(text):
        raise ValueError("not an ISO 8601 date with a zone")
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except OverflowError:
        raise ValueError("the date lies outside the years 1 to 9999") from None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def encode(value: object) -> bytes:
    """A value as JSON: structs, dataclasses, mappings, lists, dates, scalars.

    Wire names are those of the structs; integers above 2**53 become text.
    """
    return _encoder.encode(jsonable(value))


def jsonable(value: object) -> Any:
    """The value with dates as text, structs as dicts; what a record hides is left out."""
    convert = _CONVERTERS.get(type(value))
    if convert is None:
        convert = _CONVERTERS[type(value)] = _converter(type(value))
    return convert(value)


def decode(data: bytes) -> Any:
    """Parse a body strictly: one JSON value, no NaN, no lone surrogates, at most 64 levels deep.

    It has at most 10,000 objects and arrays. Invalid UTF-8 is replaced and a leading byte-order
    mark ignored, as browsers do. Raises `InvalidJSON`.
    """
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    if _too_deep(data):
        raise InvalidJSON("nested too deep, or of too many parts")
    try:
        try:
            value = _decoder.decode(data)
        except UnicodeDecodeError:
            value = _decoder.decode(data.decode("utf-8", "replace"))
    except (msgspec.DecodeError, RecursionError, ValueError):
        raise InvalidJSON("not JSON") from None
    if b"\\u" in data and _has_surrogate(value):
        raise InvalidJSON("a lone surrogate")
    return value


def _too_deep(data: bytes) -> bool:
    if data.count(b"[") + data.count(b"{") <= DEEPEST:
        return False
    brackets = re.sub(_NO_BRACKETS, b"", data)
    if len(brackets) > 2 * MOST_CONTAINERS:
        return True
    depth = 0
    for byte in brackets:
        depth += 1 if byte in b"[{" else -1
        if depth > DEEPEST:
            return True
    return False


def _has_surrogate(value: object) -> bool:
    if isinstance(value, str):
        return re.search(_SURROGATE, value) is not None
    if isinstance(value, list):
        return any(map(_has_surrogate, cast("list[object]", value)))
    if isinstance(value, dict):
        pairs = cast("dict[str, object]", value)
        return any(map(_has_surrogate, pairs)) or any(map(_has_surrogate, pairs.values()))
    return False


Converter = Callable[[Any], Any]


def _same(value: object) -> object:
    return value


def _integer(value: int) -> int | str:
    return value if -_LARGEST <= value <= _LARGEST else str(value)


def _float(value: float) -> float | int:
    # JavaScript has one kind of number and writes 1.0 as 1.
    return int(value) if -_LARGEST <= value <= _LARGEST and value.is_integer() else value


def _mapping(value: Mapping[str, object]) -> dict[str, Any]:
    return {key: jsonable(item) for key, item in value.items()}


def _sequence(value: list[object]) -> list[Any]:
    return [jsonable(item) for item in value]


_CONVERTERS: dict[type, Converter] = {
    type(None): _same,
    bool: _same,
    str: _same,
    float: _float,
    int: _integer,
    datetime: format_date,
    dict: _mapping,
    list: _sequence,
    tuple: _sequence,
}


def _converter(kind: type[Any]) -> Converter:
    if issubclass(kind, msgspec.Struct):
        return _struct_converter(kind)
    if issubclass(kind, enum.Enum):
        return lambda value: jsonable(value.value)
    if dataclasses.is_dataclass(kind):
        names = [item.name for item in dataclasses.fields(kind)]
        return lambda value: {name: jsonable(getattr(value, name)) for name in names}
    for known, convert in list(_CONVERTERS.items()):
        if issubclass(kind, known):
            return convert
    if issubclass(kind, Mapping):
        return _mapping
    raise TypeError(f"{kind.__name__} cannot be sent as JSON")


def _struct_converter(kind: type[msgspec.Struct]) -> Converter:
    hidden: frozenset[str] = getattr(kind, "__hidden__", frozenset())
    shown = [info for info in msgspec.structs.fields(kind) if info.encode_name not in hidden]
    if not shown:
        return lambda value: {}
    wires = [info.encode_name for info in shown]
    others = [info.encode_name for info in shown if not _is_verbatim(info.type)]
    omitted = [
        (info.encode_name, info.default)
        for info in shown
        if info.default is msgspec.UNSET
        or (kind.__struct_config__.omit_defaults and info.default is not msgspec.NODEFAULT)
    ]
    # One name more than is needed, so that the getter always gives a tuple.
    values_of = attrgetter(*(info.name for info in shown), shown[0].name)

    def convert(value: object) -> dict[str, Any]:
        made = dict(zip(wires, values_of(value), strict=False))
        for wire, default in omitted:
            if made[wire] == default:
                del made[wire]
        for wire in others:
            found = made.get(wire)
            if type(found) is datetime:
                made[wire] = format_date(found)
            elif found is not None:
                made[wire] = jsonable(found)
        return made

    return convert


def _is_verbatim(hint: object) -> bool:
    """Whether every value of a type is JSON as it is: text, truth values, nothing."""
    if get_origin(hint) is Annotated:
        return _is_verbatim(get_args(hint)[0])
    if isinstance(hint, UnionType) or get_origin(hint) is Union:
        return all(map(_is_verbatim, get_args(hint)))
    return hint is str or hint is bool or hint is type(None)
