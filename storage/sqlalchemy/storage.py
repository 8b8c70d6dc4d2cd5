"""A storage on engines that the application has already: SQLAlchemy 2, synchronous and async.

watchword's own SQL runs on SQLAlchemy's connections: its pool, its events and its logging see it.
`using` makes it take part in a transaction of the application.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any, TypeAlias, cast

try:
    from sqlalchemy.engine import Engine
    from sqlalchemy.ext.asyncio import AsyncEngine, async_scoped_session, async_sessionmaker
    from sqlalchemy.orm import scoped_session, sessionmaker
    from sqlalchemy.pool import SingletonThreadPool
except ModuleNotFoundError as error:
    raise ImportError(
        'watchword.storage.sqlalchemy needs SQLAlchemy: pip install "watchword[sqlalchemy]"'
    ) from error

from watchword.database.schema import Schema
from watchword.errors import ConfigurationError
from watchword.storage.sql.engine import SQLEngine

from .connections import Connections
from .metadata import watchword_metadata
from .models import models_source
from .runners import Loops, Threads
from .traits import Flavor
from .transaction import Guests, Joinable, Using

__all__ = ["SQLAlchemyStorage", "models_source", "watchword_metadata"]

Bind: TypeAlias = (
    Engine
    | AsyncEngine
    | sessionmaker[Any]
    | async_sessionmaker[Any]
    | scoped_session[Any]
    | async_scoped_session[Any]
)

_FLAVORS = {
    "sqlite": ("SQLiteFlavor", ("pysqlite", "aiosqlite")),
    "postgresql": ("PostgresFlavor", ("psycopg", "psycopg2", "asyncpg")),
    "mysql": ("MySQLFlavor", ("pymysql", "mysqldb", "aiomysql", "asyncmy")),
}
_MODULES = {"postgresql": "postgres"}
_BOTH = "Give both: SQLAlchemyStorage(create_engine(...), create_async_engine(...))"


class SQLAlchemyStorage:
    """The database of an engine of SQLAlchemy, or of a session factory bound to one.

    `auth.blocking` needs a synchronous engine, everything else an async one; `other` is the one of
    the other kind, over the same database. The engines stay the application's: closing `Auth` does
    not dispose of them, unless `dispose_on_close` is true.

    SQLite, PostgreSQL, MySQL and MariaDB, with the drivers that docs/storage.md names. Raises
    `ConfigurationError` for others.
    """

    def __init__(
        self, bind: Bind, other: Bind | None = None, *, dispose_on_close: bool = False
    ) -> None:
        self._engine: Engine | None = None
        self._async_engine: AsyncEngine | None = None
        self._disposes = dispose_on_close
        self._guests = Guests()
        for one in (bind,) if other is None else (bind, other):
            self._take(_engine_of(one))
        flavors = [_flavor(engine) for engine in self._engines()]
        names = {flavor.name for flavor in flavors}
        if len(names) > 1:
            raise _refused("the two engines are of different databases", "Give engines of one")
        self.system = names.pop()
        """Its name in traces (`db.system.name`)."""

    def check(self, schema: Schema) -> None:
        """Refuse a schema that it cannot keep. Raises `ConfigurationError`."""
        for engine in self._engines():
            _flavor(engine).database(schema)

    def blocking(self, schema: Schema) -> SQLEngine:
        """An engine for synchronous code. Raises `ConfigurationError` without a sync engine."""
        if self._engine is None:
            raise _refused(
                "SQLAlchemyStorage has no synchronous engine, which is needed here", _BOTH
            )
        flavor = _flavor(self._engine)
        world = Threads(self._engine, disposes=self._disposes)
        return flavor.engine(flavor.database(schema), Connections(world, flavor, self._guests))

    def asynchronous(self, schema: Schema) -> SQLEngine:
        """An engine for event loops. Raises `ConfigurationError` without an async engine."""
        if self._async_engine is None:
            raise _refused("SQLAlchemyStorage has no async engine, which is needed here", _BOTH)
        flavor = _flavor(self._async_engine)
        world = Loops(self._async_engine, disposes=self._disposes)
        return flavor.engine(flavor.database(schema), Connections(world, flavor, self._guests))

    def using(self, target: Joinable) -> Using:
        """`with storage.using(session):` makes watchword take part in a transaction.

        What is called inside, by the same thread or task, is stored with the caller's commit and
        undone with his rollback. `target` is a `Session` or `Connection` for `auth.blocking`, an
        `AsyncSession` or `AsyncConnection` for the rest (`async with` does the same). watchword
        never commits it. Its own transactions are savepoints in it. Raises `ConfigurationError`.
        """
        return Using(self._guests, target)

    def __repr__(self) -> str:
        urls = [engine.url.render_as_string(hide_password=True) for engine in self._engines()]
        return f"SQLAlchemyStorage({', '.join(urls)})"

    def _take(self, engine: Engine | AsyncEngine) -> None:
        if isinstance(engine, AsyncEngine):
            if self._async_engine is not None:
                raise _refused("both engines are async", _BOTH)
            self._async_engine = engine
        else:
            if self._engine is not None:
                raise _refused("both engines are synchronous", _BOTH)
            self._engine = engine

    def _engines(self) -> Iterator[Engine | AsyncEngine]:
        yield from filter(None, (self._engine, self._async_engine))


def _engine_of(bind: Any) -> Engine | AsyncEngine:
    found: Any = bind
    found_name = type(found).__name__
    if isinstance(bind, scoped_session | async_scoped_session):
        found = cast("Any", bind).session_factory
    if isinstance(found, sessionmaker | async_sessionmaker):
        found = cast("Any", found).kw.get("bind")
    if isinstance(found, Engine | AsyncEngine):
        return found
    raise _refused(
        f"{found_name} is no engine of SQLAlchemy, and no session factory bound to one",
        "Give an Engine, AsyncEngine, sessionmaker(engine) or async_sessionmaker(engine)",
    )


def _flavor(engine: Engine | AsyncEngine) -> Flavor:
    """How a database is spoken to. Raises `ConfigurationError`."""
    plain = engine.sync_engine if isinstance(engine, AsyncEngine) else engine
    name, driver = plain.dialect.name, plain.dialect.driver
    name = "mysql" if name == "mariadb" else name
    made, drivers = _FLAVORS.get(name, ("", ()))
    if driver not in drivers:
        known = ", ".join(f"{name}+{one}" for name, (_, all_) in _FLAVORS.items() for one in all_)
        raise _refused(f"{name}+{driver} is not known to this storage", f"Use one of: {known}")
    if isinstance(plain.pool, SingletonThreadPool):
        raise _refused(
            "each thread would see a database in memory of its own",
            'Use a file, or create_engine("sqlite://", poolclass=StaticPool, '
            'connect_args={"check_same_thread": False})',
        )
    try:
        module = import_module(f".{_MODULES.get(name, name)}", __package__)
    except ImportError as error:
        raise _refused(
            f"MySQL and MariaDB need the package PyMySQL ({error})",
            'Install it: pip install "watchword[mysql]"',
        ) from None
    return getattr(module, made)(plain)


def _refused(problem: str, remedy: str) -> ConfigurationError:
    return ConfigurationError("database", problem, remedy)
