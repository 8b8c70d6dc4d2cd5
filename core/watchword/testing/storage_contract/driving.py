# pyright: basic
"""How the contract is driven: a test body is a coroutine function; `run` drives it as the kind of
engine wants it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest

from watchword.database.contract import Engine, Storage
from watchword.database.schema import Schema
from watchword.runtime.blocking import finish

from .models import SCHEMA

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], T]
Open = Callable[[Schema], Engine]
Crowd = Callable[[Callable[[int], Coroutine[Any, Any, Any]]], list[Any]]
InOrder = Callable[[list[str]], list[str]]

CALLERS = 50


@pytest.fixture
def in_order(storage: Storage) -> InOrder:
    """Makes the order in which rows come that were inserted in this one: by their ids where the
    database does not know the order of insertion."""
    return sorted if getattr(storage, "system", "") == "mysql" else list


@pytest.fixture(params=["blocking", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def run(kind: str, runner: asyncio.Runner) -> Run[Any]:
    """Drives a coroutine: by one `send` for blocking engines, on one event loop for others."""
    return finish if kind == "blocking" else runner.run


@pytest.fixture
def open_engine(storage: Storage, kind: str, run: Run[Any]) -> Iterator[Open]:
    """Opens engines of the kind under test; they are closed with the test."""
    opened: list[Engine] = []

    def opener(schema: Schema) -> Engine:
        make = storage.blocking if kind == "blocking" else storage.asynchronous
        opened.append(make(schema))
        return opened[-1]

    yield opener
    for engine in opened:
        run(engine.close())


@pytest.fixture
def engine(open_engine: Open, run: Run[Any]) -> Engine:
    """An engine over the test schema, migrated."""
    engine = open_engine(SCHEMA)
    run(migrate(engine))
    return engine


@pytest.fixture
def crowd(kind: str, runner: asyncio.Runner) -> Crowd:
    """Fifty callers at once: threads for blocking engines, tasks for others.

    Gives the results in order of the callers; an exception is a result.
    """
    return _threads if kind == "blocking" else lambda call: runner.run(_tasks(call))


async def migrate(engine: Engine) -> list[str]:
    statements = await engine.plan()
    await engine.apply(statements)
    return statements


async def _tasks(call: Callable[[int], Awaitable[Any]]) -> list[Any]:
    return await asyncio.gather(*(call(i) for i in range(CALLERS)), return_exceptions=True)


def _threads(call: Callable[[int], Coroutine[Any, Any, Any]]) -> list[Any]:
    together = threading.Barrier(CALLERS)

    def one(number: int) -> Any:
        together.wait()
        try:
            return finish(call(number))
        except Exception as error:
            return error

    with ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(one, range(CALLERS)))
