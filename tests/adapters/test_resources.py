"""Routes that want a token, in each framework."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fastapi
import flask
import httpx2
import litestar
import pytest
import quart
from django.http import HttpRequest, HttpResponse
from django.urls import path as django_path
from litestar.di import NamedDependency
from litestar.testing import TestClient as LitestarClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.adapters.drivers import ASGIClient, Client, WSGIClient
from tests.support.django_project import DjangoClient
from tests.support.issuer import Issuer
from watchword.adapters import (
    fastapi_resource,
    flask_resource,
    quart_resource,
    starlette_resource,
)
from watchword.adapters.django import resource as django_resource
from watchword.adapters.litestar_resource import provide_token, requires_token
from watchword.resource import JWTVerifier, VerifiedToken

REALM = 'Bearer realm="token"'


def fastapi_app(verifier: JWTVerifier) -> Any:
    app = fastapi.FastAPI()
    who = fastapi.Depends(fastapi_resource.BearerToken(verifier))
    perhaps = fastapi.Depends(fastapi_resource.OptionalBearerToken(verifier))

    @app.get("/me")
    async def me(who: VerifiedToken = who) -> str:
        return who.subject

    @app.get("/perhaps")
    async def anybody(who: Any = perhaps) -> str:
        return "nobody" if who is None else who.subject

    assert callable(me)
    assert callable(anybody)
    return app


def starlette_app(verifier: JWTVerifier) -> Any:
    @starlette_resource.token_required(verifier)
    async def me(request: Request) -> Response:
        return PlainTextResponse(starlette_resource.token_of(request).subject)

    async def unguarded(request: Request) -> Response:
        return PlainTextResponse(starlette_resource.token_of(request).subject)

    return Starlette(routes=[Route("/me", me), Route("/unguarded", unguarded)])


def flask_app(verifier: JWTVerifier) -> Any:
    app = flask.Flask("app")

    @app.get("/me")
    @flask_resource.token_required(verifier)
    def me() -> str:
        return flask_resource.current_token.subject

    assert callable(me)
    return app


def quart_app(verifier: JWTVerifier) -> Any:
    app = quart.Quart("app")

    @app.get("/me")
    @quart_resource.token_required(verifier)
    async def me() -> str:
        return quart_resource.current_token.subject

    assert callable(me)
    return app


def litestar_app(verifier: JWTVerifier) -> Any:
    @litestar.get("/me", dependencies={"who": provide_token(verifier)})
    async def me(who: NamedDependency[VerifiedToken]) -> str:
        return who.subject

    @litestar.get("/guarded", guards=[requires_token(verifier)])
    async def guarded() -> str:
        return "ada"

    return litestar.Litestar([me, guarded])


def django_client(verifier: JWTVerifier, *, asynchronous: bool = False) -> Client:
    def me(request: HttpRequest) -> HttpResponse:
        return HttpResponse(django_resource.token_of(request).subject)

    async def awaited(request: HttpRequest) -> HttpResponse:
        return HttpResponse(django_resource.token_of(request).subject)

    guard = django_resource.token_required(verifier)
    urls = [
        django_path("me", guard(awaited if asynchronous else me)),
        django_path("unguarded", me),
    ]
    return DjangoClient(None, urls, asynchronous=asynchronous, MIDDLEWARE=[])


APPS: dict[str, Callable[[JWTVerifier], Client]] = {
    "fastapi": lambda verifier: ASGIClient(fastapi_app(verifier)),
    "starlette": lambda verifier: ASGIClient(starlette_app(verifier)),
    "flask": lambda verifier: WSGIClient(flask_app(verifier)),
    "quart": lambda verifier: ASGIClient(quart_app(verifier)),
    "litestar": lambda verifier: ASGIClient(litestar_app(verifier)),
    "django": django_client,
    "django-asgi": lambda verifier: django_client(verifier, asynchronous=True),
}


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture(params=APPS)
def client(request: pytest.FixtureRequest, issuer: Issuer) -> Client:
    return APPS[request.param](issuer.verifier())


def bearer(token: str) -> list[tuple[str, str]]:
    return [("authorization", f"Bearer {token}")]


def test_a_good_token_opens(client: Client, issuer: Issuer) -> None:
    answer = client.send("GET", "/me", bearer(issuer.token()))
    assert (answer.status, answer.body.strip(b'"')) == (200, b"ada")
    lower = [("Authorization", f"bearer   {issuer.token()} ")]
    assert client.send("GET", "/me", lower).status == 200


@pytest.mark.parametrize("headers", [[], [("authorization", "Basic x")], bearer("")])
def test_without_a_token_the_scheme_is_named(client: Client, headers: Any) -> None:
    answer = client.send("GET", "/me", headers)
    assert (answer.status, answer.all("www-authenticate")) == (401, [REALM])
    assert b"UNAUTHORIZED" in answer.body


def test_a_bad_token_is_told_so(client: Client, issuer: Issuer) -> None:
    for token, code in {
        issuer.token(exp=5): b"TOKEN_EXPIRED",
        issuer.token(nbf=4e9): b"TOKEN_NOT_YET_VALID",
        issuer.token(aud="x"): b"WRONG_AUDIENCE",
        issuer.token(iss="x"): b"WRONG_ISSUER",
        issuer.token() + "x": b"INVALID_TOKEN",
        "x": b"INVALID_TOKEN",
    }.items():
        answer = client.send("GET", "/me", bearer(token))
        assert answer.status == 401
        assert code in answer.body
        (told,) = answer.all("www-authenticate")
        assert told.startswith(f'{REALM}, error="invalid_token", error_description="')


def test_two_tokens_are_none(client: Client, issuer: Issuer) -> None:
    twice = bearer(issuer.token()) * 2
    assert client.send("GET", "/me", twice).status in (400, 401)


def test_an_issuer_that_is_down_is_not_the_callers_fault(client: Client, issuer: Issuer) -> None:
    issuer.fails = httpx2.ConnectError("down")
    answer = client.send("GET", "/me", bearer(issuer.token()))
    assert (answer.status, answer.all("retry-after")) == (503, ["5"])
    assert answer.all("www-authenticate") == []


def test_openapi_shows_the_token(issuer: Issuer) -> None:
    document: dict[str, Any] = fastapi_app(issuer.verifier()).openapi()
    scheme = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    assert document["components"]["securitySchemes"] == {"token": scheme}
    assert document["paths"]["/me"]["get"]["security"] == [{"token": []}]
    assert "parameters" not in document["paths"]["/me"]["get"]


def test_a_token_may_be_optional(issuer: Issuer) -> None:
    client = APPS["fastapi"](issuer.verifier())
    assert client.send("GET", "/perhaps").body == b'"nobody"'
    assert client.send("GET", "/perhaps", bearer(issuer.token())).body == b'"ada"'
    assert client.send("GET", "/perhaps", bearer("x")).status == 401


def test_a_guard_of_litestar(issuer: Issuer) -> None:
    with LitestarClient(litestar_app(issuer.verifier())) as client:
        refused = client.get("/guarded")
        assert (refused.status_code, refused.json()["extra"]) == (401, {"code": "UNAUTHORIZED"})
        headers = dict(bearer(issuer.token()))
        assert client.get("/guarded", headers=headers).status_code == 200


def test_a_view_of_flask_may_be_asynchronous_if_flask_can(issuer: Issuer) -> None:
    app = flask.Flask("app")

    @app.get("/<name>")
    @flask_resource.token_required(issuer.verifier())
    def show(name: str) -> str:
        return f"{name} {flask_resource.current_token.subject}"

    assert show.__name__ == "show"
    answer = app.test_client().get("/x", headers=dict(bearer(issuer.token())))
    assert answer.text == "x ada"


def test_what_was_not_verified_is_not_told() -> None:
    with flask.Flask("app").test_request_context(), pytest.raises(RuntimeError, match="on this"):
        _ = flask_resource.current_token.subject
    with pytest.raises(LookupError, match="token_required"):
        starlette_resource.token_of(Request({"type": "http", "headers": []}))
