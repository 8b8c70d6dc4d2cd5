"""An application under `/shop` behind a proxy: whether the proxy strips the prefix or keeps it, and
however the server then says it, addresses, cookies and redirects are those that browsers see."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import flask
import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from tests.adapters import apps
from tests.adapters.drivers import Answer, ASGIClient, Client, Pairs, WSGIClient
from tests.adapters.prefixed import (
    OUTER,
    PREFIX,
    in_django,
    in_django_asgi,
    in_fastapi,
    in_flask,
    in_litestar,
    in_quart,
    in_starlette,
    mailing_server,
    on_asgi,
    on_asgi_middleware,
    on_wsgi,
)
from tests.support.django_project import DjangoClient
from watchword import Auth, testing
from watchword.adapters.flask import Watchword

SITE = "https://app.example.com"
WELCOME = f"{PREFIX}/welcome?from=mail"
ADA = {
    "name": "Ada",
    "email": "ada@example.com",
    "password": "password1234",
    "callbackURL": WELCOME,
}

Form = Callable[[str], dict[str, Any]]
"""What a server makes of a path below the prefix: keys of the scope or the environ."""


def scope(*, path: str, raw: str | None, root: str) -> dict[str, Any]:
    raw_path = None if raw is None else raw.encode()
    return {"path": path, "raw_path": raw_path, "root_path": root}


ASGI_FORMS: dict[str, Form] = {
    "stripped, uvicorn --root-path": lambda p: scope(path=PREFIX + p, raw=PREFIX + p, root=PREFIX),
    "stripped, hypercorn --root-path": lambda p: scope(path=p, raw=p, root=PREFIX),
    "stripped, raw_path as received": lambda p: scope(path=PREFIX + p, raw=p, root=PREFIX),
    "stripped, without raw_path": lambda p: scope(path=p, raw=None, root=PREFIX),
    "stripped, a slash too many": lambda p: scope(path=p, raw=p, root=f"{PREFIX}/"),
    "kept, root_path": lambda p: scope(path=PREFIX + p, raw=PREFIX + p, root=PREFIX),
    "kept, without raw_path": lambda p: scope(path=PREFIX + p, raw=None, root=PREFIX),
}

WSGI_FORMS: dict[str, Form] = {
    "stripped, SCRIPT_NAME": lambda p: {
        "SCRIPT_NAME": PREFIX,
        "PATH_INFO": p,
        "REQUEST_URI": p,
    },
    "kept, SCRIPT_NAME": lambda p: {
        "SCRIPT_NAME": PREFIX,
        "PATH_INFO": p,
        "REQUEST_URI": PREFIX + p,
    },
    "without REQUEST_URI": lambda p: {
        "SCRIPT_NAME": PREFIX,
        "PATH_INFO": p,
        "REQUEST_URI": None,
    },
}


def with_application_root(auth: Auth[Any]) -> Client:
    """Flask's own setting, which is for addresses and cookies that Flask makes."""
    app = flask.Flask("app")
    app.config["APPLICATION_ROOT"] = PREFIX
    Watchword(auth, app, path="/api/auth")
    return WSGIClient(app)


def dispatched(auth: Auth[Any]) -> Client:
    app = flask.Flask("app")
    Watchword(auth, app, path="/api/auth")
    return WSGIClient(DispatcherMiddleware(flask.Flask("outer"), {PREFIX: app}))


def behind_proxy_fix(auth: Auth[Any]) -> Client:
    app = flask.Flask("app")
    Watchword(auth, app, path="/api/auth")
    return WSGIClient(ProxyFix(app.wsgi_app, x_prefix=1))


def forced(auth: Auth[Any]) -> Client:
    return DjangoClient(auth, FORCE_SCRIPT_NAME=PREFIX)


def forced_asgi(auth: Auth[Any]) -> Client:
    return DjangoClient(auth, asynchronous=True, FORCE_SCRIPT_NAME=PREFIX)


def stripped(path: str) -> dict[str, Any]:
    return {"SCRIPT_NAME": "", "PATH_INFO": path, "REQUEST_URI": path}


def stripped_in_asgi(path: str) -> dict[str, Any]:
    return scope(path=path, raw=path, root="")


def whole(path: str) -> dict[str, Any]:
    return {"SCRIPT_NAME": "", "PATH_INFO": PREFIX + path, "REQUEST_URI": PREFIX + path}


def prefix_header(path: str) -> dict[str, Any]:
    return {"PATH_INFO": path, "REQUEST_URI": path, "HTTP_X_FORWARDED_PREFIX": PREFIX}


def kept_in_asgi(path: str) -> dict[str, Any]:
    return scope(path=PREFIX + path, raw=PREFIX + path, root="")


CASES: list[Any] = [
    *(
        pytest.param(server, form, id=f"{server.__name__}-{name}")
        for server in (
            *(on_asgi, on_asgi_middleware, in_starlette, in_fastapi, in_litestar),
            *(in_quart, in_django_asgi),
        )
        for name, form in ASGI_FORMS.items()
    ),
    *(
        pytest.param(server, form, id=f"{server.__name__}-{name}")
        for server in (on_wsgi, in_flask, with_application_root, in_django)
        for name, form in WSGI_FORMS.items()
    ),
    # The application itself knows the prefix, and the server says nothing of it.
    *(
        pytest.param(apps.SERVERS[name], kept_in_asgi, id=f"{name}-kept, nothing said")
        for name in (
            *("asgi", "asgi-middleware", "quart", "starlette", "fastapi", "litestar"),
            "django-asgi",
        )
    ),
    pytest.param(apps.SERVERS["wsgi"], whole, id="wsgi-kept, nothing said"),
    pytest.param(apps.SERVERS["flask"], whole, id="flask-kept, nothing said"),
    pytest.param(apps.SERVERS["django"], whole, id="django-kept, nothing said"),
    pytest.param(forced, stripped, id="FORCE_SCRIPT_NAME"),
    pytest.param(forced_asgi, stripped_in_asgi, id="FORCE_SCRIPT_NAME, ASGI"),
    pytest.param(dispatched, whole, id="DispatcherMiddleware"),
    pytest.param(behind_proxy_fix, prefix_header, id="ProxyFix"),
]


@pytest.fixture
def outbox() -> testing.Outbox:
    return testing.Outbox()


@pytest.fixture
def auth(tmp_path: Path, outbox: testing.Outbox) -> Iterator[Auth[Any]]:
    with mailing_server(tmp_path, outbox) as made:
        yield made


@pytest.mark.parametrize(("server", "form"), CASES)
def test_a_person_signs_up_and_opens_the_link_of_the_mail(
    auth: Auth[Any], outbox: testing.Outbox, server: Callable[[Auth[Any]], Client], form: Form
) -> None:
    client = server(auth)
    with asyncio.Runner() as runner:
        if isinstance(client, ASGIClient | DjangoClient):
            client.run = runner.run

        def send(method: str, target: str, headers: Pairs = (), body: bytes = b"") -> Answer:
            path, _, query = target.partition("?")
            said = form(path)
            if query and said.get("REQUEST_URI"):
                said["REQUEST_URI"] += f"?{query}"
            return client.send(method, target, headers, body=body, scheme="https", extra=said)

        headers = [("content-type", "application/json"), ("origin", SITE)]
        made = send("POST", "/api/auth/sign-up/email", headers, json.dumps(ADA).encode())
        assert made.status == 200, made.body
        (line,) = made.all("set-cookie")
        cookie, *attributes = line.split("; ")
        assert cookie.startswith("__Secure-better-auth.session_token=")
        assert "Path=/" in attributes
        session = send("GET", "/api/auth/get-session", [("cookie", cookie)])
        assert json.loads(session.body)["user"]["email"] == ADA["email"]

        (link,) = runner.run(outbox.settled()).links
        assert link.startswith(f"{OUTER}/verify-email?")
        assert urlencode({"callbackURL": WELCOME}) in link
        opened = send("GET", link.removeprefix(SITE + PREFIX))
        assert (opened.status, opened.all("location")) == (302, [WELCOME])

        left = send("POST", "/api/auth/sign-out", [("origin", SITE), ("cookie", cookie)])
        gone = [item for item in left.all("set-cookie") if item.startswith(cookie.split("=")[0])]
        assert left.status == 200
        assert gone
        assert all("Max-Age=0" in item and "Path=/" in item.split("; ") for item in gone)
        runner.run(auth.close())


@pytest.mark.parametrize(
    "path", ["/api/auth/ok", "/shopping/api/auth/ok", "/shop/shop/api/auth/ok"]
)
def test_what_is_not_below_the_prefix_is_not_served(auth: Auth[Any], path: str) -> None:
    for server in (on_asgi, on_wsgi):
        client = server(auth)
        assert client.send("GET", path).status == 404
