"""Requests to other servers, against real ones on this machine: within bounds, in both worlds."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx2
import pytest

from tests.core.conftest import MakeAuth
from watchword.errors import Overloaded
from watchword.runtime.addresses import is_private_name, is_public
from watchword.runtime.blocking import finish
from watchword.runtime.once import Shared
from watchword.runtime.outgoing import (
    OutgoingAnswer,
    OutgoingFailed,
    OutgoingRequest,
    OutgoingSettings,
)
from watchword.runtime.outgoing_async import AsyncOutgoing
from watchword.runtime.outgoing_blocking import BlockingOutgoing

Serve = Callable[[socket.socket], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-One: 1\r\nSet-Cookie: a=b\r\n\r\nok"


class Server:
    """Answers each connection with what the test wants; remembers what it was sent."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/path"
        self.got: list[bytes] = []
        self.over = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            self.got.append(connection.recv(65_536))
            self._serve(connection)

    def close(self) -> None:
        self.over.set()
        self._socket.close()


@pytest.fixture
def server() -> Iterator[Callable[[Serve], Server]]:
    made: list[Server] = []

    def make(serve: Serve) -> Server:
        made.append(Server(serve))
        return made[-1]

    yield make
    for one in made:
        one.close()


def says(answer: bytes) -> Serve:
    return lambda connection: connection.sendall(answer)


@pytest.fixture(params=["blocking", "async"])
def ask(request: pytest.FixtureRequest) -> Callable[..., OutgoingAnswer]:
    """Sends one request in one of the worlds."""

    def send(settings: OutgoingSettings, asked: OutgoingRequest) -> OutgoingAnswer:
        if request.param == "blocking":
            blocking = BlockingOutgoing(settings)
            try:
                return finish(blocking.send(asked))
            finally:
                blocking.close()

        async def main() -> OutgoingAnswer:
            world = AsyncOutgoing(settings)
            try:
                return await world.send(asked)
            finally:
                await world.close()

        return asyncio.run(main())

    return send


def failure(ask: Any, settings: OutgoingSettings, asked: OutgoingRequest) -> str:
    with pytest.raises(OutgoingFailed) as caught:
        ask(settings, asked)
    assert "path" not in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value.reason


def test_an_answer_comes_back(ask: Any, server: Any) -> None:
    there = server(says(OK))
    asked = OutgoingRequest(
        method="POST", url=there.url, headers={"content-type": "text/plain"}, body=b"hello"
    )
    answer = ask(OutgoingSettings(), asked)
    assert (answer.status, answer.body, answer.headers["x-one"]) == (200, b"ok", "1")
    head, _, body = there.got[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /path HTTP/1.1\r\n")
    assert body in (b"hello", b"")  # a packet of its own
    assert b"content-length: 5" in head.lower()


def test_redirects_are_answers(ask: Any, server: Any) -> None:
    there = server(
        says(b"HTTP/1.1 302 Found\r\nLocation: http://evil/\r\nContent-Length: 0\r\n\r\n")
    )
    answer = ask(OutgoingSettings(), OutgoingRequest(url=there.url))
    assert (answer.status, len(there.got)) == (302, 1)


@pytest.mark.parametrize(
    "head", [b"Content-Length: 999999", b"Transfer-Encoding: chunked", b"Connection: close"]
)
def test_answers_have_a_bound(ask: Any, server: Any, head: bytes) -> None:
    chunk = b"3e8\r\n" + b"x" * 1000 + b"\r\n" if b"chunked" in head else b"x" * 1000

    def serve(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n")
        while True:
            connection.sendall(chunk)

    settings = OutgoingSettings(most_bytes=10_000)
    assert failure(ask, settings, OutgoingRequest(url=server(serve).url)) == "too large"


def test_what_is_compressed_is_refused(ask: Any, server: Any) -> None:
    there = server(says(OK.replace(b"X-One: 1", b"Content-Encoding: gzip")))
    assert failure(ask, OutgoingSettings(), OutgoingRequest(url=there.url)) == "encoded"


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\n", OK.replace(b": 2", b": 99")])
def test_a_server_that_drips_has_no_more_time_than_another(
    ask: Any, server: Any, start: bytes
) -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(start)
        while not there.over.wait(0.05):
            connection.sendall(b"x")

    there = server(serve)
    begun = time.monotonic()
    asked = OutgoingRequest(url=there.url)
    assert failure(ask, OutgoingSettings(timeout=0.4), asked) == "timeout"
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize(
    "answer", [b"", b"<html>nonsense", b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n"]
)
def test_nonsense_is_a_failure(ask: Any, server: Any, answer: bytes) -> None:
    asked = OutgoingRequest(url=server(says(answer)).url)
    assert failure(ask, OutgoingSettings(), asked) == "unreachable"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/path", "http://nobody.invalid/path", "https://127.0.0.1:1/path"]
)
def test_nobody_there(ask: Any, url: str) -> None:
    assert failure(ask, OutgoingSettings(), OutgoingRequest(url=url)) == "unreachable"


@pytest.mark.parametrize("guarded", [True, False])
@pytest.mark.parametrize("host", ["a..example", ".example", f"{'a' * 64}.example"])
def test_a_name_that_can_be_nobodys(ask: Any, host: str, guarded: bool) -> None:
    asked = OutgoingRequest(url=f"https://{host}/path", guarded=guarded)
    assert failure(ask, OutgoingSettings(), asked) == "unreachable"


@pytest.mark.parametrize("url", ["", "ftp://a/path", "file:///path", "javascript:x", "/path"])
def test_no_web_address(ask: Any, url: str) -> None:
    assert failure(ask, OutgoingSettings(), OutgoingRequest(url=url)) == "no web address"


@pytest.mark.parametrize("value", ["Bearer \u00e9", "a\r\nx-two: 2", "nul\0", "\ud800"])
def test_what_is_no_header_is_not_sent(ask: Any, server: Any, value: str) -> None:
    there = server(says(OK))
    asked = OutgoingRequest(url=there.url, headers={"authorization": value})
    assert failure(ask, OutgoingSettings(), asked) == "no header"
    assert there.got == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_guarded_requests_never_reach_this_machine(ask: Any, server: Any, host: str) -> None:
    there = server(says(OK))
    asked = OutgoingRequest(url=there.url.replace("127.0.0.1", host), guarded=True)
    assert failure(ask, OutgoingSettings(), asked) == "private"
    assert there.got == []


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["93.184.215.14", "127.0.0.1"]])
def test_a_name_that_leads_inside_is_refused(
    ask: Any, server: Any, monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    there = server(says(OK))
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if host not in ("inside.example", b"inside.example"):
            return real(host, port, *rest, **more)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    asked = OutgoingRequest(url=there.url.replace("127.0.0.1", "inside.example"), guarded=True)
    assert failure(ask, OutgoingSettings(), asked) == "private"
    assert there.got == []


def test_an_intranet_may_allow_it(ask: Any, server: Any) -> None:
    asked = OutgoingRequest(url=server(says(OK)).url, guarded=True)
    assert ask(OutgoingSettings(allow_private=True), asked).status == 200


def test_a_transport_of_the_application_connects_instead(ask: Any) -> None:
    seen: list[str] = []

    def serve(request: httpx2.Request) -> httpx2.Response:
        seen.append(str(request.url))
        return httpx2.Response(200, content=b"mine")

    settings = OutgoingSettings(transport=httpx2.MockTransport(serve))
    assert ask(settings, OutgoingRequest(url="https://id.example/x")).body == b"mine"
    assert seen == ["https://id.example/x"]


def test_a_hanging_server_fills_no_more_than_its_half(server: Any) -> None:
    hanging = server(lambda connection: hanging.over.wait(30))
    fine = server(says(OK))
    world = BlockingOutgoing(OutgoingSettings(parallel=2, queue=1, timeout=5))

    def send(url: str) -> str:
        try:
            return str(finish(world.send(OutgoingRequest(url=url))).status)
        except Overloaded:
            return "overloaded"
        except OutgoingFailed as error:
            return error.reason

    with ThreadPoolExecutor(3) as pool:
        begun = [pool.submit(send, hanging.url) for _ in range(3)]
        assert send(fine.url) == "200"
        hanging.close()
        assert sorted(one.result() for one in begun).count("overloaded") == 1
    world.close()


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:4700:4700::1111", True),
        ("64:ff9b::5db8:d70e", True),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("192.168.1.1", False),
        ("0.0.0.0", False),  # noqa: S104
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00:ec2::254", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:7f00:1::", False),
        ("2001:0:1::1", False),
        ("ff02::1", False),
        ("nonsense", False),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize("name", ["localhost", "a.localhost", "metadata.google.internal.", "[::1]"])
def test_private_names(name: str) -> None:
    assert is_private_name(name)


def test_what_threads_want_at_once_is_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    shared, asking, done = Shared(), threading.Semaphore(0), list[int]()

    class Watched(dict[object, Any]):
        def get(self, key: object, default: Any = None) -> Any:
            asking.release()
            return super().get(key, default)

    monkeypatch.setattr(shared, "_begun", Watched())

    async def work() -> int:
        for _ in range(8):
            assert asking.acquire(timeout=10)
        done.append(1)
        return 7

    with ThreadPoolExecutor(8) as pool:
        outcomes = [pool.submit(finish, shared.do("key", work)) for _ in range(8)]
        assert {one.result() for one in outcomes} == {7}
    assert done == [1]


async def test_what_tasks_want_at_once_is_done_once(make_auth: MakeAuth) -> None:
    runtime = make_auth()._async_runtime()
    goes, done = asyncio.Event(), list[int]()

    async def work() -> int:
        done.append(1)
        await goes.wait()
        return 7

    tasks = [asyncio.create_task(runtime.once("key", work)) for _ in range(8)]
    await asyncio.sleep(0)
    tasks[0].cancel()  # the others go on when the one who came first has gone
    await asyncio.sleep(0)
    goes.set()
    assert await asyncio.gather(*tasks[1:]) == [7] * 7
    assert done == [1]


def test_a_failure_is_everybodys() -> None:
    shared = Shared()

    async def work() -> int:
        raise OutgoingFailed("id.example", "timeout")

    for _ in range(2):
        with pytest.raises(OutgoingFailed):
            finish(shared.do("key", work))


def test_nothing_is_loaded_before_the_first_use() -> None:
    program = (
        "import sys; from watchword import Auth; auth = Auth(secret='s' * 20 + 'abcdefghijkl'); "
        "import watchword.providers; "
        "print(*(name for name in sys.modules if name.startswith(('httpx2', 'watchword.oauth'))))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "")
