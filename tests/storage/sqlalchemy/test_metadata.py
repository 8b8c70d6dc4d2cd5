"""watchword's tables as `Table` objects and as declarative models."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata, produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Engine, MetaData, create_engine, insert, select
from sqlalchemy.orm import Session

from tests.storage.conftest import migrate, sqlite_file
from tests.storage.models import SCHEMA, user
from tests.support.sqlalchemy_engines import mysql_engines, postgres_engines, sqlite_engines
from watchword import Auth, EmailAndPassword, Names, RateLimit
from watchword.database.names import Names as NamesOf
from watchword.database.schema import Index, Schema
from watchword.runtime.blocking import finish
from watchword.storage.sqlalchemy import SQLAlchemyStorage, models_source, watchword_metadata

RENAMED = Schema(NamesOf(snake_case=True, plural=True).applied(SCHEMA), "text")
INDEXED = Schema(
    NamesOf(
        indexes={
            "user": [Index(("email", "name", "id")), Index(("image", "createdAt"), unique=True)],
            "account": [Index(("providerId", "accountId"), unique=True)],
        }
    ).applied(SCHEMA)
)
SCHEMAS = {
    "text": SCHEMA,
    "uuid": Schema(SCHEMA.models, "uuid"),
    "serial": Schema(SCHEMA.models, "serial"),
    "renamed": RENAMED,
    "indexed": INDEXED,
}


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
def bind(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A synchronous engine on an empty database."""
    made = {
        "sqlite": lambda: sqlite_engines(sqlite_file(request)),
        "postgres": lambda: postgres_engines(request.getfixturevalue("postgres_url")),
        "mysql": lambda: mysql_engines(request.getfixturevalue("mysql_url")),
    }
    engine, _ = made[request.param]()
    yield engine
    engine.dispose()


@pytest.fixture(params=list(SCHEMAS))
def schema(request: pytest.FixtureRequest) -> Schema:
    return SCHEMAS[request.param]


def differences(bind: Engine, metadata: MetaData) -> list[Any]:
    with bind.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, metadata)


def models_of(schema: Schema) -> ModuleType:
    module = ModuleType("written_models")
    sys.modules[module.__name__] = module  # annotations are looked up there
    exec(compile(models_source(schema), "models.py", "exec", dont_inherit=True), vars(module))
    return module


def test_alembic_finds_nothing_to_do_on_a_migrated_database(bind: Engine, schema: Schema) -> None:
    finish(migrate(SQLAlchemyStorage(bind).blocking(schema)))
    assert differences(bind, watchword_metadata(schema)) == []


def test_created_tables_need_no_migration(bind: Engine, schema: Schema) -> None:
    watchword_metadata(schema).create_all(bind)
    storage = SQLAlchemyStorage(bind).blocking(schema)
    assert finish(storage.plan()) == []
    if schema.ids == "text":
        assert finish(storage.create("user", user("ann"))) == user("ann")


def test_written_models_are_the_same_tables(bind: Engine, schema: Schema) -> None:
    models_of(schema).Base.metadata.create_all(bind)
    assert finish(SQLAlchemyStorage(bind).blocking(schema).plan()) == []
    assert differences(bind, watchword_metadata(schema)) == []


def test_a_migration_that_alembic_writes_makes_the_tables(bind: Engine) -> None:
    metadata = watchword_metadata(SCHEMA)
    with bind.begin() as connection:
        context = MigrationContext.configure(connection)
        migration: Any = produce_migrations(context, metadata)
        source = render_python_code(migration.upgrade_ops, migration_context=context)
        names: dict[str, Any] = {}
        body = "import sqlalchemy as sa\nimport watchword.storage.sqlalchemy.types\n"
        body += "import watchword.storage.sqlalchemy.metadata\n"
        body += "from sqlalchemy import Text\nfrom sqlalchemy.dialects import postgresql\n"
        exec(f"{body}def upgrade(op):\n    {source}", names)
        names["upgrade"](Operations(context))
    assert finish(SQLAlchemyStorage(bind).blocking(SCHEMA).plan()) == []
    assert differences(bind, metadata) == []


def test_tables_read_and_write_what_watchword_does(bind: Engine) -> None:
    metadata = watchword_metadata(SCHEMA)
    metadata.create_all(bind)
    storage = SQLAlchemyStorage(bind).blocking(SCHEMA)
    moment = datetime(2026, 3, 4, 5, 6, 7, 89000, UTC)
    row = {
        "id": "1",
        "text": "héllo",
        "flag": True,
        "number": 7,
        "big": 2**40,
        "moment": moment,
        "json": {"a": [1, None, "x"]},
        "texts": ["a"],
        "numbers": [1],
    }
    with bind.begin() as connection:
        things = metadata.tables["the things"]
        connection.execute(insert(things).values(row))
        [found] = connection.execute(select(things)).mappings()
        assert {name: found[name] for name in row} == row
    [again] = finish(storage.find_many("thing"))
    assert {name: again[name] for name in row} == row


def test_models_read_what_watchword_wrote(bind: Engine) -> None:
    storage = SQLAlchemyStorage(bind).blocking(RENAMED)
    finish(migrate(storage))
    finish(storage.create("user", user("ann")))
    models = models_of(RENAMED)
    with Session(bind) as session:
        [ann] = session.scalars(select(models.User))
        assert (ann.email, ann.email_verified) == ("ann@example.com", False)
        assert ann.created_at == user("ann")["createdAt"]


def test_tables_of_an_auth_join_those_of_the_application() -> None:
    engine = create_engine("sqlite://", poolclass=None)
    auth = Auth(
        database="sqlite://",
        email_and_password=EmailAndPassword(enabled=True),
        rate_limit=RateLimit(storage="database"),
        names=Names(plural=True, snake_case=True),
        secret="a secret of at least thirty-two characters",
        environ={},
    )
    metadata = MetaData()
    assert watchword_metadata(auth, metadata) is metadata
    assert {"users", "sessions", "accounts", "verifications"} <= set(metadata.tables)
    sessions = metadata.tables["sessions"]
    [key] = sessions.c["user_id"].foreign_keys
    assert (key.column.table.name, key.ondelete) == ("users", "CASCADE")
    assert [index.name for index in sessions.indexes] == ["sessions_user_id_idx"]
    assert sessions.c["token"].unique
    engine.dispose()
    auth.blocking.close()


def test_models_and_migrations_made_earlier_find_what_they_import() -> None:
    for old, new in (("sqlalchemy_types", "types"), ("sqlalchemy_metadata", "metadata")):
        known = import_module(f"watchword.storage.{old}")
        home = import_module(f"watchword.storage.sqlalchemy.{new}")
        assert all(getattr(known, name) is getattr(home, name) for name in known.__all__)
