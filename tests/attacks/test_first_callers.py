"""W3: the connections of a process are opened once, however many callers are the first at once.

A second set would be used by nobody but the caller that made it, and closed by nobody at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from watchword import Auth
from watchword.database.contract import Engine
from watchword.database.schema import Schema
from watchword.storage.sqlite import SQLiteStorage

CALLERS = 4


class Crowded:
    """A storage that is opened by several callers at the very same time."""

    def __init__(self, storage: Any) -> None:
        self._storage = storage
        self._barrier = Barrier(CALLERS)
        self.engines: list[Engine] = []
        self.crowded = False

    def blocking(self, schema: Schema) -> Engine:
        return self._opened(self._storage.blocking, schema)

    def asynchronous(self, schema: Schema) -> Engine:
        return self._opened(self._storage.asynchronous, schema)

    def _opened(self, open_engine: Callable[[Schema], Engine], schema: Schema) -> Engine:
        if self.crowded:
            self._barrier.wait(timeout=30)
        engine = open_engine(schema)
        self.engines.append(engine)
        return engine


def blocking(auth: Auth[Any]) -> object:
    auth.blocking.check({"host": "localhost:3000"})
    return auth.blocking.runtime


def asynchronous(auth: Auth[Any]) -> object:
    asyncio.run(auth.migrate())
    return auth._async_runtime()  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize("first", [blocking, asynchronous])
def test_w3_first_callers_at_once_share_one_runtime(
    make_auth: MakeAuth, tmp_path: Path, first: Callable[[Auth[Any]], object]
) -> None:
    storage = Crowded(SQLiteStorage(f"{tmp_path}/crowded.db"))
    auth = make_auth(database=storage)
    auth.blocking.close()
    storage.crowded = True
    with ThreadPoolExecutor(CALLERS) as callers:
        found = list(callers.map(first, [auth] * CALLERS))
    storage.crowded = False
    assert len({id(runtime) for runtime in found}) == 1
    asyncio.run(auth.close())
    auth.blocking.close()
    if first is blocking:
        assert first(auth) is not found[0], "what was closed is not used again"
        auth.blocking.close()
