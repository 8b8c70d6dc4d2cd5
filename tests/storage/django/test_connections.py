"""How Django's connections are used: by threads, by children, under other settings than usual."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import connections, transaction
from django.test import SimpleTestCase, override_settings
from django.test.utils import CaptureQueriesContext

from tests.storage.django.test_transactions import ADA, migrated, server
from tests.storage.models import NOW, SCHEMA, user
from tests.support.django_project import database, settings_of, sqlite_settings
from tests.support.forking import in_forked_child
from watchword import Auth
from watchword.database.contract import Condition, StorageUnavailable, UniqueViolation
from watchword.errors import ConfigurationError
from watchword.runtime.blocking import finish
from watchword.storage.django import DjangoStorage


def opened(alias: str) -> Any:
    engine = DjangoStorage(alias).blocking(SCHEMA)
    finish(migrated(engine))
    return engine


class TestForks:
    @pytest.mark.parametrize("hooks", [True, False])
    def test_a_child_leaves_the_connection_of_its_parent_alone(
        self, alias: str, hooks: bool
    ) -> None:
        engine = opened(alias)
        finish(engine.create("user", user("ann")))

        def work() -> None:
            assert finish(engine.count("user")) == 1
            finish(engine.create("user", user("bob")))
            connections[alias].close()

        assert in_forked_child(work, hooks=hooks) == 0
        assert finish(engine.count("user")) == 2

    def test_a_transaction_of_the_parent_is_over_in_the_child(self, alias: str) -> None:
        engine = opened(alias)

        async def body() -> None:
            async with engine.transaction() as inside:
                await inside.create("user", user("ann"))

                def work() -> None:
                    with pytest.raises(Exception, match="over"):
                        finish(inside.count("user"))

                assert in_forked_child(work) == 0

        finish(body())
        assert finish(engine.count("user")) == 1


class TestSeenByDjango:
    def test_statements_are_counted_with_djangos_own(self, alias: str) -> None:
        engine = opened(alias)
        finish(engine.count("user"))  # which looks at the tables first
        with CaptureQueriesContext(connections[alias]) as seen:
            finish(engine.count("user"))
        assert [one["sql"].startswith("SELECT COUNT") for one in seen.captured_queries] == [True]

    def test_tests_without_a_database_make_no_statements(self, alias: str) -> None:
        engine = opened(alias)
        connections[alias].close()

        class Unasked(SimpleTestCase):
            pass

        Unasked.setUpClass()
        try:
            with pytest.raises(AssertionError, match="not allowed"):
                finish(engine.count("user"))
        finally:
            Unasked.doClassCleanups()


class TestPatience:
    async def test_who_never_gets_his_turn_is_told_so(
        self, alias: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("watchword.storage.django.worlds._PATIENCE", 0.01)
        engine = DjangoStorage(alias).asynchronous(SCHEMA)
        await migrated(engine)
        async with ThreadSensitiveContext():
            async with engine.transaction():
                with pytest.raises(StorageUnavailable, match="too long"):
                    await asyncio.create_task(engine.count("user"))
            assert await engine.count("user") == 0
            await sync_to_async(lambda: connections[alias].close())()


class TestBehindTheAnswer:
    """Mails are sent, and rows swept, when a request and its thread are over."""

    async def test_background_work_has_a_connection_of_its_own(self, alias: str) -> None:
        auth = await sync_to_async(server)(alias)
        seen: list[Any] = []
        ended = asyncio.Event()

        async def behind() -> None:
            await ended.wait()
            seen.append(await auth.users.count())

        async with ThreadSensitiveContext():
            await auth.api.sign_up_email(ADA)
            auth._async_runtime().background(behind())
            await sync_to_async(lambda: connections[alias].close())()
        ended.set()
        await auth.close()
        assert seen == [1]

    def test_threads_of_watchwords_own_keep_no_connection(self, alias: str) -> None:
        auth = server(alias)
        kept: list[Any] = []

        async def behind() -> None:
            await auth.blocking.runtime.engine.count("user")
            kept.append(connections[alias].connection)

        auth.blocking.runtime.background(behind())
        auth.blocking.close()
        assert kept == [None]


class TestOtherSettings:
    @override_settings(USE_TZ=False, TIME_ZONE="Asia/Tokyo")
    def test_moments_are_the_same_without_use_tz(self, alias: str) -> None:
        engine = opened(alias)
        finish(engine.create("user", user("ann")))
        found = finish(engine.find_one("user", [Condition("id", "u-ann")]))
        assert found["createdAt"] == NOW

    @pytest.mark.parametrize("level", [3, 4])
    def test_transactions_of_our_own_read_what_is_committed(
        self, postgres_url: str, level: int
    ) -> None:
        given = settings_of(postgres_url)
        given["OPTIONS"] |= {"isolation_level": level, "server_side_binding": True}
        with database(given) as alias:
            engine = opened(alias)

            async def level_inside() -> Any:
                async with engine.transaction() as inside:
                    return await inside._connection.read("SHOW transaction_isolation", ())

            assert finish(level_inside()) == [("read committed",)]
            finish(engine.create("user", user("ann")))
            with transaction.atomic(using=alias), pytest.raises(UniqueViolation):
                finish(engine.create("user", user("ann")))

    def test_so_they_do_on_mysql(self, mysql_url: str) -> None:
        given = settings_of(mysql_url)
        given["OPTIONS"] = {"isolation_level": None}
        with database(given) as alias:
            engine = opened(alias)
            finish(engine.create("user", user("ann")))
            both: list[int] = []

            async def twice() -> None:
                async with engine.transaction() as inside:
                    both.append(await inside.count("user"))
                    thread = threading.Thread(target=another)
                    thread.start()
                    thread.join()
                    both.append(await inside.count("user"))

            def another() -> None:
                finish(engine.create("user", user("bob")))
                connections[alias].close()

            finish(twice())
            assert both == [1, 2]

    def test_columns_that_other_tools_declared(self, tmp_path: Path) -> None:
        """Prisma keeps milliseconds in a DATETIME; Django's driver would read a text in it."""
        with database(sqlite_settings(tmp_path / "test.db")) as alias:
            with connections[alias].cursor() as cursor:
                cursor.execute(
                    'CREATE TABLE "user" ("id" text PRIMARY KEY, "name" text, "email" text UNIQUE,'
                    ' "emailVerified" bool, "image" text, "createdAt" DATETIME)'
                )
                cursor.execute(
                    "INSERT INTO \"user\" VALUES ('u-old', 'Old', 'o@x.de', 1, NULL, 1800000000000)"
                )
            engine = opened(alias)
            found = finish(engine.find_one("user", [Condition("id", "u-old")]))
            assert found["createdAt"] == datetime(2027, 1, 15, 8, tzinfo=UTC)
            assert found["emailVerified"] is True


@pytest.fixture
def lost(alias: str) -> Any:
    """An engine whose connection the server has ended."""
    engine = opened(alias)
    connection = connections[alias]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_backend_pid()"
            if connection.vendor == "postgresql"
            else "SELECT CONNECTION_ID()"
        )
        [number] = cursor.fetchone()

    def end() -> None:
        with connections[alias].cursor() as cursor:
            cursor.execute(
                f"SELECT pg_terminate_backend({number})"
                if connection.vendor == "postgresql"
                else f"KILL {number}"
            )
        connections[alias].close()

    thread = threading.Thread(target=end)
    thread.start()
    thread.join()
    return engine


@pytest.mark.parametrize("alias", ["postgres", "mysql"], indirect=True)
def test_a_lost_connection_costs_one_call(lost: Any) -> None:
    with pytest.raises(StorageUnavailable):
        finish(lost.count("user"))
    assert finish(lost.count("user")) == 0


def test_an_unknown_alias_is_refused_at_the_start() -> None:
    with pytest.raises(ConfigurationError, match=r"has no 'elsewhere'.*default"):
        Auth(database=DjangoStorage("elsewhere"), secret="x" * 32, environ={})


def test_two_servers_on_one_database_are_seen() -> None:
    assert DjangoStorage() == DjangoStorage("default") != DjangoStorage("other")
    assert len({DjangoStorage(), DjangoStorage()}) == 1
    assert repr(DjangoStorage(own=True)) == "DjangoStorage('default', own=True)"
