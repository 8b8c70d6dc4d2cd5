"""Web sockets and streams of events through proxies, as docs/deploying/proxies.md configures them.

And no other way out of HTTP: who could speak to the server behind a proxy himself might say any
address.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

import pytest

from tests.deployment.certificates import made_certificate
from tests.deployment.proxies import PROXIES, Places
from tests.support.services import free_port

WEBSOCKET = [
    *("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"),
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",  # of RFC 6455, 1.3, with its answer
]
H2C = ["HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", "Connection: Upgrade, HTTP2-Settings"]
WAIT = 20


class Backend(ThreadingTCPServer):
    """A server that remembers what reaches it, and lets go of its stream when it is told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Visit)
        self.heads: list[bytes] = []
        self.heard = threading.Event()

    @property
    def port(self) -> int:
        return self.server_address[1]


class _Visit(StreamRequestHandler):
    server: Backend

    def handle(self) -> None:
        with suppress(ConnectionError):  # of who has seen enough: a health check
            self._answer()

    def _answer(self) -> None:
        head = b"".join(iter(self.rfile.readline, b"\r\n")).lower()
        if b"/ready" in head:  # the health check
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        self.server.heads.append(head)
        if b"get /events" in head:
            self._stream()
        elif b"upgrade: websocket" in head:
            self.wfile.write(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nhello"
            )
            self.wfile.write(self.rfile.read(5).upper())
        else:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def _stream(self) -> None:
        # As docs/own-routes.md says them.
        self.wfile.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
            b"X-Accel-Buffering: no\r\nConnection: close\r\n\r\ndata: first\n\n"
        )
        if self.server.heard.wait(WAIT):
            self.wfile.write(b"data: second\n\n")


@contextmanager
def backend() -> Generator[Backend, None, None]:
    with Backend() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class Front:
    """A proxy before that server."""

    def __init__(self, places: Places, behind: Backend) -> None:
        self._places = places
        self.behind = behind

    def open(self, path: str, *fields: str) -> socket.socket:
        """A connection on which something is asked for."""
        link = socket.create_connection(("127.0.0.1", self._places.https), timeout=WAIT)
        trust = self._places.certificate.trust()
        made = trust.wrap_socket(link, server_hostname="app.example.com")
        lines = [f"GET {path} HTTP/1.1", "Host: app.example.com", *fields, "", ""]
        made.sendall("\r\n".join(lines).encode())
        return made

    def status(self) -> int:
        with self.open("/up", "Connection: close") as link:
            return int(until(link, b"\r\n").split()[1])


def until(link: socket.socket, wanted: bytes) -> bytes:
    """What comes, up to what is waited for."""
    found = b""
    while wanted not in found:
        piece = link.recv(65536)
        assert piece, found
        found += piece
    return found


@pytest.fixture(scope="module", params=list(PROXIES))
def front(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Front, None, None]:
    folder: Path = tmp_path_factory.mktemp("front")
    with backend() as behind:
        certificate = made_certificate(folder)
        places = Places(free_port(), free_port(), behind.port, certificate, folder)
        start: Any = PROXIES[request.param]
        with start(places) as proxy:
            made = Front(places, behind)
            proxy.until(lambda: made.status() == 200, "nothing is ready")
            yield made


def test_a_web_socket_is_opened(front: Front) -> None:
    with front.open("/chat", *WEBSOCKET) as link:
        assert b" 101 " in until(link, b"hello").partition(b"\r\n")[0]
        link.sendall(b"there")
        until(link, b"THERE")


@pytest.mark.parametrize(
    "upgrades",
    [("h2c",), ("H2C",), ("websocket", "h2c"), ("h2c", "websocket"), ("h2c, websocket",)],
    ids=str,
)
def test_nothing_else_is_switched_to(front: Front, upgrades: tuple[str, ...]) -> None:
    """Hypercorn takes `h2c`: behind it a client would speak HTTP/2 through the proxy, unread."""
    front.behind.heads.clear()
    with front.open("/up", *(f"Upgrade: {one}" for one in upgrades), *H2C) as link:
        until(link, b"\r\n")
    assert all(b"h2c" not in head for head in front.behind.heads)


def test_events_come_when_they_happen(front: Front) -> None:
    front.behind.heard.clear()
    with front.open("/events") as link:
        until(link, b"data: first")
        front.behind.heard.set()
        until(link, b"data: second")
