"""`create_many`, which engines on SQL have for imports: rows as `create` stores them, at once."""

from __future__ import annotations

from typing import Any, cast

import pytest

from tests.storage.conftest import Run
from tests.storage.models import NOW, user
from watchword.database.contract import (
    BulkEngine,
    Condition,
    Engine,
    InvalidValue,
    ReferenceViolation,
    Row,
    Sort,
    StorageError,
    UniqueViolation,
)

MANY = 1203
"""More than fit into one statement, and not a multiple of that."""


def thing(own: str) -> Row:
    return {
        "id": own,
        "text": "tab\t, line\n, backslash \\N \\. ✓ 'quotes\" %s %% ?",
        "other": None,
        "flag": True,
        "number": 7,
        "big": 2**53,
        "moment": NOW,
        "json": {"a": [1, None, "\\"], "b": "\t"},
        "texts": ["a", "b\\"],
        "numbers": [1, 2.5],
        "key": own,
    }


def test_every_value_is_stored_as_create_stores_it(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        one = await engine.create("thing", thing("1"))
        async with engine.transaction() as inside:
            await cast("BulkEngine", inside).create_many("thing", [thing("2"), thing("3")])
        for own in ("2", "3"):
            found = await engine.find_one("thing", [Condition("id", own)])
            assert found == {**one, "id": own, "key": own}

    run(body())


def test_many_rows_are_all_there(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        rows = [user(f"{n:05}") for n in range(MANY)]
        async with engine.transaction() as inside:
            await cast("BulkEngine", inside).create_many("user", rows)
        found = await engine.find_many("user", sort=Sort("email"), limit=None)
        assert found == rows
        await cast("BulkEngine", engine).create_many("user", [user("alone")])
        await cast("BulkEngine", engine).create_many("user", [])
        assert await engine.count("user") == MANY + 1

    run(body())


@pytest.mark.parametrize(
    ("model", "row", "error"),
    [
        ("user", {**user("other"), "email": "00007@example.com"}, UniqueViolation),
        ("user", {**user("nul"), "name": "a\0"}, InvalidValue),
        (
            "account",
            {"id": "a", "accountId": "a", "providerId": "x", "userId": "nobody"},
            ReferenceViolation,
        ),
    ],
)
def test_one_that_is_refused_takes_the_transaction_with_it(
    engine: Engine, run: Run[Any], model: str, row: Row, error: type[StorageError]
) -> None:
    async def body() -> None:
        rows = [user(f"{n:05}") for n in range(600)]

        async def all_of_it() -> None:
            async with engine.transaction() as inside:
                await cast("BulkEngine", inside).create_many("user", rows)
                await cast("BulkEngine", inside).create_many(model, [row])

        with pytest.raises(error) as refused:
            await all_of_it()
        assert "@example" not in str(refused.value)
        assert await engine.count("user") == 0

    run(body())


def test_rows_of_different_fields_are_a_mistake(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        with pytest.raises(ValueError, match="same fields"):
            await cast("BulkEngine", engine).create_many("thing", [thing("1"), {"id": "2"}])
        assert await engine.count("thing") == 0

    run(body())
