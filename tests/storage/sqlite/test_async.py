"""SQLite under an event loop: waiting for the writer's turn, readers beside a writer, closing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.storage.conftest import migrate
from tests.storage.connections.test_event_loops import steps, two_users
from tests.storage.models import SCHEMA, user
from watchword.database.contract import Engine
from watchword.storage.sqlite import SQLiteStorage


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    engine = SQLiteStorage(tmp_path / "test.db").asynchronous(SCHEMA)
    await migrate(engine)
    yield engine
    await engine.close()


async def test_a_caller_cancelled_while_it_waits_for_its_turn_writes_nothing(
    engine: Engine,
) -> None:
    async with engine.transaction() as inside:
        waiting = [
            asyncio.ensure_future(engine.create("user", user("ann"))),
            asyncio.ensure_future(two_users(engine, "bob")),
        ]
        await steps(5)
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        assert all(task.cancelled() for task in waiting)
        await inside.create("user", user("cid"))
    assert await engine.count("user") == 1
    await engine.create("user", user("dan"))


async def test_readers_do_not_wait_for_a_transaction(engine: Engine) -> None:
    await engine.create("user", user("ann"))
    async with engine.transaction() as inside:
        await inside.create("user", user("bob"))
        reading = asyncio.ensure_future(engine.count("user"))
        await steps(1)
        assert reading.result() == 1


async def test_close_waits_for_those_who_were_there_before(engine: Engine, tmp_path: Path) -> None:
    async with engine.transaction() as inside:
        waiting = asyncio.ensure_future(engine.create("user", user("ann")))
        await steps(2)
        closing = asyncio.ensure_future(engine.close())
        await steps(2)
        assert not closing.done()
        await inside.create("user", user("bob"))
    await asyncio.gather(waiting, closing)
    assert not (tmp_path / "test.db-wal").exists()
    assert await engine.count("user") == 2


async def test_close_inside_a_transaction_happens_at_its_end(
    engine: Engine, tmp_path: Path
) -> None:
    async with engine.transaction() as inside:
        await engine.close()
        await inside.create("user", user("ann"))
    assert not (tmp_path / "test.db-wal").exists()
    assert await engine.count("user") == 1


async def test_close_gives_back_files_and_threads(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    engine = SQLiteStorage(tmp_path / "test.db").asynchronous(SCHEMA)
    await migrate(engine)
    await two_users(engine, "ann")
    await engine.close()
    assert not (tmp_path / "test.db-wal").exists()
    assert set(threading.enumerate()) <= before
