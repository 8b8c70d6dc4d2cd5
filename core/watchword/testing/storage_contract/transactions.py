# pyright: basic
"""Everything of a transaction is stored, or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from watchword.database.contract import Condition, Engine, StorageError, UniqueViolation

from .driving import Run
from .models import user


class Broken(Exception):
    pass


def test_a_transaction_that_ends_well_is_stored(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        async with engine.transaction() as inside:
            await inside.create("user", user("ann"))
            await inside.create("user", user("bob"))
        assert await engine.count("user") == 2

    run(body())


def test_an_exception_rolls_back_and_is_raised_on(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        async def breaking() -> None:
            async with engine.transaction() as inside:
                await inside.create("user", user("ann"))
                raise Broken

        with pytest.raises(Broken):
            await breaking()
        assert await engine.count("user") == 0
        await engine.create("user", user("ann"))

    run(body())


def test_a_refused_row_takes_the_rest_with_it(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        async def refused() -> None:
            async with engine.transaction() as inside:
                await inside.create("user", user("bob"))
                await inside.create("user", user("ann"))

        await engine.create("user", user("ann"))
        with pytest.raises(UniqueViolation):
            await refused()
        assert await engine.count("user") == 1

    run(body())


def test_reads_inside_see_what_was_written_inside(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        async with engine.transaction() as inside:
            await inside.create("user", user("ann"))
            found = await inside.find_one("user", [Condition("id", "u-ann")])
            assert found == user("ann")
            assert await inside.count("user") == 1
            assert await inside.take("user", [Condition("id", "u-ann")])
            assert await inside.find_many("user") == []

    run(body())


def test_a_transaction_inside_joins_the_outer_one(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        async def breaking() -> None:
            async with engine.transaction() as outer:
                async with outer.transaction() as inner:
                    await inner.create("user", user("ann"))
                assert await outer.count("user") == 1
                raise Broken

        with pytest.raises(Broken):
            await breaking()
        assert await engine.count("user") == 0

    run(body())


def test_the_engine_itself_joins_a_transaction_of_its_caller(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        async def breaking() -> None:
            async with engine.transaction():
                async with engine.transaction():
                    await engine.create("user", user("ann"))
                assert await engine.count("user") == 1
                raise Broken

        with pytest.raises(Broken):
            await breaking()
        assert await engine.count("user") == 0

    run(body())


def test_a_transaction_cannot_be_used_after_its_end(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        async with engine.transaction() as inside:
            pass
        with pytest.raises(StorageError, match="over"):
            await inside.create("user", user("ann"))
        with pytest.raises(StorageError, match="over"):
            await inside.find_many("user")
        assert await engine.count("user") == 0

    run(body())


def test_the_schema_is_not_changed_inside_a_transaction(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        async with engine.transaction() as inside:
            assert await inside.plan() == []
            with pytest.raises(StorageError, match="inside a transaction"):
                await inside.apply(['CREATE TABLE "more" ("id" text)'])
            with pytest.raises(StorageError, match="inside a transaction"):
                await engine.apply(['CREATE TABLE "more" ("id" text)'])
            await inside.close()
            await inside.create("user", user("ann"))
        assert await engine.count("user") == 1

    run(body())


def test_an_engine_can_be_used_again_after_close(engine: Engine, run: Run[Any]) -> None:
    async def body() -> None:
        await engine.create("user", user("ann"))
        await engine.close()
        await engine.close()
        assert await engine.count("user") == 1
        await engine.create("user", user("bob"))

    run(body())
