"""Two servers in one application, each with users, cookies and guards of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fastapi
import flask
import litestar
import pytest
import quart
from django.http import HttpRequest, HttpResponse
from django.urls import path as django_path
from litestar.di import NamedDependency
from litestar.exceptions import ImproperlyConfiguredException
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.adapters.drivers import ASGIClient, Client, WSGIClient
from tests.adapters.echo import EchoAuth
from tests.support.django_project import DjangoClient
from tests.support.litestar_app import LitestarApp
from watchword import ConfigurationError
from watchword.adapters import asgi, wsgi
from watchword.adapters import django as on_django
from watchword.adapters import fastapi as on_fastapi
from watchword.adapters import flask as on_flask
from watchword.adapters import litestar as on_litestar
from watchword.adapters import quart as on_quart
from watchword.adapters import starlette as on_starlette
from watchword.records import User


class Staff(EchoAuth):
    """Believes a cookie `user=<name>` as well, and calls whoever it is by another name."""

    def believe(self, headers: Any, request: Any) -> Any:
        checked = super().believe(headers, request)
        if checked.session is not None:
            checked.session.user.name = f"staff-{checked.session.user.name}"
        return checked


def in_flask(shop: EchoAuth, staff: EchoAuth) -> Client:
    app = flask.Flask("app")
    on_flask.Watchword(shop, app)
    other = on_flask.Watchword(staff, app, name="staff")

    @app.get("/shop")
    @on_flask.login_required
    def mine() -> str:
        return on_flask.current_user.name

    @app.get("/staff")
    @other.login_required
    def theirs() -> str:
        return other.user.name if other.user else ""

    assert all(map(callable, (mine, theirs)))
    return WSGIClient(app)


def in_quart(shop: EchoAuth, staff: EchoAuth) -> Client:
    app = quart.Quart("app")
    on_quart.Watchword(shop, app)
    other = on_quart.Watchword(staff, app, name="staff")

    @app.get("/shop")
    @on_quart.login_required
    async def mine() -> str:
        return on_quart.current_user.name

    @app.get("/staff")
    @other.login_required
    async def theirs() -> str:
        found = await other.user
        return found.name if found else ""

    assert all(map(callable, (mine, theirs)))
    return ASGIClient(app)


def in_fastapi(shop: EchoAuth, staff: EchoAuth) -> Client:
    app = fastapi.FastAPI()
    on_fastapi.mount(app, staff)
    on_fastapi.mount(app, shop)
    mine_only = fastapi.Depends(on_fastapi.CurrentUser(shop))
    theirs_only = fastapi.Depends(on_fastapi.CurrentUser(staff))

    @app.get("/shop", response_class=PlainTextResponse)
    async def mine(user: User = mine_only) -> str:
        return user.name

    @app.get("/staff", response_class=PlainTextResponse)
    async def theirs(user: User = theirs_only) -> str:
        return user.name

    assert all(map(callable, (mine, theirs)))
    return ASGIClient(app)


def in_litestar(shop: EchoAuth, staff: EchoAuth) -> Client:
    plugin = on_litestar.WatchwordPlugin(shop)
    other = on_litestar.WatchwordPlugin(staff, prefix="staff_")

    @litestar.get("/shop", guards=[plugin.requires_session], media_type="text/plain")
    async def mine(user: NamedDependency[User]) -> str:
        return user.name

    @litestar.get("/staff", guards=[other.requires_session], media_type="text/plain")
    async def theirs(staff_user: NamedDependency[User]) -> str:
        return staff_user.name

    return ASGIClient(LitestarApp([mine, theirs], plugins=[plugin, other], openapi_config=None))


def in_starlette(shop: EchoAuth, staff: EchoAuth) -> Client:
    async def mine(request: Request) -> Response:
        return PlainTextResponse(*name_of(request.user))

    async def theirs(request: Request) -> Response:
        found = (await asgi.checked_of(staff, request.scope)).session
        return PlainTextResponse(found.user.name if found else "", 200 if found else 401)

    def name_of(user: Any) -> tuple[str, int]:
        return (user.display_name, 200) if user.is_authenticated else ("", 401)

    return ASGIClient(
        Starlette(
            routes=[
                on_starlette.mount(shop),
                on_starlette.mount(staff),
                Route("/shop", mine),
                Route("/staff", theirs),
            ],
            middleware=[
                Middleware(on_starlette.SessionMiddleware, auth=staff),
                Middleware(on_starlette.SessionMiddleware, auth=shop),
            ],
        )
    )


def in_asgi(shop: EchoAuth, staff: EchoAuth) -> Client:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        auth = shop if scope["path"] == "/shop" else staff
        found = (await asgi.checked_of(auth, scope)).session
        await PlainTextResponse(found.user.name if found else "", 200 if found else 401)(
            scope, receive, send
        )

    return ASGIClient(asgi.WatchwordMiddleware(asgi.WatchwordMiddleware(app, staff), shop))


def in_wsgi(shop: EchoAuth, staff: EchoAuth) -> Client:
    def app(environ: Any, start: Any) -> list[bytes]:
        auth = shop if environ["PATH_INFO"] == "/shop" else staff
        found = wsgi.checked_of(auth, environ).session
        start("200 OK" if found else "401 Unauthorized", [])
        return [found.user.name.encode() if found else b""]

    return WSGIClient(wsgi.WatchwordMiddleware(wsgi.WatchwordMiddleware(app, staff), shop))


def in_django(shop: EchoAuth, staff: EchoAuth) -> Client:
    def mine(request: HttpRequest) -> HttpResponse:
        return HttpResponse(request.user.get_full_name())  # pyright: ignore

    def theirs(request: HttpRequest) -> HttpResponse:
        user = on_django.visit_of(request, staff).user
        return HttpResponse(user.name if user else "")

    def urls() -> list[Any]:
        return [
            *on_django.watchword_urls(staff),
            django_path("shop", on_django.login_required(mine)),
            django_path("staff", on_django.login_required(theirs, auth=staff)),
        ]

    return DjangoClient(shop, urls)


ALL = (in_flask, in_quart, in_fastapi, in_starlette, in_asgi, in_wsgi, in_django)


@pytest.mark.parametrize(
    ("build", "base"),
    [(in_litestar, "/staff/auth"), *((build, "/staff/auth") for build in ALL)]
    + [(build, "/api/auth-staff") for build in ALL],
)
def test_each_serves_its_own_paths_and_guards_its_own_routes(
    build: Callable[[EchoAuth, EchoAuth], Client], base: str
) -> None:
    shop, staff = EchoAuth(), Staff(base)
    client = build(shop, staff)
    assert client.send("GET", "/api/auth/ok").status == 200
    assert client.send("GET", f"{base}/ok").status == 200
    assert [seen.request.path for seen in shop.script.seen] == ["/api/auth/ok"]
    assert [seen.request.path for seen in staff.script.seen] == [f"{base}/ok"]
    cookie = [("Cookie", "user=al; renew=1")]
    assert client.send("GET", "/shop", cookie).body == b"al"
    assert client.send("GET", "/staff", cookie).body == b"staff-al"
    assert client.send("GET", "/shop").status == 401
    assert client.send("GET", "/staff").status == 401


@pytest.mark.parametrize("inner_first", [False, True])
def test_fastapi_asks_the_longer_base_path_first(inner_first: bool) -> None:
    outer, inner = EchoAuth("/auth"), EchoAuth("/auth/staff")
    app = fastapi.FastAPI()
    for auth in (inner, outer) if inner_first else (outer, inner):
        on_fastapi.mount(app, auth)
    ASGIClient(app).send("GET", "/auth/staff/ok")
    ASGIClient(app).send("GET", "/auth/ok")
    assert [len(auth.script.seen) for auth in (outer, inner)] == [1, 1]


def test_one_place_for_two_is_refused() -> None:
    app = fastapi.FastAPI()
    on_fastapi.mount(app, EchoAuth())
    with pytest.raises(ConfigurationError, match="base_path: '/api/auth' is taken"):
        on_fastapi.mount(app, EchoAuth())
    other = flask.Flask("app")
    on_flask.Watchword(EchoAuth(), other)
    with pytest.raises(ConfigurationError, match="name=") as refused:
        on_flask.Watchword(EchoAuth("/other"), other)
    assert refused.value.option == "name"
    with pytest.raises(ConfigurationError, match="path: '/api/auth' is taken"):
        on_flask.Watchword(EchoAuth(), other, name="second")
    plugins = [on_litestar.WatchwordPlugin(EchoAuth(path)) for path in ("/a", "/b")]
    with pytest.raises(ImproperlyConfiguredException, match="prefix="):
        LitestarApp([], plugins=plugins)


@pytest.mark.parametrize("path", ["/api/auth", "/api/auth-staff", "/api/auth/staff", "/api"])
def test_litestar_refuses_base_paths_that_it_would_not_tell_apart(path: str) -> None:
    plugins = [
        on_litestar.WatchwordPlugin(EchoAuth()),
        on_litestar.WatchwordPlugin(EchoAuth(path), prefix="staff_"),
    ]
    with pytest.raises(ImproperlyConfiguredException, match="does not begin with"):
        LitestarApp([], plugins=plugins)


def test_a_guard_that_could_mean_either_says_so() -> None:
    @litestar.get("/", guards=[on_litestar.requires_session])
    async def page() -> str:
        return ""

    plugins = [
        on_litestar.WatchwordPlugin(EchoAuth("/a")),
        on_litestar.WatchwordPlugin(EchoAuth("/b"), prefix="b_"),
    ]
    app = LitestarApp([page], plugins=plugins, openapi_config=None, debug=True)
    answer = ASGIClient(app).send("GET", "/")
    assert answer.status == 500
    assert b"several servers could be meant" in answer.body

    other = flask.Flask("app")
    on_flask.Watchword(EchoAuth(), other, name="staff")
    other.add_url_rule("/", view_func=on_flask.login_required(lambda: ""))
    other.testing = True
    with pytest.raises(RuntimeError, match="its own login_required"):
        WSGIClient(other).send("GET", "/")


def test_flask_matches_hosts() -> None:
    shop, staff, everywhere = EchoAuth(), EchoAuth(), EchoAuth("/all")
    app = flask.Flask("app", host_matching=True, static_host="static.example.com")
    on_flask.Watchword(shop, app, host="app.example.com")
    on_flask.Watchword(staff, app, name="staff", host="staff.example.com")
    on_flask.Watchword(everywhere, app, name="all")
    for host in ("app.example.com", "staff.example.com", "other.example.com"):
        environ = {"HTTP_HOST": host}
        WSGIClient(app).send("GET", "/api/auth/ok", extra=environ)
        assert WSGIClient(app).send("GET", "/all/ok", extra=environ).status == 200
    assert [len(auth.script.seen) for auth in (shop, staff, everywhere)] == [1, 1, 3]


def test_quart_matches_hosts() -> None:
    shop, staff, everywhere = EchoAuth(), EchoAuth(), EchoAuth("/all")
    app = quart.Quart("app", host_matching=True, static_host="static.example.com")
    on_quart.Watchword(shop, app, host="app.example.com")
    on_quart.Watchword(staff, app, name="staff", host="staff.example.com")
    on_quart.Watchword(everywhere, app, name="all")
    for host in ("app.example.com", "staff.example.com", "other.example.com"):
        given = {"headers": [(b"host", host.encode())]}
        ASGIClient(app).send("GET", "/api/auth/ok", extra=given)
        assert ASGIClient(app).send("GET", "/all/ok", extra=given).status == 200
    assert [len(auth.script.seen) for auth in (shop, staff, everywhere)] == [1, 1, 3]


def test_quart_refuses_what_it_cannot_do() -> None:
    with pytest.raises(ConfigurationError, match=r"Quart\(host_matching=True"):
        on_quart.Watchword(EchoAuth(), quart.Quart("app"), host="app.example.com")
    other: Any = flask.Flask("app")
    with pytest.raises(ConfigurationError, match="a Flask cannot be served by"):
        on_quart.Watchword(EchoAuth(), other)


def test_flask_refuses_what_it_cannot_do() -> None:
    with pytest.raises(ConfigurationError, match="host_matching=True"):
        on_flask.Watchword(EchoAuth(), flask.Flask("app"), host="app.example.com")
    blueprint: Any = flask.Blueprint("shop", "shop", url_prefix="/shop")
    with pytest.raises(ConfigurationError, match="a Blueprint cannot be served by"):
        on_flask.Watchword(EchoAuth(), blueprint)


def test_guards_and_base_paths_below_a_blueprints_prefix() -> None:
    shop = EchoAuth("/shop/auth")
    app = flask.Flask("app")
    on_flask.Watchword(shop, app)
    blueprint = flask.Blueprint("shop", "shop", url_prefix="/shop")
    blueprint.add_url_rule(
        "/me", view_func=on_flask.login_required(lambda: on_flask.current_user.name)
    )
    app.register_blueprint(blueprint)
    assert WSGIClient(app).send("GET", "/shop/me", [("Cookie", "user=al")]).body == b"al"
    assert WSGIClient(app).send("GET", "/shop/auth/ok").status == 200
