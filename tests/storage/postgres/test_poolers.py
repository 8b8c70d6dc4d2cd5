"""A pooler between: the next statement may run in another process of the server, where a prepared
one has another meaning, or none. PgBouncer itself is in tests/deployment.
"""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.storage.conftest import Run, migrate
from tests.storage.models import SCHEMA
from tests.support.tcp_proxy import TCPProxy
from watchword.database.contract import Condition
from watchword.storage.postgres import PostgresStorage

KEY = re.compile(rb"K\x00\x00\x00\x0c....", re.DOTALL)
"""BackendKeyData (PostgreSQL, Message Formats): which process, for cancellations."""


class Pooler(TCPProxy):
    """Says, as poolers do, that another process answers than really does."""

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        super()._pump(_Renumbered(source), sink)  # pyright: ignore[reportArgumentType]


class _Renumbered:
    def __init__(self, source: socket.socket) -> None:
        self._source = source

    def recv(self, size: int) -> bytes:
        return KEY.sub(b"K\x00\x00\x00\x0c\x00\x00\x00\x07", self._source.recv(size), count=1)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)


@pytest.fixture
def pooler(postgres_url: str) -> Iterator[TCPProxy]:
    proxy = Pooler(postgres_url)
    proxy.start()
    yield proxy
    proxy.stop()


async def prepared(engine: Any) -> int:
    """How many statements the only connection has prepared, once one was used often."""
    await migrate(engine)
    for number in range(20):
        await engine.find_one("thing", [Condition("number", number * 10_000)])
    looked = engine._connection
    rows = await looked.read("SELECT count(*) FROM pg_prepared_statements", ())
    await engine.close()
    return rows[0][0]


@pytest.fixture
def opened(kind: str) -> Callable[[str], Any]:
    def of(url: str) -> Any:
        storage = PostgresStorage(f"{url}&pool_size=1")
        return storage.blocking(SCHEMA) if kind == "blocking" else storage.asynchronous(SCHEMA)

    return of


def test_behind_a_pooler_nothing_is_prepared(
    pooler: TCPProxy,
    postgres_url: str,
    opened: Callable[[str], Any],
    run: Run[Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, "watchword.database"):
        assert run(prepared(opened(pooler.url))) == 0
    assert caplog.text.count("a pooler answers for PostgreSQL") == 1
    assert run(prepared(opened(postgres_url))) == 1


def test_it_is_prepared_where_the_options_say_so(
    pooler: TCPProxy, opened: Callable[[str], Any], run: Run[Any]
) -> None:
    assert run(prepared(opened(f"{pooler.url}&prepare_threshold=2"))) == 1
