"""Connections to PostgreSQL: the pool, lost ones, locks of transactions, forks, event loops."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from tests.storage.conftest import CALLERS, Crowd, Run, migrate
from tests.storage.models import SCHEMA, session, user
from watchword.database.contract import Condition, Engine, Join, StorageUnavailable
from watchword.runtime.blocking import finish
from watchword.storage.postgres import PostgresStorage

ANN = [Condition("id", "u-ann")]
SELF = "application_name = 'watchword' AND datname = current_database()"


@pytest.fixture
def storage(postgres_url: str) -> PostgresStorage:
    return PostgresStorage(postgres_url, pool_size=4, pool_timeout=20)


@pytest.fixture
def server(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection beside the engine's."""
    told = PostgresStorage(postgres_url).options.conninfo
    with psycopg.connect(told, autocommit=True, application_name="beside") as connection:
        yield connection


def connected(server: psycopg.Connection[Any]) -> int:
    found = server.execute(f"SELECT count(*) FROM pg_stat_activity WHERE {SELF}").fetchone()  # pyright: ignore[reportArgumentType, reportCallIssue]
    assert found is not None
    return found[0]


def end_those_that_are(server: psycopg.Connection[Any]) -> int:
    """End the engine's connections from the server's side, as a restart does."""
    ended = server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {SELF}")  # pyright: ignore[reportArgumentType, reportCallIssue]
    return len(ended.fetchall())


def end_all(server: psycopg.Connection[Any]) -> int:
    """The same, and see them gone."""
    ended = end_those_that_are(server)
    # A pool that was growing may have connected once more meanwhile.
    wait_until(lambda: end_those_that_are(server) == connected(server) == 0)
    return ended


def wait_until(holds: Any) -> None:
    """The server ends its processes in its own time: look again until it has."""
    latest = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < latest
        time.sleep(0.005)


class TestPool:
    def test_there_are_never_more_connections_than_the_pool_holds(
        self, engine: Engine, run: Run[Any], crowd: Crowd, server: psycopg.Connection[Any]
    ) -> None:
        seen: list[int] = []

        async def count(number: int) -> int:
            async with engine.transaction() as inside:
                seen.append(connected(server))
                return await inside.count("user")

        assert crowd(count) == [0] * CALLERS
        assert 1 < max(seen) <= 4
        run(engine.close())
        wait_until(lambda: connected(server) == 0)

    async def test_who_waits_too_long_for_a_connection_is_told_so(self, postgres_url: str) -> None:
        storage = PostgresStorage(postgres_url, pool_size=1, pool_timeout=0.1)
        blocking, loop = storage.blocking(SCHEMA), storage.asynchronous(SCHEMA)
        finish(migrate(blocking))

        async def busy(engine: Engine, other: Any) -> None:
            async with engine.transaction() as inside:
                with pytest.raises(StorageUnavailable, match="all 1 of the pool stayed busy"):
                    await other()
                assert await inside.count("user") == 0
            await engine.close()

        async def in_another_task() -> None:
            await asyncio.ensure_future(loop.count("user"))

        async def in_another_thread() -> None:
            with ThreadPoolExecutor(1) as threads:
                threads.submit(finish, blocking.count("user")).result()

        finish(busy(blocking, in_another_thread))
        await busy(loop, in_another_task)

    def test_statements_are_prepared_unless_they_must_not(self, postgres_url: str) -> None:
        async def prepared(query: str) -> int:
            engine = PostgresStorage(f"{postgres_url}&pool_size=1{query}").blocking(SCHEMA)
            await migrate(engine)
            for number in range(20):
                await engine.find_one("thing", [Condition("number", number * 10_000)])
            looked: Any = engine._connection  # pyright: ignore[reportPrivateUsage]
            rows = await looked.read("SELECT count(*) FROM pg_prepared_statements", ())
            await engine.close()
            return rows[0][0]

        assert finish(prepared("")) == 1
        assert finish(prepared("&prepare_threshold=none")) == 0

    def test_close_ends_the_threads_of_the_pool(self, engine: Engine, run: Run[Any]) -> None:
        before = set(threading.enumerate())
        run(engine.count("user"))
        run(engine.close())
        made = set(threading.enumerate()) - before
        assert [one.name for one in made if "watchword" in one.name] == []


class TestLostConnections:
    def test_idle_connections_that_the_server_ended_cost_no_request(
        self, engine: Engine, run: Run[Any], crowd: Crowd, server: psycopg.Connection[Any]
    ) -> None:
        for number in range(3):
            # More than one of the pool, and statements that were prepared on what is lost.
            crowd(lambda number: engine.find_one("user", ANN))
            assert end_all(server) >= 1
            run(engine.create("user", user(f"n{number}")))
        assert run(engine.count("user")) == 3

    def test_a_transaction_that_is_cut_off_fails_alone(
        self, engine: Engine, run: Run[Any], server: psycopg.Connection[Any]
    ) -> None:
        async def cut_off() -> None:
            async with engine.transaction() as inside:
                await inside.create("user", user("ann"))
                end_all(server)
                await inside.create("user", user("bob"))

        async def at_the_end() -> None:
            async with engine.transaction() as inside:
                await inside.create("user", user("cid"))
                end_all(server)

        for broken in (cut_off, at_the_end):
            with pytest.raises(StorageUnavailable):
                run(broken())
            assert run(engine.count("user")) == 0

    def test_under_load_only_what_was_in_flight_is_lost(
        self, storage: PostgresStorage, server: psycopg.Connection[Any]
    ) -> None:
        engine = storage.blocking(SCHEMA)
        finish(migrate(engine))

        def written(name: str) -> bool:
            try:
                finish(engine.create("thing", {"id": name}))
            except StorageUnavailable:
                return False
            return True

        def write(number: int) -> list[bool]:
            return [written(f"{number}-{step}") for step in range(40)]

        with ThreadPoolExecutor(8) as threads:
            work = [threads.submit(write, number) for number in range(8)]
            for _ in range(3):
                time.sleep(0.03)
                end_those_that_are(server)
            done = [one for thread in work for one in thread.result()]
        assert done.count(False) <= 3 * storage.options.pool_size
        # Not by the engine: the last of them may still be going.
        (stored,) = server.execute('SELECT count(*) FROM "the things"').fetchone() or (0,)
        assert stored >= done.count(True) > 0
        finish(engine.close())


class TestLocks:
    def test_a_row_that_a_transaction_found_waits_for_its_end(
        self, engine: Engine, run: Run[Any], server: psycopg.Connection[Any]
    ) -> None:
        run(engine.create("user", user("ann")))
        run(engine.create("session", session("one", "ann")))
        server.execute("SET lock_timeout = '50ms'")
        owner = [Join("owner", "user", "userId")]

        async def body() -> None:
            async with engine.transaction() as inside:
                assert await inside.find_one("user", ANN)
                with pytest.raises(psycopg.errors.LockNotAvailable):
                    server.execute("""UPDATE "user" SET "name" = 'x'""")
                # Rows that refer to it may come, and readers do not wait.
                server.execute("""INSERT INTO "account" VALUES ('1', 'a', 'p', 'u-ann')""")
                assert server.execute('SELECT "name" FROM "user"').fetchall() == [("ann",)]
                assert await inside.find_one("session", [Condition("token", "one")], join=owner)
                with pytest.raises(psycopg.errors.LockNotAvailable):
                    server.execute("""DELETE FROM "session" """)
            server.execute("""UPDATE "user" SET "name" = 'x'""")

        run(body())

    def test_a_statement_that_is_the_victim_of_a_deadlock_is_tried_again(
        self, postgres_url: str, kind: str, server: psycopg.Connection[Any]
    ) -> None:
        storage = PostgresStorage(f"{postgres_url}&options=-cdeadlock_timeout%3D300ms")
        engine = storage.blocking(SCHEMA) if kind == "blocking" else storage.asynchronous(SCHEMA)
        drive: Run[Any] = finish if kind == "blocking" else asyncio.run

        async def work() -> int:
            try:
                return await engine.update("thing", (), {"text": "mine"}, everything=True)
            finally:
                await engine.close()

        async def prepare() -> None:
            await migrate(engine)
            for name in ("1", "2"):
                await engine.create("thing", {"id": name})
            await engine.close()

        def waits_for_us() -> bool:
            return bool(
                server.execute(
                    "SELECT 1 FROM pg_locks WHERE NOT granted"
                    " AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
                ).fetchall()
            )

        drive(prepare())
        server.execute("SET deadlock_timeout = '20s'")
        with ThreadPoolExecutor(1) as thread:
            server.execute("BEGIN")
            server.execute("""UPDATE "the things" SET "order" = 'theirs' WHERE "id" = '2'""")
            updated = thread.submit(lambda: drive(work()))
            wait_until(waits_for_us)
            server.execute("""UPDATE "the things" SET "order" = 'theirs' WHERE "id" = '1'""")
            server.execute("COMMIT")
            assert updated.result() == 2
        found = server.execute("""SELECT "text", "order" FROM "the things" """).fetchall()
        assert found == [("mine", "theirs")] * 2

    def test_of_two_transactions_in_a_circle_one_goes_on(self, storage: PostgresStorage) -> None:
        engine = storage.blocking(SCHEMA)
        finish(migrate(engine))
        for name in ("1", "2"):
            finish(engine.create("thing", {"id": name, "number": 0}))
        together = threading.Barrier(2)

        async def both(first: str, second: str) -> None:
            async with engine.transaction() as inside:
                await inside.increment("thing", [Condition("id", first)], {"number": 1})
                together.wait()
                await inside.increment("thing", [Condition("id", second)], {"number": 1})

        with ThreadPoolExecutor(2) as threads:
            work = [threads.submit(finish, both(*names)) for names in (("1", "2"), ("2", "1"))]
            errors = [one.exception() for one in work]
        assert [type(one) for one in errors if one] == [StorageUnavailable]
        assert [row["number"] for row in finish(engine.find_many("thing"))] == [1, 1]
        finish(engine.close())


PROGRAM = """
import asyncio, os, sys
from tests.storage.conftest import migrate
from tests.storage.models import SCHEMA
from watchword.database.contract import Condition
from watchword.runtime.blocking import finish
from watchword.storage.postgres import PostgresStorage

storage = PostgresStorage(sys.argv[1])
engine, loop = storage.blocking(SCHEMA), storage.asynchronous(SCHEMA)
one = [Condition("id", "1")]

async def add():
    await loop.increment("thing", one, {"number": 1})
"""

FORK = """
finish(migrate(engine))
finish(engine.create("thing", {"id": "1", "number": 0}))
with asyncio.Runner() as runner:
    runner.run(add())
    child = os.fork()
    for _ in range(20):
        finish(engine.increment("thing", one, {"number": 1}))
    if child == 0:
        asyncio.run(add())
        sys.exit(0)
    runner.run(add())
print(os.waitpid(child, 0)[1])
print(finish(engine.find_one("thing", one))["number"])
"""

# What a parent has begun is not the child's to go on with, or to end.
FORK_INSIDE = """
async def body():
    async with engine.transaction() as inside:
        await inside.create("thing", {"id": "1", "number": 5})
        child = os.fork()
        if child == 0:
            os._exit(17)
        assert os.waitpid(child, 0)[1] >> 8 == 17
        await inside.increment("thing", one, {"number": 1})

async def in_child():
    child = None
    try:
        async with engine.transaction() as inside:
            await inside.increment("thing", one, {"number": 1})
            child = os.fork()
            if child:
                assert os.waitpid(child, 0)[1] == 0
            await inside.increment("thing", one, {"number": 1})
    except Exception as error:
        if child != 0 or "over" not in str(error):
            raise
        sys.exit(0)

finish(migrate(engine))
finish(body())
finish(in_child())
print(finish(engine.find_one("thing", one))["number"])
"""


def outcome(program: str, url: str) -> tuple[str, str, int]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM + program, url],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=False,
    )
    return done.stdout, done.stderr, done.returncode


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
class TestForks:
    def test_engines_work_on_both_sides_of_a_fork(self, postgres_url: str) -> None:
        # The child inherits a loop that stands still; how its idle tasks die there is Python's.
        printed, said, code = outcome(FORK, postgres_url)
        assert (printed, code) == ("0\n43\n", 0)
        assert all(line.startswith(("Task was destroyed", "task: ")) for line in said.splitlines())

    def test_a_fork_inside_a_transaction_leaves_it_to_the_parent(self, postgres_url: str) -> None:
        assert outcome(FORK_INSIDE, postgres_url) == ("8\n", "", 0)


def test_a_program_may_end_without_closing(postgres_url: str) -> None:
    program = "finish(migrate(engine))\nasyncio.run(migrate(loop))\n"
    assert outcome(program, postgres_url) == ("", "", 0)


def test_connections_of_a_loop_that_ended_are_closed_with_the_next_one(
    storage: PostgresStorage, server: psycopg.Connection[Any]
) -> None:
    engine = storage.asynchronous(SCHEMA)
    for _ in range(5):
        asyncio.run(migrate(engine))
        wait_until(lambda: connected(server) <= 1)
    asyncio.run(engine.close())
    del engine
    wait_until(lambda: connected(server) == 0)


@pytest.mark.parametrize("rounds", range(3))
async def test_who_is_cancelled_as_a_connection_comes_is_cancelled(
    postgres_url: str, rounds: int
) -> None:
    """psycopg's pool gives a connection that has come already to who was cancelled, and says
    nothing of it."""
    engine = PostgresStorage(postgres_url, pool_size=1, pool_timeout=20).asynchronous(SCHEMA)
    await migrate(engine)
    async with engine.transaction():
        waiting = asyncio.ensure_future(engine.count("user"))
        await asyncio.sleep(0.05)
    for _ in range(rounds):
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await engine.count("user") == 0  # the only connection is not lost
    await engine.close()
