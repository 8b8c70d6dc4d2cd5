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

import fastapi
import flask
import litestar
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.adapters.drivers import ASGIClient, Client, WSGIClient
from tests.support.browser import SECRET
from watchword import Auth, EmailAndPassword, EmailVerification, Mail
from watchword.adapters import fastapi as on_fastapi
from watchword.adapters import flask as on_flask
from watchword.adapters import litestar as on_litestar
from watchword.adapters import starlette as on_starlette
from watchword.adapters.asgi import ASGIApp, WatchwordMiddleware
from watchword.adapters.wsgi import WSGIApp
from watchword.crypto.passwords import Argon2Cost

PREFIX = "/shop"
OUTER = "https://app.example.com/shop/api/auth"
ADA = {"name": "Ada", "email": "ada@example.com", "password": "password1234"}


def on_asgi(auth: Auth[Any]) -> Client:
    return ASGIClient(ASGIApp(auth))


def on_asgi_middleware(auth: Auth[Any]) -> Client:
    async def never(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("the request was passed on")

    return ASGIClient(WatchwordMiddleware(never, auth))


def on_wsgi(auth: Auth[Any]) -> Client:
    return WSGIClient(WSGIApp(auth))


def in_flask(auth: Auth[Any]) -> Client:
    app = flask.Flask("app")
    on_flask.Watchword(auth, app, path="/api/auth")
    return WSGIClient(app)


def in_starlette(auth: Auth[Any]) -> Client:
    return ASGIClient(Starlette(routes=[on_starlette.mount(auth)]))


def in_fastapi(auth: Auth[Any]) -> Client:
    app = fastapi.FastAPI()
    on_fastapi.mount(app, auth)
    return ASGIClient(app)


def in_litestar(auth: Auth[Any]) -> Client:
    plugin = on_litestar.WatchwordPlugin(auth, path="/api/auth")
    return ASGIClient(litestar.Litestar([], plugins=[plugin], openapi_config=None))


SERVERS = (on_asgi, on_asgi_middleware, on_wsgi, in_flask, in_starlette, in_fastapi, in_litestar)


@pytest.fixture
def outbox() -> list[Mail]:
    return []


@pytest.fixture
def auth(tmp_path: Path, outbox: list[Mail]) -> Iterator[Auth[Any]]:
    made = Auth(
        database=f"sqlite:///{tmp_path}/test.db",
        secret=SECRET,
        base_url=OUTER,
        base_path="/api/auth",
        email_and_password=EmailAndPassword(
            enabled=True, argon2_cost=Argon2Cost(memory=64, passes=1, lanes=1)
        ),
        email_verification=EmailVerification(
            send_verification_email=lambda mail, request: outbox.append(mail),
            send_on_sign_up=True,
        ),
        environ={},
    )
    made.blocking.migrate()
    yield made
    made.blocking.close()


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
    outbox: list[Mail],
    runner: asyncio.Runner,
    server: Callable[[Auth[Any]], Client],
) -> None:
    client = server(auth)
    if isinstance(client, ASGIClient):
        client.run = runner.run
    status, cookies = sign_up(client, PREFIX)
    assert (status, len(cookies)) == (200, 1)
    cookie = cookies[0].partition(";")[0]
    session = client.send("GET", "/api/auth/get-session", [("cookie", cookie)], root=PREFIX)
    assert json.loads(session.body)["user"]["email"] == ADA["email"]

    # In either world: background work is finished.
    auth.blocking.close()
    runner.run(auth.close())
    (mail,) = outbox
    assert mail.url.startswith(f"{OUTER}/verify-email?token=")
    path = mail.url.removeprefix("https://app.example.com/shop")
    opened = client.send("GET", path, root=PREFIX, scheme="https")
    assert opened.status == 302


def test_below_a_mount_of_the_framework_itself(auth: Auth[Any]) -> None:
    inner = Starlette(routes=[on_starlette.mount(auth)])
    client = ASGIClient(Starlette(routes=[Mount(PREFIX, inner)]))
    answer = client.send("GET", f"{PREFIX}/api/auth/ok", scheme="https")
    assert (answer.status, answer.body) == (200, b'{"ok":true}')
