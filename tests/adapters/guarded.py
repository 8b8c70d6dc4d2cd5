"""Applications with routes that ask for more than a session, one in each framework."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import fastapi
import flask
import litestar
import quart
from django.http import HttpResponse
from django.urls import path as django_path
from litestar.di import NamedDependency
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.adapters.drivers import ASGIClient, Client, WSGIClient
from tests.support.django_project import DjangoClient
from tests.support.litestar_app import LitestarApp
from watchword import APIError, Auth
from watchword.adapters import asgi as plain_asgi
from watchword.adapters import django as on_django
from watchword.adapters import fastapi as on_fastapi
from watchword.adapters import flask as on_flask
from watchword.adapters import litestar as on_litestar
from watchword.adapters import quart as on_quart
from watchword.adapters import starlette as on_starlette
from watchword.adapters import wsgi as plain_wsgi
from watchword.adapters.asgi import Receive, Scope, Send
from watchword.adapters.django import WatchwordRequest
from watchword.records import User

LATELY = 300
FRESH, SUDO, FACTOR, FACTOR_LATELY = "/fresh", "/sudo", "/factor", "/factor-lately"
ROUTES = (FRESH, SUDO, FACTOR, FACTOR_LATELY)


def within(path: str) -> int | None:
    return LATELY if path in (SUDO, FACTOR_LATELY) else None


def is_fresh(path: str) -> bool:
    return path in (FRESH, SUDO)


def on_plain_wsgi(auth: Auth[Any]) -> Client:
    return WSGIClient(plain_wsgi.WatchwordMiddleware(_wsgi_app(auth), auth))


def on_bare_wsgi(auth: Auth[Any]) -> Client:
    """Without the middleware, so that nobody relays cookies."""
    server, inner = plain_wsgi.WSGIApp(auth), _wsgi_app(auth)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        own = environ["PATH_INFO"].startswith(auth.base_path)
        return (server if own else inner)(environ, start_response)

    return WSGIClient(app)


def _wsgi_app(
    auth: Auth[Any],
) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ["PATH_INFO"]
        require = (
            plain_wsgi.require_fresh_session if is_fresh(path) else plain_wsgi.require_second_factor
        )
        try:
            found = require(auth, environ, within(path))
        except APIError as refusal:
            start_response(f"{refusal.status} Refused", [])
            return [json.dumps(refusal.body).encode()]
        start_response("200 OK", [])
        return [found.user.email.encode()]

    return app


def on_plain_asgi(auth: Auth[Any]) -> Client:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        require = (
            plain_asgi.require_fresh_session if is_fresh(path) else plain_asgi.require_second_factor
        )
        try:
            found = await require(auth, scope, within(path))
            status, body = 200, found.user.email.encode()
        except APIError as refusal:
            status, body = refusal.status, json.dumps(refusal.body).encode()
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return ASGIClient(plain_asgi.WatchwordMiddleware(app, auth))


def on_flask_app(auth: Auth[Any]) -> Client:
    app = flask.Flask("app")
    watchword = on_flask.Watchword(auth, app)
    guards = {
        FRESH: on_flask.fresh_login_required(),
        SUDO: watchword.fresh_login_required(LATELY),
        FACTOR: on_flask.second_factor_required(),
        FACTOR_LATELY: watchword.second_factor_required(LATELY),
    }

    def page() -> str:
        assert watchword.user is not None
        return watchword.user.email

    for path, guard in guards.items():
        app.add_url_rule(path, endpoint=path, view_func=guard(page))
    return WSGIClient(app)


def on_quart_app(auth: Auth[Any]) -> Client:
    app = quart.Quart("app")
    watchword = on_quart.Watchword(auth, app)
    guards = {
        FRESH: on_quart.fresh_login_required(),
        SUDO: watchword.fresh_login_required(LATELY),
        FACTOR: on_quart.second_factor_required(),
        FACTOR_LATELY: watchword.second_factor_required(LATELY),
    }

    async def page() -> str:
        return on_quart.current_user.email

    for path, guard in guards.items():
        app.add_url_rule(path, endpoint=path, view_func=guard(page))
    return ASGIClient(app)


def on_starlette_app(auth: Auth[Any]) -> Client:
    async def page(request: Request) -> Response:
        return PlainTextResponse(request.user.record.email)

    def guarded(path: str) -> Route:
        require = (
            on_starlette.fresh_session_required
            if is_fresh(path)
            else on_starlette.second_factor_required
        )
        return Route(path, require(auth, within(path))(page))

    relay = Middleware(on_starlette.SessionMiddleware, auth=auth)
    routes = [on_starlette.mount(auth), *map(guarded, ROUTES)]
    return ASGIClient(Starlette(routes=routes, middleware=[relay]))


def fastapi_app(auth: Auth[Any]) -> fastapi.FastAPI:
    app = fastapi.FastAPI()
    on_fastapi.mount(app, auth)

    def guard(path: str) -> None:
        kind = on_fastapi.FreshSession if is_fresh(path) else on_fastapi.SecondFactorSession
        needed = fastapi.Depends(kind(auth, within(path)))

        @app.get(path, response_class=PlainTextResponse)
        async def page(found: Any = needed) -> str:
            return found.user.email

        assert callable(page)

    for path in ROUTES:
        guard(path)
    return app


def on_fastapi_app(auth: Auth[Any]) -> Client:
    return ASGIClient(fastapi_app(auth))


def on_litestar_app(auth: Auth[Any]) -> Client:
    plugin = on_litestar.WatchwordPlugin(auth)
    guards = {
        FRESH: on_litestar.requires_fresh_session(),
        SUDO: plugin.requires_fresh_session(LATELY),
        FACTOR: on_litestar.requires_second_factor(),
        FACTOR_LATELY: plugin.requires_second_factor(LATELY),
    }

    def page(path: str, guard: on_litestar.Guard) -> Any:
        @litestar.get(path, guards=[guard], media_type="text/plain")
        async def shown(optional_user: NamedDependency[Any]) -> str:
            return optional_user.email

        return shown

    routes = [page(path, guard) for path, guard in guards.items()]
    return ASGIClient(LitestarApp(routes, plugins=[plugin], openapi_config=None))


def on_django_app(auth: Auth[Any], *, asynchronous: bool = False) -> Client:
    def page(request: WatchwordRequest[User]) -> HttpResponse:
        assert request.watchword.user is not None
        return HttpResponse(request.watchword.user.email)

    async def awaited(request: WatchwordRequest[User]) -> HttpResponse:
        user = await request.watchword.auser()
        assert user is not None
        return HttpResponse(user.email)

    guards = {
        FRESH: on_django.fresh_login_required(),
        SUDO: on_django.fresh_login_required(LATELY, auth=auth),
        FACTOR: on_django.second_factor_required(),
        FACTOR_LATELY: on_django.second_factor_required(LATELY, auth=auth),
    }
    view = awaited if asynchronous else page
    urls = [django_path(path[1:], guard(view)) for path, guard in guards.items()]
    return DjangoClient(auth, urls, asynchronous=asynchronous)


def on_django_asgi_app(auth: Auth[Any]) -> Client:
    return on_django_app(auth, asynchronous=True)


SERVERS: dict[str, Callable[[Auth[Any]], Client]] = {
    "wsgi": on_plain_wsgi,
    "bare-wsgi": on_bare_wsgi,
    "asgi": on_plain_asgi,
    "flask": on_flask_app,
    "quart": on_quart_app,
    "starlette": on_starlette_app,
    "fastapi": on_fastapi_app,
    "litestar": on_litestar_app,
    "django": on_django_app,
    "django-asgi": on_django_asgi_app,
}
