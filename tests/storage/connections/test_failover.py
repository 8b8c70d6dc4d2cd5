"""A connection to a server that takes no writes any more, or says nothing, is given up.

After a failover the old connections stand, and lead to a server that is only a copy; a middlebox
may acknowledge all that is sent and forward none of it. One call fails with 503, the next one
reaches the server that is there now.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest

from tests.storage.conftest import Run, migrate
from tests.storage.models import SCHEMA, user
from tests.support.databases import mysql_database, postgres_database, redis_keys
from tests.support.sqlalchemy_engines import mysql_engines, postgres_engines
from tests.support.tcp_proxy import TCPProxy, tcp_proxy
from watchword.database.contract import Engine, Storage, StorageUnavailable
from watchword.runtime.blocking import finish
from watchword.storage.connections import keepalive
from watchword.storage.mysql import MySQLStorage
from watchword.storage.postgres import PostgresStorage
from watchword.storage.redis import RedisStorage
from watchword.storage.sqlalchemy import SQLAlchemyStorage

ONE = {"pool_size": 1, "max_overflow": 0}

TAKES_NO_WRITES = {
    "postgresql": "SET default_transaction_read_only = on",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
}
"""What a connection says that leads to a copy is what one says whose session is read-only."""


def on_sqlalchemy(engines: Any, stack: ExitStack) -> SQLAlchemyStorage:
    stack.callback(engines[0].dispose)
    return SQLAlchemyStorage(*engines, dispose_on_close=True)


STORAGES: dict[str, Callable[[ExitStack], Any]] = {
    "postgres": lambda stack: PostgresStorage(stack.enter_context(postgres_database())),
    "mysql": lambda stack: MySQLStorage(stack.enter_context(mysql_database())),
    "sqlalchemy-postgres": lambda stack: on_sqlalchemy(
        postgres_engines(stack.enter_context(postgres_database()), ONE), stack
    ),
    "sqlalchemy-mysql": lambda stack: on_sqlalchemy(
        mysql_engines(stack.enter_context(mysql_database()), ONE), stack
    ),
}


@pytest.fixture(params=list(STORAGES))
def storage(request: pytest.FixtureRequest) -> Iterator[Any]:
    with ExitStack() as stack:
        yield STORAGES[request.param](stack)


@pytest.fixture(params=["blocking", "async"])
def opened(storage: Any, request: pytest.FixtureRequest) -> Engine:
    return storage.blocking(SCHEMA) if request.param == "blocking" else storage.asynchronous(SCHEMA)


@pytest.fixture
def drive(opened: Engine, request: pytest.FixtureRequest) -> Run[Any]:
    return finish if request.node.callspec.params["opened"] == "blocking" else asyncio.run


async def demoted(engine: Engine, storage: Any) -> None:
    """Leave a connection in the pool that takes no writes."""
    looked: Any = engine._connection  # pyright: ignore[reportAttributeAccessIssue]
    await looked.write(TAKES_NO_WRITES[storage.system], ())


class TestReadOnly:
    def test_one_write_fails_and_the_next_one_reaches_the_new_server(
        self, storage: Any, opened: Engine, drive: Run[Any]
    ) -> None:
        async def body() -> None:
            await migrate(opened)
            await demoted(opened, storage)
            with pytest.raises(StorageUnavailable):
                await opened.create("user", user("ann"))
            await opened.create("user", user("ann"))
            await opened.close()

        drive(body())

    def test_a_transaction_is_undone_and_the_next_one_reaches_the_new_server(
        self, storage: Any, opened: Engine, drive: Run[Any]
    ) -> None:
        async def both() -> None:
            async with opened.transaction() as inside:
                assert await inside.count("user") == 0
                await inside.create("user", user("ann"))
                await inside.create("user", user("bob"))

        async def body() -> None:
            await migrate(opened)
            await demoted(opened, storage)
            with pytest.raises(StorageUnavailable):
                await both()
            await both()
            assert await opened.count("user") == 2
            await opened.close()

        drive(body())


SILENT: dict[str, Callable[[ExitStack], tuple[TCPProxy, Storage]]] = {
    "postgres": lambda stack: through_proxy(
        stack, stack.enter_context(postgres_database()), PostgresStorage, {"read_timeout": 0.2}
    ),
    "mysql": lambda stack: through_proxy(
        stack,
        stack.enter_context(mysql_database()),
        MySQLStorage,
        {"lock_timeout": 1, "read_timeout": 1.01},
    ),
}


def through_proxy(
    stack: ExitStack, url: str, kind: Callable[..., Storage], options: dict[str, Any]
) -> tuple[TCPProxy, Storage]:
    proxy = stack.enter_context(tcp_proxy(url))
    return proxy, kind(proxy.url, pool_size=1, **options)


@pytest.fixture(params=list(SILENT))
def silent(request: pytest.FixtureRequest) -> Iterator[tuple[TCPProxy, Storage]]:
    with ExitStack() as stack:
        yield SILENT[request.param](stack)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", ["blocking", "async"])
@pytest.mark.parametrize("inside", [False, True], ids=["alone", "transaction"])
def test_a_connection_whose_server_is_silent_is_given_up(
    silent: tuple[TCPProxy, Storage], kind: str, inside: bool
) -> None:
    proxy, storage = silent
    engine = storage.blocking(SCHEMA) if kind == "blocking" else storage.asynchronous(SCHEMA)
    drive: Run[Any] = finish if kind == "blocking" else asyncio.run

    async def transaction() -> None:
        async with engine.transaction() as held:
            assert await held.count("user") == 0
            proxy.dumb = True
            await held.create("user", user("ann"))

    async def alone() -> None:
        proxy.dumb = True
        await engine.count("user")

    async def body() -> None:
        await migrate(engine)
        assert await engine.count("user") == 0
        before = proxy.accepted
        with pytest.raises(StorageUnavailable):
            await (transaction() if inside else alone())
        proxy.dumb = False
        await engine.create("user", user("ann"))
        assert proxy.accepted == before + 1
        await engine.close()

    drive(body())


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", [PostgresStorage, MySQLStorage])
def test_who_connects_to_a_silent_server_waits_no_longer_than_for_a_connection(
    kind: Callable[..., Any],
) -> None:
    with ExitStack() as stack:
        made = postgres_database if kind is PostgresStorage else mysql_database
        proxy = stack.enter_context(tcp_proxy(stack.enter_context(made())))
        quick = {"pool_timeout": 0.1} if kind is PostgresStorage else {"connect_timeout": 0.1}
        engine = kind(proxy.url, **quick).blocking(SCHEMA)
        proxy.dumb = True
        for work in (engine.count("user"), engine.apply(["CREATE TABLE a (b integer)"])):
            with pytest.raises(StorageUnavailable):
                finish(work)
        proxy.stop()
        finish(engine.close())


def watched(descriptor: int) -> dict[str, int]:
    """What the system does for a TCP connection."""
    with socket.socket(fileno=socket.dup(descriptor)) as found:  # pyright: ignore
        named = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
        named["TCP_USER_TIMEOUT"] = 30_000
        level = socket.IPPROTO_TCP
        told = {name: found.getsockopt(level, getattr(socket, name)) for name in named}
        assert found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert told == named
        return told


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="what Linux calls it")
class TestKeepAlive:
    def test_postgres(self) -> None:
        with postgres_database() as url:
            told = PostgresStorage(url).options.conninfo
            with psycopg.connect(told) as connection:
                assert watched(connection.pgconn.socket)

    def test_postgres_leaves_the_last_word_to_the_url(self) -> None:
        told = PostgresStorage("postgresql://db/a?keepalives_idle=7&tcp_user_timeout=0").options
        assert "keepalives_idle=7" in told.conninfo
        assert "tcp_user_timeout=0" in told.conninfo

    def test_mysql(self) -> None:
        with mysql_database() as url:
            engine: Any = MySQLStorage(url).blocking(SCHEMA)
            finish(migrate(engine))
            finish(engine.count("user"))
            with engine._connection._world.engine().connect() as connection:
                assert watched(connection.connection.driver_connection._sock.fileno())
            finish(engine.close())

    async def test_mysql_in_an_event_loop(self) -> None:
        with mysql_database() as url:
            engine: Any = MySQLStorage(url).asynchronous(SCHEMA)
            await engine.apply(())
            world = engine._connection._world

            def looked() -> object:
                with world.engine().connect() as connection:
                    link = connection.connection.driver_connection
                    return watched(link._transport.get_extra_info("socket").fileno())

            assert await world.run(looked)
            await engine.close()

    def test_redis(self) -> None:
        with redis_keys() as keys:
            engine: Any = RedisStorage(keys.url, prefix=keys.prefix).blocking()
            finish(engine.get("key"))
            [connection] = engine._link._pools.here().client().connection_pool._connections
            assert watched(connection._sock.fileno())
            finish(engine.close())

    def test_sockets_that_are_not_of_tcp_are_left_alone(self) -> None:
        one, other = socket.socketpair()
        with one, other:
            keepalive.watch(one)
