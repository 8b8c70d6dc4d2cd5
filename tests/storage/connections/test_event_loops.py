"""Engines under an event loop: cancellation, tasks that share a transaction, several loops."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Pool
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, NullPool, StaticPool

from tests.storage.conftest import migrate
from tests.storage.models import SCHEMA, user
from watchword.database.contract import Engine, Storage
from watchword.storage.sqlalchemy.runners import Loops


@pytest.fixture
async def engine(storage: Storage) -> AsyncIterator[Engine]:
    """One on the event loop of the test."""
    engine = storage.asynchronous(SCHEMA)
    await migrate(engine)
    yield engine
    await engine.close()


async def steps(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def two_users(engine: Engine, name: str) -> None:
    async with engine.transaction() as inside:
        await inside.create("user", user(f"{name}-1"))
        assert await inside.count("user") % 2 == 1
        await inside.create("user", user(f"{name}-2"))


@pytest.mark.parametrize("cancellations", [1, 2, 3])
async def test_a_transaction_cancelled_anywhere_leaves_all_or_nothing(
    engine: Engine, cancellations: int
) -> None:
    for number in range(40):
        task = asyncio.ensure_future(two_users(engine, f"n{number}"))
        await steps(number)
        for _ in range(cancellations):
            task.cancel()
            await steps(1)
        await asyncio.wait([task])
        assert task.cancelled() or task.exception() is None
        assert await engine.count("user") % 2 == 0
        await two_users(engine, f"after-{number}")


async def test_a_cancelled_transaction_is_rolled_back_and_lets_the_next_one_in(
    engine: Engine,
) -> None:
    started = asyncio.Event()

    async def stuck() -> None:
        async with engine.transaction() as inside:
            await inside.create("user", user("ann"))
            started.set()
            await asyncio.Event().wait()

    task = asyncio.ensure_future(stuck())
    await started.wait()
    waiting = asyncio.ensure_future(engine.create("user", user("ann")))
    await steps(3)
    assert not waiting.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await waiting)["name"] == "ann"
    assert await engine.count("user") == 1


async def test_a_timeout_around_a_transaction_rolls_back(engine: Engine) -> None:
    async def endless() -> None:
        async with engine.transaction() as inside:
            await inside.create("user", user("ann"))
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(endless(), 0.01)
    assert await engine.count("user") == 0
    await engine.create("user", user("ann"))


async def test_tasks_inside_a_transaction_may_share_it(engine: Engine) -> None:
    async with engine.transaction() as inside:
        await asyncio.gather(*(inside.create("user", user(f"n{i}")) for i in range(10)))
    assert await engine.count("user") == 10


def test_an_engine_serves_one_loop_after_the_other(storage: Storage) -> None:
    engine = storage.asynchronous(SCHEMA)
    asyncio.run(migrate(engine))
    for number in range(3):
        asyncio.run(two_users(engine, str(number)))
    assert asyncio.run(counted(engine)) == 6
    asyncio.run(engine.close())


def test_an_engine_serves_several_loops_at_once(storage: Storage) -> None:
    engine = storage.asynchronous(SCHEMA)
    asyncio.run(migrate(engine))
    together = threading.Barrier(4)
    failed: list[BaseException] = []

    async def work(name: str) -> None:
        together.wait()
        for number in range(10):
            await two_users(engine, f"{name}-{number}")
        await engine.close()

    def thread(name: str) -> None:
        try:
            asyncio.run(work(name))
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=thread, args=(str(number),)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failed == []
    assert asyncio.run(counted(engine)) == 80
    asyncio.run(engine.close())


@pytest.mark.parametrize(
    ("kind", "shared"), [(AsyncAdaptedQueuePool, False), (NullPool, False), (StaticPool, True)]
)
def test_loops_share_a_pool_of_sqlalchemy_only_where_it_is_one_connection(
    kind: type[Pool], shared: bool
) -> None:
    """SQLAlchemy makes a pool's first connections under a lock, which wakes nobody elsewhere."""
    world = Loops(create_async_engine("sqlite+aiosqlite://", poolclass=kind), disposes=True)

    async def pool() -> Pool:
        return world.engine().pool

    with asyncio.Runner() as one, asyncio.Runner() as other:
        first, second = one.run(pool()), other.run(pool())
        assert (first is second) is shared
        assert one.run(pool()) is first
        assert type(second) is kind


async def counted(engine: Engine) -> int:
    return await engine.count("user")
