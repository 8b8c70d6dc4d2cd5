"""Engines of SQLAlchemy for `mysql://`: their pools, and what is particular to them.

The engines are in autocommit, so that no COMMIT or ROLLBACK goes with a statement alone.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import create_async_engine

from watchword.database.schema import Schema
from watchword.storage.sql.engine import SQLEngine
from watchword.storage.sqlalchemy.connections import Connections
from watchword.storage.sqlalchemy.mysql import MySQLFlavor
from watchword.storage.sqlalchemy.runners import Loops, Threads, World
from watchword.storage.sqlalchemy.traits import run_as_it_stands
from watchword.storage.sqlalchemy.transaction import Guests

from .driver import AsyncLink, be_patient, lock_waits, opened, opened_in_loop
from .url import MySQLOptions

_LIFETIME = 600
"""Seconds until a connection is made anew: less than middleboxes keep one that nobody uses."""
_LONGEST_MIGRATION = 3600.0
_LONGEST_LOCK = 60


class OwnFlavor(MySQLFlavor):
    """MySQL on connections that `driver` has made."""

    commits = False

    def __init__(self, engine: Engine, options: MySQLOptions) -> None:
        super().__init__(engine)
        self._options = options
        self.place = f"MySQL at {options.address}"
        self.busy = (
            f"no connection to {self.place} in {options.pool_timeout:g} s: "
            f"all {options.pool_size} of the pool stayed busy"
        )

    def begin(self, connection: Connection) -> None:
        run_as_it_stands(connection, "START TRANSACTION")

    def prepare_script(self, connection: Connection) -> None:
        """Wait for statements of any length."""
        be_patient(_link(connection.connection.dbapi_connection), _LONGEST_MIGRATION)
        run_as_it_stands(connection, lock_waits(_LONGEST_LOCK))


def blocking(options: MySQLOptions, schema: Schema) -> SQLEngine:
    """An engine for synchronous code."""
    made = create_engine("mysql+pymysql://", creator=lambda: opened(options), **_settings(options))
    return _engine(made, Threads(made, disposes=True), options, schema)


def asynchronous(options: MySQLOptions, schema: Schema) -> SQLEngine:
    """An engine for event loops."""
    links: WeakSet[AsyncLink] = WeakSet()

    async def opened_here() -> AsyncLink:
        link = await opened_in_loop(options)
        links.add(link)
        return link

    def abandon_all() -> None:
        for link in list(links):
            link.abandon()

    made = create_async_engine("mysql+asyncmy://", async_creator=opened_here, **_settings(options))
    world = Loops(made, disposes=True, abandon=abandon_all)
    return _engine(made.sync_engine, world, options, schema)


def _engine(engine: Engine, world: World, options: MySQLOptions, schema: Schema) -> SQLEngine:
    event.listen(engine, "checkout", _look)
    flavor = OwnFlavor(engine, options)
    return flavor.engine(flavor.database(schema), Connections(world, flavor, Guests()))


def _settings(options: MySQLOptions) -> dict[str, Any]:
    return {
        "pool_size": options.pool_size,
        "max_overflow": 0,
        "pool_timeout": options.pool_timeout,
        "pool_recycle": _LIFETIME,
        "pool_use_lifo": True,
        "pool_reset_on_return": None,  # transactions of ours end by themselves
        "isolation_level": "AUTOCOMMIT",
        "skip_autocommit_rollback": True,
        "hide_parameters": True,
    }


def _look(connection: Any, record: Any, proxy: Any) -> None:
    """Refuse a connection that is of no use any more; its pool makes another one."""
    if not _link(connection).usable():
        raise DisconnectionError


def _link(connection: Any) -> Any:
    """The driver's own connection, around which SQLAlchemy puts a class for asyncmy."""
    return getattr(connection, "driver_connection", connection)
