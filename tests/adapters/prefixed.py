"""Applications below a prefix (`/shop`), where the whole base path is that of `base_url`."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fastapi
import flask
import quart
from starlette.applications import Starlette

from tests.adapters.drivers import ASGIClient, Client, WSGIClient
from tests.support.django_project import DjangoClient
from tests.support.litestar_app import LitestarApp
from watchword import Auth, EmailVerification, testing
from watchword.adapters import fastapi as on_fastapi
from watchword.adapters import flask as on_flask
from watchword.adapters import litestar as on_litestar
from watchword.adapters import quart as on_quart
from watchword.adapters import starlette as on_starlette
from watchword.adapters.asgi import ASGIApp, WatchwordMiddleware
from watchword.adapters.wsgi import WSGIApp

PREFIX = "/shop"
OUTER = "https://app.example.com/shop/api/auth"


@contextmanager
def mailing_server(
    folder: Path, outbox: testing.Outbox, **options: Any
) -> Generator[Auth[Any], None, None]:
    """A server below the prefix that mails a link with every sign-up."""
    made = testing.auth(
        database=f"sqlite:///{folder}/test.db",
        base_url=OUTER,
        email_verification=EmailVerification(
            send_verification_email=outbox.send, send_on_sign_up=True
        ),
        **options,
    )
    yield made
    made.blocking.close()


def on_asgi(auth: Auth[Any]) -> Client:
    return ASGIClient(ASGIApp(auth))


def on_asgi_middleware(auth: Auth[Any]) -> Client:
    async def never(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("the request was passed on")

    return ASGIClient(WatchwordMiddleware(never, auth))


def on_wsgi(auth: Auth[Any]) -> Client:
    return WSGIClient(WSGIApp(auth))


def in_flask(auth: Auth[Any]) -> Client:
    app = flask.Flask("app")
    on_flask.Watchword(auth, app, path="/api/auth")
    return WSGIClient(app)


def in_quart(auth: Auth[Any]) -> Client:
    app = quart.Quart("app")
    on_quart.Watchword(auth, app, path="/api/auth")
    return ASGIClient(app)


def in_starlette(auth: Auth[Any]) -> Client:
    return ASGIClient(Starlette(routes=[on_starlette.mount(auth)]))


def in_fastapi(auth: Auth[Any]) -> Client:
    app = fastapi.FastAPI()
    on_fastapi.mount(app, auth)
    return ASGIClient(app)


def in_django(auth: Auth[Any]) -> Client:
    return DjangoClient(auth)


def in_django_asgi(auth: Auth[Any]) -> Client:
    return DjangoClient(auth, asynchronous=True)


def in_litestar(auth: Auth[Any]) -> Client:
    plugin = on_litestar.WatchwordPlugin(auth, path="/api/auth")
    return ASGIClient(LitestarApp([], plugins=[plugin], openapi_config=None))
