"""A proxy before a Redis server that knows its protocol: single answers get lost on their way."""

from __future__ import annotations

import socket
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from typing import BinaryIO
from urllib.parse import urlsplit

_OF_DATA = frozenset((b"GET", b"SET", b"DEL", b"GETDEL", b"EVAL"))


class RedisProxy:
    """Passes commands on, and tells what it was told to tell of some of them.

    `faults` says for commands on data, by their number since `watch`, what becomes of them: `lost`
    (done, but the connection breaks before the answer), `cut` (it breaks before they are done),
    `silent` (done, and no answer comes), or a line to answer with instead.
    """

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._target = (address.hostname or "127.0.0.1", address.port or 6379)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        port = self._listener.getsockname()[1]
        self.url = address._replace(netloc=f"127.0.0.1:{port}").geturl()
        self.faults: dict[int, str] = {}
        self.seen: list[bytes] = []
        self._lock = threading.Lock()
        self._spawn(self._accept)

    def watch(self, faults: dict[int, str] | None = None) -> None:
        """Count from here on."""
        with self._lock:
            self.seen, self.faults = [], faults or {}

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._spawn(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with closing(client), socket.create_connection(self._target) as server, suppress(OSError):
            asked, told = client.makefile("rb"), server.makefile("rb")
            while words := _command(asked):
                fault = self._fault_of(words[0].upper())
                if fault == "cut":
                    return
                if fault in (None, "lost", "silent"):
                    server.sendall(_written(words))
                    answer = _answer(told)
                else:
                    answer = f"{fault}\r\n".encode()
                if fault == "lost":
                    return
                if fault != "silent":
                    client.sendall(answer)

    def _fault_of(self, name: bytes) -> str | None:
        if name not in _OF_DATA:
            return None
        with self._lock:
            self.seen.append(name)
            return self.faults.get(len(self.seen) - 1)

    def _spawn(self, work: object, *given: object) -> None:
        threading.Thread(target=work, args=given, daemon=True).start()  # type: ignore[arg-type]


@contextmanager
def redis_proxy(url: str) -> Generator[RedisProxy, None, None]:
    proxy = RedisProxy(url)
    try:
        yield proxy
    finally:
        proxy.close()


def _command(asked: BinaryIO) -> list[bytes]:
    head = asked.readline()
    if not head:
        return []
    return [asked.read(int(asked.readline()[1:]) + 2)[:-2] for _ in range(int(head[1:]))]


def _written(words: list[bytes]) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


def _answer(told: BinaryIO) -> bytes:
    line = told.readline()
    kind, rest = line[:1], line[1:].strip()
    if kind in b"$=" and rest != b"-1":
        return line + told.read(int(rest) + 2)
    if kind in b"*~>%" and rest != b"-1":
        parts = int(rest) * (2 if kind == b"%" else 1)
        return line + b"".join(_answer(told) for _ in range(parts))
    return line
