"""An application below a prefix (`/shop`): the whole base path is that of `base_url`.

Servers and proxies say the prefix as `root_path` or SCRIPT_NAME; the frameworks that route by what
is left of the path are told so (`path=`).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.adapters.drivers import ASGIClient, Client
from tests.adapters.prefixed import (
    OUTER,
    PREFIX,
    in_django,
    in_django_asgi,
    in_fastapi,
    in_flask,
    in_litestar,
    in_quart,
    in_starlette,
    mailing_server,
    on_asgi,
    on_asgi_middleware,
    on_wsgi,
)
from tests.support.django_project import DjangoClient
from watchword import Auth, testing
from watchword.adapters import starlette as on_starlette

ADA = {"name": "Ada", "email": "ada@example.com", "password": "password1234"}
SERVERS = (
    *(on_asgi, on_asgi_middleware, on_wsgi, in_flask, in_quart, in_starlette, in_fastapi),
    *(in_litestar, in_django, in_django_asgi),
)


@pytest.fixture
def outbox() -> testing.Outbox:
    return testing.Outbox()


@pytest.fixture
def auth(tmp_path: Path, outbox: testing.Outbox) -> Iterator[Auth[Any]]:
    with mailing_server(tmp_path, outbox, base_path="/api/auth") as made:
        yield made


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as one:
        yield one


def sign_up(client: Client, root: str) -> tuple[int, list[str]]:
    headers = [("content-type", "application/json"), ("origin", "https://app.example.com")]
    answer = client.send(
        "POST",
        "/api/auth/sign-up/email",
        headers,
        body=json.dumps(ADA).encode(),
        root=root,
        scheme="https",
    )
    return answer.status, answer.all("set-cookie")


@pytest.mark.parametrize("server", SERVERS)
def test_below_a_prefix_everything_answers_and_links_lead_there(
    auth: Auth[Any],
    outbox: testing.Outbox,
    runner: asyncio.Runner,
    server: Callable[[Auth[Any]], Client],
) -> None:
    client = server(auth)
    if isinstance(client, ASGIClient | DjangoClient):
        client.run = runner.run
    status, cookies = sign_up(client, PREFIX)
    assert (status, len(cookies)) == (200, 1)
    cookie = cookies[0].partition(";")[0]
    session = client.send("GET", "/api/auth/get-session", [("cookie", cookie)], root=PREFIX)
    assert json.loads(session.body)["user"]["email"] == ADA["email"]

    (link,) = runner.run(outbox.settled()).links
    assert link.startswith(f"{OUTER}/verify-email?token=")
    path = link.removeprefix("https://app.example.com/shop")
    opened = client.send("GET", path, root=PREFIX, scheme="https")
    assert opened.status == 302
    runner.run(auth.close())


def test_below_a_mount_of_the_framework_itself(auth: Auth[Any]) -> None:
    inner = Starlette(routes=[on_starlette.mount(auth)])
    client = ASGIClient(Starlette(routes=[Mount(PREFIX, inner)]))
    answer = client.send("GET", f"{PREFIX}/api/auth/ok", scheme="https")
    assert (answer.status, answer.body) == (200, b'{"ok":true}')
