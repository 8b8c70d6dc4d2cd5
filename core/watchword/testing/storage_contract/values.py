# pyright: basic
"""What is put into a field comes out of it, and what no database can hold is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from watchword.database.contract import Condition, Engine, InvalidValue, Sort

from .driving import Run
from .models import NOW

FIRST = datetime(1, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, 23, 59, 59, 999000, UTC)


def label(value: object) -> str | None:
    """A short name for a test's parameter; None leaves it to pytest."""
    return ascii(value)[:24] if isinstance(value, str | int | float | datetime) else None


KEPT = [
    ("text", ""),
    ("text", " spaces \t\r\n kept "),
    ("text", "Grüße, Ωmega, 日本語, 👩‍👩‍👧, e\u0301 and é, \u202e"),
    ("text", "\x01\x7f\ufeff\uffff\U0010ffff"),
    ("text", "123"),
    ("text", "00012"),
    ("text", "true"),
    ("text", "2026-01-01T00:00:00.000Z"),
    ("text", "長" * 100_000),
    ("other", "a column with a name that is a word of SQL"),
    ("flag", True),
    ("flag", False),
    ("number", 0),
    ("number", -(2**31)),
    ("number", 2**31 - 1),
    ("big", 2**53 + 1),
    ("big", 2**63 - 1),
    ("big", -(2**63)),
    ("big", 1_772_600_767_089),
    ("moment", NOW),
    ("moment", datetime(1970, 1, 1, tzinfo=UTC)),
    ("moment", LAST),
    ("json", {}),
    ("json", []),
    ("json", "text"),
    ("json", 'quo"tes and \\ and \u2028'),
    ("json", False),
    ("json", 12.5),
    ("json", {"a": [1, None, {"ü": "日本"}], "": True, "b c": -1}),
    ("json", {"when": "2026-01-01T00:00:00.000Z"}),
    ("json", "a 2026-01-01T00:00:00Z in the middle"),
    ("texts", []),
    ("texts", ["a", "", "é,", '"']),
    ("numbers", [1, 2.5, -3]),
]


@pytest.mark.parametrize(("field", "value"), KEPT, ids=label)
def test_values_come_back_as_they_were(
    engine: Engine, run: Run[Any], field: str, value: Any
) -> None:
    async def body() -> None:
        created = await engine.create("thing", {"id": "1", field: value})
        assert created[field] == value
        assert type(created[field]) is type(value)
        found = await engine.find_one("thing", [Condition("id", "1")])
        assert found == created
        await engine.update("thing", (), {field: None}, everything=True)
        assert (await engine.update_if("thing", (), {field: value})) == created

    run(body())


@pytest.mark.parametrize(
    ("field", "value"),
    [pair for pair in KEPT if pair[0] not in ("json", "texts", "numbers")],
    ids=label,
)
def test_rows_are_found_by_their_values(
    engine: Engine, run: Run[Any], field: str, value: Any
) -> None:
    async def body() -> None:
        await engine.create("thing", {"id": "1", field: value})
        await engine.create("thing", {"id": "2"})
        found = await engine.find_many("thing", [Condition(field, value)])
        assert [row["id"] for row in found] == ["1"]

    run(body())


def test_equal_is_equal_to_the_letter(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        await engine.create("thing", {"id": "1", "key": "Key é"})
        for other in ("key é", "KEY É", "Key e\u0301", "Key e", "Key é ", " Key é", "Key é\n"):
            assert await engine.count("thing", [Condition("key", other)]) == 0
            assert await engine.count("thing", [Condition("key", other, "contains")]) == 0
        await engine.create("thing", {"id": "2", "key": "key é"})
        await engine.create("thing", {"id": "3", "key": "Key é "})

    run(body())


def test_dates_are_kept_to_the_millisecond_in_utc(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        east = timezone(timedelta(hours=5, minutes=30))
        precise = datetime(2026, 1, 2, 3, 4, 5, 678999, east)
        created = await engine.create("thing", {"id": "1", "moment": precise})
        assert created["moment"] == datetime(2026, 1, 1, 21, 34, 5, 678000, UTC)
        moment: Any = created["moment"]
        assert moment.utcoffset() == timedelta(0)
        # The same date given again is the guard of an update.
        assert await engine.update_if("thing", [Condition("moment", precise)], {"text": "found"})

    run(body())


def test_dates_sort_and_compare_by_time(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        moments = [
            FIRST,
            datetime(999, 1, 1, tzinfo=UTC),
            NOW - timedelta(milliseconds=1),
            NOW,
            NOW + timedelta(milliseconds=1),
            LAST,
        ]
        for number, moment in reversed(list(enumerate(moments))):
            await engine.create("thing", {"id": str(number), "moment": moment})
        rows = await engine.find_many("thing", sort=Sort("moment"))
        assert [row["moment"] for row in rows] == moments
        assert await engine.count("thing", [Condition("moment", NOW, "lt")]) == 3
        assert await engine.count("thing", [Condition("moment", NOW, "gte")]) == 3

    run(body())


def test_dates_inside_json_are_text_in_milliseconds(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        value: Any = {"a": [NOW], "b": "2026-01-01T00:00:00Z", "c": "2026-01-01T00:00:00.123456Z"}
        created = await engine.create("thing", {"id": "1", "json": value})
        assert created["json"] == {
            "a": ["2026-03-04T05:06:07.089Z"],
            "b": "2026-01-01T00:00:00.000Z",
            "c": "2026-01-01T00:00:00.123Z",
        }

    run(body())


REFUSED: list[tuple[str, Any]] = [
    ("id", "a\0b"),
    ("text", "a\0b"),
    ("text", "\ud800"),
    ("text", "fine \udfff"),
    ("text", 5),
    ("text", b"bytes"),
    ("text", NOW),
    ("json", {"a": "b\0"}),
    ("json", {"a\0": 1}),
    ("json", ["\ud800"]),
    ("json", float("nan")),
    ("json", [float("inf")]),
    ("json", object()),
    ("texts", ["a\0"]),
    ("flag", 1),
    ("flag", "true"),
    ("number", True),
    ("number", "1"),
    ("number", float("nan")),
    ("number", float("inf")),
    ("number", 2**63),
    ("big", 2**63),
    ("big", -(2**63) - 1),
    ("big", 10**400),
    ("moment", "2026-01-01T00:00:00.000Z"),
    ("moment", NOW.replace(tzinfo=None)),
    ("moment", 1_772_600_767_089),
    ("moment", datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5)))),
]


@pytest.mark.parametrize(("field", "value"), REFUSED, ids=label)
def test_what_cannot_be_stored_is_refused_with_the_field(
    engine: Engine, run: Run[Any], field: str, value: Any
) -> None:
    async def body() -> None:
        await engine.create("thing", {"id": "1"})
        with pytest.raises(InvalidValue, match=rf"^thing\.{field}: "):
            await engine.create("thing", {"id": "2", field: value})
        with pytest.raises(InvalidValue, match=rf"^thing\.{field}: "):
            await engine.reserve("thing", {"id": "2", field: value})
        with pytest.raises(InvalidValue, match=rf"^thing\.{field}: "):
            await engine.update_if("thing", [Condition("id", "1")], {field: value})
        assert await engine.find_many("thing") == [
            {**dict.fromkeys((await engine.find_many("thing"))[0]), "id": "1"}
        ]

    run(body())


def test_a_text_too_long_to_search_for_is_refused(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        await engine.create("thing", {"id": "1", "text": "%" * 20_000})
        found = await engine.find_many("thing", [Condition("text", "%" * 20_000, "contains")])
        assert len(found) == 1
        with pytest.raises(InvalidValue, match=r"thing\.text"):
            await engine.find_many("thing", [Condition("text", "%" * 30_000, "contains")])

    run(body())


def test_json_nested_too_deep_is_refused(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        value: Any = 1
        for _ in range(100_000):
            value = [value]
        with pytest.raises(InvalidValue, match=r"thing\.json"):
            await engine.create("thing", {"id": "1", "json": value})

    run(body())
