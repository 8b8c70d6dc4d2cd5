"""Connections to MySQL and MariaDB: the pool, lost ones, locks, deadlocks, forks."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from tests.storage.conftest import CALLERS, Crowd, Execute, Run, migrate
from tests.storage.models import SCHEMA, session, user
from watchword.database.contract import (
    Condition,
    Engine,
    Storage,
    StorageError,
    StorageUnavailable,
    Value,
)
from watchword.runtime.blocking import finish
from watchword.storage.mysql import MySQLStorage

ANN = [Condition("id", "u-ann")]
BOB = [Condition("id", "u-bob")]
NEW_NAME: dict[str, Value] = {"name": "new"}


@pytest.fixture
def storage(mysql_url: str) -> Storage:
    return MySQLStorage(mysql_url, pool_size=4, pool_timeout=20)


def killed(beside: Execute) -> int:
    """End the engine's connections from the server's side; how many there were."""
    mine = (
        "SELECT id FROM information_schema.processlist "
        "WHERE db = DATABASE() AND id <> CONNECTION_ID()"
    )
    found = beside(mine)
    for (number,) in found:
        beside(f"KILL {number}")
    latest = time.monotonic() + 10
    while beside(mine):
        assert time.monotonic() < latest
        time.sleep(0.005)
    return len(found)


class TestConnections:
    def test_idle_connections_that_were_killed_cost_no_request(
        self, engine: Engine, run: Run[Any], crowd: Crowd, beside: Execute
    ) -> None:
        for _ in range(3):
            assert crowd(lambda number: engine.count("user")) == [0] * CALLERS
            assert 1 <= killed(beside) <= 4
        assert run(engine.count("user")) == 0

    def test_a_transaction_that_lost_its_connection_is_undone(
        self, engine: Engine, run: Run[Any], beside: Execute
    ) -> None:
        async def body() -> None:
            async def lost(*, then: bool) -> None:
                async with engine.transaction() as inside:
                    await inside.create("user", user("ann"))
                    killed(beside)
                    if then:
                        await inside.create("user", user("bob"))

            for then in (True, False):
                with pytest.raises(StorageUnavailable):
                    await lost(then=then)
            assert await engine.count("user") == 0
            await engine.create("user", user("ann"))

        run(body())

    def test_there_are_never_more_connections_than_the_pool_holds(
        self, engine: Engine, run: Run[Any], crowd: Crowd, beside: Execute
    ) -> None:
        run(engine.close())
        seen: list[int] = []
        turn = threading.Lock()

        async def count(number: int) -> None:
            async with engine.transaction() as inside:
                await inside.count("user")
                with turn:
                    [[found]] = beside(
                        "SELECT COUNT(*) FROM information_schema.processlist "
                        "WHERE db = DATABASE() AND id <> CONNECTION_ID()"
                    )
                    seen.append(found)

        assert crowd(count) == [None] * CALLERS
        assert max(seen) <= 4

    async def test_who_waits_too_long_for_a_connection_is_told_so(self, mysql_url: str) -> None:
        storage = MySQLStorage(mysql_url, pool_size=1, pool_timeout=0.1)
        blocking, loop = storage.blocking(SCHEMA), storage.asynchronous(SCHEMA)
        finish(migrate(blocking))

        async def busy(engine: Engine, other: Any) -> None:
            async with engine.transaction() as inside:
                with pytest.raises(StorageUnavailable, match="all 1 of the pool stayed busy"):
                    await other()
                assert await inside.count("user") == 0
            assert await engine.count("user") == 0
            await engine.close()

        async def in_another_task() -> None:
            await asyncio.ensure_future(loop.count("user"))

        async def in_another_thread() -> None:
            with ThreadPoolExecutor(1) as threads:
                threads.submit(finish, blocking.count("user")).result()

        finish(busy(blocking, in_another_thread))
        await busy(loop, in_another_task)

    def test_a_row_that_stays_locked_is_unavailable(self, mysql_url: str, beside: Execute) -> None:
        engine = MySQLStorage(mysql_url, lock_timeout=1).blocking(SCHEMA)
        finish(migrate(engine))
        finish(engine.create("user", user("ann")))
        beside("START TRANSACTION")
        beside("SELECT * FROM `user` FOR UPDATE")
        with pytest.raises(StorageUnavailable, match="locked for too long"):
            finish(engine.take("user", ANN))
        beside("ROLLBACK")
        assert finish(engine.take("user", ANN))
        finish(engine.close())

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks on this system")
    def test_parent_and_child_have_their_own_connections(self, mysql_url: str) -> None:
        engine = MySQLStorage(mysql_url).blocking(SCHEMA)
        finish(migrate(engine))
        finish(engine.create("user", user("ann")))
        child = os.fork()
        if not child:
            done = 1
            try:
                finish(engine.create("user", user("child")))
                done = finish(engine.count("user", ANN)) - 1
            finally:
                os._exit(done)
        finish(engine.create("user", user("parent")))
        assert os.waitpid(child, 0)[1] == 0
        assert finish(engine.count("user")) == 3
        finish(engine.close())


class TestDeadlocks:
    """Two transactions take two rows in opposite orders: the server undoes one of them."""

    def test_what_was_undone_is_never_half_stored(
        self, engine: Engine, crowd: Crowd, run: Run[Any]
    ) -> None:
        for name in ("ann", "bob"):
            run(engine.create("user", user(name)))

        async def cross(number: int) -> str:
            names = ("ann", "bob") if number % 2 else ("bob", "ann")
            try:
                async with engine.transaction() as inside:
                    for name in names:
                        # Careless: goes on in a transaction that may be lost.
                        with suppress(StorageError):
                            await inside.update("user", [Condition("id", f"u-{name}")], NEW_NAME)
                    await inside.create("thing", {"id": f"{number} a"})
                    await inside.create("thing", {"id": f"{number} b"})
            except StorageError:
                return "undone"
            return "stored"

        ends = crowd(cross)
        assert set(ends) <= {"stored", "undone"}
        assert run(engine.count("thing")) == 2 * ends.count("stored")

    def test_the_one_that_was_undone_may_try_again(self, mysql_url: str) -> None:
        engine = MySQLStorage(mysql_url).blocking(SCHEMA)
        locked, waiting = threading.Event(), threading.Event()

        async def prepare() -> None:
            await migrate(engine)
            for name in ("ann", "bob"):
                await engine.create("user", user(name))

        async def first() -> None:
            async with engine.transaction() as inside:
                await inside.find_one("user", ANN)
                locked.set()
                waiting.wait(10)
                await inside.find_one("user", BOB)

        async def second() -> None:
            locked.wait(10)
            async with engine.transaction() as inside:
                await inside.find_one("user", BOB)
                waiting.set()
                await inside.find_one("user", ANN)

        finish(prepare())
        with ThreadPoolExecutor(2) as threads:
            ends = [threads.submit(finish, work()).exception for work in (first, second)]
            errors = [error for error in (end(20) for end in ends) if error]
        assert [type(error).__mro__[1] for error in errors] == [StorageUnavailable]
        assert str(errors[0]) == "the transaction gave way to another one that needs its rows"
        finish(engine.close())

    def test_work_alone_in_its_transaction_is_done_again(
        self, engine: Engine, crowd: Crowd, run: Run[Any]
    ) -> None:
        for name in ("ann", "bob"):
            run(engine.create("user", user(name)))
            run(engine.create("session", session(name, name)))

        async def either(number: int) -> None:
            """Deletes a user with its session, or changes the session that refers to it."""
            name = ("ann", "bob")[number // 2 % 2]
            if number % 2:
                await engine.take("user", [Condition("id", f"u-{name}")])
            else:
                await engine.update_if("session", [Condition("token", name)], {"token": name})

        assert crowd(either) == [None] * CALLERS
        assert run(engine.count("session")) == 0
