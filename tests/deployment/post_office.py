"""A mail server that takes its time over each letter."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Generator
from contextlib import contextmanager


class PostOffice(socketserver.ThreadingTCPServer):
    """SMTP (RFC 5321), as far as `smtplib` speaks it."""

    daemon_threads = True

    def __init__(self, takes: float) -> None:
        super().__init__(("127.0.0.1", 0), _Counter)
        self.takes = takes
        """Seconds that a letter takes."""
        self.arrived = threading.Event()
        """Somebody has begun to hand one over."""
        self.letters: list[str] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Counter(socketserver.StreamRequestHandler):
    server: PostOffice

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                self._take()
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 yes\r\n")
            if word == b"QUIT":
                return

    def _take(self) -> None:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        self.server.arrived.set()
        threading.Event().wait(self.server.takes)
        self.server.letters.append(b"".join(lines).decode())


@contextmanager
def post_office(takes: float = 0) -> Generator[PostOffice, None, None]:
    """A mail server of this machine."""
    with PostOffice(takes) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
