"""A keep-alive load client: `python load.py PORT CONNECTIONS SECONDS PATH [COOKIE] [BODY]`.

Prints requests per second and the 50th and 95th percentile of the latency in milliseconds.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import cast

import uvloop


class Connection(asyncio.Protocol):
    """Sends the next request when the answer to the last one is whole."""

    def __init__(self, request: bytes, end: float, latencies: list[float]) -> None:
        self._request, self._end, self._latencies = request, end, latencies
        self._left: int | None = None
        self._length = 0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def _send(self) -> None:
        self._started, self._buffer = time.perf_counter(), b""
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, blank, body = self._buffer.partition(b"\r\n\r\n")
        if not blank:
            return
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        # Node sends its answers in chunks.
        whole = len(body) >= int(length) if length else body.endswith(b"0\r\n\r\n")
        if not whole:
            return
        assert head.startswith(b"HTTP/1.1 200"), head
        now = time.perf_counter()
        self._latencies.append(now - self._started)
        if now < self._end:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def run(port: int, connections: int, seconds: float, request: bytes) -> list[float]:
    """The latencies of all requests, in seconds."""
    latencies: list[float] = []
    end = time.perf_counter() + seconds
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: Connection(request, end, latencies), "127.0.0.1", port)
        for _ in range(connections)
    ]
    await asyncio.gather(*(protocol.done for _, protocol in made))
    return latencies


def main() -> None:
    """Measure, and print three numbers."""
    port, connections, seconds, path, *rest = sys.argv[1:]
    cookie, body = [*rest, "", ""][:2]
    lines = [f"{'POST' if body else 'GET'} {path} HTTP/1.1", f"Host: localhost:{port}"]
    lines += [f"Cookie: {cookie}"] if cookie else []
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    request = ("\r\n".join(lines) + "\r\n\r\n" + body).encode()
    started = time.perf_counter()
    latencies = sorted(uvloop.run(run(int(port), int(connections), float(seconds), request)))
    spent = time.perf_counter() - started
    p50, p95 = (latencies[int(len(latencies) * part)] * 1000 for part in (0.50, 0.95))
    print(len(latencies) / spent, p50, p95)


if __name__ == "__main__":
    main()
