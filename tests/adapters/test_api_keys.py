"""Routes of the application that take an API key, in every adapter."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
from tests.core.conftest import FAST
from tests.support.browser import SECRET, Clock
from tests.support.django_project import DjangoClient
from tests.support.litestar_app import LitestarApp
from watchword import Auth, ConfigurationError, EmailAndPassword, SignUpEmail
from watchword.adapters import fastapi as on_fastapi
from watchword.adapters import flask as on_flask
from watchword.adapters import litestar as on_litestar
from watchword.adapters import quart as on_quart
from watchword.adapters import starlette as on_starlette
from watchword.adapters.django.api_keys import admitted_of as admitted_in_django
from watchword.adapters.django.api_keys import api_key_required as required_in_django
from watchword.adapters.fastapi_api_keys import RequiredApiKey, api_key_or_session
from watchword.adapters.flask_api_keys import admitted
from watchword.adapters.flask_api_keys import api_key_required as required_in_flask
from watchword.adapters.litestar_api_keys import admitted_of as admitted_in_litestar
from watchword.adapters.litestar_api_keys import requires_api_key
from watchword.adapters.quart_api_keys import admitted as admitted_in_quart
from watchword.adapters.quart_api_keys import api_key_required as required_in_quart
from watchword.adapters.starlette_api_keys import admitted_of, api_key_required
from watchword.plugins import ApiKey
from watchword.plugins.api_key import Admitted, ApiKeyConfig, CreateApiKey

READ = {"files": ["read"]}
ANY, FILES, EITHER, JOBS = "/any", "/files", "/either", "/jobs"
GUARDS: dict[str, tuple[Any, dict[str, Any]]] = {
    ANY: (None, {}),
    FILES: (READ, {}),
    EITHER: (READ, {"or_session": True}),
    JOBS: (None, {"config_id": "jobs"}),
}


def told(found: Admitted) -> str:
    user = "nobody" if found.user is None else found.user.email
    return f"{user} {'no key' if found.key is None else found.key.name}"


def on_flask_app(auth: Auth[Any]) -> Client:
    app = flask.Flask("app")
    on_flask.Watchword(auth, app)
    for path, (permissions, given) in GUARDS.items():
        guard = required_in_flask(permissions, **given)
        app.add_url_rule(path, endpoint=path, view_func=guard(lambda: told(admitted)))
    return WSGIClient(app)


def on_quart_app(auth: Auth[Any]) -> Client:
    app = quart.Quart("app")
    on_quart.Watchword(auth, app)

    async def page() -> str:
        return told(admitted_in_quart)

    for path, (permissions, given) in GUARDS.items():
        guard = required_in_quart(permissions, **given)
        app.add_url_rule(path, endpoint=path, view_func=guard(page))
    return ASGIClient(app)


def on_starlette_app(auth: Auth[Any]) -> Client:
    async def page(request: Request) -> Response:
        return PlainTextResponse(told(admitted_of(request)))

    def in_a_thread(request: Request) -> Response:
        return PlainTextResponse(told(admitted_of(request)))

    routes: list[Any] = [on_starlette.mount(auth)]
    for path, (permissions, given) in GUARDS.items():
        guarded = api_key_required(auth, permissions, **given)
        routes.append(Route(path, guarded(page if path == ANY else in_a_thread)))
    relay = Middleware(on_starlette.SessionMiddleware, auth=auth)
    return ASGIClient(Starlette(routes=routes, middleware=[relay]))


def fastapi_app(auth: Auth[Any]) -> fastapi.FastAPI:
    app = fastapi.FastAPI()
    on_fastapi.mount(app, auth)

    def guard(path: str, dependency: Any) -> None:
        needed = fastapi.Depends(dependency)

        @app.get(path, response_class=PlainTextResponse)
        async def page(found: Any = needed) -> str:
            return told(found)

        assert callable(page)

    for path, (permissions, given) in GUARDS.items():
        if path == EITHER:
            guard(path, api_key_or_session(auth, permissions))
        else:
            guard(path, RequiredApiKey(auth, permissions, **given))

    return app


def on_fastapi_app(auth: Auth[Any]) -> Client:
    return ASGIClient(fastapi_app(auth))


def on_litestar_app(auth: Auth[Any]) -> Client:
    def page(path: str, permissions: Any, given: dict[str, Any]) -> Any:
        @litestar.get(
            path, guards=[requires_api_key(permissions, **given)], media_type="text/plain"
        )
        async def shown(request: litestar.Request[Any, Any, Any]) -> str:
            return told(admitted_in_litestar(request))

        return shown

    routes = [page(path, *guard) for path, guard in GUARDS.items()]
    plugin = on_litestar.WatchwordPlugin(auth)
    return ASGIClient(LitestarApp(routes, plugins=[plugin], openapi_config=None))


def on_django_app(auth: Auth[Any]) -> Client:
    def page(request: HttpRequest) -> HttpResponse:
        return HttpResponse(told(admitted_in_django(request)))

    urls = [
        django_path(path[1:], required_in_django(permissions, **given)(page))
        for path, (permissions, given) in GUARDS.items()
    ]
    return DjangoClient(auth, urls)


SERVERS: dict[str, Callable[[Auth[Any]], Client]] = {
    "flask": on_flask_app,
    "quart": on_quart_app,
    "starlette": on_starlette_app,
    "fastapi": on_fastapi_app,
    "litestar": on_litestar_app,
    "django": on_django_app,
}


class Place:
    """Routes before which Al stands, with a cookie and with keys."""

    def __init__(self, auth: Auth[Any], client: Client) -> None:
        self.auth = auth
        self.client = client
        self.cookie, self.al = self.person("al")

    def person(self, name: str) -> tuple[str, str]:
        given = SignUpEmail(name=name, email=f"{name}@example.com", password="password1234")
        made = self.auth.blocking.api.sign_up_email(given, return_headers=True)
        return made.cookies[0].partition(";")[0], made.value.user.id

    def key(self, **given: Any) -> str:
        body = CreateApiKey(**{"user_id": self.al, "name": "ci", **given})
        return self.auth.blocking.api.create_api_key(body).key

    def get(self, path: str, key: str = "", cookie: str = "") -> tuple[int, str]:
        """Status, and the text or the code."""
        pairs = [("X-Api-Key", key), ("Cookie", cookie)]
        answer = self.client.send("GET", path, [pair for pair in pairs if pair[1]])
        text = answer.body.decode()
        assert "X-Api-Key" in ", ".join(answer.all("vary"))  # no cache has it for others
        if answer.status == 200:
            return 200, text
        body = json.loads(text)
        assert {"code", "message"} <= body.keys()
        assert answer.all("cache-control") == ["no-store"]
        return answer.status, body["code"]


@pytest.fixture(params=[True, False], ids=["as sessions", "alone"])
def auth(request: pytest.FixtureRequest, tmp_path: Path) -> Auth[Any]:
    config = [
        ApiKeyConfig(enable_session_for_api_keys=request.param),
        ApiKeyConfig(config_id="jobs"),
    ]
    made = Auth(
        database=f"sqlite:///{tmp_path / 'app.db'}",
        secret=SECRET,
        base_url="http://app.example.com",
        email_and_password=EmailAndPassword(enabled=True, argon2_cost=FAST),
        environ={},
        clock=Clock(),
        plugins=[ApiKey(config=config)],
    )
    made.blocking.migrate()
    return made


@pytest.fixture(params=SERVERS)
def place(request: pytest.FixtureRequest, auth: Auth[Any]) -> Place:
    return Place(auth, SERVERS[request.param](auth))


def test_a_key_opens_what_it_allows(place: Place) -> None:
    weak, strong = place.key(), place.key(permissions={"files": ["read", "write"]})
    assert place.get(ANY, weak) == (200, "al@example.com ci")
    assert place.get(FILES, weak) == (403, "INSUFFICIENT_API_KEY_PERMISSIONS")
    assert place.get(FILES, strong) == (200, "al@example.com ci")
    assert place.get(ANY) == (401, "UNAUTHORIZED")
    assert place.get(ANY, cookie=place.cookie) == (401, "UNAUTHORIZED")
    assert place.get(ANY, "x" * 70) == (401, "INVALID_API_KEY")


def test_a_session_will_do_where_the_route_says_so(place: Place) -> None:
    assert place.get(EITHER, cookie=place.cookie) == (200, "al@example.com no key")
    assert place.get(EITHER) == (401, "UNAUTHORIZED")
    assert place.get(EITHER, place.key(permissions=READ)) == (200, "al@example.com ci")
    assert place.get(EITHER, place.key()) == (403, "INSUFFICIENT_API_KEY_PERMISSIONS")


def test_a_key_of_one_kind_does_not_open_what_asks_for_another(place: Place) -> None:
    usual, jobs = place.key(), place.key(config_id="jobs")
    assert place.get(JOBS, jobs) == (200, "al@example.com ci")
    assert place.get(JOBS, usual) == (401, "INVALID_API_KEY")
    assert place.get(ANY, jobs)[0] in (200, 401)


def test_of_two_credentials_neither_lends_to_the_other(place: Place) -> None:
    key = place.key(permissions=READ)
    eve, _ = place.person("eve")
    assert place.get(EITHER, key, place.cookie) == (200, "al@example.com ci")
    status, text = place.get(EITHER, key, eve)
    # Where keys stand for users the key decides, elsewhere nobody is taken for somebody else.
    assert (status, text) in [(200, "al@example.com ci"), (401, "UNAUTHORIZED")]
    assert place.get(EITHER, "x" * 70, eve) == (401, "INVALID_API_KEY")
    assert place.get(EITHER, place.key(), place.cookie)[0] == 403


def test_a_request_is_one_use(place: Place) -> None:
    key = place.key(remaining=2, rate_limit_enabled=False)
    assert [place.get(ANY, key)[0] for _ in range(2)] == [200, 200]
    assert place.get(ANY, key)[0] in (401, 429)
    limited = place.key(rate_limit_max=1)
    assert [place.get(ANY, limited) for _ in range(2)] == [
        (200, "al@example.com ci"),
        (429, "RATE_LIMITED"),
    ]


def test_the_document_names_keys_and_sessions(auth: Auth[Any]) -> None:
    document = fastapi_app(auth).openapi()
    security = {path: document["paths"][path]["get"]["security"] for path in GUARDS}
    assert security == {
        ANY: [{"apiKey": []}],
        FILES: [{"apiKey": []}],
        EITHER: [{"apiKey": []}, {"session": []}],
        JOBS: [{"apiKey-jobs": []}],
    }
    schemes = document["components"]["securitySchemes"]
    assert schemes["apiKey"] == {"type": "apiKey", "in": "header", "name": "x-api-key"}


def test_a_guard_above_the_route_of_flask_lets_nobody_in(auth: Auth[Any]) -> None:
    app = flask.Flask("app")
    on_flask.Watchword(auth, app)

    @required_in_flask()
    @app.get("/wrong")
    def wrong() -> str:
        return "in"

    assert callable(wrong)
    assert WSGIClient(app).send("GET", "/wrong").status == 500


def test_guards_for_keys_that_there_are_not(auth: Auth[Any]) -> None:
    for config_id in ("nothing", ""):
        with pytest.raises(ConfigurationError, match="config_id"):
            api_key_required(auth, config_id=config_id)
    for permissions in ({}, {"files": []}):
        with pytest.raises(ConfigurationError, match="permissions"):
            requires_api_key(permissions)
    with pytest.raises(ConfigurationError, match="ApiKey"):
        RequiredApiKey(Auth(database="sqlite://", secret=SECRET, environ={}))
