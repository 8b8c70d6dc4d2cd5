"""Of two servers in one application each gets the forms that are meant for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import fastapi
import flask
import litestar
import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import path
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.adapters.drivers import ASGIClient, Client, WSGIClient
from tests.adapters.forms.test_forms import PASSWORD, SITE, Visitor
from tests.core.conftest import FAST
from tests.support.browser import SECRET, Clock
from tests.support.django_project import DjangoClient
from tests.support.litestar_app import LitestarApp
from watchword import Advanced, Auth, EmailAndPassword, SignUpEmail
from watchword.adapters import fastapi as on_fastapi
from watchword.adapters import flask as on_flask
from watchword.adapters import litestar as on_litestar
from watchword.adapters import starlette as on_starlette
from watchword.adapters.django import visit_of, watchword_urls

Two: TypeAlias = "Callable[[Auth[Any], Auth[Any]], Client]"
Asked: TypeAlias = litestar.Request[Any, Any, Any]


def in_flask(shop: Auth[Any], staff: Auth[Any]) -> Client:
    app = flask.Flask("app")
    servers = {
        "shop": on_flask.Watchword(shop, app),
        "staff": on_flask.Watchword(staff, app, name="staff"),
    }

    def view(name: str) -> str:
        return servers[name].submit("sign_in_email").code or "ok"

    app.add_url_rule("/<name>", view_func=view, methods=["POST"])
    return WSGIClient(app)


def in_starlette(shop: Auth[Any], staff: Auth[Any]) -> Client:
    def view(auth: Auth[Any]) -> Callable[[Request], Any]:
        async def login(request: Request) -> PlainTextResponse:
            done = await on_starlette.submit(auth, request, "sign_in_email")
            return PlainTextResponse(done.code or "ok")

        return login

    servers = {"shop": shop, "staff": staff}
    routes = [Route(f"/{name}", view(auth), methods=["POST"]) for name, auth in servers.items()]
    around = [Middleware(on_starlette.SessionMiddleware, auth=auth) for auth in servers.values()]
    return ASGIClient(Starlette(routes=routes, middleware=around))


def in_fastapi(shop: Auth[Any], staff: Auth[Any]) -> Client:
    app = fastapi.FastAPI()
    for name, auth in (("shop", shop), ("staff", staff)):
        on_fastapi.mount(app, auth)
        posted = fastapi.Depends(on_fastapi.CurrentForm(auth))

        async def view(form: on_fastapi.PostedForm = posted) -> PlainTextResponse:
            return PlainTextResponse((await form.submit("sign_in_email")).code or "ok")

        app.add_api_route(f"/{name}", view, methods=["POST"])
    return ASGIClient(app)


def in_litestar(shop: Auth[Any], staff: Auth[Any]) -> Client:
    plugins = {
        "shop": on_litestar.WatchwordPlugin(shop),
        "staff": on_litestar.WatchwordPlugin(staff, prefix="staff_"),
    }

    async def view(request: Asked) -> str:
        plugin = plugins[request.url.path.strip("/")]
        assert await plugin.safe_next(request, "/home") == "/home"
        return (await plugin.submit(request, "sign_in_email")).code or "ok"

    handlers = [litestar.post(f"/{name}", media_type="text/plain")(view) for name in plugins]
    return ASGIClient(LitestarApp(handlers, plugins=[*plugins.values()], openapi_config=None))


def in_django(shop: Auth[Any], staff: Auth[Any]) -> Client:
    def view(auth: Auth[Any]) -> Callable[[HttpRequest], HttpResponse]:
        def login(request: HttpRequest) -> HttpResponse:
            return HttpResponse(visit_of(request, auth).submit("sign_in_email").code or "ok")

        return login

    views = [path(name, view(auth)) for name, auth in (("shop", shop), ("staff", staff))]
    return DjangoClient(shop, lambda: [*watchword_urls(staff), *views])


@pytest.mark.parametrize("make", [in_flask, in_starlette, in_fastapi, in_litestar, in_django])
def test_each_gets_its_own(make: Two, tmp_path: Path) -> None:
    servers: list[Auth[Any]] = []
    for name in ("shop", "staff"):
        auth = Auth(
            database=f"sqlite:///{tmp_path}/{name}.db",
            secret=f"{SECRET}{name}",
            base_url=f"{SITE}/{name}-auth",
            email_and_password=EmailAndPassword(enabled=True, argon2_cost=FAST),
            advanced=Advanced(cookie_prefix=name),
            environ={},
        )
        auth.blocking.migrate()
        email = f"{name}@example.com"
        auth.blocking.api.sign_up_email(SignUpEmail(name=name, email=email, password=PASSWORD))
        servers.append(auth)
    client: Any = make(*servers)
    with asyncio.Runner() as runner:
        client.run = runner.run
        visitor = Visitor(client, Clock())
        for name, other in (("shop", "staff"), ("staff", "shop")):
            refused = visitor.sign_in(f"/{name}", f"{other}@example.com")
            assert refused.body == b"INVALID_EMAIL_OR_PASSWORD"
            answer = visitor.sign_in(f"/{name}", f"{name}@example.com")
            assert answer.body == b"ok"
            names = {line.partition("=")[0] for line in answer.all("set-cookie")}
            assert names == {f"{name}.session_token"}
        for auth in servers:
            runner.run(auth.close())
            auth.blocking.close()
