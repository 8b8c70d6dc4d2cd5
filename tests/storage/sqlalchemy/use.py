"""What the tests of SQLAlchemyStorage do on the way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy import Engine, text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.storage.conftest import migrate
from tests.storage.models import SCHEMA
from tests.support.sqlalchemy_engines import Engines
from watchword.database.contract import Engine as Contract
from watchword.runtime.blocking import finish
from watchword.storage.sqlalchemy import SQLAlchemyStorage


async def asynchronously(engines: Engines, work: Callable[[AsyncEngine], Awaitable[None]]) -> None:
    try:
        await work(engines[1])
    finally:
        await engines[1].dispose()


def names(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        rows = connection.execute(text(f"SELECT id FROM {quoted_user(engine)} ORDER BY id"))
        return [row[0] for row in rows]


def quoted_user(engine: Engine) -> str:
    return engine.dialect.identifier_preparer.quote_identifier("user")


def opened(engines: Engines) -> tuple[SQLAlchemyStorage, Contract]:
    storage = SQLAlchemyStorage(*engines)
    engine = storage.blocking(SCHEMA)
    finish(migrate(engine))
    return storage, engine
