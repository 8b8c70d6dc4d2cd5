"""JSON: written as the client expects it, read strictly."""

from __future__ import annotations

import dataclasses
import enum
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.vectors import vectors
from watchword.http.json import InvalidJSON, decode, encode, format_date, parse_date


class Colour(enum.Enum):
    RED = "red"


class Person(msgspec.Struct, rename="camel"):
    full_name: str
    created_at: datetime
    friends: list[Person] = []
    note: str | None = None


class Sparse(msgspec.Struct, omit_defaults=True):
    url: str | None = None
    token: str | None = None


class Partial(msgspec.Struct):
    note: str | None = None
    user: Sparse | msgspec.UnsetType = msgspec.UNSET


@dataclasses.dataclass
class Point:
    x: int
    when: datetime


MOMENT = datetime(2030, 1, 8, 1, 2, 3, 456_789, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (MOMENT, "2030-01-08T01:02:03.456Z"),
        (MOMENT.replace(microsecond=0), "2030-01-08T01:02:03.000Z"),
        (MOMENT.replace(microsecond=999_999), "2030-01-08T01:02:03.999Z"),
        (MOMENT.astimezone(timezone(timedelta(hours=5, minutes=30))), "2030-01-08T01:02:03.456Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000Z"),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), "9999-12-31T23:59:59.000Z"),
    ],
)
def test_dates_have_exactly_three_fractional_digits(moment: datetime, text: str) -> None:
    assert format_date(moment) == text
    assert encode({"at": moment}) == f'{{"at":"{text}"}}'.encode()


def test_a_date_without_a_zone_is_refused_instead_of_taken_for_local_time() -> None:
    with pytest.raises(ValueError, match="zone"):
        format_date(datetime(2030, 1, 1))


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_written_date_is_read_as_the_same_millisecond(moment: datetime) -> None:
    text = format_date(moment)

    assert parse_date(text) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert format_date(parse_date(text)) == text


@pytest.mark.parametrize(
    "case",
    [case for case in vectors("client_json_dates") if case["becomes_date"]],
    ids=lambda case: case["text"],
)
def test_a_date_that_the_client_revives_is_the_same_moment_here(case: dict[str, Any]) -> None:
    misread = "123456" in case["text"]  # The client adds digits after the third as milliseconds.

    assert (format_date(parse_date(case["text"])) == case["iso"]) is not misread


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2030-01-08",
        "2030-01-08T01:02:03",
        "2030-01-08 01:02:03Z",
        "2030-1-8T01:02:03Z",
        "2030-02-30T00:00:00Z",
        "2030-01-08T25:00:00Z",
        "2030-01-08T01:02:60Z",
        "2030-01-08T01:02:03Z\n",
        "20300108T010203Z",
        "2030-W02-2T00:00:00Z",
        "\u0968\u0966\u0969\u0966-01-08T01:02:03Z",
        "2030-01-08T01:02:03+99:00",
        "0001-01-01T00:00:00+23:00",
        "9999-12-31T23:59:59-23:00",
    ],
    ids=ascii,
)
def test_an_odd_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        parse_date(text)


def test_values_of_every_kind_are_written() -> None:
    value = {
        "none": None,
        "yes": True,
        "text": 'é"\n/<\u2028',
        "number": 1.5,
        "list": [1, (2, 3)],
        "colour": Colour.RED,
        "point": Point(1, MOMENT),
        "person": Person("Ada", MOMENT, [Person("Bob", MOMENT)]),
    }

    assert encode(value).decode() == (
        '{"none":null,"yes":true,"text":"é\\"\\n/<\u2028","number":1.5,"list":[1,[2,3]],'
        '"colour":"red","point":{"x":1,"when":"2030-01-08T01:02:03.456Z"},'
        '"person":{"fullName":"Ada","createdAt":"2030-01-08T01:02:03.456Z","friends":['
        '{"fullName":"Bob","createdAt":"2030-01-08T01:02:03.456Z","friends":[],"note":null}'
        '],"note":null}}'
    )


def test_a_struct_that_omits_defaults_is_written_without_them() -> None:
    assert encode(Sparse(token="t")) == b'{"token":"t"}'


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (2**53, b"9007199254740992"),
        (2**53 + 1, b'"9007199254740993"'),
        (-(2**53) - 1, b'"-9007199254740993"'),
        (2**70, b'"1180591620717411303424"'),
        (1.0, b"1"),
        (-0.0, b"0"),
        (0.1, b"0.1"),
        (float("nan"), b"null"),
        (float("inf"), b"null"),
    ],
)
def test_numbers_are_written_as_javascript_writes_them(number: float, text: bytes) -> None:
    assert encode(number) == text


def test_what_has_no_form_in_json_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="complex"):
        encode({"z": complex(1, 2)})


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a":[1,2.5,null,true,"\xc3\xa9"]}', {"a": [1, 2.5, None, True, "é"]}),
        (b'  "x"\n', "x"),
        (b'{"a":1,"a":2}', {"a": 2}),
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'"\\u0000"', "\0"),
        (b'{"__proto__":{"x":1}}', {"__proto__": {"x": 1}}),
    ],
)
def test_json_is_read(body: bytes, value: object) -> None:
    assert decode(body) == value


def test_i2_invalid_bytes_are_replaced_as_the_reference_replaces_them() -> None:
    assert decode(b'{"a":"x\xffy"}') == {"a": "x\ufffdy"}
    assert decode(b'{"a":"\xed\xa0\x80"}') == {"a": "\ufffd" * 3}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"nul",
        b"{",
        b"{}{}",
        b"{} x",
        b"[1,]",
        b"{'a':1}",
        b'{"a":NaN}',
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"1e999",
        b"01",
        b"+1",
        b'"\n"',
        b'"\\x41"',
        b'"\\ud800"',
        b'"\\udc00\\ud800"',
        b'{"\\ud800":1}',
        b'["a",{"b":["\\udfff"]}]',
        b"\xff\xfe{\x00}\x00",
        b'{"a":1}\x00',
        b"\xef\xbb\xbf\xef\xbb\xbf{}",
        b"/**/{}",
    ],
    ids=repr,
)
def test_i2_what_is_no_strict_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidJSON):
        decode(body)


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_p5_nesting_is_read_to_64_levels(opening: bytes, closing: bytes) -> None:
    def nested(levels: int) -> bytes:
        inner = opening * (levels - 1) + opening.replace(b'"a":', b"") + closing
        return inner + closing * (levels - 1)

    assert decode(nested(64)) is not None
    for levels in (65, 1_000, 100_000):
        with pytest.raises(InvalidJSON):
            decode(nested(levels))


def test_p5_many_brackets_side_by_side_are_no_depth() -> None:
    assert decode(b"[" + b"[]," * 999 + b"[]]") == [[]] * 1000
    assert decode(b'"' + b"[" * 999 + b'\\"{"') == "[" * 999 + '"{'


def test_numbers_of_any_length_are_read_or_refused_but_never_fail_otherwise() -> None:
    assert encode(decode(b"9" * 4_000)) == b'"' + b"9" * 4_000 + b'"'
    with pytest.raises(InvalidJSON):
        decode(b"9" * 5_000)


@given(st.binary())
def test_no_bytes_fail_otherwise(body: bytes) -> None:
    try:
        value = decode(body)
    except InvalidJSON:
        return
    json.dumps(value).encode()


_PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=20,
)


@given(_PLAIN)
def test_what_is_written_is_read_again(value: object) -> None:
    assert decode(encode(value)) == value
    assert encode(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def test_what_is_unset_is_left_out_and_what_is_none_is_not() -> None:
    assert encode(Partial()) == b'{"note":null}'
    assert encode(Partial(user=Sparse(url="/"))) == b'{"note":null,"user":{"url":"/"}}'
