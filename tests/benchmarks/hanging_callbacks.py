"""Session checks while callbacks hang: what a provider that never answers costs everybody else.

`python tests/benchmarks/hanging_callbacks.py` prints the 95th percentile of `/get-session` over
HTTP, idle and with 20 callbacks in the token exchange, in turns; under uvicorn, and under a WSGI
server with a thread for each connection.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Semaphore, Thread
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import httpx2  # noqa: E402
from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: E402

from tests.benchmarks.rounds import Row  # noqa: E402
from tests.support.services import free_port, wait_for  # noqa: E402
from watchword import Advanced, Auth, EmailAndPassword, Outgoing, RateLimit  # noqa: E402
from watchword.adapters.asgi import ASGIApp  # noqa: E402
from watchword.adapters.wsgi import WSGIApp  # noqa: E402
from watchword.oauth.description import Description  # noqa: E402
from watchword.oauth.profile import Fields  # noqa: E402
from watchword.oauth.provider import Provider  # noqa: E402

HANGING, ROUNDS, CALLS = 20, 3, 400
PATIENCE = 30
WORLDS = ("uvicorn", "threads")


@dataclass(frozen=True, kw_only=True, repr=False)
class SilentProvider(Provider):
    """A provider whose token endpoint is ours."""

    port: int

    def describe(self) -> Description:
        server = f"http://127.0.0.1:{self.port}"
        return Description(
            id="silent",
            name="Silent",
            authorization_url=f"{server}/authorize",
            token_url=f"{server}/token",
            fields=Fields(id="sub"),
        )


def served() -> Auth:
    """The server, on the benchmark's database."""
    provider = SilentProvider(client_id="bench", port=int(os.environ["BENCH_SILENT_PORT"]))
    return Auth(
        database=f"sqlite:///{os.environ['BENCH_DB']}",
        base_url="http://localhost:3000",
        email_and_password=EmailAndPassword(enabled=True),
        rate_limit=RateLimit(enabled=False),
        social_providers=[provider],
        advanced=Advanced(outgoing=Outgoing(timeout=PATIENCE)),
    )


def asgi() -> ASGIApp:
    """The application factory for uvicorn."""
    return ASGIApp(served())


def threads(port: int) -> None:
    """Serve with a thread for each connection."""

    class KeepAlive(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None: ...

    app = WSGIApp(served())
    make_server("127.0.0.1", port, app, threaded=True, request_handler=KeepAlive).serve_forever()


class Silence:
    """Takes connections, and answers nobody until `end`."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._taken: list[socket.socket] = []
        self._arrived = Semaphore(0)
        Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return self._listening.getsockname()[1]

    def wait(self, count: int) -> None:
        """Until so many wait for an answer."""
        for _ in range(count):
            assert self._arrived.acquire(timeout=PATIENCE), "a callback did not get here"

    def end(self) -> None:
        """Hang up on all of them."""
        while self._taken:
            self._taken.pop().close()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            self._taken.append(connection)
            self._arrived.release()


def main() -> None:
    """Print a row for each world."""
    print("| what | measured | wanted |\n|---|---|---|")
    for row in hanging_callbacks():
        print("| " + " | ".join(row) + " |")


def hanging_callbacks() -> list[Row]:
    """One row for each world."""
    with tempfile.TemporaryDirectory() as folder:
        silence = Silence()
        os.environ["BENCH_SILENT_PORT"] = str(silence.port)
        os.environ["BETTER_AUTH_SECRET"] = "bench-K7pQ2vX9mB4tR8wZ1cY6nH3jL5sD0fGa"
        os.environ["BENCH_DB"] = f"{folder}/bench.db"
        auth = served()
        auth.blocking.migrate()
        auth.blocking.close()
        return [_row(world, silence) for world in WORLDS]


def _row(world: str, silence: Silence) -> Row:
    ratios: list[float] = []
    figures: list[tuple[float, float]] = []
    with _running(world) as port:
        cookie = _cookie(port)
        _p95(port, cookie)
        for _ in range(ROUNDS):
            idle = _p95(port, cookie)
            with _hanging(port, silence):
                busy = _p95(port, cookie)
            ratios.append(busy / idle)
            figures.append((busy, idle))
    busy, idle = (statistics.median(one) for one in zip(*figures, strict=True))
    all_of_them = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    figure = f"{statistics.median(ratios):.2f}x ({busy:.1f} / {idle:.1f} ms; {all_of_them})"
    return (f"p95 of get-session with {HANGING} callbacks hanging, {world}", figure, "< 3x")


@contextmanager
def _running(world: str) -> Generator[int]:
    port = free_port()
    name = "tests.benchmarks.hanging_callbacks"
    command = ["uvicorn", f"{name}:asgi", "--factory", "--port", str(port)]
    command += ["--log-level", "error", "--no-access-log"]
    if world == "threads":
        command = [name, str(port)]
    # It tells of every callback that came to nothing.
    told = subprocess.DEVNULL
    process = subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, stderr=told)
    try:
        wait_for(f"http://127.0.0.1:{port}/api/auth/ok", process)
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _cookie(port: int) -> str:
    person = {"name": "Ada", "email": f"ada{port}@example.com", "password": "correct horse"}
    answer = httpx2.post(f"http://127.0.0.1:{port}/api/auth/sign-up/email", json=person)
    assert answer.status_code == 200, answer.text
    return answer.headers["set-cookie"].partition(";")[0]


@contextmanager
def _hanging(port: int, silence: Silence) -> Generator[None]:
    """Callbacks that wait for the provider's answer."""
    with ExitStack() as opened:
        for _ in range(HANGING):
            connection = opened.enter_context(socket.create_connection(("127.0.0.1", port)))
            connection.sendall(_callback(port))
        silence.wait(HANGING)
        yield
        silence.end()


def _callback(port: int) -> bytes:
    begun = httpx2.post(
        f"http://127.0.0.1:{port}/api/auth/sign-in/social", json={"provider": "silent"}
    )
    (state,) = parse_qs(urlsplit(begun.json()["url"]).query)["state"]
    cookie = begun.headers["set-cookie"].partition(";")[0]
    return (
        f"GET /api/auth/callback/silent?code=c&state={state} HTTP/1.1\r\n"
        f"Host: localhost:{port}\r\nCookie: {cookie}\r\n\r\n"
    ).encode()


def _p95(port: int, cookie: str) -> float:
    """Milliseconds, of requests one after the other."""
    times: list[float] = []
    with httpx2.Client(headers={"cookie": cookie}, timeout=PATIENCE) as client:
        for _ in range(CALLS):
            started = time.perf_counter()
            answer = client.get(f"http://127.0.0.1:{port}/api/auth/get-session")
            times.append(time.perf_counter() - started)
            assert answer.json(), answer.status_code
    return sorted(times)[int(CALLS * 0.95)] * 1000


if __name__ == "__main__":
    if len(sys.argv) > 1:
        threads(int(sys.argv[1]))
    else:
        main()
