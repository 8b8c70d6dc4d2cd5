# pyright: basic
"""Related rows come in the same call."""

from __future__ import annotations

from typing import Any

import pytest

from watchword.database.contract import Condition, Engine, Join, Sort

from .driving import InOrder, Run
from .models import session, user

OWNER = Join("owner", "user", "userId")
SESSIONS = Join("sessions", "session", "id", "userId", many=True)


@pytest.fixture
def people(engine: Engine, run: Run[Any]) -> Engine:
    """Ann has three sessions, Bob one, Cid none."""

    async def fill() -> None:
        for name in ("ann", "bob", "cid"):
            await engine.create("user", user(name))
        for token, owner in (("a3", "ann"), ("b1", "bob"), ("a1", "ann"), ("a2", "ann")):
            await engine.create("session", session(token, owner))

    run(fill())
    return engine


def tokens(row: Any) -> list[str]:
    return [related["token"] for related in row["sessions"]]


def test_a_session_comes_with_its_user(people: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        found = await people.find_one("session", [Condition("token", "b1")], join=[OWNER])
        assert found == {**session("b1", "bob"), "owner": user("bob")}
        assert (await people.find_one("session", [Condition("token", "no")], join=[OWNER])) is None

    run(body())


def test_a_row_without_a_relative_comes_with_none(people: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        await people.create("thing", {"id": "1", "text": "u-nobody"})
        for local in ("text", "other"):
            join = Join("owner", "user", local)
            found = await people.find_one("thing", [Condition("id", "1")], join=[join])
            assert found is not None
            assert found["owner"] is None

    run(body())


def test_a_user_comes_with_all_sessions_in_order_of_insertion(
    people: Engine, run: Run[Any], in_order: InOrder
) -> None:
    async def body() -> None:
        found = await people.find_one("user", [Condition("name", "ann")], join=[SESSIONS])
        assert tokens(found) == in_order(["a3", "a1", "a2"])
        none = await people.find_one("user", [Condition("name", "cid")], join=[SESSIONS])
        assert tokens(none) == []

    run(body())


def test_each_of_many_rows_comes_with_its_own_relatives(
    people: Engine, run: Run[Any], in_order: InOrder
) -> None:
    async def body() -> None:
        sort = Sort("name", descending=True)
        rows = await people.find_many("user", sort=sort, join=[SESSIONS])
        assert [(row["name"], tokens(row)) for row in rows] == [
            ("cid", []),
            ("bob", ["b1"]),
            ("ann", in_order(["a3", "a1", "a2"])),
        ]

    run(body())


def test_the_limit_of_a_join_counts_for_each_row(
    people: Engine, run: Run[Any], in_order: InOrder
) -> None:
    async def body() -> None:
        two = Join("sessions", "session", "id", "userId", many=True, limit=2)
        rows = await people.find_many("user", sort=Sort("name"), join=[two])
        assert [tokens(row) for row in rows] == [in_order(["a3", "a1", "a2"])[:2], ["b1"], []]

    run(body())


def test_joins_of_both_kinds_at_once(people: Engine, run: Run[Any], in_order: InOrder) -> None:
    async def body() -> None:
        again = Join("again", "user", "userId")
        siblings = Join("sessions", "session", "userId", "userId", many=True)
        rows = await people.find_many(
            "session",
            [Condition("userId", "u-ann")],
            sort=Sort("token"),
            join=[OWNER, siblings, again],
        )
        assert [row["token"] for row in rows] == ["a1", "a2", "a3"]
        for row in rows:
            assert row["owner"] == row["again"] == user("ann")
            assert tokens(row) == in_order(["a3", "a1", "a2"])

    run(body())


def test_nothing_is_related_through_an_empty_field(people: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        await people.create("thing", {"id": "1"})
        await people.create("thing", {"id": "2"})
        join = Join("same", "thing", "text", "other", many=True)
        rows = await people.find_many("thing", join=[join])
        assert [row["same"] for row in rows] == [[], []]

    run(body())


def test_relatives_of_more_rows_than_go_into_one_query(people: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        async with people.transaction() as inside:
            for number in range(1100):
                await inside.create("user", user(f"n{number}"))
                await inside.create("session", session(f"t{number}", f"n{number}"))
        rows = await people.find_many("user", limit=None, join=[SESSIONS])
        assert len(rows) == 1103
        assert all(
            tokens(row) == [f"t{str(row['name'])[1:]}"]
            for row in rows
            if str(row["name"]).startswith("n")
        )

    run(body())


@pytest.mark.parametrize(
    "join",
    [
        Join("x", "nothing", "userId"),
        Join("x", "user", "nothing"),
        Join("x", "user", "userId", "nothing"),
        Join("x", "user", "userId", "nothing", many=True),
        Join("x", "user", "nothing", many=True),
    ],
)
def test_unknown_names_in_joins_are_a_fault_of_the_caller(
    people: Engine, run: Run[Any], join: Join
) -> None:
    async def body() -> None:
        with pytest.raises(KeyError):
            await people.find_one("session", [Condition("token", "a1")], join=[join])

    run(body())
