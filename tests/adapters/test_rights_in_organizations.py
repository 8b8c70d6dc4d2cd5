"""Routes of the application that ask for roles and permissions in an organization."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import fastapi
import flask
import litestar
import pytest
import quart
from django.http import HttpRequest, HttpResponse
from django.urls import path as django_path
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.adapters.drivers import ASGIClient, Client, WSGIClient
from tests.adapters.test_rights import Application, server
from tests.adapters.test_whole_server import Visitor
from tests.support.browser import Clock
from tests.support.django_project import DjangoClient
from tests.support.litestar_app import LitestarApp
from watchword import Auth, ConfigurationError
from watchword.adapters import django as on_django
from watchword.adapters import fastapi as on_fastapi
from watchword.adapters import flask as on_flask
from watchword.adapters import litestar as on_litestar
from watchword.adapters import quart as on_quart
from watchword.adapters import starlette as on_starlette
from watchword.adapters import wsgi as plain_wsgi
from watchword.plugins import Admin, Organization

ACTIVE, NAMED, ASKED = "/active", "/in", "/asked"
"""An owner of the active one; of one in the path; a permission in one that the query names."""


def asked_for(request: Any) -> str | None:
    names = ("args", "query_params", "GET")
    found = next(getattr(request, name) for name in names if hasattr(request, name))
    return found.get("of")


def on_plain_wsgi(auth: Auth[Any]) -> Client:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path, _, named = environ["PATH_INFO"].rpartition("/")
        if path == NAMED:
            plain_wsgi.require_role(auth, environ, "owner", in_organization=named)
        elif environ["PATH_INFO"] == ACTIVE:
            plain_wsgi.require_role(auth, environ, "owner", in_organization=True)
        else:
            named = environ["QUERY_STRING"].removeprefix("of=")
            needed = {"organization": ["delete"]}
            plain_wsgi.require_permission(auth, environ, needed, in_organization=named)
        start_response("200 OK", [])
        return [b"in"]

    return WSGIClient(plain_wsgi.WatchwordMiddleware(app, auth))


def on_flask_app(auth: Auth[Any]) -> Client:
    app = flask.Flask("app")
    on_flask.Watchword(auth, app)

    def page(id: str = "") -> str:
        return "in"

    active = on_flask.roles_required("owner", in_organization=True)
    named = on_flask.roles_required("owner", in_organization="id")
    asked = on_flask.permission_required(organization=["delete"], in_organization=asked_for)
    app.add_url_rule(ACTIVE, endpoint="a", view_func=active(page))
    app.add_url_rule(f"{NAMED}/<id>", endpoint="b", view_func=named(page))
    app.add_url_rule(ASKED, endpoint="c", view_func=asked(page))
    return WSGIClient(app)


def on_quart_app(auth: Auth[Any]) -> Client:
    app = quart.Quart("app")
    on_quart.Watchword(auth, app)

    async def page(id: str = "") -> str:
        return "in"

    active = on_quart.roles_required("owner", in_organization=True)
    named = on_quart.roles_required("owner", in_organization="id")
    asked = on_quart.permission_required(organization=["delete"], in_organization=asked_for)
    app.add_url_rule(ACTIVE, endpoint="a", view_func=active(page))
    app.add_url_rule(f"{NAMED}/<id>", endpoint="b", view_func=named(page))
    app.add_url_rule(ASKED, endpoint="c", view_func=asked(page))
    return ASGIClient(app)


def on_starlette_app(auth: Auth[Any]) -> Client:
    async def page(_: Request) -> Response:
        return PlainTextResponse("in")

    active = on_starlette.roles_required(auth, "owner", in_organization=True)
    named = on_starlette.roles_required(auth, "owner", in_organization="id")
    asked = on_starlette.permission_required(
        auth, {"organization": ["delete"]}, in_organization=asked_for
    )
    routes = [
        on_starlette.mount(auth),
        Route(ACTIVE, active(page)),
        Route(NAMED + "/{id}", named(page)),
        Route(ASKED, asked(page)),
    ]
    relay = Middleware(on_starlette.SessionMiddleware, auth=auth)
    return ASGIClient(Starlette(routes=routes, middleware=[relay]))


def on_fastapi_app(auth: Auth[Any]) -> Client:
    app = fastapi.FastAPI()
    on_fastapi.mount(app, auth)
    kinds: dict[str, Any] = {
        ACTIVE: on_fastapi.RoleSession(auth, "owner", in_organization=True),
        NAMED + "/{id}": on_fastapi.RoleSession(auth, "owner", in_organization="id"),
        ASKED: on_fastapi.PermissionSession(
            auth, {"organization": ["delete"]}, in_organization=asked_for
        ),
    }
    for path, kind in kinds.items():
        app.add_api_route(path, lambda: "in", dependencies=[fastapi.Depends(kind)])
    return ASGIClient(app)


def on_litestar_app(auth: Auth[Any]) -> Client:
    guards = {
        ACTIVE: on_litestar.requires_roles("owner", in_organization=True),
        NAMED + "/{id:str}": on_litestar.requires_roles("owner", in_organization="id"),
        ASKED: on_litestar.requires_permission(organization=["delete"], in_organization=asked_for),
    }

    def page(path: str, guard: on_litestar.Guard) -> Any:
        @litestar.get(path, guards=[guard])
        async def shown() -> str:
            return "in"

        return shown

    routes = [page(*one) for one in guards.items()]
    return ASGIClient(LitestarApp(routes, plugins=[on_litestar.WatchwordPlugin(auth)]))


def on_django_app(auth: Auth[Any], *, asynchronous: bool = False) -> Client:
    def page(request: HttpRequest, id: str = "") -> HttpResponse:
        return HttpResponse("in")

    async def awaited(request: HttpRequest, id: str = "") -> HttpResponse:
        return HttpResponse("in")

    active = on_django.roles_required("owner", in_organization=True)
    named = on_django.roles_required("owner", in_organization="id")
    asked = on_django.permission_required(organization=["delete"], in_organization=asked_for)
    view = awaited if asynchronous else page
    urls = [
        django_path(ACTIVE[1:], active(view)),
        django_path(f"{NAMED[1:]}/<id>", named(view)),
        django_path(ASKED[1:], asked(view)),
    ]
    return DjangoClient(auth, urls, asynchronous=asynchronous)


def on_django_asgi_app(auth: Auth[Any]) -> Client:
    return on_django_app(auth, asynchronous=True)


SERVERS: dict[str, Callable[[Auth[Any]], Client]] = {
    "wsgi": on_plain_wsgi,
    "flask": on_flask_app,
    "quart": on_quart_app,
    "starlette": on_starlette_app,
    "fastapi": on_fastapi_app,
    "litestar": on_litestar_app,
    "django": on_django_app,
    "django-asgi": on_django_asgi_app,
}


@pytest.fixture
def auth(tmp_path: Path) -> Auth[Any]:
    return server(tmp_path / "app.db", Clock(), plugins=[Admin(), Organization()])


@pytest.fixture(params=SERVERS)
def app(request: pytest.FixtureRequest, tmp_path: Path, auth: Auth[Any]) -> Iterator[Application]:
    client = SERVERS[request.param](auth)
    with asyncio.Runner() as runner:
        if isinstance(client, ASGIClient | DjangoClient):
            client.run = runner.run
        yield Application(auth, Visitor(client), tmp_path / "app.db")
        runner.run(auth.close())
        auth.blocking.close()


def organization(app: Application, slug: str, by: Visitor | None = None) -> str:
    answer = app.post("/organization/create", {"name": slug, "slug": slug}, by)
    assert answer.status == 200, answer.body
    return json.loads(answer.body)["id"]


def status(app: Application, path: str, by: Visitor | None = None) -> int:
    return (by or app.browser).send("GET", path).status


def test_only_who_has_the_role_in_that_organization(app: Application) -> None:
    app.sign_up()
    other = app.sign_up(name="eve")
    assert app.ask(ACTIVE) == (400, "NO_ACTIVE_ORGANIZATION")
    mine, hers = organization(app, "mine"), organization(app, "hers", other)
    assert status(app, ACTIVE) == status(app, f"{NAMED}/{mine}") == 200
    assert status(app, f"{ASKED}?of={mine}") == 200
    assert app.ask(f"{NAMED}/{hers}") == app.ask(f"{ASKED}?of={hers}") == (403, "FORBIDDEN")
    assert app.ask(f"{NAMED}/nowhere")[0] == 403
    app.sql("update member set role = 'member' where organizationId = ?", mine)
    assert app.ask(ACTIVE) == app.ask(f"{NAMED}/{mine}") == (403, "FORBIDDEN")
    app.sql("update member set role = 'admin' where organizationId = ?", mine)
    assert app.ask(f"{ASKED}?of={mine}") == (403, "FORBIDDEN")
    app.sql("delete from member where organizationId = ?", mine)
    assert app.ask(ACTIVE) == (403, "FORBIDDEN"), "what is active allows nothing by itself"


def test_a_request_that_names_none_does_not_mean_the_active_one(app: Application) -> None:
    app.sign_up()
    organization(app, "mine")
    assert status(app, ACTIVE) == 200
    for query in ("", "?of=", f"?of={'x' * 100_000}"):
        assert status(app, ASKED + query) in (400, 403, 404), query


def test_roles_of_the_application_count_for_nothing_here(app: Application) -> None:
    app.sign_up("admin,owner")
    other = app.sign_up(name="eve")
    hers = organization(app, "hers", other)
    assert app.ask(f"{NAMED}/{hers}") == (403, "FORBIDDEN")


def test_who_is_banned_or_nobody_is_refused(app: Application) -> None:
    app.sign_up()
    mine = organization(app, "mine")
    app.sql("update user set banned = 1")
    assert app.ask(f"{NAMED}/{mine}") == app.ask(ACTIVE) == (403, "BANNED_USER")
    app.browser.jar.clear()
    assert app.ask(f"{NAMED}/{mine}") == app.ask(ACTIVE) == (401, "UNAUTHORIZED")


def test_what_cannot_be_is_refused_at_the_start(tmp_path: Path, auth: Auth[Any]) -> None:
    with pytest.raises(ConfigurationError, match="no organization has a role 'ownr'"):
        on_starlette.roles_required(auth, "ownr", in_organization=True)
    with pytest.raises(ConfigurationError, match="no role allows 'erase' on 'organization'"):
        on_fastapi.PermissionSession(auth, {"organization": ["erase"]}, in_organization=True)
    bare = server(tmp_path / "bare.db", Clock(), plugins=[Admin()])
    with pytest.raises(ConfigurationError, match=r"Add Organization\(\)"):
        on_starlette.roles_required(bare, "owner", in_organization=True)
    wrong: Any
    for wrong in ("", None, 3):
        with pytest.raises(ConfigurationError, match="in_organization"):
            on_flask.roles_required("owner", in_organization=wrong)


def test_a_path_without_the_parameter_lets_nobody_in(auth: Auth[Any]) -> None:
    app = flask.Flask("app")
    on_flask.Watchword(auth, app)
    guard = on_flask.roles_required("owner", in_organization="id")
    app.add_url_rule("/", view_func=guard(lambda: "in"))
    assert WSGIClient(app).send("GET", "/").status == 500
