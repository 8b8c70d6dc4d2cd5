"""Engines of SQLAlchemy on the databases of the tests, one of each kind, with small pools."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from watchword.storage.sqlalchemy import SQLAlchemyStorage

Engines = tuple[Engine, AsyncEngine]
POOL: dict[str, Any] = {"pool_size": 4, "max_overflow": 4, "pool_timeout": 30}


def sqlite_engines(path: Path, pool: Mapping[str, Any] = POOL) -> Engines:
    """On a file, in WAL mode."""
    arguments: dict[str, Any] = {"connect_args": {"timeout": 30}, **pool}
    engine = create_engine(f"sqlite:///{path}", **arguments)
    other = create_async_engine(f"sqlite+aiosqlite:///{path}", **arguments)
    for one in (engine, other.sync_engine):
        event.listen(one, "connect", _in_wal_mode)
    return engine, other


def postgres_engines(url: str, pool: Mapping[str, Any] = POOL, driver: str = "asyncpg") -> Engines:
    """On a schema, whose URL is as the fixture `postgres_url` gives it."""
    [path] = parse_qs(urlsplit(url).query).get("search_path", ["public"])
    plain = make_url(urlsplit(url)._replace(query="").geturl())
    libpq = {"options": f"-csearch_path={path}"}
    engine = create_engine(plain.set(drivername="postgresql+psycopg"), connect_args=libpq, **pool)
    given: dict[str, Any] = {"server_settings": {"search_path": path}}
    other = create_async_engine(
        plain.set(drivername=f"postgresql+{driver}"),
        connect_args=given if driver == "asyncpg" else libpq,
        **pool,
    )
    return engine, other


def mysql_engines(url: str, pool: Mapping[str, Any] = POOL, driver: str = "asyncmy") -> Engines:
    """On a database of MySQL or MariaDB."""
    plain = make_url(url)
    engine = create_engine(plain.set(drivername="mysql+pymysql"), **pool)
    other = create_async_engine(plain.set(drivername=f"mysql+{driver}"), **pool)
    return engine, other


def storage_on(
    test: pytest.FixtureRequest, engines: Callable[..., Engines], place: Any
) -> SQLAlchemyStorage:
    """A storage whose engines are gone with the test.

    Tests that run event loops of their own get no pool, as SQLAlchemy wants it.
    """
    pool = POOL if "runner" in test.fixturenames else {"poolclass": NullPool}
    engine, other = engines(place, pool)
    test.addfinalizer(engine.dispose)
    return SQLAlchemyStorage(engine, other, dispose_on_close=True)


def _in_wal_mode(connection: Any, record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()
