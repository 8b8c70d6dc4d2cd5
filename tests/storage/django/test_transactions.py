"""What watchword writes in transactions of Django is stored and undone with them."""

from __future__ import annotations

import asyncio
import threading
import unittest
from typing import Any

import pytest
from asgiref.sync import ThreadSensitiveContext, async_to_sync, sync_to_async
from django.core.exceptions import SynchronousOnlyOperation
from django.db import connections, transaction
from django.test import TestCase

from tests.storage.models import SCHEMA, user
from watchword import (
    APIError,
    Auth,
    EmailAndPassword,
    ModelHooks,
    RateLimit,
    SignInEmail,
    SignUpEmail,
    User,
)
from watchword.crypto.passwords import Argon2Cost
from watchword.database.contract import (
    Condition,
    Engine,
    StorageError,
    UniqueViolation,
    WouldNotLast,
)
from watchword.runtime.blocking import finish
from watchword.storage.django import DjangoStorage

ANN = [Condition("id", "u-ann")]


class Broken(Exception):
    pass


@pytest.fixture
def engine(alias: str) -> Engine:
    made = DjangoStorage(alias).blocking(SCHEMA)
    finish(migrated(made))
    return made


async def migrated(engine: Engine) -> None:
    await engine.apply(await engine.plan())


def names(engine: Engine) -> list[Any]:
    return sorted(row["id"] for row in finish(engine.find_many("user")))


def server(alias: str, **options: Any) -> Auth[Any]:
    auth = Auth(
        database=DjangoStorage(alias),
        secret="a secret of at least thirty-two characters",
        base_url="http://localhost",
        email_and_password=EmailAndPassword(
            enabled=True, argon2_cost=Argon2Cost(memory=64, passes=1, lanes=1)
        ),
        environ={},
        **options,
    )
    auth.blocking.migrate()
    return auth


ADA = SignUpEmail(email="ada@example.com", password="correct horse", name="Ada")


def run_by_django(test: TestCase) -> None:
    """As a test runner does, with what Django does around classes and tests."""
    result = unittest.TestResult()
    unittest.TestSuite([test]).run(result)
    assert result.testsRun == 1
    assert result.errors + result.failures == []


def test_an_exception_in_a_block_undoes_it(engine: Engine, alias: str) -> None:
    def broken() -> None:
        with transaction.atomic(using=alias):
            finish(engine.create("user", user("ann")))
            assert finish(engine.find_one("user", ANN)) == user("ann")
            raise Broken

    with pytest.raises(Broken):
        broken()
    assert names(engine) == []
    with transaction.atomic(using=alias):
        finish(engine.create("user", user("ann")))
    assert names(engine) == ["u-ann"]


def test_a_transaction_inside_is_a_savepoint(engine: Engine, alias: str) -> None:
    async def refused() -> None:
        async with engine.transaction() as inside:
            await inside.create("user", user("bob"))
            async with inside.transaction() as again:
                await again.create("user", user("ann"))

    with transaction.atomic(using=alias):
        finish(engine.create("user", user("ann")))
        with pytest.raises(UniqueViolation):
            finish(refused())
        finish(engine.create("user", user("eve")))
    assert names(engine) == ["u-ann", "u-eve"]


def test_a_refused_row_leaves_the_block_usable(engine: Engine, alias: str) -> None:
    with transaction.atomic(using=alias):
        finish(engine.create("user", user("ann")))
        with pytest.raises(UniqueViolation):
            finish(engine.create("user", user("ann")))
        assert finish(engine.reserve("user", user("ann"))) is False
        finish(engine.create("user", user("bob")))
    assert names(engine) == ["u-ann", "u-bob"]


def test_the_schema_stays_inside_a_block(engine: Engine, alias: str) -> None:
    with transaction.atomic(using=alias):
        assert finish(engine.plan()) == []
        with pytest.raises(StorageError, match="inside a transaction"):
            finish(engine.apply(["CREATE TABLE more (id text)"]))


def test_a_block_that_was_given_up_takes_nothing_more(engine: Engine, alias: str) -> None:
    with transaction.atomic(using=alias):
        transaction.set_rollback(True, using=alias)
        with pytest.raises(StorageError, match="given up"):
            finish(engine.create("user", user("ann")))
    assert names(engine) == []


def test_a_part_that_a_hook_has_spoilt_is_not_taken_for_stored(engine: Engine, alias: str) -> None:
    async def spoilt() -> None:
        async with engine.transaction() as inside:
            await inside.create("user", user("ann"))
            transaction.set_rollback(True, using=alias)

    with pytest.raises(StorageError, match="undone"):
        finish(spoilt())
    assert names(engine) == []


def test_a_sign_up_is_undone_and_stored_with_the_rest(alias: str) -> None:
    auth = server(alias)

    def broken() -> None:
        with transaction.atomic(using=alias):
            auth.blocking.api.sign_up_email(ADA)
            raise Broken

    with pytest.raises(Broken):
        broken()
    with transaction.atomic(using=alias):
        auth.blocking.api.sign_up_email(ADA)
    assert auth.blocking.users.count() == 1
    auth.blocking.close()


def test_what_counts_guesses_is_refused_in_a_block_and_not_in_one_of_a_test(alias: str) -> None:
    auth = server(alias, rate_limit=RateLimit(storage="database"))
    auth.blocking.api.sign_up_email(ADA)
    entered = SignInEmail(email="ada@example.com", password="correct horse")
    with transaction.atomic(using=alias), pytest.raises(WouldNotLast):
        auth.blocking.api.sign_in_email(entered)

    class OneTest(TestCase):
        databases: Any = frozenset((alias,))

        def runTest(self) -> None:
            done = auth.blocking.api.sign_in_email(entered)
            assert done.user is not None
            with transaction.atomic(using=alias), pytest.raises(WouldNotLast):
                auth.blocking.api.sign_in_email(entered)

    run_by_django(OneTest())
    auth.blocking.close()


def test_without_autocommit_all_is_the_applications_transaction(alias: str) -> None:
    auth = server(alias, rate_limit=RateLimit(storage="database"))
    auth.blocking.users.create(email="eve@example.com", name="Eve")
    transaction.set_autocommit(False, using=alias)
    rename(alias, "Eva")
    auth.blocking.api.sign_up_email(ADA)
    with pytest.raises(APIError, match="USER_ALREADY_EXISTS"):
        auth.blocking.api.sign_up_email(ADA)
    with pytest.raises(WouldNotLast):
        auth.blocking.api.sign_in_email(SignInEmail(email=ADA.email, password=ADA.password))
    assert people(auth) == ["Ada", "Eva"]
    transaction.rollback(using=alias)
    assert people(auth) == ["Eve"]
    rename(alias, "Eva")
    auth.blocking.api.sign_up_email(ADA)
    transaction.commit(using=alias)
    transaction.set_autocommit(True, using=alias)
    assert people(auth) == ["Ada", "Eva"]
    auth.blocking.close()


def rename(alias: str, name: str) -> None:
    table = connections[alias].ops.quote_name("user")
    with connections[alias].cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET name = %s", [name])


def people(auth: Auth[Any]) -> list[str]:
    return sorted(one.name for one in auth.blocking.users.list().users)


class TestAwaited:
    """The same for awaited calls: each request of an ASGI server has a thread of its own."""

    async def test_an_async_test_case_undoes_all(self, alias: str) -> None:
        auth = await sync_to_async(server)(alias)

        class OneTest(TestCase):
            databases: Any = frozenset((alias,))

            async def test_sign_up(self) -> None:
                await auth.api.sign_up_email(ADA)
                assert await auth.users.count() == 1

        await sync_to_async(run_by_django)(OneTest("test_sign_up"))
        assert await auth.users.count() == 0
        await auth.close()

    async def test_a_block_around_awaited_code_holds(self, alias: str) -> None:
        auth = await sync_to_async(server)(alias)

        async def sign_up() -> None:
            await auth.api.sign_up_email(ADA)

        def broken() -> None:
            with transaction.atomic(using=alias):
                async_to_sync(sign_up)()
                raise Broken

        with pytest.raises(Broken):
            await sync_to_async(broken)()
        assert await auth.users.count() == 0
        await auth.close()

    async def test_what_counts_guesses_is_refused_in_one(self, alias: str) -> None:
        auth = await sync_to_async(server)(alias, rate_limit=RateLimit(storage="database"))
        await auth.api.sign_up_email(ADA)
        entered = SignInEmail(email="ada@example.com", password="correct horse")

        async def sign_in() -> None:
            await auth.api.sign_in_email(entered)

        def in_a_block() -> None:
            with transaction.atomic(using=alias), pytest.raises(WouldNotLast):
                async_to_sync(sign_in)()

        await sync_to_async(in_a_block)()
        await sign_in()
        await auth.close()

    async def test_a_transaction_of_another_task_is_not_ones_own(self, alias: str) -> None:
        engine: Any = await opened(alias)
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def first() -> bool:
            async with engine.transaction() as inside:
                begun.set()
                await go_on.wait()
                return await inside.undoable()

        async def second() -> bool:
            await begun.wait()
            asyncio.get_running_loop().call_later(0.01, go_on.set)
            return await engine.undoable()

        async with ThreadSensitiveContext():
            assert await asyncio.gather(first(), second()) == [True, False]
            await sync_to_async(lambda: connections[alias].close())()

    async def test_two_tasks_of_a_request_do_not_meet_in_a_transaction(self, alias: str) -> None:
        engine = await opened(alias)
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def first() -> None:
            async with engine.transaction() as inside:
                await inside.create("user", user("ann"))
                begun.set()
                await go_on.wait()
                raise Broken

        async def second() -> None:
            await begun.wait()
            asyncio.get_running_loop().call_later(0.01, go_on.set)
            await engine.create("user", user("bob"))

        async with ThreadSensitiveContext():
            outcome = await asyncio.gather(first(), second(), return_exceptions=True)
            assert isinstance(outcome[0], Broken)
            rows = await engine.find_many("user")
            await sync_to_async(lambda: connections[alias].close())()
        assert [row["id"] for row in rows] == ["u-bob"]

    async def test_who_is_cancelled_leaves_nothing_half_done(self, alias: str) -> None:
        engine = await opened(alias)

        begun = asyncio.Event()

        async def endless() -> None:
            async with engine.transaction() as inside:
                await inside.create("user", user("ann"))
                begun.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(endless())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await engine.count("user") == 0
        await engine.create("user", user("bob"))
        assert await engine.count("user") == 1

    async def test_blocking_calls_on_a_loop_are_refused_as_djangos_own(self, alias: str) -> None:
        engine = DjangoStorage(alias).blocking(SCHEMA)
        with pytest.raises(SynchronousOnlyOperation):
            finish(engine.plan())


async def opened(alias: str) -> Engine:
    engine = DjangoStorage(alias).asynchronous(SCHEMA)
    await migrated(engine)
    return engine


class TestAsyncCallbacks:
    """They run on a loop of watchword's own, in another thread, for the thread that waits."""

    def test_they_see_the_transaction_of_who_waits(self, alias: str) -> None:
        seen: list[Any] = []

        async def look(values: Any, call: Any) -> None:
            found = await call.db.find_one(User, email=ADA.email)
            seen.append((found is not None, await call.db.undoable()))
            await call.db.update(User, {"name": "Ada L."}, email=ADA.email)

        hooks = {"session": ModelHooks(create_before=look)}
        auth = server(alias, database_hooks=hooks)

        def broken() -> None:
            with transaction.atomic(using=alias):
                auth.blocking.api.sign_up_email(ADA)
                assert auth.blocking.users.find(ADA.email).name == "Ada L."  # pyright: ignore
                raise Broken

        with pytest.raises(Broken):
            broken()
        assert seen == [(True, True)]
        assert auth.blocking.users.count() == 0
        auth.blocking.close()

    def test_one_that_asks_before_its_thread_has(self, alias: str) -> None:
        seen: list[Any] = []

        async def look(*_: Any) -> int:
            seen.append(await auth.blocking.runtime.engine.count("user"))
            return 0

        auth = server(alias)
        connections[alias].close()

        def fresh() -> None:
            finish(auth.blocking.runtime.call(look))

        thread = threading.Thread(target=fresh)
        thread.start()
        thread.join()
        assert seen == [0]
        auth.blocking.close()
