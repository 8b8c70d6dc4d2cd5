"""Routes of the application burn the grants of plugin `ActionToken`, in every adapter."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

import fastapi
import flask
import litestar
import pytest
import quart
from django.http import HttpRequest, HttpResponse
from django.urls import path as django_path
from django.views.decorators.csrf import csrf_exempt
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.adapters.drivers import ASGIClient, Client, WSGIClient
from tests.adapters.test_whole_server import DAY, SIGN_UP, Visitor
from tests.support.browser import Clock
from tests.support.django_project import DjangoClient
from tests.support.litestar_app import LitestarApp
from watchword import APIError, Auth, testing
from watchword.adapters import django as on_django
from watchword.adapters import fastapi as on_fastapi
from watchword.adapters import flask as on_flask
from watchword.adapters import litestar as on_litestar
from watchword.adapters import quart as on_quart
from watchword.adapters import starlette as on_starlette
from watchword.adapters.asgi import Message, Receive, Scope, Send, WatchwordMiddleware
from watchword.adapters.asgi import consume_action_token as consume_on_asgi
from watchword.adapters.wsgi import WSGIApp
from watchword.adapters.wsgi import consume_action_token as consume_on_wsgi
from watchword.plugins import ActionToken
from watchword.records import User

WIPE = "data-wipe"


def on_plain_wsgi(auth: Auth[User]) -> Client:
    server = WSGIApp(auth)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(auth.base_path):
            return server(environ, start_response)
        try:
            consume_on_wsgi(auth, environ, WIPE)
        except APIError as refusal:
            start_response(f"{refusal.status} Refused", [])
            return [json.dumps(refusal.body).encode()]
        start_response("200 OK", [])
        return [b"wiped"]

    return WSGIClient(app)


def on_plain_asgi(auth: Auth[User]) -> Client:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        status, body = 200, b"wiped"
        try:
            await consume_on_asgi(auth, scope, WIPE)
        except APIError as refusal:
            status, body = refusal.status, json.dumps(refusal.body).encode()
        start: Message = {"type": "http.response.start", "status": status, "headers": []}
        await send(start)
        await send({"type": "http.response.body", "body": body})

    return ASGIClient(WatchwordMiddleware(app, auth))


def on_flask_app(auth: Auth[User]) -> Client:
    app = flask.Flask("app")
    on_flask.Watchword(auth, app)

    @app.post("/wipe")
    @on_flask.action_required(WIPE)
    def wipe() -> str:
        return "wiped"

    assert callable(wipe)
    return WSGIClient(app)


def on_quart_app(auth: Auth[User]) -> Client:
    app = quart.Quart("app")
    on_quart.Watchword(auth, app)

    @app.post("/wipe")
    @on_quart.action_required(WIPE)
    async def wipe() -> str:
        return "wiped"

    assert callable(wipe)
    return ASGIClient(app)


def on_starlette_app(auth: Auth[User]) -> Client:
    @on_starlette.action_required(auth, WIPE)
    async def wipe(request: Request) -> Response:
        return PlainTextResponse("wiped")

    routes = [on_starlette.mount(auth), Route("/wipe", wipe, methods=["POST"])]
    relay = Middleware(on_starlette.SessionMiddleware, auth=auth)
    return ASGIClient(Starlette(routes=routes, middleware=[relay]))


def on_fastapi_app(auth: Auth[User]) -> Client:
    app = fastapi.FastAPI()
    on_fastapi.mount(app, auth)
    confirmed = fastapi.Depends(on_fastapi.ActionConfirmed(auth, WIPE))

    @app.post("/wipe", dependencies=[confirmed], response_class=PlainTextResponse)
    async def wipe() -> str:
        return "wiped"

    assert callable(wipe)
    return ASGIClient(app)


def on_litestar_app(auth: Auth[User]) -> Client:
    guards = [on_litestar.requires_action(WIPE)]

    @litestar.post("/wipe", guards=guards, status_code=200, media_type="text/plain")
    async def wipe() -> str:
        return "wiped"

    plugin = on_litestar.WatchwordPlugin(auth)
    return ASGIClient(LitestarApp([wipe], plugins=[plugin], openapi_config=None))


def on_django_app(auth: Auth[User]) -> Client:
    def wipe(request: HttpRequest) -> HttpResponse:
        return HttpResponse("wiped")

    guarded = csrf_exempt(on_django.action_required(WIPE)(wipe))
    return DjangoClient(auth, [django_path("wipe", guarded)])


def on_django_asgi_app(auth: Auth[User]) -> Client:
    async def wipe(request: HttpRequest) -> HttpResponse:
        return HttpResponse("wiped")

    guarded = on_django.action_required(WIPE, auth=auth)(wipe)
    return DjangoClient(auth, [django_path("wipe", guarded)], asynchronous=True)


SERVERS: dict[str, Callable[[Auth[User]], Client]] = {
    "wsgi": on_plain_wsgi,
    "asgi": on_plain_asgi,
    "flask": on_flask_app,
    "quart": on_quart_app,
    "starlette": on_starlette_app,
    "fastapi": on_fastapi_app,
    "litestar": on_litestar_app,
    "django": on_django_app,
    "django-asgi": on_django_asgi_app,
}


@dataclass
class Application:
    """An application with one guarded route, one visitor, and the mails."""

    visitor: Visitor
    sent: Callable[[], testing.Outbox]

    def confirm(self, type: str = WIPE) -> None:
        send = self.visitor.send("POST", "/api/auth/one-time-token/send-token", {"type": type})
        assert send.status == 200
        body = {"token": self.sent().last().code, "type": type}
        assert (
            self.visitor.send("POST", "/api/auth/one-time-token/verify-token", body).status == 200
        )

    def wipe(self) -> tuple[int, bytes]:
        answer = self.visitor.send("POST", "/wipe")
        return answer.status, answer.body


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=SERVERS)
def app(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Application]:
    outbox = testing.Outbox()
    auth = testing.auth(
        database=f"sqlite:///{tmp_path / 'app.db'}",
        base_url="http://app.example.com",
        plugins=[ActionToken(send_token=outbox.send, require_verified_email=False)],
        clock=clock,
    )
    client = SERVERS[request.param](auth)
    with asyncio.Runner() as runner:
        if isinstance(client, ASGIClient | DjangoClient):
            client.run = runner.run
        yield Application(Visitor(client), lambda: runner.run(outbox.settled()))
        runner.run(auth.close())
        auth.blocking.close()


def code_of(body: bytes) -> str:
    """The error code, wherever the framework puts extra fields."""
    found = json.loads(body)
    parts = (found, found.get("detail"), found.get("extra"))
    return next(part["code"] for part in parts if isinstance(part, dict) and "code" in part)


def test_nobody_is_refused(app: Application) -> None:
    assert app.wipe()[0] == 401


def test_m1_a_grant_opens_a_route_once(app: Application) -> None:
    app.visitor.send("POST", "/api/auth/sign-up/email", SIGN_UP)
    status, body = app.wipe()
    assert (status, code_of(body)) == (403, "ACTION_CONFIRMATION_REQUIRED")
    app.confirm()
    assert app.wipe() == (200, b"wiped")
    assert app.wipe()[0] == 403


def test_a_grant_for_another_action_opens_nothing(app: Application) -> None:
    app.visitor.send("POST", "/api/auth/sign-up/email", SIGN_UP)
    app.confirm("something-else")
    assert app.wipe()[0] == 403


def test_a_session_that_is_renewed_on_the_way_reaches_the_browser(
    app: Application, clock: Clock, request: pytest.FixtureRequest
) -> None:
    app.visitor.send("POST", "/api/auth/sign-up/email", SIGN_UP)
    clock.forward(2 * DAY)
    answer = app.visitor.send("POST", "/wipe")
    assert answer.status == 403
    plain = request.node.callspec.params["app"] == "wsgi"
    # Without the middleware nobody relays cookies: nothing may be renewed behind one's back.
    assert len(answer.all("set-cookie")) == (0 if plain else 1)
    found = app.visitor.send("GET", "/api/auth/get-session")
    assert len(found.all("set-cookie")) == (1 if plain else 0)
