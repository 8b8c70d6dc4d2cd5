"""A front end on another port: whatever the application uses for CORS can answer preflights below
the base path, as it does for the application's other routes."""

from __future__ import annotations

from typing import Any

import flask
import pytest

from tests.adapters.drivers import Client, WSGIClient
from tests.adapters.echo import EchoAuth
from watchword.adapters.flask import Watchword
from watchword.adapters.wsgi import WSGIApp

FRONT = "http://localhost:5173"
PREFLIGHT = [
    ("Origin", FRONT),
    ("Access-Control-Request-Method", "POST"),
    ("Access-Control-Request-Headers", "content-type"),
]


def test_a_preflight_is_a_success_that_reaches_nobody(client: Client, auth: EchoAuth) -> None:
    answer = client.send("OPTIONS", "/api/auth/sign-in/email", PREFLIGHT)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.all("access-control-allow-origin") == []
    assert auth.script.seen == []


def test_other_options_are_the_cores(client: Client, auth: EchoAuth) -> None:
    client.send("OPTIONS", "/api/auth/ok", [("Origin", FRONT)])
    assert auth.last.request.method == "OPTIONS"


def test_an_extension_of_flask_completes_the_answer(auth: EchoAuth) -> None:
    app = flask.Flask("app")
    Watchword(auth, app)

    @app.after_request
    def cors(response: flask.Response) -> flask.Response:  # as Flask-CORS does it
        response.headers["Access-Control-Allow-Origin"] = FRONT
        return response

    assert callable(cors)
    answer = WSGIClient(app).send("OPTIONS", "/api/auth/ok", PREFLIGHT)
    assert answer.all("access-control-allow-origin") == [FRONT]


def test_flask_cors_itself(auth: EchoAuth) -> None:
    flask_cors = pytest.importorskip("flask_cors")
    app = flask.Flask("app")
    Watchword(auth, app)
    flask_cors.CORS(app, origins=[FRONT], supports_credentials=True)
    answer = WSGIClient(app).send("OPTIONS", "/api/auth/ok", PREFLIGHT)
    assert answer.status == 204
    assert answer.all("access-control-allow-origin") == [FRONT]
    assert answer.all("access-control-allow-credentials") == ["true"]


def test_a_middleware_of_wsgi_completes_the_answer(auth: EchoAuth) -> None:
    server = WSGIApp(auth)

    def outer(environ: Any, start: Any) -> Any:
        def with_cors(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            return start(status, [*headers, ("Access-Control-Allow-Origin", FRONT)], *error)

        return server(environ, with_cors)

    answer = WSGIClient(outer).send("OPTIONS", "/api/auth/ok", PREFLIGHT)
    assert (answer.status, answer.all("access-control-allow-origin")) == (204, [FRONT])
