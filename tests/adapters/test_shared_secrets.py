"""Two servers of one application that have users of their own do not share a secret where cookies
are believed without a store: somebody's session at the shop would open the doors of the staff."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastapi
import flask
import litestar
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from tests.adapters.drivers import ASGIClient
from tests.support.django_project import project
from watchword import Auth, ConfigurationError, CookieCache, Names, SessionOptions
from watchword.adapters import asgi, wsgi
from watchword.adapters import fastapi as on_fastapi
from watchword.adapters import flask as on_flask
from watchword.adapters import litestar as on_litestar
from watchword.adapters import starlette as on_starlette
from watchword.adapters.django import watchword_urls

SECRET, ANOTHER = "a" * 16 + "0123456789abcdef", "b" * 16 + "0123456789abcdef"
CACHE = SessionOptions(cookie_cache=CookieCache())
Both = Callable[[Auth[Any], Auth[Any]], object]


def in_flask(shop: Auth[Any], staff: Auth[Any]) -> None:
    app = flask.Flask("app")
    on_flask.Watchword(shop, app)
    on_flask.Watchword(staff, app, name="staff")


def in_fastapi(shop: Auth[Any], staff: Auth[Any]) -> None:
    app = fastapi.FastAPI()
    on_fastapi.mount(app, shop)
    on_fastapi.mount(app, staff)


def in_litestar(shop: Auth[Any], staff: Auth[Any]) -> None:
    plugins = [
        on_litestar.WatchwordPlugin(shop),
        on_litestar.WatchwordPlugin(staff, prefix="staff_"),
    ]
    litestar.Litestar([], plugins=plugins)


def in_starlette(shop: Auth[Any], staff: Auth[Any]) -> None:
    session = on_starlette.SessionMiddleware
    layers = [
        Middleware(session, auth=shop),
        Middleware(GZipMiddleware),
        Middleware(session, auth=staff),
    ]
    ASGIClient(Starlette(middleware=layers)).send("GET", "/")


def in_asgi(shop: Auth[Any], staff: Auth[Any]) -> None:
    async def app(*given: object) -> None:
        """Answers nothing."""

    asgi.WatchwordMiddleware(asgi.WatchwordMiddleware(app, shop), staff)


def in_wsgi(shop: Auth[Any], staff: Auth[Any]) -> None:
    wsgi.WatchwordMiddleware(wsgi.WatchwordMiddleware(lambda *given: [], shop), staff)


def in_django(shop: Auth[Any], staff: Auth[Any]) -> None:
    with project(shop):
        watchword_urls(staff)


EVERYWHERE = pytest.mark.parametrize(
    "together", [in_flask, in_fastapi, in_litestar, in_starlette, in_asgi, in_wsgi, in_django]
)


def server(base_path: str, database: Any, **options: Any) -> Auth[Any]:
    given: dict[str, Any] = {"secret": SECRET, "session": CACHE, "environ": {}, **options}
    url = "http://localhost:3000"
    return Auth(database=database, base_url=url, base_path=base_path, **given)


@EVERYWHERE
def test_with_a_cache_users_of_their_own_need_secrets_of_their_own(
    together: Both, tmp_path: Path
) -> None:
    shop = server("/shop-auth", f"sqlite:///{tmp_path}/shop.db")
    plain = SessionOptions()
    for staff in (
        server("/staff-auth", f"sqlite:///{tmp_path}/staff.db"),
        server("/staff-auth", f"sqlite:///{tmp_path}/staff.db", session=plain),
        server("/staff-auth", f"sqlite:///{tmp_path}/shop.db", names=Names(tables={"user": "s"})),
        server("/staff-auth", None, session=plain),
    ):
        with pytest.raises(ConfigurationError, match="one secret"):
            together(shop, staff)


@EVERYWHERE
def test_others_may_stand_together(together: Both, tmp_path: Path) -> None:
    url, other = f"sqlite:///{tmp_path}/shop.db", f"sqlite:///{tmp_path}/staff.db"
    shop, plain = server("/shop-auth", url), SessionOptions()
    together(shop, server("/staff-auth", url))
    together(shop, server("/staff-auth", other, secret=ANOTHER))
    together(server("/shop-auth", url, session=plain), server("/staff-auth", other, session=plain))
