"""Bodies as ASGI servers and test clients really send them: keys left out, empty pieces, no length.

By specification `body` defaults to nothing and `more_body` to false.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tests.adapters.apps import SERVERS
from tests.adapters.drivers import ASGIClient, Call, asgi_scope
from tests.adapters.echo import EchoAuth
from watchword.adapters.asgi import Message

FORM = b"a=1&a=2&b=%7Bx%7D"
ASGI_SERVERS = ("asgi", "asgi-middleware", "quart", "starlette", "fastapi", "litestar")


def piece(body: bytes, **more: bool) -> Message:
    return {"type": "http.request", "body": body, **more}


END: Message = {"type": "http.request", "body": b"", "more_body": False}
GONE: Message = {"type": "http.disconnect"}

WHOLE: dict[str, Sequence[Message]] = {
    # One message, and nothing said about others.
    "one-without-more_body": [piece(FORM)],
    # Quart's test client, and Hypercorn for every version of HTTP.
    "empty-last": [piece(FORM, more_body=True), END],
    "last-without-body": [piece(FORM, more_body=True), {"type": "http.request"}],
    # DATA frames of HTTP/2: of any size, empty ones too, and END_STREAM on one of its own.
    "frames": [
        piece(b"", more_body=True),
        piece(FORM[:1], more_body=True),
        piece(b"", more_body=True),
        piece(FORM[1:], more_body=True),
        piece(b"", more_body=True),
        {"type": "http.request", "more_body": False},
    ],
    "last-with-body": [piece(FORM[:5], more_body=True), piece(FORM[5:], more_body=False)],
}

HALF: dict[str, Sequence[Message]] = {
    "at-once": [GONE],
    "within": [piece(FORM[:5], more_body=True), GONE],
    "before-the-end-is-said": [piece(FORM, more_body=True), GONE],
}


def send(
    name: str, auth: EchoAuth, messages: Sequence[Message], headers: Sequence[tuple[str, str]] = ()
) -> tuple[int, int]:
    """The status, and how many messages were left. A wait for one more than there are fails."""
    client = SERVERS[name](auth)
    assert isinstance(client, ASGIClient)
    form = ("content-type", "application/x-www-form-urlencoded")
    scope = asgi_scope(Call("POST", "/api/auth/ok", [form, *headers]))
    # HTTP/2 has its own framing: neither a Content-Length nor a Transfer-Encoding need be there.
    scope["http_version"] = "2"
    left = list(messages)
    sent: list[Any] = []

    async def receive() -> Message:
        return left.pop(0)

    async def collect(message: Message) -> None:
        sent.append(message)

    async def serve() -> None:
        await client.serve(scope, receive, collect)

    asyncio.run(serve())
    return sent[0]["status"], len(left)


@pytest.mark.parametrize("name", ASGI_SERVERS)
@pytest.mark.parametrize("kind", WHOLE)
def test_the_body_arrives_whole_and_nothing_is_waited_for_behind_it(
    auth: EchoAuth, name: str, kind: str
) -> None:
    auth.script.reads = 2
    assert send(name, auth, WHOLE[kind]) == (200, 0)
    assert auth.last.data == FORM


@pytest.mark.parametrize("name", ASGI_SERVERS)
@pytest.mark.parametrize("last", [END, {"type": "http.request"}])
def test_no_body_without_a_length_is_empty(auth: EchoAuth, name: str, last: Message) -> None:
    assert send(name, auth, [last]) == (200, 0)
    assert auth.last.data == b""


@pytest.mark.parametrize("name", ASGI_SERVERS)
@pytest.mark.parametrize("kind", HALF)
def test_half_a_body_without_a_length_is_refused(auth: EchoAuth, name: str, kind: str) -> None:
    assert send(name, auth, HALF[kind]) == (400, 0)
    assert auth.script.seen == []


@pytest.mark.parametrize("name", ASGI_SERVERS)
def test_the_limit_holds_without_a_length(auth: EchoAuth, name: str) -> None:
    frames = [piece(b"x" * 600, more_body=True)] * 3
    assert send(name, auth, [*frames, END]) == (413, 2)


@pytest.mark.parametrize("name", ASGI_SERVERS)
def test_a_length_that_is_said_still_counts(auth: EchoAuth, name: str) -> None:
    short = [piece(FORM, more_body=True), END]
    assert send(name, auth, short, [("content-length", str(len(FORM) + 1))]) == (400, 0)
