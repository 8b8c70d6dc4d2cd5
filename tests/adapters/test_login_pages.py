"""Guards that send browsers to a login page, in every framework: with the way back, if there is one
that the browser could go by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import fastapi
import flask
import litestar
import pytest
import quart
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from tests.adapters.drivers import ASGIClient, Client, Pairs, WSGIClient
from tests.adapters.echo import EchoAuth
from tests.adapters.sockets import talk
from tests.support.litestar_app import LitestarApp
from watchword.adapters import fastapi as on_fastapi
from watchword.adapters import flask as on_flask
from watchword.adapters import litestar as on_litestar
from watchword.adapters import quart as on_quart
from watchword.adapters import starlette as on_starlette

LOGIN = "/sign-in?lang=de#form"
METHODS = ["GET", "POST", "PUT"]


def in_flask(auth: EchoAuth) -> Client:
    app = flask.Flask("app")
    app.url_map.merge_slashes = False
    on_flask.Watchword(auth, app)
    view = on_flask.login_required(login_url=LOGIN)(lambda rest="": "in")
    app.add_url_rule("/<path:rest>", "any", view, methods=METHODS)
    return WSGIClient(app)


def in_quart(auth: EchoAuth) -> Client:
    app = quart.Quart("app")
    app.url_map.merge_slashes = False
    on_quart.Watchword(auth, app)

    async def page(rest: str = "") -> str:
        return "in"

    guarded = on_quart.login_required(login_url=LOGIN)(page)
    app.add_url_rule("/<path:rest>", "any", guarded, methods=METHODS)
    app.add_websocket("/<path:rest>", "socket", view_func=guarded)
    return ASGIClient(app)


def in_starlette(auth: EchoAuth) -> Client:
    async def page(_: Request) -> Response:
        return PlainTextResponse("in")

    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()

    guard = on_starlette.login_required(auth, LOGIN)
    routes = [
        on_starlette.mount(auth),
        Route("/{rest:path}", guard(page), methods=METHODS),
        WebSocketRoute("/{rest:path}", guard(socket)),
    ]
    relay = Middleware(on_starlette.SessionMiddleware, auth=auth)
    return ASGIClient(Starlette(routes=routes, middleware=[relay]))


def in_fastapi(auth: EchoAuth) -> Client:
    app = fastapi.FastAPI()
    on_fastapi.mount(app, auth)
    needed = fastapi.Depends(on_fastapi.CurrentUser(auth, login_url=LOGIN))

    async def page(user: Any = needed) -> str:
        return "in"

    async def socket(websocket: fastapi.WebSocket, user: Any = needed) -> None:
        await websocket.accept()

    app.add_api_route("/{rest:path}", page, methods=METHODS)
    app.add_api_websocket_route("/{rest:path}", socket)
    return ASGIClient(app)


def in_litestar(auth: EchoAuth) -> Client:
    guards: Any = [on_litestar.requires_login(LOGIN)]

    @litestar.route("/{rest:path}", http_method=["GET", "POST", "PUT"], guards=guards)
    async def page() -> str:
        return "in"

    @litestar.websocket("/ws", guards=guards)
    async def socket(socket: litestar.WebSocket[Any, Any, Any]) -> None:
        await socket.accept()

    plugin = on_litestar.WatchwordPlugin(auth)
    return ASGIClient(LitestarApp([page, socket], plugins=[plugin], openapi_config=None))


FRAMEWORKS: dict[str, Callable[[EchoAuth], Client]] = {
    "flask": in_flask,
    "quart": in_quart,
    "starlette": in_starlette,
    "fastapi": in_fastapi,
    "litestar": in_litestar,
}


@pytest.fixture(params=FRAMEWORKS)
def client(request: pytest.FixtureRequest, auth: EchoAuth) -> Client:
    return FRAMEWORKS[request.param](auth)


def next_of(client: Client, target: str, headers: Pairs = (), method: str = "GET") -> str | None:
    """What the login page is told of where somebody was."""
    answer = client.send(method, target, headers)
    assert answer.status == 302, answer.body
    (location,) = answer.all("location")
    found = urlsplit(location)
    assert (found.scheme, found.netloc, found.path, found.fragment) == ("", "", "/sign-in", "form")
    query = parse_qs(found.query)
    assert query.pop("lang") == ["de"]
    given = query.pop("next", [None])
    assert query == {}
    assert len(given) == 1
    return given[0]


@pytest.mark.parametrize(
    "target",
    [
        "/account",
        "/account?tab=1&of=%C3%A4",
        "/a%2Fb?next=/evil&next=x",
        "/account?q=%0d%0aset-cookie:%20a=b",
        "/account?to=//evil.example",
    ],
)
def test_a_page_is_gone_back_to(client: Client, target: str) -> None:
    expected = None if "%2F" in target.partition("?")[0] else target
    assert next_of(client, target) == expected
    navigating = [("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")]
    assert next_of(client, target, navigating) == expected


@pytest.mark.parametrize("mode", ["cors", "no-cors", "same-origin", "websocket", "x" * 10_000])
def test_what_a_script_asked_for_is_no_page(client: Client, mode: str) -> None:
    assert next_of(client, "/account", [("Sec-Fetch-Mode", mode)]) is None
    assert next_of(client, "/account", [("X-Requested-With", "XMLHttpRequest")]) is None


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_form_is_not_sent_again(client: Client, method: str) -> None:
    assert next_of(client, "/account", method=method) is None


@pytest.mark.parametrize("target", ["/" + "a" * 3000, "/account?" + "a=b&" * 1000])
def test_long_ways_are_not_remembered(client: Client, target: str) -> None:
    assert next_of(client, target) is None


@pytest.mark.parametrize("name", [name for name in FRAMEWORKS if name != "litestar"])
@pytest.mark.parametrize("target", ["//evil.example/x", "//evil.example", "/%5Cevil.example"])
def test_a_path_that_leads_elsewhere_is_nobodys_way_back(
    auth: EchoAuth, name: str, target: str
) -> None:
    """A link `https://app.example.com//evil.example` to a page of ours: a browser that is sent to
    its path goes to another site."""
    answer = FRAMEWORKS[name](auth).send("GET", target)
    assert all("evil" not in location for location in answer.all("location"))


def test_a_login_page_behind_its_own_guard_sends_nobody_in_circles(client: Client) -> None:
    assert client.send("GET", "/sign-in").status == 401
    assert client.send("GET", "/sign-in?next=%2F").status == 401


@pytest.mark.parametrize("name", [name for name in FRAMEWORKS if name != "flask"])
def test_web_sockets_are_refused_and_sent_nowhere(auth: EchoAuth, name: str) -> None:
    client = FRAMEWORKS[name](auth)
    assert isinstance(client, ASGIClient)
    heard = talk(client, "/ws")
    assert not heard.accepted
    assert (heard.denial or heard.closed) in ((401, "UNAUTHORIZED"), (1008, "UNAUTHORIZED"))


def test_whoever_is_signed_in_is_let_in(client: Client) -> None:
    assert client.send("GET", "/account", [("Cookie", "user=al")]).body.strip(b'"') == b"in"
