"""W4: a pool of which every connection is in use refuses a call, and throws no connection away."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.storage.conftest import migrate
from tests.storage.models import SCHEMA
from tests.support.databases import mysql_database, postgres_database
from tests.support.sqlalchemy_engines import Engines, mysql_engines, postgres_engines
from watchword.database.contract import Engine, StorageUnavailable
from watchword.runtime.blocking import finish
from watchword.storage.mysql import MySQLStorage
from watchword.storage.postgres import PostgresStorage
from watchword.storage.sqlalchemy import SQLAlchemyStorage

WHO_AM_I = {"postgresql": "SELECT pg_backend_pid()", "mysql": "SELECT CONNECTION_ID()"}
ONE: dict[str, Any] = {"pool_size": 1, "pool_timeout": 0.05}


def on_sqlalchemy(engines: Engines, stack: ExitStack) -> SQLAlchemyStorage:
    stack.callback(engines[0].dispose)
    return SQLAlchemyStorage(*engines, dispose_on_close=True)


STORAGES: dict[str, Callable[[ExitStack], Any]] = {
    "postgres": lambda stack: PostgresStorage(stack.enter_context(postgres_database()), **ONE),
    "mysql": lambda stack: MySQLStorage(stack.enter_context(mysql_database()), **ONE),
    "sqlalchemy-postgres": lambda stack: on_sqlalchemy(
        postgres_engines(stack.enter_context(postgres_database()), {**ONE, "max_overflow": 0}),
        stack,
    ),
    "sqlalchemy-mysql": lambda stack: on_sqlalchemy(
        mysql_engines(stack.enter_context(mysql_database()), {**ONE, "max_overflow": 0}), stack
    ),
}


@pytest.fixture(params=list(STORAGES))
def storage(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A database to which there is one connection."""
    with ExitStack() as stack:
        yield STORAGES[request.param](stack)


async def connection_of(engine: Any, system: str) -> object:
    [[number]] = await engine._connection.read(WHO_AM_I[system], ())
    return number


async def refused(engine: Engine) -> None:
    with pytest.raises(StorageUnavailable, match="stayed busy"):
        await engine.count("user")


def test_between_threads(storage: Any) -> None:
    engine = storage.blocking(SCHEMA)
    finish(migrate(engine))
    before = finish(connection_of(engine, storage.system))

    async def busy() -> None:
        async with engine.transaction():
            others = [threading.Thread(target=lambda: finish(refused(engine))) for _ in range(3)]
            for one in others:
                one.start()
            for one in others:
                one.join()

    finish(busy())
    assert finish(connection_of(engine, storage.system)) == before
    assert finish(engine.count("user")) == 0
    finish(engine.close())


async def test_between_tasks(storage: Any) -> None:
    engine = storage.asynchronous(SCHEMA)
    await migrate(engine)
    before = await connection_of(engine, storage.system)
    async with engine.transaction():
        await asyncio.gather(*(asyncio.create_task(refused(engine)) for _ in range(3)))
    assert await connection_of(engine, storage.system) == before
    assert await engine.count("user") == 0
    await engine.close()
