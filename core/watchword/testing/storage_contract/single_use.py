# pyright: basic
"""The operations that make single use safe: take, update_if, increment, reserve."""

from __future__ import annotations

from typing import Any

from watchword.database.contract import Condition, Engine, Sort

from .driving import Run
from .models import user


def test_take_deletes_one_row_and_returns_it(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        for number in (2, 3, 1):
            await engine.create("thing", {"id": f"id{number}", "number": number, "text": "same"})
        same = [Condition("text", "same")]
        newest = await engine.take("thing", same, sort=Sort("number", descending=True))
        assert newest is not None
        assert newest["id"] == "id3"
        assert (await engine.take("thing", [Condition("id", "id1")])) is not None
        assert (await engine.take("thing", [Condition("id", "id1")])) is None
        last = await engine.take("thing", same)
        assert last is not None
        assert last["id"] == "id2"
        assert await engine.take("thing", same) is None
        assert await engine.count("thing") == 0

    run(body())


def test_take_obeys_all_of_its_conditions(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        await engine.create("thing", {"id": "1", "text": "code", "number": 3})
        found, guard = Condition("id", "1"), Condition("number", 3, "lt")
        assert await engine.take("thing", [found, guard]) is None
        one_of = [Condition("text", "x", connector="OR"), Condition("number", 3, connector="OR")]
        taken = await engine.take("thing", one_of)
        assert taken is not None
        assert taken["text"] == "code"

    run(body())


def test_update_if_changes_the_row_that_still_is_as_expected(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        await engine.create("thing", {"id": "1", "text": "pending", "other": "mine"})
        guard = [Condition("id", "1"), Condition("text", "pending")]
        changed = await engine.update_if("thing", guard, {"text": "done", "number": 7})
        assert changed is not None
        assert (changed["text"], changed["number"], changed["other"]) == ("done", 7, "mine")
        assert await engine.update_if("thing", guard, {"text": "again"}) is None
        assert await engine.find_one("thing", [Condition("id", "1")]) == changed

    run(body())


def test_update_if_changes_one_row_only(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        for name in ("1", "2", "3"):
            await engine.create("thing", {"id": name, "text": "same"})
        assert await engine.update_if("thing", [Condition("text", "same")], {"text": "new"})
        assert await engine.count("thing", [Condition("text", "new")]) == 1
        assert await engine.update_if("thing", (), {"other": "any"})
        assert await engine.count("thing", [Condition("other", "any")]) == 1

    run(body())


def test_increment_adds_and_sets_in_one_step(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        await engine.create("thing", {"id": "1", "number": 5, "big": 2**40})
        found = [Condition("id", "1")]
        now = await engine.increment("thing", found, {"number": -2, "big": 1}, {"text": "set"})
        assert now is not None
        assert (now["number"], now["big"], now["text"]) == (3, 2**40 + 1, "set")
        guard = [*found, Condition("number", 3, "lt")]
        assert await engine.increment("thing", guard, {"number": 1}) is None
        after = await engine.find_one("thing", found)
        assert after is not None
        assert after["number"] == 3

    run(body())


def test_reserve_inserts_for_the_first_only(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        assert await engine.reserve("thing", {"id": "lock", "text": "first"}) is True
        assert await engine.reserve("thing", {"id": "lock", "text": "second"}) is False
        stored = await engine.find_one("thing", [Condition("id", "lock")])
        assert stored is not None
        assert stored["text"] == "first"
        assert await engine.reserve("user", user("ann")) is True
        assert await engine.reserve("user", {**user("ann"), "id": "other"}) is False
        assert await engine.count("user") == 1

    run(body())
