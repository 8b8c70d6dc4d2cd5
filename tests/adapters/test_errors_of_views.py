"""An `APIError` that the application's own code raises is answered as the server's are."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast
from wsgiref.types import StartResponse, WSGIEnvironment

import fastapi
import flask
import litestar
import pytest
import quart
from django.urls import path as django_path
from litestar.middleware import DefineMiddleware
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.adapters.drivers import Answer, ASGIClient, Client, WSGIClient
from tests.adapters.echo import EchoAuth
from tests.adapters.entitled import RAISES, error, fastapi_app, starlette_routes
from tests.adapters.entitled import SERVERS as APPLICATIONS
from tests.support.django_project import DjangoClient
from tests.support.litestar_app import LitestarApp
from watchword import APIError, Auth
from watchword.adapters import asgi as plain_asgi
from watchword.adapters import fastapi as on_fastapi
from watchword.adapters import flask as on_flask
from watchword.adapters import litestar as on_litestar
from watchword.adapters import quart as on_quart
from watchword.adapters import starlette as on_starlette
from watchword.adapters import wsgi as plain_wsgi
from watchword.adapters.asgi import Receive, Scope, Send
from watchword.adapters.django import WatchwordRequest
from watchword.errors import Overloaded, Redirect
from watchword.plugins import Admin
from watchword.records import User

SESSION = [("Cookie", "user=al; renew=1")]


@pytest.fixture
def server() -> Iterator[Auth[User]]:
    from tests.adapters.test_rights import ROLES

    auth: Auth[User] = Auth(
        database="sqlite://", secret="s" * 40, plugins=[Admin(roles=ROLES)], environ={}
    )
    yield auth
    auth.blocking.close()


def assert_answers(answer: Answer) -> None:
    assert answer.status == 418
    assert json.loads(answer.body) == {"message": "Short and stout", "code": "TEAPOT", "spouts": 1}
    assert answer.all("content-type") == ["application/json"]
    assert answer.all("retry-after") == ["7"]
    assert answer.all("content-length") == [str(len(answer.body))]
    assert answer.all("set-cookie") == ["a=1", "b=2x: y"]


def test_it_says_what_it_is() -> None:
    assert str(APIError(403, "FORBIDDEN", "You may not do this")) == (
        "403 FORBIDDEN: You may not do this"
    )
    assert str(APIError(401)) == "401"
    assert str(APIError(400, None, "Odd")) == "400 Odd"
    assert str(APIError(400, "ODD")) == "400 ODD"


@pytest.mark.parametrize("name", APPLICATIONS)
def test_in_a_view(name: str, server: Auth[User]) -> None:
    client = APPLICATIONS[name](server)
    assert_answers(client.send("GET", RAISES))


# one application each, around something that raises


def flask_with(auth: Auth[Any], work: Callable[[], Any]) -> Client:
    app = flask.Flask("app")
    on_flask.Watchword(auth, app)
    app.add_url_rule("/", view_func=work)
    return WSGIClient(app)


def quart_with(auth: Auth[Any], work: Callable[[], Any]) -> Client:
    app = quart.Quart("app")
    on_quart.Watchword(auth, app)
    app.add_url_rule("/", view_func=work)
    return ASGIClient(app)


def starlette_with(auth: Auth[Any], work: Callable[[], object]) -> Client:
    async def page(_: Request) -> Any:
        return work()

    relay = Middleware(on_starlette.SessionMiddleware, auth=auth)
    return ASGIClient(
        Starlette(routes=[on_starlette.mount(auth), Route("/", page)], middleware=[relay])
    )


def fastapi_with(auth: Auth[Any], work: Callable[[], object]) -> Client:
    app = fastapi.FastAPI()
    on_fastapi.mount(app, auth)
    app.add_api_route("/", work, response_model=None)
    return ASGIClient(app)


def litestar_with(auth: Auth[Any], work: Callable[[], object]) -> Client:
    @litestar.get("/")
    async def page() -> Any:
        return work()

    return ASGIClient(LitestarApp([page], plugins=[on_litestar.WatchwordPlugin(auth)]))


def wsgi_with(auth: Auth[Any], work: Callable[[], object]) -> Client:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        plain_wsgi.checked_of(auth, environ)
        work()
        return []

    return WSGIClient(plain_wsgi.WatchwordMiddleware(app, auth))


def asgi_with(auth: Auth[Any], work: Callable[[], object]) -> Client:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await plain_asgi.checked_of(auth, scope)
        work()

    return ASGIClient(plain_asgi.WatchwordMiddleware(app, auth))


def django_with(auth: Auth[Any], work: Callable[[], Any]) -> Client:
    def page(request: WatchwordRequest[Any]) -> Any:
        request.watchword.checked()
        return work()

    return DjangoClient(auth, [django_path("", page)])


def django_asgi_with(auth: Auth[Any], work: Callable[[], Any]) -> Client:
    async def page(request: WatchwordRequest[Any]) -> Any:
        await request.watchword.achecked()
        return work()

    return DjangoClient(auth, [django_path("", page)], asynchronous=True)


FRAMEWORKS = {
    "flask": flask_with,
    "quart": quart_with,
    "starlette": starlette_with,
    "fastapi": fastapi_with,
    "litestar": litestar_with,
    "wsgi": wsgi_with,
    "asgi": asgi_with,
    "django": django_with,
    "django-asgi": django_asgi_with,
}


def raising(found: Exception) -> Callable[[], Any]:
    def work() -> Any:
        raise found

    return work


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_kinds_of_it(name: str, auth: EchoAuth) -> None:
    make = FRAMEWORKS[name]
    bare = make(auth, raising(APIError(403))).send("GET", "/")
    assert (bare.status, bare.body) == (403, b"")
    gone = make(auth, raising(Redirect("/elsewhere"))).send("GET", "/")
    assert (gone.status, gone.all("location"), gone.body) == (302, ["/elsewhere"], b"")
    full = make(auth, raising(Overloaded(3))).send("GET", "/")
    assert (full.status, full.all("retry-after")) == (503, ["3"])


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_what_else_is_raised_is_the_frameworks_affair(name: str, auth: EchoAuth) -> None:
    try:
        answer = FRAMEWORKS[name](auth, raising(KeyError("secret"))).send("GET", "/")
    except KeyError:
        assert name in ("starlette", "fastapi", "wsgi", "asgi")
    else:
        assert answer.status == 500
        assert b"secret" not in answer.body


@pytest.mark.parametrize("name", ["wsgi", "asgi", "starlette", "django", "django-asgi"])
def test_a_renewed_session_reaches_the_browser_beside_it(name: str, auth: EchoAuth) -> None:
    answer = FRAMEWORKS[name](auth, raising(error())).send("GET", "/", SESSION)
    assert answer.status == 418
    assert answer.all("set-cookie")[0].startswith("session_token=renewed")
    assert answer.all("set-cookie")[2:] == ["a=1", "b=2x: y"]


# the application's own handlers


def test_a_handler_of_a_flask_application_wins(auth: EchoAuth) -> None:
    def own(found: Exception) -> tuple[str, int]:
        return f"own: {found}", 400

    for early in (True, False):
        app = flask.Flask("app")
        if early:
            app.register_error_handler(APIError, own)
        on_flask.Watchword(auth, app)
        if not early:
            app.register_error_handler(APIError, own)
        app.add_url_rule("/", view_func=raising(error()))
        answer = WSGIClient(app).send("GET", "/")
        assert (answer.status, answer.body) == (400, b"own: 418 TEAPOT: Short and stout")


@pytest.mark.parametrize("early", [True, False])
def test_a_handler_of_a_quart_application_wins(auth: EchoAuth, early: bool) -> None:
    async def own(found: Exception) -> tuple[str, int]:
        return f"own: {found}", 400

    app = quart.Quart("app")
    if early:
        app.register_error_handler(APIError, own)
    on_quart.Watchword(auth, app)
    if not early:
        app.register_error_handler(APIError, own)
    app.add_url_rule("/", view_func=raising(error()))
    answer = ASGIClient(app).send("GET", "/")
    assert (answer.status, answer.body) == OWN


def test_a_handler_for_everything_does_not(auth: EchoAuth) -> None:
    app = flask.Flask("app")
    on_flask.Watchword(auth, app)
    app.register_error_handler(Exception, lambda found: ("everything", 500))
    app.add_url_rule("/", view_func=raising(error()))
    assert_answers(WSGIClient(app).send("GET", "/"))


def own_asgi(_: Any, found: Exception) -> Response:
    return PlainTextResponse(f"own: {found}", 400)


OWN = (400, b"own: 418 TEAPOT: Short and stout")


def test_a_handler_of_a_starlette_application_wins(server: Auth[User]) -> None:
    app = Starlette(
        routes=[on_starlette.mount(server), *starlette_routes(server)],
        middleware=[Middleware(on_starlette.SessionMiddleware, auth=server)],
        exception_handlers={APIError: own_asgi},
    )
    with asyncio.Runner() as runner:
        client = ASGIClient(app)
        client.run = runner.run
        answer = client.send("GET", RAISES)
        assert (answer.status, answer.body) == OWN
        refused = client.send("GET", "/admin")
        assert (refused.status, refused.body) == (400, b"own: 401 UNAUTHORIZED: Sign in first")
        runner.run(server.close())


@pytest.mark.parametrize("early", [True, False])
def test_a_handler_of_a_fastapi_application_wins(auth: EchoAuth, early: bool) -> None:
    app = fastapi.FastAPI(exception_handlers=cast("Any", {APIError: own_asgi} if early else {}))
    on_fastapi.mount(app, auth)
    if not early:
        app.add_exception_handler(APIError, own_asgi)
    app.add_api_route("/", raising(error()), response_model=None)
    answer = ASGIClient(app).send("GET", "/")
    assert (answer.status, answer.body) == OWN


@pytest.mark.parametrize("layer", ["application", "handler"])
def test_a_handler_of_a_litestar_application_wins(auth: EchoAuth, layer: str) -> None:
    def own(_: Any, found: Exception) -> litestar.Response[str]:
        return litestar.Response(f"own: {found}", status_code=400, media_type="text/plain")

    handlers: dict[str, Any] = {"exception_handlers": {APIError: own}}

    @litestar.get("/", **(handlers if layer == "handler" else {}))
    async def page() -> str:
        raise error()

    more = handlers if layer == "application" else {}
    app = LitestarApp([page], plugins=[on_litestar.WatchwordPlugin(auth)], **more)
    answer = ASGIClient(app).send("GET", "/")
    assert (answer.status, answer.body) == OWN


def test_a_handler_of_litestar_for_500_is_not_asked(auth: EchoAuth) -> None:
    @litestar.get("/")
    async def page() -> str:
        raise error()

    def own(_: Any, found: Exception) -> litestar.Response[str]:
        return litestar.Response("500", status_code=500)

    plugin = on_litestar.WatchwordPlugin(auth)
    app = LitestarApp([page], plugins=[plugin], exception_handlers={500: own})
    assert_answers(ASGIClient(app).send("GET", "/"))


# applications within, and middleware


async def fail(scope: Scope, receive: Receive, send: Send) -> None:
    raise error()


def test_in_an_application_within_starlette(auth: EchoAuth) -> None:
    def page(_: Request) -> Response:
        raise error()

    for debug in (True, False):
        inner = Starlette(routes=[Route("/", page)], debug=debug)
        deep = Starlette(routes=[Mount("/b", inner)])
        app = Starlette(
            routes=[on_starlette.mount(auth), Mount("/a", deep)],
            middleware=[Middleware(on_starlette.SessionMiddleware, auth=auth)],
        )
        assert_answers(ASGIClient(app).send("GET", "/a/b/"))


def test_in_an_application_within_fastapi(server: Auth[User]) -> None:
    app, inner = fastapi.FastAPI(), fastapi.FastAPI()
    on_fastapi.mount(app, server)
    inner.add_api_route("/raises", raising(error()), response_model=None)
    needed = fastapi.Depends(on_fastapi.CurrentUser(server))
    inner.add_api_route("/me", lambda: "me", dependencies=[needed], response_model=None)
    app.mount("/in", inner)
    with asyncio.Runner() as runner:
        client = ASGIClient(app)
        client.run = runner.run
        assert_answers(client.send("GET", "/in/raises"))
        refused = client.send("GET", "/in/me")
        assert (refused.status, json.loads(refused.body)["code"]) == (401, "UNAUTHORIZED")
        runner.run(server.close())


def test_answers_of_500_of_its_own_go_out_unchanged(auth: EchoAuth) -> None:
    async def plain(_: Request) -> Response:
        return PlainTextResponse("broken", 500)

    async def streamed(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 500, "headers": []})
        await send({"type": "http.response.body", "body": b"bro", "more_body": True})
        await send({"type": "http.response.body", "body": b"ken"})

    def page(_: Request) -> Response:
        raise KeyError

    inner = Starlette(routes=[Route("/", page)])
    app = Starlette(
        routes=[Route("/plain", plain), Mount("/streamed", streamed), Mount("/in", inner)],
        middleware=[Middleware(on_starlette.SessionMiddleware, auth=auth)],
    )
    for path in ("/plain", "/streamed/"):
        answer = ASGIClient(app).send("GET", path)
        assert (answer.status, answer.body) == (500, b"broken")
    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.get("/in/").text == "Internal Server Error"


def test_what_has_begun_is_not_answered_twice(auth: EchoAuth) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise error()

    with pytest.raises(APIError):
        ASGIClient(plain_asgi.WatchwordMiddleware(app, auth)).send("GET", "/")

    def wsgi(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        yield b"begun"
        raise error()

    def start(status: str, headers: list[tuple[str, str]], failed: Any = None) -> Any:
        if failed is not None:
            raise failed[1]

    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "wsgi.url_scheme": "http"}
    answer = iter(plain_wsgi.WatchwordMiddleware(wsgi, auth)(environ, start))
    assert next(answer) == b"begun"
    with pytest.raises(APIError):
        next(answer)


async def dispatch(request: Request, call_next: Any) -> Response:
    raise error()


def test_in_middleware(auth: EchoAuth) -> None:
    relay = Middleware(on_starlette.SessionMiddleware, auth=auth)
    failing = Middleware(BaseHTTPMiddleware, dispatch=dispatch)
    assert_answers(ASGIClient(Starlette(middleware=[relay, failing])).send("GET", "/"))

    app = fastapi.FastAPI()
    app.add_middleware(BaseHTTPMiddleware, dispatch=dispatch)
    on_fastapi.mount(app, auth)
    assert_answers(ASGIClient(app).send("GET", "/"))

    @litestar.get("/")
    async def page() -> str:
        return "page"

    in_litestar = LitestarApp(
        [page],
        plugins=[on_litestar.WatchwordPlugin(auth)],
        middleware=[DefineMiddleware(cast("Any", lambda app: fail))],
    )
    assert_answers(ASGIClient(in_litestar).send("GET", "/"))

    in_flask = flask.Flask("app")
    on_flask.Watchword(auth, in_flask)
    in_flask.before_request(raising(error()))
    assert_answers(WSGIClient(in_flask).send("GET", "/"))

    in_quart = quart.Quart("app")
    on_quart.Watchword(auth, in_quart)
    in_quart.before_request(raising(error()))
    assert_answers(ASGIClient(in_quart).send("GET", "/"))


def test_in_a_dependency_behind_middleware_that_waits_for_the_answer(server: Auth[User]) -> None:
    app = fastapi_app(server)

    async def stamp(request: Request, call_next: Any) -> Response:
        answer = await call_next(request)
        answer.headers["x-stamp"] = "1"
        return answer

    app.add_middleware(BaseHTTPMiddleware, dispatch=stamp)
    answer = ASGIClient(app).send("GET", RAISES)
    assert_answers(answer)
    assert answer.all("x-stamp") == ["1"]


def test_in_web_sockets(auth: EchoAuth) -> None:
    async def early(websocket: WebSocket) -> None:
        raise error()

    async def late(websocket: WebSocket) -> None:
        await websocket.accept()
        raise error()

    routes = [WebSocketRoute("/early", early), WebSocketRoute("/late", late)]
    app = Starlette(
        routes=[on_starlette.mount(auth), *routes],
        middleware=[Middleware(on_starlette.SessionMiddleware, auth=auth)],
    )
    in_fastapi = fastapi.FastAPI()
    on_fastapi.mount(in_fastapi, auth)
    in_fastapi.router.routes += routes
    in_quart = quart.Quart("app")
    on_quart.Watchword(auth, in_quart)

    async def late_in_quart() -> None:
        await quart.websocket.accept()
        raise error()

    in_quart.add_websocket("/early", view_func=raising(error()))
    in_quart.add_websocket("/late", view_func=late_in_quart)
    every: list[Any] = [app, in_fastapi, in_quart]
    for one in every:
        client = TestClient(one)
        with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect("/early"):
            pass
        denied: Any = refused.value
        assert (denied.status_code, denied.json()["code"]) == (418, "TEAPOT")
        with (
            pytest.raises(WebSocketDisconnect) as closed,
            client.websocket_connect("/late") as socket,
        ):
            socket.receive_text()
        assert (closed.value.code, closed.value.reason) == (1008, "TEAPOT")
