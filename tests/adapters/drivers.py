"""Servers in a few lines: they send bytes that real clients would not, and count what is read."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication

from watchword.adapters.asgi import Application, Message

Pairs = Sequence[tuple[str, str]]


@dataclass
class Call:
    """One request as it goes over the wire. `chunks` is a body without a Content-Length."""

    method: str
    target: str
    headers: Pairs = ()
    body: bytes = b""
    chunks: Iterable[bytes] | None = None
    scheme: str = "http"
    client: tuple[str, int] | None = ("192.0.2.7", 4711)
    root: str = ""
    extra: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        pairs = [("host", "app.example.com"), *self.headers]
        names = {name.lower() for name, _ in pairs}
        if self.body and "content-length" not in names:
            pairs.append(("content-length", str(len(self.body))))
        if self.chunks is not None:
            pairs.append(("transfer-encoding", "chunked"))
        return pairs


@dataclass
class Answer:
    """A response as it goes over the wire, and how many body bytes the application pulled."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    pulled: int
    reason: str = ""

    def all(self, name: str) -> list[str]:
        # What is around a value is no part of it (RFC 9110, 5.5).
        return [value.strip() for key, value in self.headers if key.lower() == name]


class Client(Protocol):
    """What the tests know of an application behind a server."""

    @property
    def reads_first(self) -> bool:
        """Whether the framework receives all of a body before it asks anybody."""
        ...

    def send(self, method: str, target: str, headers: Pairs = (), **rest: Any) -> Answer: ...

    def send_together(self, calls: Sequence[Call]) -> list[Answer]: ...


class ASGIClient:
    """Drives an ASGI application, on a loop of its own per call unless `run` is another one's."""

    reads_first = False

    def __init__(self, app: Application) -> None:
        self.serve = app
        self.run: Callable[[Coroutine[Any, Any, Any]], Any] = run

    def send(self, method: str, target: str, headers: Pairs = (), **rest: Any) -> Answer:
        return self.run(self.exchange(Call(method, target, headers, **rest)))

    def send_together(self, calls: Sequence[Call]) -> list[Answer]:
        async def together() -> list[Answer]:
            return list(await asyncio.gather(*(self.exchange(call) for call in calls)))

        return self.run(together())

    async def exchange(self, call: Call) -> Answer:
        pieces = iter(_split(call.body) if call.chunks is None else call.chunks)
        sent: list[Message] = []
        pulled, ended, answered = 0, False, asyncio.Event()

        async def receive() -> Message:
            nonlocal pulled, ended
            if ended:
                # The client waits for its answer, and then it leaves.
                await answered.wait()
                return {"type": "http.disconnect"}
            piece = next(pieces, None)
            if piece is None:
                ended = True
                if call.extra.get("disconnects"):
                    return {"type": "http.disconnect"}
                return {"type": "http.request", "body": b"", "more_body": False}
            pulled += len(piece)
            return {"type": "http.request", "body": piece, "more_body": True}

        async def send(message: Message) -> None:
            sent.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                answered.set()

        await self.serve(asgi_scope(call), receive, send)
        assert [message["type"] for message in sent[:1]] == ["http.response.start"]
        headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in sent[0]["headers"]]
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return Answer(sent[0]["status"], headers, body, pulled)


class WSGIClient:
    """Drives a WSGI application; several calls run in threads."""

    reads_first = False

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def send(self, method: str, target: str, headers: Pairs = (), **rest: Any) -> Answer:
        return self.exchange(Call(method, target, headers, **rest))

    def send_together(self, calls: Sequence[Call]) -> list[Answer]:
        with ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(self.exchange, calls))

    def exchange(self, call: Call) -> Answer:
        stream = CountingStream(_split(call.body) if call.chunks is None else call.chunks)
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Any:
            started[:] = [(status, headers)]

        result = self._app(wsgi_environ(call, stream), start_response)
        try:
            body = b"".join(result)
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()
        status, headers = started[0]
        code, _, reason = status.partition(" ")
        return Answer(int(code), headers, body, stream.pulled, reason)


class CountingStream(io.RawIOBase):
    """A `wsgi.input` that never gives more than it is asked for, and counts."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""
        self.pulled = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = next(self._pieces, b"")
        piece, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(piece)] = piece
        self.pulled += len(piece)
        return len(piece)


def asgi_scope(call: Call) -> dict[str, Any]:
    """The scope as uvicorn makes it: path and raw_path both with root_path."""
    raw = call.root.encode() + call.path.encode("latin-1")
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": call.method,
        "scheme": call.scheme,
        "path": unquote_to_bytes(raw).decode("utf-8", "replace"),
        "raw_path": raw,
        "query_string": call.query.encode("latin-1"),
        "root_path": call.root,
        "headers": [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in call.pairs],
        "client": call.client,
        "server": ("127.0.0.1", 8000),
    }
    return _changed(scope, call)


def wsgi_environ(call: Call, stream: io.RawIOBase) -> dict[str, Any]:
    """The environ as gunicorn makes it, with REQUEST_URI as other servers have it."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": call.method,
        "SCRIPT_NAME": call.root,
        "PATH_INFO": unquote_to_bytes(call.path.encode("latin-1")).decode("latin-1"),
        "QUERY_STRING": call.query,
        "REQUEST_URI": call.root + call.target,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": call.client[0] if call.client else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": call.scheme,
        "wsgi.input": stream,
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in call.pairs:
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        glue = "; " if key == "HTTP_COOKIE" else ", "
        environ[key] = f"{environ[key]}{glue}{value}" if key in environ else value
    if call.chunks is not None:
        environ["wsgi.input_terminated"] = True
    return _changed(environ, call)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine on a fresh event loop."""
    return asyncio.run(work)


def _changed(made: dict[str, Any], call: Call) -> dict[str, Any]:
    for name, value in call.extra.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = value
    return made


def _split(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 100):
        yield body[start : start + 100]
