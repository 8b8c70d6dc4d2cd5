"""What is particular to Starlette: mounts, middleware that reads first, its authentication."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from tests.adapters.apps import starlette_app
from tests.adapters.drivers import ASGIClient
from tests.adapters.echo import RENEWED, EchoAuth
from watchword.adapters.asgi import ASGIApp
from watchword.adapters.starlette import SessionBackend, SessionMiddleware, mount

FORM = [("Content-Type", "application/x-www-form-urlencoded")]
BODY = b"resource=a&resource=b"


async def read_body(request: Request, call_next: Any) -> Response:
    assert await request.body() == BODY
    return await call_next(request)


async def read_stream(request: Request, call_next: Any) -> Response:
    assert b"".join([piece async for piece in request.stream()]) == BODY
    return await call_next(request)


def behind(auth: EchoAuth, dispatch: Any) -> ASGIClient:
    return ASGIClient(starlette_app(auth, (Middleware(BaseHTTPMiddleware, dispatch=dispatch),)))


def test_a_body_that_a_middleware_has_read_is_not_lost(auth: EchoAuth) -> None:
    behind(auth, read_body).send("POST", "/api/auth/ok", FORM, body=BODY)
    assert auth.last.data == BODY


def test_a_body_that_a_middleware_has_consumed_is_refused(auth: EchoAuth) -> None:
    answer = behind(auth, read_stream).send("POST", "/api/auth/ok", FORM, body=BODY)
    assert answer.status == 400
    assert auth.script.seen == []


def test_renewed_cookies_pass_a_middleware_around(auth: EchoAuth) -> None:
    async def look(request: Request, call_next: Any) -> Response:
        return await call_next(request)

    answer = behind(auth, look).send("GET", "/me", [("Cookie", "user=alice; renew=1")])
    assert answer.all("set-cookie") == list(RENEWED)


def test_cors_may_stand_outside(auth: EchoAuth) -> None:
    cors = Middleware(
        CORSMiddleware,
        allow_origins=["https://spa.example.com"],
        allow_methods=["POST"],
        allow_credentials=True,
    )
    client = ASGIClient(starlette_app(auth, (cors,)))
    asked = [("Origin", "https://spa.example.com"), ("Access-Control-Request-Method", "POST")]
    assert client.send("OPTIONS", "/api/auth/ok", asked).status == 200
    assert auth.script.seen == []
    answer = client.send("POST", "/api/auth/ok", asked[:1])
    assert answer.all("access-control-allow-origin") == ["https://spa.example.com"]


def test_a_limit_of_the_application_is_the_applications_answer(auth: EchoAuth) -> None:
    app = Starlette(routes=[Mount("/", routes=[mount(auth)], max_body_size=10)])
    answer = ASGIClient(app).send("POST", "/api/auth/ok", FORM, chunks=[b"x" * 6] * 3)
    assert answer.status == 413
    assert auth.script.seen == []


@pytest.mark.parametrize("path", ["/v1/api/auth/a%2Fb", "/v1/api/auth//ok/", "/v1/api/auth"])
def test_below_a_mount_the_path_is_whole(path: str) -> None:
    auth = EchoAuth("/v1/api/auth")
    app = Starlette(routes=[Mount("/v1", routes=[mount(auth)])])
    ASGIClient(app).send("GET", path)
    assert auth.last.request.path == path


def test_the_plain_application_may_be_mounted(auth: EchoAuth) -> None:
    app = Starlette(routes=[Mount("/api/auth", app=ASGIApp(auth))])
    ASGIClient(app).send("GET", "/api/auth/a%2Fb/")
    assert auth.last.request.path == "/api/auth/a%2Fb/"


def test_a_root_path_of_the_server_belongs_to_the_base_path() -> None:
    auth = EchoAuth("/v1/api/auth")
    client = ASGIClient(starlette_app(auth))
    client.send("GET", "/api/auth/a%2Fb", root="/v1")
    assert auth.last.request.path == "/v1/api/auth/a%2Fb"
    assert client.send("GET", "/open", root="/v1").body == b"nobody"


def test_routes_beside_the_mount_are_the_applications(auth: EchoAuth) -> None:
    client = ASGIClient(starlette_app(auth))
    assert client.send("GET", "/api/authors").status == 404
    assert client.send("GET", "/open/").status == 307
    assert auth.script.seen == []


def test_the_lifespan_closes_the_server(auth: EchoAuth) -> None:
    with TestClient(starlette_app(auth)) as client:
        assert client.get("/open").text == "nobody"
        assert auth.script.closed == 0
    assert auth.script.closed == 1


def test_the_user_is_starlettes_own_kind(auth: EchoAuth) -> None:
    async def show(request: Request) -> Response:
        user = request.user
        assert request.auth.scopes == ["authenticated"]
        return PlainTextResponse(f"{user.display_name} {user.identity} {user.record.email}")

    app = Starlette(
        routes=[Route("/", show)], middleware=[Middleware(SessionMiddleware, auth=auth)]
    )
    answer = ASGIClient(app).send("GET", "/", [("Cookie", "user=alice")])
    assert answer.body == b"alice id-alice alice@example.com"


def test_the_backend_may_be_one_of_several(auth: EchoAuth) -> None:
    class KeyOrSession(AuthenticationBackend):
        async def authenticate(self, conn: HTTPConnection) -> Any:
            if conn.headers.get("x-key") == "k":
                return AuthCredentials(["robot"]), SimpleUser("robot")
            return await SessionBackend(auth).authenticate(conn)

    async def show(request: Request) -> Response:
        return PlainTextResponse(request.user.display_name)

    relay = Middleware(SessionMiddleware, auth=auth, backend=KeyOrSession())
    client = ASGIClient(Starlette(routes=[Route("/", show)], middleware=[relay]))
    assert client.send("GET", "/", [("X-Key", "k")]).body == b"robot"
    answer = client.send("GET", "/", [("Cookie", "user=alice; renew=1")])
    assert answer.body == b"alice"
    assert answer.all("set-cookie") == list(RENEWED)


def test_the_backend_alone_would_lose_cookies_and_says_so(auth: EchoAuth) -> None:
    bare = Middleware(AuthenticationMiddleware, backend=SessionBackend(auth))
    app = Starlette(routes=[mount(auth)], middleware=[bare])
    with pytest.raises(RuntimeError, match="session middleware"):
        ASGIClient(app).send("GET", "/")
