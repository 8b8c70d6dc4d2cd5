"""What is particular to PostgreSQL: addresses, options, the driver as an extra, refusals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import Identifier

from tests.storage.conftest import migrate
from tests.storage.models import NOW, SCHEMA, user
from tests.support.browser import ORIGIN, SECRET, Browser
from watchword import Auth, EmailAndPassword
from watchword.configuration.compilation import open_storage
from watchword.database.contract import (
    Condition,
    Engine,
    InvalidValue,
    StorageError,
    StorageUnavailable,
)
from watchword.database.schema import Field, FieldType, Model, Schema
from watchword.errors import ConfigurationError
from watchword.runtime.blocking import finish
from watchword.storage.postgres import PostgresStorage

HOST = "postgresql://ada:hunter2@db.example:6432/app"


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Engine]:
    engine = PostgresStorage(postgres_url).blocking(SCHEMA)
    finish(migrate(engine))
    yield engine
    finish(engine.close())


def execute(url: str, statement: str) -> Any:
    """Run a statement beside the engine, in its schema."""
    with psycopg.connect(PostgresStorage(url).options.conninfo) as connection:
        cursor = connection.execute(statement)  # pyright: ignore[reportArgumentType, reportCallIssue]
        return cursor.fetchall() if cursor.description else None


class TestAddresses:
    @pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
    def test_a_url_is_served_by_its_scheme(self, scheme: str) -> None:
        storage = open_storage(f"{scheme}://ada@db.example/app")
        assert repr(storage) == "PostgresStorage('db.example:5432/app')"

    def test_own_parameters_are_split_off_and_the_rest_is_libpqs(self) -> None:
        query = "pool_size=3&sslmode=verify-full&pool_timeout=1.5&statement_timeout=2"
        options = PostgresStorage(
            f"{HOST}?{query}&prepare_threshold=none&connect_timeout=9"
        ).options
        assert (options.pool_size, options.pool_timeout) == (3, 1.5)
        assert (options.statement_timeout, options.prepare_threshold) == (2.0, None)
        told = conninfo_to_dict(options.conninfo)
        assert told["sslmode"] == "verify-full"
        assert told["connect_timeout"] == "9"
        assert told["options"] == "-cstatement_timeout=2000"
        assert (told["user"], told["password"], told["port"]) == ("ada", "hunter2", "6432")

    def test_the_url_wins_over_arguments(self) -> None:
        storage = PostgresStorage(f"{HOST}?pool_size=3", pool_size=7, pool_timeout=2)
        assert (storage.options.pool_size, storage.options.pool_timeout) == (3, 2)

    @pytest.mark.parametrize(
        ("url", "option"),
        [
            ("postgresql:app", "database"),
            ("mysql://ada:hunter2@db.example/app", "database"),
            (f"{HOST}?pool=3", "database"),
            (f"{HOST}?pool_size", "database"),
            (f"{HOST}?SSLMODE=require", "database"),
            ("postgresql://ada:hunter2%zz@db.example/app", "database"),
            ("postgresql://ada:hunter2@[::1/app", "database"),
            ("postgresql://ada:hunter2@db.example:port/app", "port"),
            ("postgresql://ada:hunter2@db.example:65536/app", "port"),
            (f"{HOST}?sslmode=always", "sslmode"),
            (f"{HOST}?target_session_attrs=writer", "target_session_attrs"),
            (f"{HOST}?connect_timeout=soon", "connect_timeout"),
            (f"{HOST}?pool_size=0", "pool_size"),
            (f"{HOST}?pool_size=-1", "pool_size"),
            (f"{HOST}?pool_size=many", "pool_size"),
            (f"{HOST}?pool_timeout=0", "pool_timeout"),
            (f"{HOST}?pool_timeout=nan", "pool_timeout"),
            (f"{HOST}?pool_timeout=soon", "pool_timeout"),
            (f"{HOST}?statement_timeout=0", "statement_timeout"),
            (f"{HOST}?prepare_threshold=often", "prepare_threshold"),
            (f"{HOST}?search_path=", "search_path"),
        ],
    )
    def test_a_wrong_url_is_refused_with_the_option_and_without_the_password(
        self, url: str, option: str
    ) -> None:
        with pytest.raises(ConfigurationError) as refused:
            PostgresStorage.from_url(url)
        assert refused.value.option == option
        assert "hunter2" not in str(refused.value)

    def test_no_password_shows(self) -> None:
        storage = PostgresStorage(HOST)
        assert "hunter2" not in repr(storage) + repr(storage.options)


class TestSchemas:
    @pytest.mark.parametrize("name", ["plain", "With Space", "it's", 'quo"te', "100% é", "a\\b"])
    def test_tables_live_in_the_schema_that_is_named(self, postgres_url: str, name: str) -> None:
        quoted = Identifier(name).as_string()
        execute(postgres_url, f"DROP SCHEMA IF EXISTS {quoted} CASCADE; CREATE SCHEMA {quoted}")
        address = postgres_url.partition("?")[0]
        engine = PostgresStorage(address, search_path=quoted).blocking(SCHEMA)
        finish(migrate(engine))
        finish(engine.create("user", user("ann")))
        finish(engine.close())
        assert execute(postgres_url, f'SELECT count(*) FROM {quoted}."user"') == [(1,)]
        execute(postgres_url, f"DROP SCHEMA {quoted} CASCADE")

    def test_options_of_libpq_name_it_as_well(self, postgres_url: str) -> None:
        address, _, name = postgres_url.partition("?search_path=")
        url = f"{address}?options=-csearch_path%3D{name}&statement_timeout=60"
        engine = PostgresStorage(url).blocking(SCHEMA)
        finish(migrate(engine))
        assert finish(engine.count("user")) == 0
        finish(engine.close())
        assert execute(address, f'SELECT count(*) FROM {name}."user"') == [(0,)]

    def test_tables_of_other_schemas_are_others(self, engine: Engine, postgres_url: str) -> None:
        address, _, name = postgres_url.partition("?search_path=")
        execute(address, f"CREATE SCHEMA {name}_own")
        own = PostgresStorage(f"{address}?search_path={name}_own,{name}").blocking(SCHEMA)
        assert len(finish(migrate(own))) == len(SCHEMA.models) + 2
        finish(own.create("user", user("ann")))
        assert finish(engine.count("user")) == 0
        finish(own.close())

    def test_a_schema_that_is_missing_is_told_of(self, postgres_url: str) -> None:
        address = postgres_url.partition("?")[0]
        engine = PostgresStorage(f"{address}?search_path=nowhere").blocking(SCHEMA)
        with pytest.raises(StorageError, match="no schema has been selected"):
            finish(migrate(engine))
        finish(engine.close())


class TestRefusals:
    @pytest.mark.parametrize(("number"), [2**31, -(2**31) - 1, 2**62, 2.5])
    def test_a_number_that_the_column_cannot_hold_is_no_value(
        self, engine: Engine, number: float
    ) -> None:
        with pytest.raises(InvalidValue):
            finish(engine.create("thing", {"id": "1", "number": number}))
        finish(engine.create("thing", {"id": "1", "number": 2**31 - 1}))
        with pytest.raises(InvalidValue):
            finish(engine.increment("thing", [Condition("id", "1")], {"number": 1}))

    def test_a_text_longer_than_its_column_is_no_value(
        self, engine: Engine, postgres_url: str
    ) -> None:
        execute(postgres_url, 'ALTER TABLE "user" ALTER "name" TYPE varchar(5)')
        with pytest.raises(InvalidValue) as refused:
            finish(engine.create("user", user("zacharias")))
        assert "zacharias" not in str(refused.value)

    def test_a_statement_that_takes_too_long_is_ended(
        self, engine: Engine, postgres_url: str
    ) -> None:
        finish(engine.create("user", user("ann")))
        hasty = PostgresStorage(postgres_url, statement_timeout=0.05).blocking(SCHEMA)

        async def body() -> None:
            async with engine.transaction() as inside:
                await inside.update("user", (), {"name": "Ann"}, everything=True)
                with pytest.raises(StorageUnavailable):
                    finish(hasty.update("user", (), {"name": "Bob"}, everything=True))

        finish(body())
        assert finish(hasty.update("user", (), {"name": "Bob"}, everything=True)) == 1
        finish(hasty.close())

    def test_a_database_that_only_reads_for_now_is_unavailable(self, postgres_url: str) -> None:
        url = f"{postgres_url}&options=-cdefault_transaction_read_only%3Don"
        engine = PostgresStorage(url).blocking(SCHEMA)
        with pytest.raises(StorageUnavailable, match="read-only"):
            finish(migrate(engine))
        finish(engine.close())

    def test_a_refused_statement_does_not_vanish_in_a_commit(self, engine: Engine) -> None:
        async def body() -> None:
            async with engine.transaction() as inside:
                await inside.create("user", user("ann"))
                with pytest.raises(StorageError):
                    await inside.create("user", user("ann"))
                with pytest.raises(StorageError, match="lost"):
                    await inside.count("user")

        with pytest.raises(StorageError, match="undone"):
            finish(body())
        assert finish(engine.count("user")) == 0

    def test_what_cannot_be_committed_is_rolled_back(
        self, engine: Engine, postgres_url: str
    ) -> None:
        execute(
            postgres_url,
            'ALTER TABLE "session" ALTER CONSTRAINT "session_userId_fkey" '
            "DEFERRABLE INITIALLY DEFERRED",
        )

        async def body() -> None:
            async with engine.transaction() as inside:
                row = {"id": "1", "expiresAt": NOW, "token": "t", "userId": "nobody"}
                await inside.create("session", row)

        with pytest.raises(StorageError):
            finish(body())
        assert finish(engine.count("session")) == 0
        finish(engine.create("user", user("ann")))


class TestNames:
    def test_percent_signs_are_no_placeholders(self, postgres_url: str) -> None:
        share = Field(name="share", type=FieldType.STRING, column="100% of %s", unique=True)
        later = Field(name="note", type=FieldType.STRING, default="it's 5 %s")
        table = "%s of %(all)s"
        old = Schema({"thing": Model(name="thing", table=table, fields=(share,))})
        new = Schema({"thing": Model(name="thing", table=table, fields=(share, later))})
        first = PostgresStorage(postgres_url).blocking(old)
        finish(migrate(first))
        finish(first.create("thing", {"id": "1", "share": "all"}))
        second = PostgresStorage(postgres_url).blocking(new)
        finish(migrate(second))
        assert finish(second.plan()) == []
        assert finish(second.find_many("thing")) == [
            {"id": "1", "share": "all", "note": "it's 5 %s"}
        ]
        finish(first.close())
        finish(second.close())


@pytest.mark.parametrize("kind", ["blocking", "async"])
def test_while_the_server_is_down_requests_are_answered_503(kind: str) -> None:
    auth = Auth(
        database="postgresql://ada:hunter2@127.0.0.1:1/app?pool_timeout=0.2",
        secret=SECRET,
        base_url=ORIGIN,
        email_and_password=EmailAndPassword(enabled=True),
        environ={},
    )
    answer = Browser(auth, kind).sign_in()
    assert (answer.status, answer.code) == (503, "SERVICE_UNAVAILABLE")
    with pytest.raises(StorageUnavailable, match=r"127\.0\.0\.1:1/app.*refused") as refused:
        auth.blocking.migrate()
    assert "hunter2" not in str(refused.value)
    auth.blocking.close()
