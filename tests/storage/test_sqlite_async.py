"""SQLite under an event loop: waiting for the writer's turn, readers beside a writer, closing."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from tests.storage.models import user
from tests.storage.test_event_loops import run_with_engine, steps, two_users
from watchword.database.contract import Engine
from watchword.storage.sqlite import SQLiteStorage


def test_a_caller_cancelled_while_it_waits_for_its_turn_writes_nothing(tmp_path: Path) -> None:
    async def work(engine: Engine) -> None:
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

    run_with_engine(SQLiteStorage(tmp_path / "test.db"), work)


def test_readers_do_not_wait_for_a_transaction(tmp_path: Path) -> None:
    async def work(engine: Engine) -> None:
        await engine.create("user", user("ann"))
        async with engine.transaction() as inside:
            await inside.create("user", user("bob"))
            reading = asyncio.ensure_future(engine.count("user"))
            await steps(1)
            assert reading.result() == 1

    run_with_engine(SQLiteStorage(tmp_path / "test.db"), work)


def test_close_waits_for_those_who_were_there_before(tmp_path: Path) -> None:
    async def work(engine: Engine) -> None:
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

    run_with_engine(SQLiteStorage(tmp_path / "test.db"), work)


def test_close_inside_a_transaction_happens_at_its_end(tmp_path: Path) -> None:
    async def work(engine: Engine) -> None:
        async with engine.transaction() as inside:
            await engine.close()
            await inside.create("user", user("ann"))
        assert not (tmp_path / "test.db-wal").exists()
        assert await engine.count("user") == 1

    run_with_engine(SQLiteStorage(tmp_path / "test.db"), work)


def test_close_gives_back_files_and_threads(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    run_with_engine(SQLiteStorage(tmp_path / "test.db"), lambda engine: two_users(engine, "ann"))
    assert not (tmp_path / "test.db-wal").exists()
    assert set(threading.enumerate()) <= before
