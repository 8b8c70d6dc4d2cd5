"""W3: what belongs to a process compares the process id when it is borrowed.

Workers that are forked in C are told by nobody that they are new. Whatever they inherit from their
master they leave alone: each opens connections of its own, and answers are never somebody else's.
"""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.storage.conftest import migrate
from tests.storage.models import SCHEMA, user
from tests.support.databases import KeySpace, mysql_database, postgres_database
from tests.support.forking import exit_code, fork, in_forked_child
from tests.support.sqlalchemy_engines import (
    Engines,
    mysql_engines,
    postgres_engines,
    sqlite_engines,
)
from watchword.database.contract import Condition, Engine, StorageError, StorageUnavailable
from watchword.runtime.blocking import finish
from watchword.runtime.process import PerProcess
from watchword.storage.connections.circuit_breaker import CircuitBreaker
from watchword.storage.memory import MemoryStorage
from watchword.storage.mysql import MySQLStorage
from watchword.storage.postgres import PostgresStorage
from watchword.storage.redis import RedisStorage
from watchword.storage.sqlalchemy import SQLAlchemyStorage
from watchword.storage.sqlite import SQLiteStorage

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

WHO_AM_I = {"postgresql": "SELECT pg_backend_pid()", "mysql": "SELECT CONNECTION_ID()"}
"""What tells one connection from another; SQLite knows no such thing."""
Open = Callable[[ExitStack, Path], Any]


def on_sqlalchemy(engines: Engines, stack: ExitStack) -> SQLAlchemyStorage:
    stack.callback(engines[0].dispose)
    return SQLAlchemyStorage(*engines, dispose_on_close=True)


def sqlite_file(folder: Path) -> Path:
    return folder / "forked.db"


STORAGES: dict[str, Open] = {
    "sqlite": lambda stack, folder: SQLiteStorage(sqlite_file(folder), busy_timeout=5),
    "postgres": lambda stack, folder: PostgresStorage(stack.enter_context(postgres_database())),
    "mysql": lambda stack, folder: MySQLStorage(stack.enter_context(mysql_database())),
    "sqlalchemy-sqlite": lambda stack, folder: on_sqlalchemy(
        sqlite_engines(sqlite_file(folder)), stack
    ),
    "sqlalchemy-postgres": lambda stack, folder: on_sqlalchemy(
        postgres_engines(stack.enter_context(postgres_database())), stack
    ),
    "sqlalchemy-mysql": lambda stack, folder: on_sqlalchemy(
        mysql_engines(stack.enter_context(mysql_database())), stack
    ),
}


@pytest.fixture(params=list(STORAGES))
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """An empty database."""
    with ExitStack() as stack:
        yield STORAGES[request.param](stack, tmp_path)


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    """An event loop that stands still between the things that are run on it."""
    with asyncio.Runner() as runner:
        yield runner


async def use(engine: Engine, name: str, system: str) -> object:
    """Write, read it back in a transaction, and say on which connection."""
    await engine.create("user", user(name))
    async with engine.transaction() as inside:
        found = await inside.find_one("user", [Condition("id", f"u-{name}")])
        assert found is not None
        assert found["id"] == f"u-{name}"
        return await connection_of(inside, system)


async def connection_of(engine: Any, system: str) -> object:
    if system not in WHO_AM_I:
        return None
    [[number]] = await engine._connection.read(WHO_AM_I[system], ())
    return number


@pytest.mark.parametrize("hooks", [False, True], ids=["forked in C", "forked by Python"])
class TestEveryStorage:
    def test_a_child_opens_its_own_connections_and_the_parents_goes_on(
        self, storage: Any, hooks: bool
    ) -> None:
        engine, system = storage.blocking(SCHEMA), storage.system
        finish(migrate(engine))
        before = finish(use(engine, "ann", system))

        def child() -> None:
            mine = finish(use(engine, "child", system))
            assert mine is None or mine != before
            finish(engine.close())

        assert in_forked_child(child, hooks=hooks) == 0
        if not hooks:  # with hooks, the parent itself closed what was idle
            assert finish(connection_of(engine, system)) == before
        finish(use(engine, "bob", system))
        assert finish(engine.count("user")) == 3
        finish(engine.close())

    def test_after_async_use_a_child_works_in_both_worlds(
        self, storage: Any, hooks: bool, loop: asyncio.Runner
    ) -> None:
        engine, blocking = storage.asynchronous(SCHEMA), storage.blocking(SCHEMA)
        finish(migrate(blocking))
        finish(blocking.close())
        before = loop.run(use(engine, "ann", storage.system))

        def child() -> None:
            async def work() -> object:
                number = await use(engine, "child", storage.system)
                await engine.close()
                return number

            mine = asyncio.run(work())
            assert mine is None or mine != before
            finish(use(blocking, "second child", storage.system))

        assert in_forked_child(child, hooks=hooks) == 0
        loop.run(use(engine, "bob", storage.system))
        assert loop.run(engine.count("user")) == 4
        loop.run(engine.close())

    def test_a_transaction_of_the_parent_is_over_in_the_child(
        self, storage: Any, hooks: bool
    ) -> None:
        engine = storage.blocking(SCHEMA)
        finish(migrate(engine))

        async def begun() -> None:
            async with engine.transaction() as inside:
                await inside.create("user", user("ann"))

                async def child() -> None:
                    with pytest.raises(StorageError, match="this transaction is over"):
                        await inside.count("user")
                    if storage.system != "sqlite":  # whose one writer is the parent
                        await engine.create("user", user("child"))

                assert in_forked_child(lambda: finish(child()), hooks=hooks) == 0
                await inside.create("user", user("bob"))

        finish(begun())
        assert finish(engine.count("user")) == (2 if storage.system == "sqlite" else 3)
        finish(engine.close())

    @pytest.mark.parametrize("error", [None, KeyError])
    def test_a_child_that_leaves_the_parents_transaction_neither_stores_nor_undoes_it(
        self, storage: Any, hooks: bool, error: type[Exception] | None
    ) -> None:
        engine = storage.blocking(SCHEMA)
        finish(migrate(engine))
        children: list[int] = []

        async def begun() -> None:
            async with engine.transaction() as inside:
                await inside.create("user", user("ann"))
                children.append(fork(hooks=hooks))
                if not children[0]:
                    if error is not None:
                        raise error
                    return
                assert exit_code(children[0]) == 0
                await inside.create("user", user("bob"))

        try:
            finish(begun())
        except (KeyError, StorageError):
            if not children[0]:
                gc.collect()
                os._exit(0)  # heard of it, and the parent has not
            raise
        if not children[0]:
            os._exit(1)
        assert finish(engine.count("user")) == 2
        finish(engine.close())


def test_a_parent_that_closes_takes_nothing_from_its_child(tmp_path: Path) -> None:
    # SQLite in the child would believe that it holds the locks of its parent, and take none.
    engine = SQLiteStorage(sqlite_file(tmp_path)).blocking(SCHEMA)
    finish(migrate(engine))
    finish(engine.create("user", user("ann")))
    to_parent, to_child = os.pipe(), os.pipe()
    child = fork()
    if not child:
        code = 1
        with suppress(StorageError):
            finish(engine.create("user", user("one")))
            os.write(to_parent[1], b"x")
            os.read(to_child[0], 1)
            finish(engine.create("user", user("two")))
            code = 0
        os._exit(code)
    os.read(to_parent[0], 1)
    finish(engine.create("user", user("bob")))
    finish(engine.close())
    assert Path(f"{sqlite_file(tmp_path)}-wal").exists(), "the child has it open"
    finish(engine.create("user", user("cay")))
    os.write(to_child[1], b"x")
    assert exit_code(child) == 0
    finish(engine.close())
    assert finish(engine.count("user")) == 5
    finish(engine.close())


class TestMemory:
    """A database in memory is copied with all the rest; parent and child have one each."""

    def test_a_child_has_a_copy_of_its_own(self) -> None:
        engine = SQLiteStorage(":memory:").blocking(SCHEMA)
        finish(migrate(engine))
        finish(engine.create("user", user("ann")))

        def child() -> None:
            finish(engine.create("user", user("child")))
            assert finish(engine.count("user")) == 2

        assert in_forked_child(child) == 0
        assert finish(engine.count("user")) == 1

    def test_a_copy_that_was_made_in_the_middle_is_used_by_nobody(self) -> None:
        engine = SQLiteStorage(":memory:").blocking(SCHEMA)
        finish(migrate(engine))

        def child() -> None:
            with pytest.raises(StorageUnavailable, match="when this process was forked"):
                finish(engine.count("user"))

        async def begun() -> None:
            async with engine.transaction() as inside:
                await inside.create("user", user("ann"))
                assert in_forked_child(child) == 0

        finish(begun())
        assert finish(engine.count("user")) == 1


@pytest.mark.parametrize("world", ["blocking", "asynchronous"])
def test_a_child_has_connections_to_redis_of_its_own(redis: KeySpace, world: str) -> None:
    engine: Any = getattr(RedisStorage(redis.url, prefix=redis.prefix), world)()
    with asyncio.Runner() as runner:
        run = finish if world == "blocking" else runner.run
        run(engine.set("key", "parent", 60))
        before = run(engine._link.send("CLIENT", "ID"))

        def child() -> None:
            mine = finish if world == "blocking" else asyncio.Runner().run
            assert mine(engine._link.send("CLIENT", "ID")) != before
            for number in range(50):
                mine(engine.set("child", str(number), 60))
                assert mine(engine.get("child")) == str(number)

        assert in_forked_child(child) == 0
        assert run(engine._link.send("CLIENT", "ID")) == before
        assert run(engine.get("key")) == "parent"
        run(engine.close())


class TestLocks:
    """A lock that a thread of the parent has at the fork is never given back in the child."""

    def test_of_the_circuit_breaker(self) -> None:
        breaker = CircuitBreaker("the server", 10, lambda: 0.0)
        breaker.failed(breaker.admit(), "broken")

        def child() -> None:
            with pytest.raises(StorageUnavailable):
                breaker.admit()

        with breaker._lock.here():
            assert in_forked_child(child) == 0

    def test_of_keys_in_memory(self) -> None:
        storage = MemoryStorage()
        with storage._lock.here():
            assert in_forked_child(lambda: finish(storage.get("key"))) == 0

    def test_of_whatever_is_being_made_for_the_process(self) -> None:
        making, go_on = threading.Event(), threading.Event()

        def slow() -> str:
            making.set()
            go_on.wait(20)
            return "parent"

        thing = PerProcess(slow)
        thread = threading.Thread(target=thing.here)
        thread.start()
        making.wait(20)
        go_on_in_child = PerProcess(lambda: "child")
        assert in_forked_child(lambda: check(go_on_in_child.here() == "child")) == 0
        go_on.set()
        thread.join()
        assert thing.here() == "parent"


class TestPerProcess:
    def test_it_is_made_once_for_all_threads_of_a_process(self) -> None:
        made: list[object] = []

        def make() -> object:
            made.append(object())
            return made[-1]

        thing = PerProcess(make)
        with ThreadPoolExecutor(8) as pool:
            found = set(pool.map(lambda _: thing.here(), range(50)))
        assert found == set(made)
        assert len(made) == 1

    def test_all_that_a_parent_has_is_left_with_the_first_use_of_anything(self) -> None:
        left: list[str] = []
        first = PerProcess(lambda: "first", leave=left.append)
        second = PerProcess(lambda: "second", leave=left.append)
        first.here()
        second.here()

        def child() -> None:
            first.here()
            check(sorted(left) == ["first", "second"])
            check(second.made_here() is None)

        assert in_forked_child(child) == 0
        assert left == []


def check(true: bool) -> None:
    """Assert in a place for expressions."""
    assert true
