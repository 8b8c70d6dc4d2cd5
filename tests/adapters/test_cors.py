"""A front end on another origin: `cors=True` is enough for the endpoints in every adapter, and what
the application uses for CORS completes their answers as it does those of its own routes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import flask
import pytest

from tests.adapters.apps import SERVERS
from tests.adapters.cross_origin import Blocked, Page
from tests.adapters.drivers import ASGIClient, Client, WSGIClient
from watchword import Advanced, Auth, testing
from watchword.adapters.flask import Watchword
from watchword.adapters.wsgi import WSGIApp
from watchword.http.cookies import CookieAttributes

FRONT = "http://localhost:5173"
PREFLIGHT = [
    ("Origin", FRONT),
    ("Access-Control-Request-Method", "POST"),
    ("Access-Control-Request-Headers", "content-type"),
]
ADA = {"name": "Ada", "email": "ada@example.com", "password": "correct horse"}

Serve = Callable[..., Client]


@pytest.fixture(params=SERVERS)
def serve(request: pytest.FixtureRequest) -> Iterator[Serve]:
    """A new server, served in each of the ways."""
    with asyncio.Runner() as runner:
        made: list[Auth[Any]] = []

        def build(**options: Any) -> Client:
            options.setdefault("base_url", "http://app.example.com")
            made.append(testing.auth(**options))
            client = SERVERS[request.param](made[-1])
            if isinstance(client, ASGIClient):
                client.run = runner.run
            return client

        yield build
        for auth in made:
            runner.run(auth.close())
            auth.blocking.close()


def test_a_front_end_signs_up_in_and_out(serve: Serve) -> None:
    page = Page(serve(trusted_origins=[FRONT], cors=True))
    assert page.fetch("POST", "/api/auth/sign-up/email", ADA).status == 200
    assert page.fetch("GET", "/api/auth/get-session").json["user"]["email"] == ADA["email"]
    assert page.fetch("POST", "/api/auth/sign-out", {}).status == 200
    assert page.fetch("GET", "/api/auth/get-session").json is None
    wrong = page.fetch("POST", "/api/auth/sign-in/email", {**ADA, "password": "wrong horse"})
    assert (wrong.status, wrong.json["code"]) == (401, "INVALID_EMAIL_OR_PASSWORD")
    assert page.asked == 3


def test_a_front_end_on_another_site_needs_cookies_for_it(serve: Serve) -> None:
    given = CookieAttributes(same_site="none", secure=True)
    client = serve(
        base_url="https://app.example.com",
        trusted_origins=["https://front.example"],
        cors=True,
        advanced=Advanced(default_cookie_attributes=given),
    )
    page = Page(client, origin="https://front.example", scheme="https", cross_site=True)
    assert page.fetch("POST", "/api/auth/sign-up/email", ADA).status == 200
    assert page.fetch("GET", "/api/auth/get-session").json["user"]["email"] == ADA["email"]
    assert {same_site for _, same_site in page.jar.values()} == {"none"}


def test_and_is_signed_in_nowhere_without_them(serve: Serve) -> None:
    client = serve(
        base_url="https://app.example.com", trusted_origins=["https://front.example"], cors=True
    )
    page = Page(client, origin="https://front.example", scheme="https", cross_site=True)
    assert page.fetch("POST", "/api/auth/sign-up/email", ADA).status == 200
    assert page.fetch("GET", "/api/auth/get-session").json is None


def test_another_origin_is_let_in_nowhere(serve: Serve) -> None:
    client = serve(trusted_origins=[FRONT], cors=True)
    page = Page(client, origin="http://localhost:5174")
    with pytest.raises(Blocked, match="origin"):
        page.fetch("POST", "/api/auth/sign-up/email", ADA)
    # Without a preflight, as a form would: it may be sent, and does nothing.
    with pytest.raises(Blocked, match="origin"):
        page.fetch("GET", "/api/auth/get-session")


def test_without_the_option_a_preflight_is_a_success_for_others_to_complete(serve: Serve) -> None:
    client = serve(trusted_origins=[FRONT])
    answer = client.send("OPTIONS", "/api/auth/sign-in/email", PREFLIGHT)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.all("access-control-allow-origin") == []
    with pytest.raises(Blocked, match="origin"):
        Page(client).fetch("POST", "/api/auth/sign-up/email", ADA)


def test_other_options_are_the_cores(serve: Serve) -> None:
    assert serve(cors=True).send("OPTIONS", "/api/auth/ok", [("Origin", FRONT)]).status == 404


@pytest.fixture
def auth() -> Iterator[Auth[Any]]:
    made = testing.auth(base_url="http://app.example.com", trusted_origins=[FRONT])
    yield made
    made.blocking.close()


def test_an_extension_of_flask_completes_the_answer(auth: Auth[Any]) -> None:
    app = flask.Flask("app")
    Watchword(auth, app)

    @app.after_request
    def cors(response: flask.Response) -> flask.Response:
        response.headers["Access-Control-Allow-Origin"] = FRONT
        return response

    assert callable(cors)
    answer = WSGIClient(app).send("OPTIONS", "/api/auth/ok", PREFLIGHT)
    assert answer.all("access-control-allow-origin") == [FRONT]


@pytest.mark.parametrize("own", [False, True])
def test_flask_cors_itself(own: bool) -> None:
    """Also where the server answers for itself: neither header is there twice."""
    flask_cors = pytest.importorskip("flask_cors")
    auth = testing.auth(base_url="http://app.example.com", trusted_origins=[FRONT], cors=own)
    app = flask.Flask("app")
    Watchword(auth, app)
    flask_cors.CORS(app, origins=[FRONT], supports_credentials=True)
    page = Page(WSGIClient(app), shares_cache=own)
    assert page.fetch("POST", "/api/auth/sign-up/email", ADA).status == 200
    assert page.fetch("GET", "/api/auth/get-session").json["user"]["email"] == ADA["email"]
    auth.blocking.close()


def test_a_middleware_of_wsgi_completes_the_answer(auth: Auth[Any]) -> None:
    server = WSGIApp(auth)

    def outer(environ: Any, start: Any) -> Any:
        def with_cors(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            return start(status, [*headers, ("Access-Control-Allow-Origin", FRONT)], *error)

        return server(environ, with_cors)

    answer = WSGIClient(outer).send("OPTIONS", "/api/auth/ok", PREFLIGHT)
    assert (answer.status, answer.all("access-control-allow-origin")) == (204, [FRONT])
