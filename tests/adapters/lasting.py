"""Applications with what outlasts a request: a web socket, guarded ones, and a stream of events.

/chat      a web socket that answers with the address of who opened it, for as long as they may
/guarded   a web socket behind the framework's own guard
/open      a web socket for everybody, which says who is there
/events    a stream of what `source` gives
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import fastapi
import flask
import litestar
import quart
from litestar.di import NamedDependency
from litestar.response import Stream
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from tests.adapters.drivers import ASGIClient, Client, WSGIClient
from tests.support.litestar_app import LitestarApp
from watchword import Auth
from watchword.adapters import asgi as on_asgi
from watchword.adapters import fastapi as on_fastapi
from watchword.adapters import flask as on_flask
from watchword.adapters import litestar as on_litestar
from watchword.adapters import quart as on_quart
from watchword.adapters import starlette as on_starlette
from watchword.adapters import wsgi as on_wsgi
from watchword.adapters.asgi import Receive, Scope, Send

EVERY = 60
STREAM = "text/event-stream"

Source = Callable[[], Iterable[Any]]
"""What happens before each event; events are numbered."""


def lines(source: Source) -> Iterator[str]:
    for number, happens in enumerate(source()):
        happens()
        yield f"data: {number}\n\n"


async def async_lines(source: Source) -> AsyncIterator[str]:
    for line in lines(source):
        yield line


def plain_asgi(auth: Auth[Any], source: Source) -> Client:
    async def texts(receive: Receive) -> AsyncIterator[str]:
        while (message := await receive())["type"] != "websocket.disconnect":
            if message["type"] == "websocket.receive":
                yield message["text"]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/events":
            live = await on_asgi.live_session(auth, scope, every=EVERY)
            headers = [(b"content-type", STREAM.encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            async for line in live.through(async_lines(source)):
                body = line.encode()
                await send({"type": "http.response.body", "body": body, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
            return
        await receive()
        if scope["path"] == "/open":
            found = (await on_asgi.checked_of(auth, scope)).session
            await send({"type": "websocket.accept"})
            text = found.user.email if found else "nobody"
            await send({"type": "websocket.send", "text": text})
            return
        if scope["path"] == "/guarded":
            await on_asgi.require_fresh_session(auth, scope)
        live = await on_asgi.live_session(auth, scope, every=EVERY)
        await send({"type": "websocket.accept"})
        async for text in live.through(texts(receive)):
            await send({"type": "websocket.send", "text": f"{live.user.email}: {text}"})
        if live.is_over:
            await send({"type": "websocket.close", "code": 1008})

    return ASGIClient(on_asgi.WatchwordMiddleware(app, auth))


def in_starlette(auth: Auth[Any], source: Source) -> Client:
    async def chat(websocket: WebSocket) -> None:
        live = await on_starlette.live_session(auth, websocket, every=EVERY)
        await websocket.accept()
        async for text in live.through(websocket.iter_text()):
            await websocket.send_text(f"{live.user.email}: {text}")
        if live.is_over:
            await websocket.close(1008)

    async def open_(websocket: WebSocket) -> None:
        await websocket.accept()
        user = websocket.user
        await websocket.send_text(user.record.email if user.is_authenticated else "nobody")

    async def events(request: Request) -> Response:
        live = await on_starlette.live_session(auth, request, every=EVERY)
        return StreamingResponse(live.through(async_lines(source)), media_type=STREAM)

    routes = [
        on_starlette.mount(auth),
        WebSocketRoute("/chat", chat),
        WebSocketRoute("/guarded", on_starlette.fresh_session_required(auth)(chat)),
        WebSocketRoute("/open", open_),
        Route("/events", events),
    ]
    relay = Middleware(on_starlette.SessionMiddleware, auth=auth)
    return ASGIClient(Starlette(routes=routes, middleware=[relay]))


def in_fastapi(auth: Auth[Any], source: Source) -> Client:
    app = fastapi.FastAPI()
    on_fastapi.mount(app, auth)
    lasting = fastapi.Depends(on_fastapi.CurrentLiveSession(auth, every=EVERY))
    guard = fastapi.Depends(on_fastapi.CurrentUser(auth))
    perhaps = fastapi.Depends(on_fastapi.OptionalUser(auth))

    async def chat(websocket: fastapi.WebSocket, live: Any = lasting) -> None:
        await websocket.accept()
        async for text in live.through(websocket.iter_text()):
            await websocket.send_text(f"{live.user.email}: {text}")
        if live.is_over:
            await websocket.close(1008)

    async def open_(websocket: fastapi.WebSocket, user: Any = perhaps) -> None:
        await websocket.accept()
        await websocket.send_text(user.email if user else "nobody")

    async def events(live: Any = lasting) -> Response:
        return StreamingResponse(live.through(async_lines(source)), media_type=STREAM)

    app.add_api_websocket_route("/chat", chat)
    app.add_api_websocket_route("/guarded", chat, dependencies=[guard])
    app.add_api_websocket_route("/open", open_)
    app.add_api_route("/events", events)
    return ASGIClient(app)


def in_litestar(auth: Auth[Any], source: Source) -> Client:
    async def texts(socket: Any) -> AsyncIterator[str]:
        async for text in socket.iter_data():
            yield text

    async def talk(socket: Any) -> None:
        live = await on_litestar.live_session(socket, every=EVERY)
        await socket.accept()
        async for text in live.through(texts(socket)):
            await socket.send_text(f"{live.user.email}: {text}")
        if live.is_over:
            await socket.close(1008)

    @litestar.websocket("/chat")
    async def chat(socket: litestar.WebSocket[Any, Any, Any]) -> None:
        await talk(socket)

    @litestar.websocket("/guarded", guards=[on_litestar.requires_session])
    async def guarded(socket: litestar.WebSocket[Any, Any, Any]) -> None:
        await talk(socket)

    @litestar.websocket("/open")
    async def open_(
        socket: litestar.WebSocket[Any, Any, Any], optional_user: NamedDependency[Any]
    ) -> None:
        await socket.accept()
        await socket.send_text(optional_user.email if optional_user else "nobody")
        await socket.close()

    @litestar.get("/events")
    async def events(request: litestar.Request[Any, Any, Any]) -> Stream:
        live = await on_litestar.live_session(request, every=EVERY)
        return Stream(live.through(async_lines(source)), media_type=STREAM)

    plugin = on_litestar.WatchwordPlugin(auth)
    routes = [chat, guarded, open_, events]
    return ASGIClient(LitestarApp(routes, plugins=[plugin], openapi_config=None))


def in_quart(auth: Auth[Any], source: Source) -> Client:
    app = quart.Quart("app")
    watchword = on_quart.Watchword(auth, app)

    async def texts() -> AsyncIterator[str]:
        while True:
            yield str(await quart.websocket.receive())

    async def chat() -> None:
        live = await watchword.live_session(every=EVERY)
        await quart.websocket.accept()
        async for text in live.through(texts()):
            await quart.websocket.send(f"{live.user.email}: {text}")
        if live.is_over:
            await quart.websocket.close(1008)

    async def open_() -> None:
        user = await watchword.user
        await quart.websocket.send(user.email if user else "nobody")

    async def events() -> quart.Response:
        live = await watchword.live_session(every=EVERY)
        return quart.Response(live.through(async_lines(source)), content_type=STREAM)

    app.add_websocket("/chat", "chat", view_func=chat)
    app.add_websocket("/guarded", "guarded", view_func=on_quart.login_required(chat))
    app.add_websocket("/open", "open", view_func=open_)
    app.add_url_rule("/events", "events", view_func=events)
    return ASGIClient(app)


def plain_wsgi(auth: Auth[Any], source: Source) -> Client:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        live = on_wsgi.live_session(auth, environ, every=EVERY)
        start_response("200 OK", [("Content-Type", STREAM)])
        return (line.encode() for line in live.through(lines(source)))

    return WSGIClient(on_wsgi.WatchwordMiddleware(app, auth))


def in_flask(auth: Auth[Any], source: Source) -> Client:
    app = flask.Flask("app")
    watchword = on_flask.Watchword(auth, app)

    @app.get("/events")
    def events() -> flask.Response:
        live = watchword.live_session(every=EVERY)
        return flask.Response(live.through(lines(source)), content_type=STREAM)

    assert callable(events)
    return WSGIClient(app)


SOCKETS: dict[str, Callable[[Auth[Any], Source], Client]] = {
    "asgi": plain_asgi,
    "quart": in_quart,
    "starlette": in_starlette,
    "fastapi": in_fastapi,
    "litestar": in_litestar,
}
STREAMS = SOCKETS | {"wsgi": plain_wsgi, "flask": in_flask}
