"""Storage on engines of the application: its pools, its mistakes."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_scoped_session,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import StaticPool

from tests.storage.conftest import migrate, sqlite_file
from tests.storage.models import SCHEMA, user
from tests.storage.sqlalchemy.use import asynchronously, names, opened
from tests.support.databases import mysql_database, postgres_database
from tests.support.sqlalchemy_engines import (
    Engines,
    mysql_engines,
    postgres_engines,
    sqlite_engines,
)
from watchword import ConfigurationError
from watchword.database.contract import (
    Condition,
    Engine,
    StorageError,
    StorageUnavailable,
    UniqueViolation,
)
from watchword.runtime.blocking import finish
from watchword.storage.sqlalchemy import SQLAlchemyStorage

_THREE_LOOPS = """
import asyncio, sys
from sqlalchemy.ext.asyncio import create_async_engine
from tests.storage.conftest import migrate
from tests.storage.models import SCHEMA, user
from watchword.storage.sqlalchemy import SQLAlchemyStorage
engine = SQLAlchemyStorage(create_async_engine(sys.argv[1])).asynchronous(SCHEMA)
async def once(number):
    await engine.create("user", user(str(number)))
    return await engine.count("user")
asyncio.run(migrate(engine))
print(*(asyncio.run(once(number)) for number in range(3)))
"""


class TestWrongUse:
    def test_an_entrance_without_its_engine_says_what_is_missing(self, sqlite: Engines) -> None:
        with pytest.raises(ConfigurationError, match=r"no async engine.*Give both"):
            SQLAlchemyStorage(sqlite[0]).asynchronous(SCHEMA)
        with pytest.raises(ConfigurationError, match=r"no synchronous engine.*Give both"):
            SQLAlchemyStorage(sqlite[1]).blocking(SCHEMA)

    def test_factories_stand_for_their_engines(self, sqlite: Engines) -> None:
        both = SQLAlchemyStorage(async_sessionmaker(sqlite[1]), sessionmaker(sqlite[0]))
        assert finish(both.blocking(SCHEMA).plan())
        assert both.system == "sqlite"
        scoped = async_scoped_session(async_sessionmaker(sqlite[1]), asyncio.current_task)
        assert SQLAlchemyStorage(scoped).asynchronous(SCHEMA)

    @pytest.mark.parametrize("wrong", [None, "sqlite://", sessionmaker(), async_sessionmaker()])
    def test_what_is_no_engine_is_refused(self, wrong: Any) -> None:
        with pytest.raises(ConfigurationError, match="no engine of SQLAlchemy"):
            SQLAlchemyStorage(wrong)

    def test_two_of_a_kind_are_refused(self, sqlite: Engines) -> None:
        for one in sqlite:
            with pytest.raises(ConfigurationError, match="both engines"):
                SQLAlchemyStorage(one, one)

    def test_two_databases_are_refused(self, sqlite: Engines) -> None:
        other = create_async_engine("postgresql+asyncpg://localhost/none")
        with pytest.raises(ConfigurationError, match="different databases"):
            SQLAlchemyStorage(sqlite[0], other)

    def test_a_database_in_memory_for_each_thread_is_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="StaticPool"):
            SQLAlchemyStorage(create_engine("sqlite://"))
        shared = create_engine("sqlite://", poolclass=StaticPool)
        engine = SQLAlchemyStorage(shared).blocking(SCHEMA)
        finish(migrate(engine))
        assert finish(engine.create("user", user("ann"))) == user("ann")
        shared.dispose()

    def test_a_password_is_not_shown(self) -> None:
        storage = SQLAlchemyStorage(create_engine("postgresql+psycopg://ada:hunter2@db/app"))
        assert repr(storage) == "SQLAlchemyStorage(postgresql+psycopg://ada:***@db/app)"

    async def test_using_wants_a_session_of_its_world(self, sqlite: Engines) -> None:
        storage, engine = opened(sqlite)
        wrong: Any = "session"
        with pytest.raises(ConfigurationError, match="using"), storage.using(wrong):
            pass

        async def work(bind: AsyncEngine) -> None:
            other = storage.asynchronous(SCHEMA)
            with (
                Session(sqlite[0]) as session,
                storage.using(session),
                pytest.raises(StorageError, match="a sync session"),
            ):
                await other.count("user")
            async with AsyncSession(bind) as session, storage.using(session):
                with pytest.raises(StorageError, match="an async session"):
                    await engine.count("user")

        await asynchronously(sqlite, work)

    def test_a_session_of_another_database_is_refused(
        self, sqlite: Engines, postgres_url: str
    ) -> None:
        storage, engine = opened(sqlite)
        other, _ = postgres_engines(postgres_url)
        with (
            Session(other) as session,
            storage.using(session),
            pytest.raises(StorageError, match=r"postgresql\+psycopg.*sqlite\+pysqlite"),
        ):
            finish(engine.count("user"))
        other.dispose()


class TestErrors:
    async def test_a_database_that_is_not_there_is_unavailable(self) -> None:
        for url in ("postgresql+psycopg", "mysql+pymysql"):
            bind = create_engine(f"{url}://ada:hunter2@127.0.0.1:1/app")
            with pytest.raises(StorageUnavailable) as refused:
                finish(SQLAlchemyStorage(bind).blocking(SCHEMA).count("user"))
            assert "hunter2" not in str(refused.value)

        for url in ("postgresql+asyncpg", "mysql+asyncmy"):
            bind = create_async_engine(f"{url}://ada:hunter2@127.0.0.1:1/app")
            with pytest.raises(StorageUnavailable):
                await SQLAlchemyStorage(bind).asynchronous(SCHEMA).count("user")
            await bind.dispose()

    def test_a_pool_without_a_free_connection_is_unavailable(
        self, request: pytest.FixtureRequest
    ) -> None:
        pool = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.05}
        bind, _ = sqlite_engines(sqlite_file(request), pool)
        engine = SQLAlchemyStorage(bind).blocking(SCHEMA)
        with bind.connect(), pytest.raises(StorageUnavailable, match="pool"):
            finish(engine.count("user"))
        bind.dispose()

    def test_no_value_of_a_row_is_in_an_error(self, engines: Engines) -> None:
        _, engine = opened(engines)
        finish(engine.create("user", user("ann")))
        with pytest.raises(UniqueViolation) as refused:
            finish(engine.create("user", {**user("ann"), "name": "hunter2"}))
        shown = str(refused.value) + str(refused.value.__cause__)
        assert "ann" not in shown
        assert "hunter2" not in shown


class TestTheCallersEngine:
    def test_rows_of_a_user_go_with_it_on_sqlite_in_his_sessions_too(self, sqlite: Engines) -> None:
        _, engine = opened(sqlite)
        with Session(sqlite[0]) as session, pytest.raises(IntegrityError):
            session.execute(text("INSERT INTO session VALUES ('s', '2030', 't', 'nobody')"))
        assert finish(engine.count("session")) == 0

    def test_closing_leaves_his_pool_alone(self, sqlite: Engines) -> None:
        _, engine = opened(sqlite)
        pool = sqlite[0].pool
        finish(engine.close())
        assert sqlite[0].pool is pool
        finish(SQLAlchemyStorage(sqlite[0], dispose_on_close=True).blocking(SCHEMA).close())
        assert sqlite[0].pool is not pool

    def test_his_log_shows_the_statements(
        self, sqlite: Engines, caplog: pytest.LogCaptureFixture
    ) -> None:
        _, engine = opened(sqlite)
        with caplog.at_level(logging.INFO, "sqlalchemy.engine"):
            finish(engine.count("user"))
        assert 'SELECT COUNT(*) FROM "user"' in caplog.text

    @pytest.mark.parametrize(
        "database", ["sqlite+aiosqlite", "postgresql+asyncpg", "mysql+asyncmy"]
    )
    def test_an_event_loop_after_a_closed_one_gets_a_pool_that_works(
        self, database: str, request: pytest.FixtureRequest
    ) -> None:
        with ExitStack() as made:
            if database == "sqlite+aiosqlite":
                url = f"///{sqlite_file(request)}"
            else:
                make = mysql_database if database == "mysql+asyncmy" else postgres_database
                url = made.enter_context(make()).partition(":")[2]
            # A process of its own: drivers complain about connections of closed loops.
            ran = subprocess.run(
                [sys.executable, "-c", _THREE_LOOPS, f"{database}:{url}"],
                capture_output=True,
                text=True,
                timeout=30,
            )
        assert ran.stdout == "1 2 3\n", ran.stderr

    def test_a_forked_child_has_connections_of_its_own(self, engines: Engines) -> None:
        _, engine = opened(engines)
        finish(engine.create("user", user("ann")))
        child = os.fork()
        if not child:
            found = 0
            try:
                found = finish(engine.count("user"))
            finally:
                os._exit(40 + found)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 41
        assert finish(engine.count("user")) == 1

    def test_an_engine_in_autocommit_has_transactions_all_the_same(
        self, engines: Engines, runner: asyncio.Runner
    ) -> None:
        opened(engines)
        bind = engines[0].execution_options(isolation_level="AUTOCOMMIT")
        engine = SQLAlchemyStorage(bind).blocking(SCHEMA)

        async def refused() -> None:
            async with engine.transaction() as inside:
                await inside.create("user", user("ann"))
                raise KeyError

        with pytest.raises(KeyError):
            finish(refused())
        finish(engine.create("user", user("bob")))
        assert names(engines[0]) == ["u-bob"]

    @pytest.mark.parametrize("database", ["sqlite", "mysql"])
    async def test_a_transaction_is_undone_where_sqlalchemy_rolls_nothing_back(
        self, database: str, request: pytest.FixtureRequest
    ) -> None:
        pool = {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True}
        if database == "sqlite":
            engines = sqlite_engines(sqlite_file(request), pool)
        else:
            engines = mysql_engines(request.getfixturevalue("mysql_url"), pool)
        storage = SQLAlchemyStorage(*engines, dispose_on_close=True)

        async def refused(engine: Engine, name: str) -> None:
            async with engine.transaction() as inside:
                await inside.create("user", user(name))
                raise KeyError

        async def body(engine: Engine, name: str) -> None:
            with pytest.raises(KeyError):
                await refused(engine, name)
            await engine.create("user", user("bob"))
            assert await engine.count("user") == 1
            assert await engine.take("user", [Condition("name", "bob")])
            await engine.close()

        blocking = storage.blocking(SCHEMA)
        finish(migrate(blocking))
        finish(body(blocking, "ann"))
        await body(storage.asynchronous(SCHEMA), "ada")
