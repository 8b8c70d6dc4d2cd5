"""The engines that the contract is tested on: every database, in both kinds.

Another database is one more entry of `DATABASES`; everything else here is the same for all.
The contract's tests are those that everybody may run: `watchword.testing.storage_contract`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.databases import (
    empty_mysql_tables,
    mysql_connection,
    mysql_database,
    postgres_schemas,
)
from tests.support.django_project import database, settings_of, sqlite_settings
from tests.support.sqlalchemy_engines import (
    Engines,
    mysql_engines,
    postgres_engines,
    sqlite_engines,
    storage_on,
)
from watchword.database.contract import Engine, Storage
from watchword.database.names import Names
from watchword.database.schema import Schema
from watchword.storage.django import DjangoStorage
from watchword.storage.mysql import MySQLStorage
from watchword.storage.postgres import PostgresStorage
from watchword.storage.sqlite import SQLiteStorage
from watchword.testing.storage_contract.driving import (
    CALLERS,
    Crowd,
    InOrder,
    Open,
    Run,
    crowd,
    engine,
    in_order,
    kind,
    migrate,
    open_engine,
    run,
    runner,
)

__all__ = [
    # handed on to the tests here
    "CALLERS",
    "Crowd",
    "InOrder",
    "Open",
    "Run",
    "crowd",
    "engine",
    "in_order",
    "kind",
    "migrate",
    "open_engine",
    "run",
    "runner",
]

Execute = Callable[[str], list[tuple[Any, ...]]]

DATABASES: dict[str, Callable[[pytest.FixtureRequest], Storage]] = {
    "sqlite-file": lambda test: SQLiteStorage(sqlite_file(test), busy_timeout=30),
    "sqlite-memory": lambda test: SQLiteStorage(":memory:", busy_timeout=30),
    "sqlite-renamed": lambda test: Renamed(SQLiteStorage(":memory:", busy_timeout=30)),
    "postgres": lambda test: PostgresStorage(test.getfixturevalue("postgres_url"), pool_timeout=30),
    "postgres-renamed": lambda test: in_another_schema(
        PostgresStorage(test.getfixturevalue("postgres_url"), pool_timeout=30),
        test.getfixturevalue("postgres_url"),
    ),
    "mysql": lambda test: MySQLStorage(test.getfixturevalue("mysql_url"), pool_timeout=30),
    "sqlalchemy-sqlite": lambda test: storage_on(test, sqlite_engines, sqlite_file(test)),
    "sqlalchemy-postgres": lambda test: storage_on(
        test, postgres_engines, test.getfixturevalue("postgres_url")
    ),
    "sqlalchemy-mysql": lambda test: storage_on(
        test, mysql_engines, test.getfixturevalue("mysql_url")
    ),
    "django-sqlite": lambda test: on_django(test, sqlite_settings(sqlite_file(test))),
    "django-postgres": lambda test: on_django(
        test, settings_of(test.getfixturevalue("postgres_url"))
    ),
}

IN_PART = {
    "sqlalchemy-mysql": (
        "test_event_loops",
        "test_failover",
        "test_races",
        "test_single_use",
        "test_transactions",
    ),
    "django-": ("test_date_columns",),  # the contract is in tests/storage/django
}
"""Databases that do with a part of the contract: in `sqlalchemy-mysql` the statements are those of
`mysql`, and what is left is how they are put together."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if _is_left_out(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def _is_left_out(item: pytest.Item) -> bool:
    found = [name for name in IN_PART if name in item.name]
    return bool(found) and item.path.stem not in (*IN_PART[found[0]], "test_sqlalchemy")


def on_django(test: pytest.FixtureRequest, given: dict[str, Any]) -> DjangoStorage:
    """A storage on one of Django's databases, which is gone with the test."""
    left = ExitStack()
    test.addfinalizer(left.close)
    return DjangoStorage(left.enter_context(database(given)))


@dataclass(frozen=True)
class Renamed:
    """A database in which every table and column has another name than it has outside."""

    storage: Storage
    prefix: str = ""

    def blocking(self, schema: Schema) -> Engine:
        return self.storage.blocking(_renamed(schema, self.prefix))

    def asynchronous(self, schema: Schema) -> Engine:
        return self.storage.asynchronous(_renamed(schema, self.prefix))


def in_another_schema(storage: Storage, url: str) -> Storage:
    """A PostgreSQL database whose tables say in which schema they are: not the connection's."""
    return Renamed(storage, f"{url.rpartition('search_path=')[2]} %beside.")


def _renamed(schema: Schema, prefix: str) -> Schema:
    names = {model.name: f"{prefix}auth {model.name}s" for model in schema}
    columns = {
        model.name: {field.name: f"{field.name}-{model.name}" for field in model.fields}
        for model in schema
    }
    return Schema(Names(tables=names, columns=columns).applied(schema), schema.ids)


@pytest.fixture(params=list(DATABASES))
def storage(request: pytest.FixtureRequest) -> Storage:
    """An empty database."""
    return DATABASES[request.param](request)


def sqlite_file(test: pytest.FixtureRequest) -> Path:
    folder: Path = test.getfixturevalue("tmp_path")
    return folder / "test.db"


@pytest.fixture(scope="session")
def postgres_schema() -> Iterator[Callable[[], str]]:
    """Makes URLs of empty PostgreSQL schemas; their database is gone with the last test."""
    with postgres_schemas() as fresh:
        yield fresh


@pytest.fixture
def postgres_url(postgres_schema: Callable[[], str]) -> str:
    """The URL of an empty PostgreSQL schema."""
    return postgres_schema()


@pytest.fixture(scope="session")
def standing_mysql() -> Iterator[str]:
    """The URL of a MySQL or MariaDB database whose tables stay: making them takes long."""
    with mysql_database() as url:
        yield url


@pytest.fixture
def mysql_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database without rows; without tables too, unless the test wants them made."""
    if "engine" in request.fixturenames:
        standing: str = request.getfixturevalue("standing_mysql")
        empty_mysql_tables(standing)
        yield standing
    else:
        with mysql_database() as url:
            yield url


@pytest.fixture
def beside(mysql_url: str) -> Iterator[Execute]:
    """Runs a statement on MySQL or MariaDB beside the engine."""
    with mysql_connection(mysql_url) as connection, connection.cursor() as cursor:

        def run(statement: str) -> list[tuple[Any, ...]]:
            cursor.execute(statement)
            return list(cursor.fetchall())

        yield run


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
def engines(request: pytest.FixtureRequest) -> Iterator[Engines]:
    """An engine of each kind on one database."""
    name, _, driver = request.param.partition("-")
    options = {"driver": driver} if driver else {}
    if name == "sqlite":
        engine, other = sqlite_engines(sqlite_file(request))
    elif name == "postgres":
        engine, other = postgres_engines(request.getfixturevalue("postgres_url"), **options)
    else:
        engine, other = mysql_engines(request.getfixturevalue("mysql_url"), **options)
    yield engine, other
    engine.dispose()


@pytest.fixture
def sqlite(request: pytest.FixtureRequest) -> Iterator[Engines]:
    engine, other = sqlite_engines(sqlite_file(request))
    yield engine, other
    engine.dispose()
