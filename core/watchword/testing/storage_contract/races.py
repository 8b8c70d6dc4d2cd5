# pyright: basic
"""Fifty callers at once: threads against blocking engines, tasks against the others."""

from __future__ import annotations

from typing import Any

from watchword.database.contract import Condition, Engine, UniqueViolation

from .driving import CALLERS, Crowd, Open, Run, migrate
from .models import SCHEMA, user

ONE = [Condition("id", "1")]


def test_of_many_takers_one_gets_the_row(engine: Engine, run: Run[Any], crowd: Crowd) -> None:
    run(engine.create("thing", {"id": "1", "text": "token"}))
    got = crowd(lambda number: engine.take("thing", [Condition("text", "token")]))
    assert [row["id"] for row in got if row is not None] == ["1"]
    assert got.count(None) == CALLERS - 1
    assert run(engine.count("thing")) == 0


def test_no_increment_is_lost(engine: Engine, run: Run[Any], crowd: Crowd) -> None:
    run(engine.create("thing", {"id": "1", "number": 0}))
    seen = crowd(lambda number: engine.increment("thing", ONE, {"number": 1}))
    assert sorted(row["number"] for row in seen) == list(range(1, CALLERS + 1))


def test_a_guarded_counter_stops_at_its_limit(engine: Engine, run: Run[Any], crowd: Crowd) -> None:
    run(engine.create("thing", {"id": "1", "number": 7}))
    guard = [*ONE, Condition("number", 0, "gt")]
    got = crowd(lambda number: engine.increment("thing", guard, {"number": -1}))
    assert sorted(row["number"] for row in got if row is not None) == list(range(7))


def test_of_many_guarded_updates_one_happens(engine: Engine, run: Run[Any], crowd: Crowd) -> None:
    run(engine.create("thing", {"id": "1", "text": "pending"}))
    guard = [*ONE, Condition("text", "pending")]
    got = crowd(lambda number: engine.update_if("thing", guard, {"text": f"by {number}"}))
    winners = [row for row in got if row is not None]
    assert len(winners) == 1
    assert winners[0] == run(engine.find_one("thing", ONE))


def test_of_many_equal_rows_one_is_created(engine: Engine, run: Run[Any], crowd: Crowd) -> None:
    got = crowd(lambda number: engine.create("user", {**user("ann"), "id": f"u{number}"}))
    assert len([row for row in got if isinstance(row, dict)]) == 1
    assert len([error for error in got if isinstance(error, UniqueViolation)]) == CALLERS - 1
    assert run(engine.count("user")) == 1


def test_of_many_reservations_one_holds(engine: Engine, run: Run[Any], crowd: Crowd) -> None:
    got = crowd(lambda number: engine.reserve("thing", {"id": "lock", "number": number}))
    assert sorted(got) == [False] * (CALLERS - 1) + [True]


def test_transactions_that_read_and_then_write_happen_one_after_the_other(
    engine: Engine, run: Run[Any], crowd: Crowd
) -> None:
    run(engine.create("thing", {"id": "1", "number": 0}))

    async def read_then_write(number: int) -> None:
        async with engine.transaction() as inside:
            found: Any = await inside.find_one("thing", ONE)
            await inside.update("thing", ONE, {"number": found["number"] + 1})

    assert crowd(read_then_write) == [None] * CALLERS
    found: Any = run(engine.find_one("thing", ONE))
    assert found["number"] == CALLERS


def test_readers_see_all_of_a_transaction_or_nothing(
    engine: Engine, run: Run[Any], crowd: Crowd
) -> None:
    async def either(number: int) -> int:
        if number % 2:
            return await engine.count("thing")
        async with engine.transaction() as inside:
            await inside.create("thing", {"id": f"{number} a"})
            await inside.create("thing", {"id": f"{number} b"})
        return 0

    assert all(count % 2 == 0 for count in crowd(either))
    assert run(engine.count("thing")) == CALLERS


def test_many_callers_bring_a_database_to_its_shape(
    open_engine: Open, run: Run[Any], crowd: Crowd
) -> None:
    engine = open_engine(SCHEMA)
    got = crowd(lambda number: migrate(engine))
    assert [error for error in got if isinstance(error, Exception)] == []
    assert run(engine.plan()) == []
