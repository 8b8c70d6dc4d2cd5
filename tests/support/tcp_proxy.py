"""A TCP proxy that a test can stop, start and strike dumb: a server that goes and comes back."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests.support.services import free_port

_PORTS = {"redis": 6379, "postgresql": 5432, "mysql": 3306}


class TCPProxy:
    """Stands before a server of this machine, on a port of its own that stays the same."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._target = (address.hostname or "127.0.0.1", address.port or _PORTS[address.scheme])
        self.port = free_port()
        user, at, _ = address.netloc.rpartition("@")
        self.url = address._replace(netloc=f"{user}{at}127.0.0.1:{self.port}").geturl()
        self.dumb = False
        """Takes connections, and acknowledges what comes, and forwards nothing in any direction."""
        self.accepted = 0
        """Connections that clients have made."""
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Take connections from now on."""
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self._spawn(self._accept, self._listener)

    def stop(self) -> None:
        """Refuse connections from now on, and break those that stand."""
        if self._listener is not None:
            _break(self._listener)
            self._listener = None
        for one in list(self._open):
            _break(one)
        for thread in self._threads:
            thread.join(5)
        self._threads.clear()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                self.accepted += 1
                server = socket.create_connection(self._target)
                self._open |= {client, server}
                self._spawn(self._pump, client, server)
                self._spawn(self._pump, server, client)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if not self.dumb:
                    sink.sendall(data)
        for one in (source, sink):
            _break(one)
            self._open.discard(one)

    def _spawn(self, work: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()


@contextmanager
def tcp_proxy(url: str) -> Generator[TCPProxy, None, None]:
    """A started proxy before the server of a URL."""
    proxy = TCPProxy(url)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


def _break(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
