# pyright: basic
"""Conditions: every operator, with every connector, against a plain Python reading of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from watchword.database.contract import Condition, Engine, InvalidValue, Row

from .driving import Run
from .models import NOW

TEXTS = ["abc", "ABC", "aXc", "a%c", "a_c", "a\\c", "%", "_", "\\", "", "abcabc", None]
ROWS: list[Row] = [
    {
        "id": f"id{number}",
        "text": text,
        "other": "even" if number % 2 == 0 else None,
        "number": None if number == 3 else number,
        "flag": number % 3 == 0,
        "moment": NOW + timedelta(milliseconds=number),
    }
    for number, text in enumerate(TEXTS)
]

TEXT_CONDITIONS = [
    Condition("text", value, operator, insensitive=insensitive)
    for operator, value, insensitive in product(
        ("eq", "ne", "contains", "starts_with", "ends_with"),
        ("abc", "aBC", "%", "_", "\\", "a%", "a_c", "c", "", "\\%", None),
        (False, True),
    )
] + [
    Condition("text", values, operator, insensitive=insensitive)
    for operator, values, insensitive in product(
        ("in", "not_in"),
        ([], ["abc"], ["ABC", "%", "nothing"], [None], ["abc", None], ["a_c"] * 5),
        (False, True),
    )
]
ORDERED_CONDITIONS = [
    Condition(field, value, operator)
    for operator, (field, value) in product(
        ("eq", "ne", "lt", "lte", "gt", "gte"),
        [
            ("number", 4),
            ("number", 0),
            ("number", None),
            ("moment", NOW + timedelta(milliseconds=4)),
            ("moment", NOW),
            ("flag", True),
            ("flag", False),
        ],
    )
] + [
    Condition("number", [1, 2, 99], "in"),
    Condition("number", [1, 2, None], "not_in"),
    Condition("moment", [NOW], "not_in"),
]
PAIRED = [
    Condition("text", "a", "starts_with"),
    Condition("text", "ABC", insensitive=True),
    Condition("other", None),
    Condition("number", 5, "gt"),
    Condition("flag", True, "ne"),
    Condition("number", [], "in"),
    Condition("number", [], "not_in"),
]


def holds(condition: Condition, row: Row) -> bool:
    """What a condition means."""
    found: Any = row[condition.field]
    wanted: Any = condition.value
    operator = condition.operator
    if operator in ("eq", "ne") and wanted is None:
        return (found is None) == (operator == "eq")
    if operator == "in":
        return fold(condition, found) in [fold(condition, item) for item in wanted]
    if operator == "not_in":
        inside = fold(condition, found) in [fold(condition, item) for item in wanted]
        return not inside and (found is not None or not wanted)
    if found is None or wanted is None:
        return False
    found, wanted = fold(condition, found), fold(condition, wanted)
    return {
        "eq": lambda: found == wanted,
        "ne": lambda: found != wanted,
        "lt": lambda: found < wanted,
        "lte": lambda: found <= wanted,
        "gt": lambda: found > wanted,
        "gte": lambda: found >= wanted,
        "contains": lambda: wanted in found,
        "starts_with": lambda: found.startswith(wanted),
        "ends_with": lambda: found.endswith(wanted),
    }[operator]()


def fold(condition: Condition, value: Any) -> Any:
    return value.lower() if condition.insensitive and isinstance(value, str) else value


def expected(where: Sequence[Condition]) -> set[Any]:
    every = [c for c in where if c.connector == "AND"]
    some = [c for c in where if c.connector == "OR"]
    return {
        row["id"]
        for row in ROWS
        if all(holds(c, row) for c in every) and (not some or any(holds(c, row) for c in some))
    }


async def check(engine: Engine, where: Sequence[Condition]) -> None:
    found = await engine.find_many("thing", where)
    assert {row["id"] for row in found} == expected(where), where
    assert await engine.count("thing", where) == len(found), where


@pytest.fixture
def things(engine: Engine, run: Run[Any]) -> Engine:
    async def fill() -> None:
        for row in ROWS:
            await engine.create("thing", row)

    run(fill())
    return engine


def test_every_operator_alone(things: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        for condition in (*TEXT_CONDITIONS, *ORDERED_CONDITIONS):
            await check(things, [condition])

    run(body())


def test_pairs_of_conditions_with_every_connector(things: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        for left, right in product(PAIRED, PAIRED):
            for first, second in product(("AND", "OR"), ("AND", "OR")):
                await check(things, [with_(left, first), with_(right, second)])

    run(body())


def test_all_and_conditions_hold_beside_any_of_the_or_conditions(
    things: Engine, run: Run[Any]
) -> None:
    async def body() -> None:
        some = [with_(Condition("text", text), "OR") for text in ("abc", "%", "a_c")]
        assert len(expected(some)) == 3
        await check(things, some)
        await check(things, [some[0], Condition("other", "even"), some[1], some[2]])
        await check(things, [Condition("number", 4, "gte"), *some, Condition("other", "even")])

    run(body())


def test_the_same_shape_with_other_values_finds_other_rows(things: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        for text in TEXTS:
            await check(things, [Condition("text", text), Condition("number", 0, "gte")])
        for count in range(1, 40):
            numbers = list(range(100, 100 + count - 1))
            await check(things, [Condition("number", [*numbers, 1], "in")])
            await check(things, [Condition("number", [1, *numbers], "not_in")])

    run(body())


def with_(condition: Condition, connector: Any) -> Condition:
    return Condition(
        condition.field,
        condition.value,
        condition.operator,
        connector,
        condition.insensitive,
    )


@pytest.mark.parametrize(
    "condition",
    [
        Condition("text", "a\0b"),
        Condition("text", "a\0b", "contains"),
        Condition("text", ["fine", "\ud800"], "in"),
        Condition("text", "\udfff", "starts_with"),
        Condition("text", 5),
        Condition("text", 5, "contains"),
        Condition("number", "5"),
        Condition("number", True),
        Condition("number", 2**63),
        Condition("number", float("nan")),
        Condition("flag", 1),
        Condition("flag", "true"),
        Condition("moment", "2026-01-01"),
        Condition("moment", NOW.replace(tzinfo=None), "lt"),
    ],
)
def test_values_that_no_row_can_have_are_refused_with_the_field(
    engine: Engine, run: Run[Any], condition: Condition
) -> None:
    async def body() -> None:
        with pytest.raises(InvalidValue, match=rf"thing\.{condition.field}"):
            await engine.find_one("thing", [condition])

    run(body())


def test_a_list_may_be_long_but_not_endless(things: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        await check(things, [Condition("number", list(range(9_999)), "in")])
        with pytest.raises(InvalidValue, match=r"thing\.number"):
            await things.count("thing", [Condition("number", list(range(70_000)), "in")])

    run(body())
