"""How values are stored and read back (spec: data model, stored forms).

What cannot be stored is refused here with `InvalidValue`, the same on every database.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from operator import itemgetter
from typing import Any, cast
from uuid import UUID

import msgspec

from watchword.database.contract import InvalidValue
from watchword.discreet import Discreet
from watchword.http.json import format_date, jsonable, parse_date

_SERIAL = "-?[1-9][0-9]{0,18}"
_UUID = "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_REVIVED = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z"
_PAST_9999 = datetime.max.replace(microsecond=999000, tzinfo=UTC)


def checked_text(value: Any) -> str:
    """Text that every database can hold. Raises `InvalidValue`."""
    if not isinstance(value, str):
        raise InvalidValue("expected text")
    if "\0" in value:
        raise InvalidValue("text must not hold U+0000")
    if not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise InvalidValue("text must not hold lone surrogates") from None
    return value


def checked_boolean(value: Any) -> bool:
    """True or False and nothing like it. Raises `InvalidValue`."""
    if not isinstance(value, bool):
        raise InvalidValue("expected a boolean")
    return value


def boolean_number(value: Any) -> int:
    """A boolean as 0 or 1."""
    return int(checked_boolean(value))


def checked_number(value: Any) -> int | float:
    """A finite number; an integer must fit into 64 bits. Raises `InvalidValue`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidValue("expected a number")
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise InvalidValue("the number does not fit into 64 bits")
    elif not math.isfinite(value):
        raise InvalidValue("the number must be finite")
    return value


def checked_date(value: Any) -> datetime:
    """An aware moment. Raises `InvalidValue`."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise InvalidValue("expected a date with a zone")
    return value


def iso_date(value: Any) -> str:
    """A moment as text with three fractional digits and `Z`; such texts sort by time."""
    try:
        return format_date(checked_date(value))
    except OverflowError:
        raise InvalidValue("the date lies outside the years 1 to 9999 in UTC") from None


def from_iso_date(value: Any) -> datetime:
    """A stored moment; also the forms that others wrote. Raises `ValueError` for none of them.

    Numbers are Unix milliseconds, a text without a zone is UTC (SQLite's CURRENT_TIMESTAMP), and
    years above 9999, which JavaScript writes with a sign, become the last moment there is.
    """
    if type(value) is str and len(value) == 24 and value[23] == "Z":
        return datetime.fromisoformat(value)
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value / 1000, UTC)
    text = str(value)
    if text.startswith("+"):
        return _PAST_9999
    try:
        return parse_date(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def from_iso_dates(values: tuple[Any, ...]) -> Iterable[datetime]:
    """Stored moments, all of which are texts that `iso_date` made. Raises `ValueError` or
    `TypeError` for any other, also while they are gone through."""
    if {*map(_behind_millis, values)} != _UTC:
        raise ValueError("not the usual spelling")
    return map(datetime.fromisoformat, values)


_behind_millis = itemgetter(slice(23, None))
_UTC = {"Z"}


class DateForm(Discreet, msgspec.Struct, frozen=True):
    """How a column holds moments where it is not the dialect's own way."""

    store: Callable[[Any], Any]
    """As the column holds it. Raises `InvalidValue`."""
    load: Callable[[Any], datetime]
    sought: Callable[[Any], Any]
    """What the column is compared with."""
    compared: str = "{}"
    """The column in comparisons."""


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _milliseconds(value: Any) -> int:
    return (checked_date(value) - _EPOCH) // timedelta(milliseconds=1)


def _seconds(value: Any) -> int:
    return (checked_date(value) - _EPOCH) // timedelta(seconds=1)


def _from_seconds(value: Any) -> datetime:
    return datetime.fromtimestamp(float(value), UTC)


def _from_milliseconds(value: Any) -> datetime:
    return _EPOCH + timedelta(milliseconds=int(value))


def _spaced(value: Any) -> str:
    return iso_date(value)[:19].replace("T", " ")


def _spaced_millis(value: Any) -> str:
    return iso_date(value)[:23].replace("T", " ")


def _whole_second(value: Any) -> str:
    return iso_date(value)[:19]


SECONDS = DateForm(_seconds, _from_seconds, _seconds)
MILLISECONDS = DateForm(_milliseconds, _from_milliseconds, _milliseconds)
ISO = DateForm(iso_date, from_iso_date, iso_date)
SPACED = DateForm(_spaced, from_iso_date, _spaced)
SPACED_MILLIS = DateForm(_spaced_millis, from_iso_date, _spaced_millis)
MIXED = DateForm(iso_date, from_iso_date, _whole_second, "SUBSTR(REPLACE({}, ' ', 'T'), 1, 19)")
"""Some rows with a `T`, some with a space: compared to the second, without an index."""


def json_text(value: Any) -> str:
    """A JSON value as text, as the protocol writes it. Raises `InvalidValue`."""
    try:
        plain = jsonable(value)
        text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise InvalidValue("expected a JSON value") from None
    if "\\u0000" in text and _holds_nul(plain):
        raise InvalidValue("text must not hold U+0000")
    return checked_text(text)


def from_json_text(value: Any) -> Any:
    """A stored JSON text; what is no text came parsed from the driver. Broken text reads as None.

    Text that is a full moment is re-printed in milliseconds, as it is on the wire.
    """
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return _reprinted(value)
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return _reprinted(parsed) if 'Z"' in value else parsed


def moment(value: Any) -> datetime:
    """What drivers make of a column of time: in UTC and whole milliseconds; no zone is UTC."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    elif not isinstance(value, datetime):
        day = cast("date", value)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    found = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return found.replace(microsecond=found.microsecond // 1000 * 1000)


def plain_number(value: Any) -> int | float:
    """What drivers make of a column of any numeric type."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def serial_number(value: Any) -> int:
    """A numeric id, which is decimal text everywhere but in the database. Raises `InvalidValue`."""
    if isinstance(value, str) and re.fullmatch(_SERIAL, value) and abs(int(value)) < 2**63:
        return int(value)
    raise InvalidValue("expected a decimal id")


def uuid_text(value: Any) -> str:
    """An id as a UUID: what is none gets one that is made from it, the same every time.

    So an id of another form can be stored, holds its place as a unique one does, and otherwise is
    found nowhere. Raises `InvalidValue` for what is no text.
    """
    text = checked_text(value)
    if re.fullmatch(_UUID, text):
        return text.lower()
    return str(UUID(bytes=sha256(text.encode()).digest()[:16], version=5))


def _reprinted(value: Any) -> Any:
    if isinstance(value, str):
        if not (value.endswith("Z") and re.fullmatch(_REVIVED, value)):
            return value
        try:
            moment = datetime.fromisoformat(value).astimezone(UTC)
        except ValueError:
            return value
        return format_date(moment)
    if isinstance(value, list):
        return [_reprinted(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {key: _reprinted(item) for key, item in cast("dict[str, Any]", value).items()}
    return value


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, list):
        return any(map(_holds_nul, cast("list[Any]", value)))
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value)
        return any(map(_holds_nul, pairs)) or any(map(_holds_nul, pairs.values()))
    return False
