"""Redis after a failover, and Redis in cluster mode: servers that send their clients away."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from watchword.database.contract import StorageUnavailable
from watchword.database.secondary import SecondaryUnavailable
from watchword.errors import ConfigurationError
from watchword.runtime.blocking import finish
from watchword.storage.redis import RedisStorage


class Server:
    """Says to SET what it is told to; the connection that was made first is the first to hear."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.answers: list[bytes] = []
        """What the connections say to SET, in the order in which they were made; then OK."""
        self.accepted = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                answer = self.answers[self.accepted] if self.accepted < len(self.answers) else b"OK"
                self.accepted += 1
                said = answer if answer != b"OK" else b"+OK\r\n"
                threading.Thread(target=self._serve, args=(client, said), daemon=True).start()

    def _serve(self, client: socket.socket, to_set: bytes) -> None:
        with client, suppress(OSError), client.makefile("rb") as sent:
            while head := sent.readline():
                words = [sent.read(int(sent.readline()[1:]) + 2)[:-2] for _ in range(int(head[1:]))]
                client.sendall(to_set if words[0] == b"SET" else b"+OK\r\n")

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def engine_of(server: Server, kind: str) -> tuple[Any, Any]:
    storage = RedisStorage(
        f"redis://127.0.0.1:{server.port}?protocol=2", clock=iter(range(1000)).__next__
    )
    if kind == "blocking":
        return storage.blocking(), finish
    return storage.asynchronous(), asyncio.run


READONLY = b"-READONLY You can't write against a read only replica."
READONLY_IN_A_SCRIPT = (
    b"-ERR Error running script (call to f_6b1bf486c81ceb7edf3c093f4c48582e38c0e791): "
    b"@user_script:2: @user_script: 2: -READONLY You can't write against a read only replica. "
)
"""So Redis 6.2 says it."""


@pytest.mark.parametrize("kind", ["blocking", "async"])
@pytest.mark.parametrize("answer", [READONLY, READONLY_IN_A_SCRIPT])
def test_a_connection_to_a_server_that_became_a_copy_is_given_up(
    server: Server, answer: bytes, kind: str
) -> None:
    server.answers = [answer + b"\r\n"]
    engine, drive = engine_of(server, kind)

    async def body() -> None:
        with pytest.raises(SecondaryUnavailable):
            await engine.set("key", "value")
        await engine.set("key", "value")
        assert server.accepted == 2
        await engine.close()

    drive(body())


@pytest.mark.parametrize("kind", ["blocking", "async"])
@pytest.mark.parametrize("answer", [b"-MOVED 3999 127.0.0.1:6381\r\n", b"-ASK 3999 10.0.0.1:6\r\n"])
def test_a_cluster_is_refused_by_name(server: Server, kind: str, answer: bytes) -> None:
    server.answers = [answer]
    engine, drive = engine_of(server, kind)

    async def body() -> None:
        with pytest.raises(ConfigurationError, match="node of a Redis Cluster") as refused:
            await engine.set("key", "value")
        assert refused.value.option == "url"
        assert isinstance(refused.value, StorageUnavailable)  # over HTTP it is 503
        await engine.close()

    drive(body())
