"""A server that trio runs here is told so, at its start or at the first request, and by name."""

from __future__ import annotations

from typing import Any

import fastapi
import pytest

from tests.adapters.drivers import Call, asgi_scope
from tests.support.browser import SECRET
from watchword import Auth
from watchword.adapters import fastapi as on_fastapi
from watchword.adapters.asgi import ASGIApp
from watchword.runtime.loops import WrongLoop

trio = pytest.importorskip("trio")


@pytest.fixture
def auth() -> Auth[Any]:
    return Auth(secret=SECRET, base_url="https://app.example.com", environ={})


async def receive() -> dict[str, Any]:
    return {"type": "lifespan.startup"}


def test_the_start_fails(auth: Auth[Any]) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    trio.run(ASGIApp(auth), {"type": "lifespan"}, receive, send)
    assert sent[0]["type"] == "lifespan.startup.failed"
    assert "trio runs here" in sent[0]["message"]


def test_the_start_of_a_framework_fails(auth: Auth[Any]) -> None:
    app = fastapi.FastAPI(lifespan=on_fastapi.lifespan(auth))
    on_fastapi.mount(app, auth)
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    with pytest.raises(WrongLoop, match="--worker-class asyncio"):
        trio.run(app, {"type": "lifespan", "app": app}, receive, send)
    assert sent[0]["type"] == "lifespan.startup.failed"


def test_without_a_lifespan_the_first_request_says_it(auth: Auth[Any]) -> None:
    async def send(message: Any) -> None:
        raise AssertionError(message)

    scope = asgi_scope(Call("GET", "/api/auth/get-session"))
    with pytest.raises(WrongLoop, match="trio runs here"):
        trio.run(ASGIApp(auth), scope, receive, send)
