"""Django's cache of whole sites: nobody gets what was made for somebody else, or what is over.

Django 4.2 keeps `no-store` as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import Client
from django.urls import path

from tests.support.django_project import MIDDLEWARE, project
from tests.support.issuer import Issuer
from watchword import Auth, testing
from watchword.adapters.django.api_keys import admitted_of, api_key_required
from watchword.adapters.django.resource import token_of, token_required
from watchword.plugins import ApiKey
from watchword.plugins.api_key import CreateApiKey
from watchword.records import User

CACHED = [
    "django.middleware.cache.UpdateCacheMiddleware",
    MIDDLEWARE,
    "django.middleware.cache.FetchFromCacheMiddleware",
]


@pytest.fixture
def auth(tmp_path: Path) -> Iterator[Auth[User]]:
    made = testing.auth(
        database=f"sqlite:///{tmp_path}/app.db", base_url="http://testserver", plugins=[ApiKey()]
    )
    cache.clear()
    yield made
    cache.clear()
    made.blocking.close()


def test_a_session_that_is_over_is_over(auth: Auth[User]) -> None:
    al = testing.make_user(auth, email="al@example.com")
    with project(auth, MIDDLEWARE=CACHED):
        client = Client()
        testing.sign_in(auth, client, al)
        assert client.get("/api/auth/get-session").json()["user"]["id"] == al.id
        auth.blocking.users.revoke_sessions(al.id)
        assert client.get("/api/auth/get-session").json() is None


def test_a_page_is_its_readers_own(auth: Auth[User]) -> None:
    def page(request: HttpRequest) -> HttpResponse:
        return HttpResponse(f"{request.user}")

    with project(auth, [path("", page)], MIDDLEWARE=CACHED):
        for name in ("al@example.com", "bo@example.com"):
            client = Client()
            testing.sign_in(auth, client, testing.make_user(auth, email=name))
            assert client.get("/").content == name.encode()
        assert Client().get("/").content == b"AnonymousUser"


def test_what_a_key_opens_stays_shut_to_others(auth: Auth[User]) -> None:
    @api_key_required()
    def files(request: HttpRequest) -> HttpResponse:
        owner = admitted_of(request).user
        return JsonResponse({"of": owner and owner.email})

    al = testing.make_user(auth, email="al@example.com")
    key = auth.blocking.api.create_api_key(CreateApiKey(user_id=al.id)).key
    with project(auth, [path("", files)], MIDDLEWARE=CACHED):
        answer = Client().get("/", headers={"x-api-key": key})
        assert answer.json() == {"of": "al@example.com"}
        assert Client().get("/").status_code == 401
        assert Client().get("/", headers={"x-api-key": "another"}).status_code == 403


def test_so_does_what_a_token_opens() -> None:
    issuer = Issuer()

    @token_required(issuer.verifier())
    def me(request: HttpRequest) -> HttpResponse:
        return HttpResponse(token_of(request).subject)

    cache.clear()
    with project(None, [path("", me)], MIDDLEWARE=[one for one in CACHED if one != MIDDLEWARE]):
        given = {"authorization": f"Bearer {issuer.token()}"}
        assert Client().get("/", headers=given).status_code == 200
        assert Client().get("/").status_code == 401
    cache.clear()


def test_what_a_link_has_brought_is_not_kept(auth: Auth[User]) -> None:
    def verify(request: Any) -> HttpResponse:
        done = request.watchword.submit("verify_email", request.GET)
        return HttpResponse(done.code)

    with project(auth, [path("", verify)], MIDDLEWARE=CACHED):
        client = Client()
        client.cookies["theme"] = "dark"
        answer = client.get("/?token=forged")
        assert answer.content == b"INVALID_TOKEN"
        assert "Expires" not in answer.headers  # it would have been kept until then
