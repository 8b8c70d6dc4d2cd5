"""What the async SQLite engine writes goes through aiosqlite, without what it would bring along."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiosqlite
import pytest

from tests.storage.conftest import migrate
from tests.storage.connections.test_event_loops import steps
from tests.storage.models import SCHEMA, user
from watchword.database.contract import Condition, Engine
from watchword.storage.sqlite import SQLiteStorage
from watchword.storage.sqlite.writer import Writer


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    engine = SQLiteStorage(tmp_path / "test.db").asynchronous(SCHEMA)
    await migrate(engine)
    yield engine
    await engine.close()


@pytest.fixture
def hops(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Everything that is handed to aiosqlite's thread."""
    handed: list[object] = []
    really: Callable[..., Any] = aiosqlite.Connection._execute

    async def counted(self: aiosqlite.Connection, work: object, *args: object) -> object:
        handed.append(work)
        return await really(self, work, *args)

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    return handed


async def test_rows_and_their_number_come_in_one_hop(engine: Engine, hops: list[object]) -> None:
    for name in ("ann", "bob", "cid"):
        await engine.create("user", user(name))
    hops.clear()
    assert (await engine.create("user", user("dan")))["name"] == "dan"
    assert await engine.update("user", (), {"name": "eve"}, everything=True) == 4
    assert await engine.update("user", (Condition("name", "ann"),), {"name": "bob"}) == 0
    assert await engine.take("user", (Condition("name", "eve"),)) is not None
    assert await engine.delete("user", (Condition("name", "eve"),)) == 3
    assert len(hops) == 5


async def test_reads_outside_of_transactions_stay_in_the_loop(
    engine: Engine, hops: list[object]
) -> None:
    await engine.create("user", user("ann"))
    hops.clear()
    assert await engine.count("user") == 1
    assert hops == []
    async with engine.transaction() as inside:
        assert await inside.count("user") == 1
    assert len(hops) == 3


async def test_its_log_does_not_quote_values(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await engine.create("user", user("a-name-to-keep"))
    with pytest.raises(Exception, match="unique"):
        await engine.create("user", user("a-name-to-keep"))
    async with engine.transaction() as inside:
        await inside.find_one("user", (Condition("name", "a-name-to-keep"),))
    await engine.close()
    told = caplog.text + str([vars(one) for one in caplog.records])
    assert "INSERT INTO" in told
    assert "a-name-to-keep" not in told


@pytest.mark.parametrize("cancellations", [1, 3])
async def test_a_cancelled_statement_is_waited_for(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, cancellations: int
) -> None:
    begun, let_go, ended = threading.Event(), threading.Event(), threading.Event()
    really: Callable[..., Any] = aiosqlite.Connection._execute_fetchall

    def slow(self: aiosqlite.Connection, sql: str, params: object) -> object:
        if sql.startswith("INSERT"):
            begun.set()
            assert let_go.wait(30)
            ended.set()
        return really(self, sql, params)

    await engine.create("user", user("ann"))
    monkeypatch.setattr(aiosqlite.Connection, "_execute_fetchall", slow)
    task = asyncio.ensure_future(engine.create("user", user("bob")))
    await asyncio.to_thread(begun.wait, 30)
    for _ in range(cancellations):
        task.cancel()
        await steps(3)
        assert not task.done()
    let_go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
    assert await engine.count("user") == 2


async def test_who_is_cancelled_in_every_round_of_the_loop_ends_with_the_statement(
    engine: Engine,
) -> None:
    """As anyio cancels: what a caller waits for must not begin anew each time."""
    await engine.create("user", user("ann"))
    task = asyncio.ensure_future(engine.create("user", user("bob")))
    await steps(1)
    async with asyncio.timeout(20):
        while not task.done():
            task.cancel()
            await steps(1)
    assert task.cancelled()
    assert (await engine.create("user", user("cid")))["name"] == "cid"


def test_the_end_of_a_loop_waits_for_its_statement_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, let_go, over = threading.Event(), threading.Event(), list[str]()
    really: Callable[..., Any] = aiosqlite.Connection._execute_fetchall

    def slow(self: aiosqlite.Connection, sql: str, params: object) -> object:
        begun.set()
        assert let_go.wait(30)
        rows = really(self, sql, params)
        over.append(sql)
        return rows

    engine = SQLiteStorage(tmp_path / "test.db").asynchronous(SCHEMA)
    asyncio.run(migrate(engine))
    monkeypatch.setattr(aiosqlite.Connection, "_execute_fetchall", slow)

    async def left_behind() -> asyncio.Task[Any]:
        task = asyncio.ensure_future(engine.create("user", user("ann")))
        await asyncio.to_thread(begun.wait, 30)
        asyncio.get_running_loop().call_soon(let_go.set)
        return task

    task = asyncio.run(left_behind())
    assert task.cancelled()
    assert over[0].startswith("INSERT")
    assert asyncio.run(engine.count("user")) == 1
    asyncio.run(engine.close())


async def test_the_writer_is_opened_by_the_first_statement_that_needs_it(
    tmp_path: Path,
) -> None:
    storage = SQLiteStorage(tmp_path / "test.db")
    writing = storage.asynchronous(SCHEMA)
    await migrate(writing)
    await writing.create("user", user("ann"))
    await writing.close()
    before = threading.active_count()
    reading = storage.asynchronous(SCHEMA)
    assert await reading.count("user") == 1
    assert threading.active_count() == before
    await reading.close()


async def test_a_writer_that_could_not_be_opened_is_opened_by_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, before = SQLiteStorage(tmp_path / "test.db"), set(threading.enumerate())
    really: Callable[..., Any] = aiosqlite.Connection._connect

    async def broken(self: aiosqlite.Connection) -> None:
        raise sqlite3.OperationalError("no")

    engine = storage.asynchronous(SCHEMA)
    monkeypatch.setattr(aiosqlite.Connection, "_connect", broken)
    with pytest.raises(Exception, match="failed"):
        await migrate(engine)
    assert set(threading.enumerate()) <= before
    monkeypatch.setattr(aiosqlite.Connection, "_connect", really)
    await migrate(engine)
    await engine.close()


async def test_a_closed_writer_says_so(tmp_path: Path) -> None:
    writer = Writer(SQLiteStorage(tmp_path / "test.db")._database)
    await writer.run("CREATE TABLE one (x)", ())
    writer.close()
    with pytest.raises(Exception, match="closed meanwhile"):
        await writer.run("INSERT INTO one VALUES (1)", ())


ENDS = """
import asyncio, sys
from tests.storage.conftest import migrate
from tests.storage.models import SCHEMA, user
from watchword.storage.sqlite import SQLiteStorage

engine = SQLiteStorage(sys.argv[1]).asynchronous(SCHEMA)

async def main():
    await migrate(engine)
    await engine.create("user", user("ann"))

{ending}
"""
ENDINGS = {
    "after asyncio.run": "asyncio.run(main())",
    "with its loop open": "loop = asyncio.new_event_loop(); loop.run_until_complete(main())",
    "with the current loop closed": (
        "loop = asyncio.new_event_loop(); asyncio.set_event_loop(loop)\n"
        "loop.run_until_complete(main()); loop.close()"
    ),
    "by an exception": "asyncio.run(main()); raise SystemExit(0)",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_program_that_does_not_close_ends_all_the_same(tmp_path: Path, ending: str) -> None:
    program = ENDS.format(ending=ENDINGS[ending])
    command = [sys.executable, "-c", program, str(tmp_path / "a")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a"]
    assert sqlite3.connect(tmp_path / "a").execute('SELECT count(*) FROM "user"').fetchone() == (1,)


def test_aiosqlite_is_loaded_for_an_async_engine_only() -> None:
    program = (
        "import sys; from tests.storage.models import SCHEMA;"
        "from watchword.storage.sqlite import SQLiteStorage; storage = SQLiteStorage('a.db');"
        "storage.blocking(SCHEMA); print('aiosqlite' in sys.modules);"
        "storage.asynchronous(SCHEMA); print('aiosqlite' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True"], done.stderr


def test_a_transaction_whose_loop_is_gone_ends_without_a_word(tmp_path: Path) -> None:
    """Its connection was closed when the next loop came, which undid it."""
    engine = SQLiteStorage(tmp_path / "test.db").asynchronous(SCHEMA)

    begun: list[str] = []

    async def left_alone() -> None:
        async with engine.transaction() as inside:
            await inside.create("user", user("ann"))
            begun.append("ann")
            await asyncio.get_running_loop().create_future()

    async def next_one() -> int:
        found = await engine.count("user")
        await engine.close()
        return found

    asyncio.run(migrate(engine))
    loop, left = asyncio.new_event_loop(), left_alone()
    task = loop.create_task(left)
    while not begun:
        loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    assert asyncio.run(next_one()) == 0
    left.close()
    task._log_destroy_pending = False  # type: ignore[attr-defined]
