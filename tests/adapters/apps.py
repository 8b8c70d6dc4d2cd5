"""One small application per framework: `auth` mounted, and the same few routes of its own.

/me       the e-mail address; 401 if nobody is signed in
/open     the name, or "nobody"
/leave    asks who is there, then sets a session cookie of its own
/refuse   asks who is there, then ends with the framework's own 403
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fastapi
import flask
import litestar
import litestar.exceptions
import quart
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import path
from litestar.di import NamedDependency
from starlette.applications import Starlette
from starlette.authentication import requires
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from werkzeug.datastructures import Headers

from tests.adapters.drivers import ASGIClient, Client, WSGIClient
from tests.support.django_project import DjangoClient
from tests.support.litestar_app import LitestarApp
from watchword import Auth
from watchword.adapters import django as on_django
from watchword.adapters import fastapi as on_fastapi
from watchword.adapters import flask as on_flask
from watchword.adapters import litestar as on_litestar
from watchword.adapters import quart as on_quart
from watchword.adapters import starlette as on_starlette
from watchword.adapters.asgi import ASGIApp, WatchwordMiddleware
from watchword.adapters.django import WatchwordRequest
from watchword.adapters.wsgi import WSGIApp
from watchword.records import User
from watchword.results import SessionAndUser

GONE = "session_token=gone; Path=/"


def plain_asgi(auth: Auth[User]) -> Client:
    return ASGIClient(ASGIApp(auth))


def asgi_middleware(auth: Auth[User]) -> Client:
    async def never(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("the request was passed on")

    return ASGIClient(WatchwordMiddleware(never, auth))


def plain_wsgi(auth: Auth[User]) -> Client:
    return WSGIClient(WSGIApp(auth))


def flask_app(auth: Auth[User]) -> flask.Flask:
    app = flask.Flask("app")
    watchword = on_flask.Watchword(auth, app)

    @app.get("/me")
    @on_flask.login_required
    def me() -> str:
        return on_flask.current_user.email

    @app.get("/open")
    def open_() -> str:
        return watchword.user.name if watchword.user else "nobody"

    @app.get("/leave")
    def leave() -> flask.Response:
        assert watchword.session is not None
        return flask.Response("bye", headers=[("Set-Cookie", GONE)])

    @app.get("/refuse")
    def refuse() -> str:
        assert on_flask.current_session.session.token
        flask.abort(403)

    assert all(callable(view) for view in (me, open_, leave, refuse))
    return app


def quart_app(auth: Auth[User]) -> quart.Quart:
    app = quart.Quart("app")
    watchword = on_quart.Watchword(auth, app)

    @app.get("/me")
    @on_quart.login_required
    async def me() -> str:
        return on_quart.current_user.email

    @app.get("/open")
    async def open_() -> str:
        user = await watchword.user
        return user.name if user else "nobody"

    @app.get("/leave")
    async def leave() -> quart.Response:
        assert await watchword.session is not None
        return quart.Response("bye", headers=Headers([("Set-Cookie", GONE)]))

    @app.get("/refuse")
    async def refuse() -> str:
        await watchword.load()
        assert on_quart.current_session.session.token
        quart.abort(403)

    assert all(callable(view) for view in (me, open_, leave, refuse))
    return app


def starlette_app(auth: Auth[User], middleware: tuple[Middleware, ...] = ()) -> Starlette:
    @requires("authenticated", status_code=401)
    async def me(request: Request) -> Response:
        return PlainTextResponse(request.user.record.email)

    async def open_(request: Request) -> Response:
        return PlainTextResponse(request.user.display_name or "nobody")

    async def leave(request: Request) -> Response:
        assert request.user.is_authenticated
        return PlainTextResponse("bye", headers={"set-cookie": GONE})

    async def refuse(request: Request) -> Response:
        assert request.user.session.token
        raise HTTPException(403)

    views = {"/me": me, "/open": open_, "/leave": leave, "/refuse": refuse}
    return Starlette(
        routes=[on_starlette.mount(auth), *(Route(path, view) for path, view in views.items())],
        middleware=[*middleware, Middleware(on_starlette.SessionMiddleware, auth=auth)],
        lifespan=on_starlette.lifespan(auth),
    )


def fastapi_app(auth: Auth[User]) -> fastapi.FastAPI:
    app = fastapi.FastAPI(lifespan=on_fastapi.lifespan(auth))
    on_fastapi.mount(app, auth)
    me_dependency = fastapi.Depends(on_fastapi.CurrentUser(auth))
    optional = fastapi.Depends(on_fastapi.OptionalUser(auth))
    current = fastapi.Depends(on_fastapi.CurrentSession(auth))

    @app.get("/me", response_class=PlainTextResponse)
    async def me(user: User = me_dependency) -> str:
        assert isinstance(user, User)
        return user.email

    @app.get("/open", response_class=PlainTextResponse)
    async def open_(user: User | None = optional) -> str:
        return user.name if user else "nobody"

    @app.get("/leave")
    async def leave(session: SessionAndUser[User] = current) -> Response:
        return PlainTextResponse("bye", headers={"set-cookie": GONE})

    @app.get("/refuse")
    async def refuse(session: SessionAndUser[User] = current) -> str:
        assert session.session.token
        raise HTTPException(403)

    assert all(callable(view) for view in (me, open_, leave, refuse))
    return app


def litestar_app(auth: Auth[User], **options: Any) -> litestar.Litestar:
    @litestar.get("/me", media_type="text/plain")
    async def me(user: NamedDependency[User]) -> str:
        return user.email

    @litestar.get("/open", media_type="text/plain")
    async def open_(optional_user: NamedDependency[User | None]) -> str:
        return optional_user.name if optional_user else "nobody"

    @litestar.get("/leave", guards=[on_litestar.requires_session])
    async def leave() -> litestar.Response[str]:
        return litestar.Response("bye", headers={"set-cookie": GONE})

    @litestar.get("/refuse")
    async def refuse(session: NamedDependency[SessionAndUser[User]]) -> str:
        assert session.session.token
        raise litestar.exceptions.PermissionDeniedException

    return LitestarApp(
        [me, open_, leave, refuse],
        plugins=[on_litestar.WatchwordPlugin(auth)],
        openapi_config=None,
        **options,
    )


def django_client(auth: Auth[User]) -> DjangoClient:
    def me(request: WatchwordRequest[User]) -> HttpResponse:
        assert request.watchword.user is not None
        return HttpResponse(request.watchword.user.email)

    def open_(request: HttpRequest) -> HttpResponse:
        return HttpResponse(getattr(request.user, "name", "nobody"))

    def leave(request: WatchwordRequest[User]) -> HttpResponse:
        assert request.watchword.session is not None
        gone = HttpResponse("bye")
        gone.set_cookie("session_token", "gone")
        return gone

    def refuse(request: WatchwordRequest[User]) -> HttpResponse:
        assert request.watchword.session is not None
        raise PermissionDenied

    views = {"me": on_django.login_required(me), "open": open_, "leave": leave, "refuse": refuse}
    return DjangoClient(auth, [path(name, view) for name, view in views.items()])


def django_asgi_client(auth: Auth[User]) -> DjangoClient:
    async def me(request: WatchwordRequest[User]) -> HttpResponse:
        assert request.watchword.user is not None
        return HttpResponse(request.watchword.user.email)

    async def open_(request: HttpRequest) -> HttpResponse:
        user = await request.auser()
        return HttpResponse(getattr(user, "name", "nobody"))

    async def leave(request: WatchwordRequest[User]) -> HttpResponse:
        assert await request.watchword.asession() is not None
        gone = HttpResponse("bye")
        gone.set_cookie("session_token", "gone")
        return gone

    async def refuse(request: WatchwordRequest[User]) -> HttpResponse:
        assert await request.watchword.asession() is not None
        raise PermissionDenied

    views = {"me": on_django.login_required(me), "open": open_, "leave": leave, "refuse": refuse}
    urls = [path(name, view) for name, view in views.items()]
    return DjangoClient(auth, urls, asynchronous=True)


SERVERS: dict[str, Callable[[Auth[User]], Client]] = {
    "asgi": plain_asgi,
    "asgi-middleware": asgi_middleware,
    "wsgi": plain_wsgi,
    "flask": lambda auth: WSGIClient(flask_app(auth)),
    "quart": lambda auth: ASGIClient(quart_app(auth)),
    "starlette": lambda auth: ASGIClient(starlette_app(auth)),
    "fastapi": lambda auth: ASGIClient(fastapi_app(auth)),
    "litestar": lambda auth: ASGIClient(litestar_app(auth)),
    "django": django_client,
    "django-asgi": django_asgi_client,
}
"""Every way to serve an `Auth`."""

FRAMEWORKS = ("flask", "quart", "starlette", "fastapi", "litestar", "django", "django-asgi")
"""Those with routes of their own."""
