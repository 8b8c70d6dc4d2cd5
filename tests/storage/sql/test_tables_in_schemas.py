"""A name with a dot is a table in a schema, wherever a table is named; or it is refused.

That the whole contract holds for such tables is tested by the database `postgres-renamed`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace
from sqlalchemy import create_engine

from tests.storage.conftest import Open, Run, in_another_schema, migrate
from tests.storage.models import USER, user
from tests.storage.sqlalchemy.test_metadata import models_of
from tests.support.browser import ORIGIN, SECRET, Browser
from tests.support.databases import postgres_database
from tests.support.sqlalchemy_engines import postgres_engines, storage_on
from watchword import Auth, ConfigurationError, EmailAndPassword, Index, Names
from watchword.cli.statements import in_words
from watchword.crypto.passwords import Argon2Cost
from watchword.database.contract import Storage, StorageError
from watchword.database.schema import Schema
from watchword.runtime.blocking import finish
from watchword.storage.sqlalchemy import SQLAlchemyStorage, models_source, watchword_metadata

INTERNAL = Names(tables={"user": "internal.users", "session": "internal.sessions"})
CHEAP = EmailAndPassword(enabled=True, argon2_cost=Argon2Cost(memory=64, passes=1, lanes=1))


def auth_on(database: Any, names: Names = INTERNAL) -> Auth[Any]:
    return Auth(
        database=database,
        secret=SECRET,
        base_url=ORIGIN,
        names=names,
        email_and_password=CHEAP,
        environ={},
    )


def tables_of(url: str) -> set[str]:
    with psycopg.connect(url) as database:
        rows = database.execute(
            "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN "
            "('internal', 'public')"
        )
        return {row[0] for row in rows}


def test_migrate_makes_the_schema_and_people_sign_up_in_it() -> None:
    with postgres_database() as url:
        auth = auth_on(url)
        statements = auth.blocking.migrate()
        assert statements[0] == 'CREATE SCHEMA IF NOT EXISTS "internal"'
        assert tables_of(url) == {
            "internal.users",
            "internal.sessions",
            "public.account",
            "public.verification",
        }
        assert Browser(auth).sign_up().status == 200
        with psycopg.connect(url) as database:
            assert database.execute("SELECT count(*) FROM internal.users").fetchall() == [(1,)]
        assert auth.blocking.migrate() == []
        auth.blocking.close()


def test_a_role_that_may_make_no_schemas_migrates_into_one_that_is_there() -> None:
    with postgres_database() as url, psycopg.connect(url, autocommit=True) as database:
        database.execute("CREATE SCHEMA internal")
        auth = auth_on(url)
        assert not [one for one in auth.blocking.migrate() if "CREATE SCHEMA" in one]
        auth.blocking.close()


def test_a_table_of_that_name_in_another_schema_is_another_table() -> None:
    with postgres_database() as url, psycopg.connect(url, autocommit=True) as database:
        database.execute("CREATE TABLE users (id text PRIMARY KEY, unrelated text NOT NULL)")
        auth = auth_on(url)
        statements = auth.blocking.migrate()
        assert not [one for one in statements if one.startswith("ALTER TABLE")]
        assert finish(auth.blocking.runtime.engine.unfillable()) == []  # type: ignore[attr-defined]
        database.execute("ALTER TABLE internal.users DROP COLUMN image")
        (added,) = auth.blocking.migrate()
        assert added.startswith('ALTER TABLE "internal"."users" ADD COLUMN')
        auth.blocking.close()


def test_an_index_whose_name_is_taken_is_told_and_not_passed_over() -> None:
    """The application's own index of that name does something else."""
    with postgres_database() as url, psycopg.connect(url, autocommit=True) as database:
        database.execute("CREATE TABLE other (name text)")
        database.execute("CREATE INDEX user_name_email_uidx ON other (name)")
        auth = auth_on(url, Names(indexes={"user": [Index(("name", "email"), unique=True)]}))
        with pytest.raises(StorageError, match=r"name .* is taken.*user_name_email_uidx"):
            auth.blocking.migrate()
        database.execute("ALTER INDEX user_name_email_uidx RENAME TO mine")
        (made,) = auth.blocking.migrate()
        assert made.startswith("CREATE UNIQUE INDEX")
        assert auth.blocking.migrate() == []
        auth.blocking.close()


@pytest.fixture
def storage(request: pytest.FixtureRequest, postgres_url: str) -> Storage:
    engines = storage_on(request, postgres_engines, postgres_url)
    return in_another_schema(engines, postgres_url)


def test_so_it_is_on_connections_of_sqlalchemy(open_engine: Open, run: Run[Any]) -> None:
    """Of psycopg and of asyncpg, which wants to know the type of every value."""

    async def body() -> None:
        plain, indexed = USER, replace(USER, indexes=(Index(("name", "email"), unique=True),))
        statements = await migrate(open_engine(Schema({"user": plain})))
        assert statements[0].startswith("CREATE SCHEMA")
        engine = open_engine(Schema({"user": indexed}))
        assert len(await migrate(engine)) == 1
        assert await migrate(engine) == []
        assert await engine.create("user", user("ann")) == user("ann")

    run(body())


def test_statements_are_told_with_the_schema() -> None:
    with postgres_database() as url:
        auth = auth_on(url)
        engine, schema = auth.blocking.runtime.engine, auth.config.tables.schema
        told = [in_words(one, schema) for one in finish(engine.plan())]
        assert told[0] == "schema internal"
        assert told[1].startswith("table internal.users: id, name, email")
        assert "index on userId of table internal.sessions" in told
        auth.blocking.close()


def test_tables_for_sqlalchemy_are_in_the_schema() -> None:
    schema = auth_on("postgresql://localhost/nowhere").config.tables.schema
    tables = watchword_metadata(schema).tables
    assert (tables["internal.users"].name, tables["internal.users"].schema) == ("users", "internal")
    source = models_source(schema)
    assert "__tablename__ = 'users'" in source
    assert "ForeignKey('internal.users.id', ondelete='CASCADE')" in source
    assert set(models_of(schema).Base.metadata.tables) == set(tables)


@pytest.mark.parametrize("database", ["sqlite", "mysql", "sqlalchemy", "nothing"])
def test_databases_without_schemas_refuse_such_names_at_the_start(
    database: str, tmp_path: Path
) -> None:
    given: Any = {
        "sqlite": "sqlite://",
        "mysql": "mysql://localhost/nowhere",
        "sqlalchemy": SQLAlchemyStorage(create_engine(f"sqlite:///{tmp_path}/test.db")),
        "nothing": None,
    }[database]
    with pytest.raises(ConfigurationError, match=r"names\.tables.*'internal\.users'"):
        auth_on(given, Names(tables={"user": "internal.users"}))


@pytest.mark.parametrize(
    "name", ["a.b.c", ".users", "internal.", "internal." + "x" * 64, "a.\ud800"]
)
def test_names_that_cannot_be_read_as_a_table_in_a_schema_are_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"names\.tables"):
        auth_on("postgresql://localhost/nowhere", Names(tables={"user": name}))
