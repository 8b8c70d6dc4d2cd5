"""What watchword writes in transactions of the application is stored and undone with them."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
)
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from tests.storage.models import SCHEMA, user
from tests.storage.sqlalchemy.use import asynchronously, names, opened, quoted_user
from tests.support.sqlalchemy_engines import (
    Engines,
)
from watchword import Auth, EmailAndPassword
from watchword.crypto.passwords import Argon2Cost
from watchword.database.contract import (
    Condition,
    StorageError,
    UniqueViolation,
)
from watchword.features.email_password_wire import SignUpEmail
from watchword.runtime.blocking import finish
from watchword.storage.sqlalchemy import SQLAlchemyStorage

ANN = [Condition("id", "u-ann")]
MORE_DRIVERS = ["sqlite", "postgres", "mysql", "postgres-psycopg", "mysql-aiomysql"]


class TestTheCallersTransaction:
    @pytest.mark.parametrize("form", ["session", "connection"])
    def test_his_commit_stores_and_his_rollback_undoes(self, engines: Engines, form: str) -> None:
        storage, engine = opened(engines)
        make = engines[0].connect if form == "connection" else lambda: Session(engines[0])
        with make() as mine:
            with storage.using(mine):
                finish(engine.create("user", user("ann")))
                assert finish(engine.find_one("user", ANN)) == user("ann")
                assert finish(engine.count("user")) == 1
            mine.rollback()
        assert names(engines[0]) == []
        with make() as mine:
            with storage.using(mine):
                finish(engine.create("user", user("ann")))
            mine.execute(text(f"UPDATE {quoted_user(engines[0])} SET name = 'Ann'"))
            mine.commit()
        assert finish(engine.find_one("user", ANN)) == {**user("ann"), "name": "Ann"}

    @pytest.mark.parametrize("engines", MORE_DRIVERS, indirect=True)
    @pytest.mark.parametrize("form", ["session", "connection"])
    async def test_the_same_awaited(self, engines: Engines, form: str) -> None:
        storage, _ = opened(engines)

        async def work(bind: AsyncEngine) -> None:
            engine = storage.asynchronous(SCHEMA)
            make = bind.connect if form == "connection" else lambda: AsyncSession(bind)
            async with make() as mine:
                async with storage.using(mine):
                    await engine.create("user", user("ann"))
                    assert await engine.count("user") == 1
                await mine.rollback()
            assert await engine.count("user") == 0
            async with make() as mine:
                with storage.using(mine):
                    await engine.create("user", user("ann"))
                    assert await engine.take("user", ANN) == user("ann")
                    await engine.create("user", user("bob"))
                await mine.commit()
            assert [row["id"] for row in await engine.find_many("user")] == ["u-bob"]

        await asynchronously(engines, work)

    def test_a_transaction_inside_is_a_savepoint(self, engines: Engines) -> None:
        storage, engine = opened(engines)

        async def refused() -> None:
            async with engine.transaction() as inside:
                await inside.create("user", user("bob"))
                async with inside.transaction() as again:
                    await again.create("user", user("ann"))

        with Session(engines[0]) as session, storage.using(session):
            finish(engine.create("user", user("ann")))
            with pytest.raises(UniqueViolation):
                finish(refused())
            finish(engine.create("user", user("eve")))
            session.commit()
        assert names(engines[0]) == ["u-ann", "u-eve"]

    def test_a_refused_row_leaves_his_transaction_usable(self, engines: Engines) -> None:
        storage, engine = opened(engines)
        with Session(engines[0]) as session, storage.using(session):
            finish(engine.create("user", user("ann")))
            with pytest.raises(UniqueViolation):
                finish(engine.create("user", user("ann")))
            assert finish(engine.reserve("user", user("ann"))) is False
            finish(engine.create("user", user("bob")))
            session.commit()
        assert names(engines[0]) == ["u-ann", "u-bob"]

    def test_each_session_has_its_own_part(self, engines: Engines) -> None:
        storage, engine = opened(engines)
        with Session(engines[0]) as first, Session(engines[0]) as second:
            with storage.using(first):
                finish(engine.create("user", user("ann")))
                with storage.using(second):
                    assert finish(engine.count("user")) == 0
                assert finish(engine.count("user")) == 1
            assert finish(engine.count("user")) == 0
            first.commit()
            second.rollback()
        assert names(engines[0]) == ["u-ann"]

    def test_after_a_commit_inside_the_next_transaction_is_joined(self, engines: Engines) -> None:
        storage, engine = opened(engines)
        with Session(engines[0]) as session, storage.using(session):
            finish(engine.create("user", user("ann")))
            session.commit()
            finish(engine.create("user", user("bob")))
            session.rollback()
        assert names(engines[0]) == ["u-ann"]

    def test_what_a_session_has_pending_is_seen(self, sqlite: Engines) -> None:
        storage, engine = opened(sqlite)
        with Session(sqlite[0]) as session, storage.using(session):
            session.execute(text("DELETE FROM user"))
            finish(engine.create("user", user("ann")))
            assert session.scalar(text("SELECT count(*) FROM user")) == 1

    def test_the_schema_stays(self, sqlite: Engines) -> None:
        storage, engine = opened(sqlite)
        with Session(sqlite[0]) as session, storage.using(session):
            assert finish(engine.plan()) == []
            with pytest.raises(StorageError, match="inside a transaction"):
                finish(engine.apply(["CREATE TABLE more (id text)"]))

    def test_afterwards_nothing_takes_part(self, sqlite: Engines) -> None:
        storage, engine = opened(sqlite)
        with Session(sqlite[0]) as session:
            with storage.using(session):
                assert finish(engine.count("user")) == 0
            finish(engine.create("user", user("ann")))
            session.rollback()
        assert names(sqlite[0]) == ["u-ann"]

    async def test_tasks_begun_inside_do_not_take_part(self, engines: Engines) -> None:
        storage, _ = opened(engines)

        async def work(bind: AsyncEngine) -> None:
            engine = storage.asynchronous(SCHEMA)
            async with AsyncSession(bind) as session:
                async with storage.using(session):
                    await asyncio.create_task(engine.create("user", user("ann")))
                await session.rollback()
            assert await engine.count("user") == 1

        await asynchronously(engines, work)

    def test_scoped_sessions_are_their_session(self, sqlite: Engines) -> None:
        storage, engine = opened(sqlite)
        sessions = scoped_session(sessionmaker(sqlite[0]))
        with storage.using(sessions):
            finish(engine.create("user", user("ann")))
        sessions.rollback()
        sessions.remove()
        assert names(sqlite[0]) == []

    def test_a_sign_up_is_undone_and_stored_with_the_rest(self, engines: Engines) -> None:
        storage = SQLAlchemyStorage(*engines)
        auth = Auth(
            database=storage,
            secret="a secret of at least thirty-two characters",
            base_url="http://localhost",
            email_and_password=EmailAndPassword(
                enabled=True, argon2_cost=Argon2Cost(memory=64, passes=1, lanes=1)
            ),
            environ={},
        )
        auth.blocking.migrate()
        given = SignUpEmail(email="ada@example.com", password="correct horse", name="Ada")
        with Session(engines[0]) as session:
            with storage.using(session):
                auth.blocking.api.sign_up_email(given)
            session.rollback()
            with storage.using(session):
                auth.blocking.api.sign_up_email(given)
            session.commit()
        assert len(names(engines[0])) == 1
        auth.blocking.close()


def test_his_begin_event_may_begin_transactions_on_sqlite(sqlite: Engines) -> None:
    event.listen(sqlite[0], "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    storage, engine = opened(sqlite)

    async def body() -> None:
        async with engine.transaction() as inside:
            await inside.create("user", user("ann"))

    finish(body())
    with Session(sqlite[0]) as session:
        with storage.using(session):
            finish(engine.create("user", user("bob")))
        session.rollback()
    assert names(sqlite[0]) == ["u-ann"]
