"""What is particular to FastAPI: OpenAPI, dependencies in several places, root_path."""

from __future__ import annotations

from typing import Any

import fastapi
import pytest
from fastapi.testclient import TestClient
from starlette.responses import RedirectResponse

from tests.adapters.apps import fastapi_app
from tests.adapters.drivers import ASGIClient
from tests.adapters.echo import RENEWED, EchoAuth
from watchword.adapters.fastapi import CurrentSession, CurrentUser, OptionalSession, mount
from watchword.records import User


def test_openapi_shows_the_cookie(auth: EchoAuth) -> None:
    document: dict[str, Any] = fastapi_app(auth).openapi()
    [(name, scheme)] = document["components"]["securitySchemes"].items()
    assert scheme == {"type": "apiKey", "in": "cookie", "name": "better-auth.session_token"}
    assert document["paths"]["/me"]["get"]["security"] == [{name: []}]
    assert "parameters" not in document["paths"]["/me"]["get"]
    assert not [path for path in document["paths"] if path.startswith("/api/auth")]


def test_several_dependencies_ask_once(auth: EchoAuth) -> None:
    app = fastapi.FastAPI()
    mount(app, auth)
    user = fastapi.Depends(CurrentUser(auth))
    session = fastapi.Depends(OptionalSession(auth))

    @app.get("/", dependencies=[fastapi.Depends(CurrentSession(auth))])
    async def show(user: User = user, session: Any = session) -> list[str]:
        return [user.name, session.session.user_id]

    assert callable(show)
    answer = ASGIClient(app).send("GET", "/", [("Cookie", "user=alice")])
    assert answer.body == b'["alice","id-alice"]'
    assert len(auth.script.checks) == 1


def test_renewed_cookies_go_out_with_a_response_of_the_routes_own(auth: EchoAuth) -> None:
    app = fastapi.FastAPI()
    mount(app, auth)

    @app.get("/", dependencies=[fastapi.Depends(CurrentUser(auth))])
    async def go() -> RedirectResponse:
        return RedirectResponse("/next")

    assert callable(go)
    answer = ASGIClient(app).send("GET", "/", [("Cookie", "user=alice; renew=1")])
    assert answer.status == 307
    assert answer.all("set-cookie") == list(RENEWED)


def test_a_root_path_of_the_server_belongs_to_the_base_path() -> None:
    auth = EchoAuth("/v1/api/auth")
    app = fastapi.FastAPI()
    mount(app, auth)
    ASGIClient(app).send("GET", "/api/auth/a%2Fb", root="/v1")
    assert auth.last.request.path == "/v1/api/auth/a%2Fb"


def test_routes_that_catch_everything_do_not_catch_the_server(auth: EchoAuth) -> None:
    app = fastapi.FastAPI()

    @app.get("/{rest:path}")
    async def page(rest: str) -> str:
        return rest

    assert callable(page)
    mount(app, auth)
    ASGIClient(app).send("GET", "/api/auth/ok")
    assert auth.last.request.path == "/api/auth/ok"


def test_the_lifespan_closes_the_server(auth: EchoAuth) -> None:
    with TestClient(fastapi_app(auth)) as client:
        assert client.get("/open").text == "nobody"
        assert auth.script.closed == 0
    assert auth.script.closed == 1


def test_a_dependency_without_the_mount_is_an_error(auth: EchoAuth) -> None:
    app = fastapi.FastAPI()
    app.add_api_route("/", lambda: "x", dependencies=[fastapi.Depends(CurrentUser(auth))])
    with pytest.raises(RuntimeError, match="session middleware"):
        ASGIClient(app).send("GET", "/")
