"""Applications with routes for roles and permissions, and one that raises, in each framework."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from wsgiref.types import StartResponse, WSGIEnvironment

import fastapi
import flask
import litestar
import quart
from django.http import HttpRequest, HttpResponse
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
from watchword.features.access_control import Connector
from watchword.records import User


@dataclass(frozen=True)
class Asked:
    """What a route asks for."""

    roles: tuple[str, ...] = ()
    connector: Connector = "AND"
    permissions: Mapping[str, list[str]] = field(default_factory=dict[str, list[str]])


ADMIN, EITHER, BOTH, READ, WRITE, LIST = "/admin", "/either", "/both", "/read", "/write", "/list"
ROUTES = {
    ADMIN: Asked(roles=("admin",)),
    EITHER: Asked(roles=("admin", "support"), connector="OR"),
    BOTH: Asked(roles=("admin", "support")),
    READ: Asked(permissions={"report": ["read"]}),
    WRITE: Asked(permissions={"report": ["read", "write"]}),
    LIST: Asked(permissions={"report": ["write"], "user": ["list"]}),
}
RAISES = "/raises"


def error() -> APIError:
    """What an application may raise in a view: with a status, fields and headers of its own."""
    headers = (("retry-after", "7"), ("Set-Cookie", "a=1"), ("set-cookie", "b=2\r\nx: y"))
    return APIError(418, "TEAPOT", "Short and stout", {"spouts": 1}, headers=headers)


def on_plain_wsgi(auth: Auth[Any]) -> Client:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == RAISES:
            raise error()
        asked = ROUTES[path]
        if asked.roles:
            found = plain_wsgi.require_role(auth, environ, *asked.roles, connector=asked.connector)
        else:
            found = plain_wsgi.require_permission(auth, environ, asked.permissions)
        start_response("200 OK", [])
        return [found.user.email.encode()]

    return WSGIClient(plain_wsgi.WatchwordMiddleware(app, auth))


def on_generated_wsgi(auth: Auth[Any]) -> Client:
    """An application that begins only when its answer is read."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == RAISES:
            start_response("200 OK", [("x-begun", "yes")])
            raise error()
        asked = ROUTES[environ["PATH_INFO"]]
        if asked.roles:
            found = plain_wsgi.require_role(auth, environ, *asked.roles, connector=asked.connector)
        else:
            found = plain_wsgi.require_permission(auth, environ, asked.permissions)
        start_response("200 OK", [])
        yield found.user.email.encode()

    return WSGIClient(plain_wsgi.WatchwordMiddleware(app, auth))


def on_plain_asgi(auth: Auth[Any]) -> Client:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == RAISES:
            raise error()
        asked = ROUTES[scope["path"]]
        if asked.roles:
            found = await plain_asgi.require_role(
                auth, scope, *asked.roles, connector=asked.connector
            )
        else:
            found = await plain_asgi.require_permission(auth, scope, asked.permissions)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": found.user.email.encode()})

    return ASGIClient(plain_asgi.WatchwordMiddleware(app, auth))


def flask_app(auth: Auth[Any]) -> flask.Flask:
    """Half of its routes in a blueprint, with guards that do not know the server yet."""
    app, blueprint = flask.Flask("app"), flask.Blueprint("some", "some")
    watchword = on_flask.Watchword(auth, app)

    def page() -> str:
        return on_flask.current_user.email

    def raises() -> str:
        raise error()

    for path, asked in ROUTES.items():
        if asked.roles:
            guard = on_flask.roles_required(*asked.roles, connector=asked.connector)
            blueprint.add_url_rule(path, endpoint=path[1:], view_func=guard(page))
        else:
            guard = watchword.permission_required(asked.permissions)
            app.add_url_rule(path, endpoint=path[1:], view_func=guard(page))
    blueprint.add_url_rule(RAISES, view_func=raises)
    app.register_blueprint(blueprint)
    return app


def on_flask_app(auth: Auth[Any]) -> Client:
    return WSGIClient(flask_app(auth))


def quart_app(auth: Auth[Any]) -> quart.Quart:
    """As in Flask; every other view is no `async def`."""
    app, blueprint = quart.Quart("app"), quart.Blueprint("some", "some")
    watchword = on_quart.Watchword(auth, app)

    async def page() -> str:
        return on_quart.current_user.email

    def in_a_thread() -> str:
        return on_quart.current_user.email

    async def raises() -> str:
        raise error()

    for path, asked in ROUTES.items():
        if asked.roles:
            guard = on_quart.roles_required(*asked.roles, connector=asked.connector)
            blueprint.add_url_rule(path, endpoint=path[1:], view_func=guard(page))
        else:
            guard = watchword.permission_required(asked.permissions)
            app.add_url_rule(path, endpoint=path[1:], view_func=guard(in_a_thread))
    blueprint.add_url_rule(RAISES, view_func=raises)
    app.register_blueprint(blueprint)
    return app


def on_quart_app(auth: Auth[Any]) -> Client:
    return ASGIClient(quart_app(auth))


def starlette_routes(auth: Auth[Any]) -> list[Any]:
    async def page(request: Request) -> Response:
        return PlainTextResponse(request.user.record.email)

    def raises(_: Request) -> Response:
        raise error()

    def guarded(path: str, asked: Asked) -> Route:
        if asked.roles:
            guard = on_starlette.roles_required(auth, *asked.roles, connector=asked.connector)
        else:
            guard = on_starlette.permission_required(auth, asked.permissions)
        return Route(path, guard(page))

    return [*(guarded(*one) for one in ROUTES.items()), Route(RAISES, raises)]


def on_starlette_app(auth: Auth[Any]) -> Client:
    relay = Middleware(on_starlette.SessionMiddleware, auth=auth)
    routes = [on_starlette.mount(auth), *starlette_routes(auth)]
    return ASGIClient(Starlette(routes=routes, middleware=[relay]))


def fastapi_app(auth: Auth[Any]) -> fastapi.FastAPI:
    """Its routes in a router."""
    app, router = fastapi.FastAPI(), fastapi.APIRouter()
    on_fastapi.mount(app, auth)

    def guard(path: str, asked: Asked) -> None:
        if asked.roles:
            kind: Any = on_fastapi.RoleSession(auth, *asked.roles, connector=asked.connector)
        else:
            kind = on_fastapi.PermissionSession(auth, asked.permissions)
        needed = fastapi.Depends(kind)

        @router.get(path, response_class=PlainTextResponse)
        async def page(found: Any = needed) -> str:
            return found.user.email

        assert callable(page)

    for path, asked in ROUTES.items():
        guard(path, asked)

    def raising() -> None:
        raise error()

    @router.get(RAISES, dependencies=[fastapi.Depends(raising)])
    async def raises() -> None:
        """Never gets so far."""

    assert callable(raises)
    app.include_router(router)
    return app


def on_fastapi_app(auth: Auth[Any]) -> Client:
    return ASGIClient(fastapi_app(auth))


def litestar_handlers(guard_of: Callable[[Asked], on_litestar.Guard]) -> list[Any]:
    def page(path: str, asked: Asked) -> Any:
        @litestar.get(path, guards=[guard_of(asked)], media_type="text/plain")
        async def shown(optional_user: NamedDependency[Any]) -> str:
            return optional_user.email

        return shown

    class Raising(litestar.Controller):
        @litestar.get(RAISES)
        async def raises(self) -> None:
            raise error()

    return [*(page(*one) for one in ROUTES.items()), Raising]


def on_litestar_app(auth: Auth[Any]) -> Client:
    plugin = on_litestar.WatchwordPlugin(auth)

    def guard_of(asked: Asked) -> on_litestar.Guard:
        if asked.roles:
            return on_litestar.requires_roles(*asked.roles, connector=asked.connector)
        return plugin.requires_permission(asked.permissions)

    return ASGIClient(LitestarApp(litestar_handlers(guard_of), plugins=[plugin]))


def on_django_app(auth: Auth[Any], *, asynchronous: bool = False) -> Client:
    """Half of its guards do not know the server yet."""

    def page(request: WatchwordRequest[User]) -> HttpResponse:
        assert request.watchword.user is not None
        return HttpResponse(request.watchword.user.email)

    async def awaited(request: WatchwordRequest[User]) -> HttpResponse:
        user = await request.watchword.auser()
        assert user is not None
        return HttpResponse(user.email)

    def raises(_: HttpRequest) -> HttpResponse:
        raise error()

    def guard(asked: Asked) -> Any:
        if asked.roles:
            return on_django.roles_required(*asked.roles, connector=asked.connector, auth=auth)
        return on_django.permission_required(asked.permissions)

    view = awaited if asynchronous else page
    urls = [django_path(path[1:], guard(asked)(view)) for path, asked in ROUTES.items()]
    return DjangoClient(auth, [*urls, django_path(RAISES[1:], raises)], asynchronous=asynchronous)


def on_django_asgi_app(auth: Auth[Any]) -> Client:
    return on_django_app(auth, asynchronous=True)


SERVERS = cast(
    "dict[str, Callable[[Auth[Any]], Client]]",
    {
        "wsgi": on_plain_wsgi,
        "generated-wsgi": on_generated_wsgi,
        "asgi": on_plain_asgi,
        "flask": on_flask_app,
        "quart": on_quart_app,
        "starlette": on_starlette_app,
        "fastapi": on_fastapi_app,
        "litestar": on_litestar_app,
        "django": on_django_app,
        "django-asgi": on_django_asgi_app,
    },
)
