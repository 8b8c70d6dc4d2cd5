# pyright: basic
"""Rows go in and come out: create, find, update, delete, count, order and pages."""

from __future__ import annotations

import traceback
from typing import Any

import pytest

from watchword.database.contract import (
    Condition,
    Engine,
    InvalidValue,
    Sort,
    StorageError,
    UniqueViolation,
)

from .driving import InOrder, Run
from .models import session, user


def test_a_created_row_is_returned_and_found_as_it_is_stored(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        created = await engine.create("user", user("ann"))
        assert created == user("ann")
        assert await engine.find_one("user", [Condition("email", "ann@example.com")]) == created
        assert await engine.find_one("user", [Condition("email", "bob@example.com")]) is None

    run(body())


def test_fields_that_are_not_given_are_empty(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        created = await engine.create("thing", {"id": "1"})
        assert set(created.values()) == {"1", None}
        assert list(created)[:3] == ["id", "text", "other"]

    run(body())


def test_a_second_row_with_the_same_unique_value_is_refused(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        await engine.create("user", user("ann"))
        with pytest.raises(UniqueViolation) as refused:
            await engine.create("user", {**user("bob"), "email": "ann@example.com"})
        assert "ann@" not in str(refused.value)
        with pytest.raises(UniqueViolation):
            await engine.create("user", {**user("bob"), "id": "u-ann"})
        await engine.create("user", user("bob"))
        with pytest.raises(UniqueViolation):
            await engine.update("user", [Condition("id", "u-bob")], {"email": "ann@example.com"})
        with pytest.raises(UniqueViolation):
            await engine.update_if("user", [Condition("id", "u-bob")], {"id": "u-ann"})
        assert await engine.count("user") == 2
        assert await engine.count("user", [Condition("email", "ann@example.com")]) == 1

    run(body())


def test_a_row_without_a_required_field_is_refused(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        with pytest.raises(StorageError) as refused:
            await engine.create("user", {**user("ann"), "name": None})
        assert not isinstance(refused.value, UniqueViolation | InvalidValue)
        assert await engine.count("user") == 0

    run(body())


def test_a_row_that_refers_to_nothing_is_refused(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        with pytest.raises(StorageError):
            await engine.create("session", session("one", "nobody"))
        assert await engine.count("session") == 0

    run(body())


def test_rows_are_deleted_with_the_row_that_they_refer_to(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        for name in ("ann", "bob"):
            await engine.create("user", user(name))
            await engine.create("session", session(f"of-{name}", name))
        assert await engine.delete("user", [Condition("id", "u-ann")]) == 1
        left = await engine.find_many("session")
        assert [row["token"] for row in left] == ["of-bob"]

    run(body())


def test_update_and_delete_touch_all_that_match_and_say_how_many(
    engine: Engine, run: Run[Any]
) -> None:
    async def body() -> None:
        for number in range(5):
            await engine.create("thing", {"id": str(number), "number": number, "text": "old"})
        several = [Condition("number", 2, "gte")]
        assert await engine.update("thing", several, {"text": "new", "other": None}) == 3
        assert await engine.count("thing", [Condition("text", "new")]) == 3
        assert await engine.update("thing", [Condition("number", 99)], {"text": "x"}) == 0
        assert await engine.delete("thing", [Condition("text", "new")]) == 3
        assert await engine.delete("thing", [Condition("text", "new")]) == 0
        assert await engine.count("thing") == 2
        assert await engine.update("thing", (), {"text": "all"}, everything=True) == 2
        assert await engine.delete("thing", (), everything=True) == 2

    run(body())


def test_nothing_touches_every_row_unless_it_says_so(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        row = await engine.create("thing", {"id": "1", "text": "as it was"})
        for where in ((), []):
            with pytest.raises(ValueError, match="everything=True"):
                await engine.update("thing", where, {"text": "lost"})
            with pytest.raises(ValueError, match="everything=True"):
                await engine.update("thing", where, {})
            with pytest.raises(ValueError, match="everything=True"):
                await engine.delete("thing", where)
        async with engine.transaction() as inside:
            with pytest.raises(ValueError, match="'thing'"):
                await inside.delete("thing", ())
        assert await engine.find_many("thing") == [row]

    run(body())


def test_whoever_says_everything_may_name_conditions_as_well(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        for name in ("1", "2"):
            await engine.create("thing", {"id": name})
        one = [Condition("id", "1")]
        assert await engine.update("thing", one, {"text": "new"}, everything=True) == 1
        assert await engine.delete("thing", one, everything=True) == 1
        assert await engine.count("thing") == 1

    run(body())


def test_an_update_without_changes_changes_nothing(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        row = await engine.create("thing", {"id": "1", "text": "same"})
        found = [Condition("id", "1")]
        assert await engine.update("thing", found, {}) == 1
        assert await engine.update_if("thing", found, {}) == row
        assert await engine.increment("thing", found, {}) == row
        assert await engine.increment("thing", [Condition("id", "2")], {}) is None

    run(body())


def test_order_limit_and_offset(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        for number in (3, 1, 2, 5, 4):
            await engine.create("thing", {"id": f"id{number}", "number": number})

        async def numbers(**options: Any) -> list[Any]:
            return [row["number"] for row in await engine.find_many("thing", **options)]

        up, down = Sort("number"), Sort("number", descending=True)
        assert await numbers(sort=up) == [1, 2, 3, 4, 5]
        assert await numbers(sort=down, limit=2) == [5, 4]
        assert await numbers(sort=down, limit=1) == [5]
        assert await numbers(sort=up, limit=1, offset=2) == [3]
        assert await numbers(sort=up, limit=2, offset=2) == [3, 4]
        assert await numbers(sort=up, limit=None, offset=3) == [4, 5]
        assert await numbers(sort=up, limit=0) == []
        assert await numbers(sort=up, offset=9) == []
        first = await engine.find_one("thing", (), sort=down)
        assert first is not None
        assert first["number"] == 5

    run(body())


def test_equal_rows_come_in_order_of_insertion(
    engine: Engine, run: Run[Any], in_order: InOrder
) -> None:
    async def body() -> None:
        for name in ("c", "a", "b"):
            await engine.create("thing", {"id": name, "number": 1})
        for descending in (False, True):
            rows = await engine.find_many("thing", sort=Sort("number", descending=descending))
            assert [row["id"] for row in rows] == in_order(["c", "a", "b"])

    run(body())


def test_find_many_stops_at_a_hundred_unless_told_otherwise(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        async with engine.transaction() as inside:
            for number in range(130):
                await inside.create("thing", {"id": str(number)})
        assert len(await engine.find_many("thing")) == 100
        assert len(await engine.find_many("thing", limit=120)) == 120
        assert len(await engine.find_many("thing", limit=None)) == 130

    run(body())


@pytest.mark.parametrize("page", [{"limit": -1}, {"offset": -1}])
def test_negative_pages_are_a_fault_of_the_caller(
    engine: Engine, run: Run[Any], page: dict[str, int]
) -> None:
    async def body() -> None:
        with pytest.raises(ValueError, match="negative"):
            await engine.find_many("thing", **page)

    run(body())


UNKNOWN = 'id" = "id" OR 1=1 --'


@pytest.mark.parametrize(
    "call",
    [
        lambda e: e.create("nothing", {"id": "1"}),
        lambda e: e.create("thing", {"id": "1", UNKNOWN: "x"}),
        lambda e: e.create("thing", {"id": "1", UNKNOWN: None}),
        lambda e: e.reserve("thing", {"id": "1", UNKNOWN: "x"}),
        lambda e: e.find_one("thing", [Condition(UNKNOWN, "x")]),
        lambda e: e.find_one("thing", [Condition(UNKNOWN, None)]),
        lambda e: e.find_one("thing", [Condition(UNKNOWN, [], "in")]),
        lambda e: e.find_one("thing", [Condition("id", "1"), Condition(UNKNOWN, "x")]),
        lambda e: e.find_many("thing", sort=Sort(UNKNOWN)),
        lambda e: e.count("thing", [Condition(UNKNOWN, "x", "contains")]),
        lambda e: e.update("thing", [Condition("id", "1")], {UNKNOWN: "x"}),
        lambda e: e.update("thing", [Condition("id", "1")], {UNKNOWN: None}),
        lambda e: e.update_if("thing", [Condition("id", "1")], {UNKNOWN: "x"}),
        lambda e: e.increment("thing", [Condition("id", "1")], {UNKNOWN: 1}),
        lambda e: e.delete("thing", [Condition(UNKNOWN, "x")]),
        lambda e: e.take("thing", [Condition(UNKNOWN, "x")]),
    ],
)
def test_names_come_from_the_schema_only(engine: Engine, run: Run[Any], call: Any) -> None:
    async def body() -> None:
        await engine.create("thing", {"id": "1"})
        with pytest.raises(KeyError):
            await call(engine)
        assert await engine.count("thing") == 1

    run(body())


ATTACKS = [
    "' OR '1'='1",
    '" OR 1=1 --',
    '\'; DROP TABLE "the things"; --',
    "x'; DELETE FROM user; --",
    "%' OR 1=1 --",
    "\\' OR 1=1 --",
    "?",
    "%s %(a)s :a $1",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_sql_in_values_is_data(engine: Engine, run: Run[Any], attack: str) -> None:
    async def body() -> None:
        await engine.create("thing", {"id": "innocent", "text": "innocent"})
        for operator in ("eq", "contains", "starts_with", "ends_with"):
            assert await engine.find_many("thing", [Condition("text", attack, operator)]) == []
        assert await engine.delete("thing", [Condition("text", [attack], "in")]) == 0
        stored = await engine.create("thing", {"id": attack, "text": attack, "json": {attack: 1}})
        assert await engine.find_one("thing", [Condition("text", attack)]) == stored
        changed = await engine.update_if("thing", [Condition("id", attack)], {"other": attack})
        assert changed == {**stored, "other": attack}
        assert await engine.take("thing", [Condition("text", attack, "contains")]) == changed
        assert await engine.count("thing") == 1

    run(body())


def test_nothing_of_a_row_shows_in_a_refusal(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        secret = "".join(reversed("2retnuh"))  # not in the source lines of a traceback
        await engine.create("user", user(secret))
        refused: list[StorageError] = []
        for row in (
            {**user("ann"), "name": secret + "\0"},
            {**user("ann"), "name": secret, "createdAt": None},
            user(secret),
        ):
            with pytest.raises(StorageError) as one:
                await engine.create("user", row)
            refused.append(one.value)
        assert [type(one) for one in refused] == [InvalidValue, StorageError, UniqueViolation]
        assert "user.name" in str(refused[0])
        for one in refused:
            assert secret not in "".join(traceback.format_exception(one))
        assert await engine.count("user") == 1

    run(body())
