"""Async callbacks of synchronous applications: all run on one loop, each for who waits for it."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest
import sqlalchemy

from tests.storage.models import SCHEMA, user
from tests.support.django_project import database, settings_of
from watchword.database.contract import Engine, Storage, StorageUnavailable
from watchword.runtime.blocking import finish
from watchword.runtime.callback_loop import CallbackLoop
from watchword.storage.django import DjangoStorage
from watchword.storage.mysql import MySQLStorage
from watchword.storage.postgres import PostgresStorage
from watchword.storage.sqlalchemy import SQLAlchemyStorage
from watchword.storage.sqlite import SQLiteStorage

Find = Callable[[str], Any]
T = TypeVar("T")


@contextmanager
def sqlite(find: Find) -> Iterator[Storage]:
    yield SQLiteStorage(f"{find('tmp_path')}/test.db", busy_timeout=0.1)


@contextmanager
def memory(find: Find) -> Iterator[Storage]:
    yield SQLiteStorage(":memory:", busy_timeout=0.1)


@contextmanager
def postgres(find: Find) -> Iterator[Storage]:
    yield PostgresStorage(find("postgres_url"))


@contextmanager
def mysql(find: Find) -> Iterator[Storage]:
    yield MySQLStorage(find("mysql_url"))


@contextmanager
def alchemy(find: Find) -> Iterator[Storage]:
    url: str = find("postgres_url")
    url = url.replace("postgresql:", "postgresql+psycopg:", 1)
    engine = sqlalchemy.create_engine(url.replace("search_path=", "options=-csearch_path%3D"))
    yield SQLAlchemyStorage(engine)
    engine.dispose()


@contextmanager
def django(find: Find) -> Iterator[Storage]:
    with database(settings_of(find("postgres_url"))) as alias:
        yield DjangoStorage(alias)


@pytest.fixture(params=[sqlite, memory, postgres, mysql, alchemy, django])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with request.param(request.getfixturevalue) as storage:
        made: Engine = storage.blocking(SCHEMA)
        finish(made.apply(finish(made.plan())))
        yield made
        finish(made.close())


@pytest.fixture
def loop() -> Iterator[CallbackLoop]:
    made = CallbackLoop()
    yield made
    made.stop()


class Broken(Exception):
    pass


def test_a_transaction_is_that_of_one_callback(engine: Engine, loop: CallbackLoop) -> None:
    """What one was told is stored is not undone with the transaction of another one."""
    begun, go_on = threading.Event(), asyncio.Event()

    async def first() -> None:
        async with engine.transaction() as inside:
            await inside.create("user", user("ann"))
            begun.set()
            await go_on.wait()
            raise Broken

    async def second(*, whole: bool) -> bool:
        try:
            if whole:
                async with engine.transaction() as inside:
                    await inside.create("user", user("bob"))
            else:
                await engine.create("user", user("eve"))
        except StorageUnavailable:  # one writer at a time
            return False
        return True

    async def let_go() -> None:
        go_on.set()

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(loop.result_of, first())
        begun.wait()
        told = {"u-bob": loop.result_of(second(whole=True))}
        told["u-eve"] = loop.result_of(second(whole=False))
        loop.result_of(let_go())
        with pytest.raises(Broken):
            waiting.result()
    rows = finish(engine.find_many("user"))
    assert sorted(str(row["id"]) for row in rows) == [name for name in told if told[name]]


def test_what_it_leaves_behind_is_not_in_later_transactions_of_its_thread(
    engine: Engine, loop: CallbackLoop
) -> None:
    go_on, done = asyncio.Event(), asyncio.Event()
    tasks: list[asyncio.Task[bool]] = []

    async def left_behind() -> bool:
        try:
            await go_on.wait()
            await engine.create("user", user("bob"))
        except StorageUnavailable:
            return False
        finally:
            done.set()
        return True

    async def callback() -> None:
        tasks.append(asyncio.create_task(left_behind()))

    async def let_go() -> None:
        go_on.set()

    async def wait() -> bool:
        await done.wait()
        return await tasks[0]

    async def later() -> None:
        async with engine.transaction() as inside:
            await inside.create("user", user("ann"))
            with ThreadPoolExecutor(1) as threads:
                threads.submit(loop.result_of, let_go()).result()
                stored.append(threads.submit(loop.result_of, wait()).result())
            raise Broken

    stored: list[bool] = []
    loop.result_of(callback())
    with pytest.raises(Broken):
        finish(later())
    rows = finish(engine.find_many("user"))
    assert [row["id"] for row in rows] == ["u-bob"] * stored[0]


def test_tasks_of_one_callback_are_in_transactions_of_their_own(
    engine: Engine, loop: CallbackLoop
) -> None:
    async def first(begun: asyncio.Event, go_on: asyncio.Event) -> None:
        async with engine.transaction() as inside:
            await inside.create("user", user("ann"))
            begun.set()
            await go_on.wait()
            raise Broken

    async def callback() -> bool:
        begun, go_on = asyncio.Event(), asyncio.Event()
        undone = asyncio.create_task(first(begun, go_on))
        await begun.wait()
        told = await asyncio.create_task(is_stored(engine, "bob"))
        go_on.set()
        with pytest.raises(Broken):
            await undone
        return told

    told = loop.result_of(callback())
    rows = finish(engine.find_many("user"))
    assert [row["id"] for row in rows] == ["u-bob"] * told


def test_nobody_gets_into_the_transaction_of_a_task_that_was_left_behind(
    engine: Engine, loop: CallbackLoop
) -> None:
    go_on = asyncio.Event()
    left: list[asyncio.Task[None]] = []

    async def behind(begun: asyncio.Event) -> None:
        async with engine.transaction() as inside:
            await inside.create("user", user("ann"))
            begun.set()
            await go_on.wait()
            await inside.create("user", user("eve"))

    async def callback() -> None:
        begun = asyncio.Event()
        left.append(asyncio.create_task(behind(begun)))
        await begun.wait()

    async def end() -> None:
        go_on.set()
        await left[0]

    loop.result_of(callback())
    told = loop.result_of(is_stored(engine, "bob"))
    loop.result_of(end())
    rows = finish(engine.find_many("user"))
    assert sorted(str(row["id"]) for row in rows) == ["u-ann", *["u-bob"] * told, "u-eve"]


@pytest.fixture
def interruptible() -> Iterator[None]:
    """An interrupt raises, also behind a shell that ignores it or a worker that took it over."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_a_thread_that_waits_no_more_is_left_in_no_transaction(
    engine: Engine, loop: CallbackLoop
) -> None:
    over, waiting = threading.Event(), threading.get_ident()

    async def callback() -> None:
        try:
            async with engine.transaction() as inside:
                await inside.create("user", user("ann"))
                signal.pthread_kill(waiting, signal.SIGINT)
                await asyncio.Event().wait()
        finally:
            over.set()

    async def seen_by_others() -> list[object]:
        rows = await asyncio.create_task(as_coroutine(engine.find_many("user")))
        return [row["id"] for row in rows]

    finish(engine.count("user"))
    with pytest.raises(KeyboardInterrupt):
        loop.result_of(callback())
    assert over.wait(60)
    finish(engine.create("user", user("bob")))
    assert loop.result_of(seen_by_others()) == ["u-bob"]


async def as_coroutine(awaitable: Awaitable[T]) -> T:
    return await awaitable


async def is_stored(engine: Engine, name: str) -> bool:
    """Whether a user is stored, as far as his maker is told."""
    try:
        await engine.create("user", user(name))
    except StorageUnavailable:  # one writer at a time
        return False
    return True
