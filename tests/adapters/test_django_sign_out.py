"""`django.contrib.auth.logout()`, behind the admin site's button, ends the session at watchword."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import pytest
from django.contrib import auth as of_django
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client
from django.urls import path

from tests.support.django_project import MIDDLEWARE, auth_of_a_test, project
from watchword import Auth, testing
from watchword.records import User

CHANGED = {
    "MIDDLEWARE": ["django.contrib.sessions.middleware.SessionMiddleware", MIDDLEWARE],
    "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",
}


def out(request: HttpRequest) -> HttpResponse:
    of_django.logout(request)
    return HttpResponse(f"{request.user}")


async def aout(request: HttpRequest) -> HttpResponse:
    await of_django.alogout(request)  # pyright: ignore[reportUnknownMemberType]
    return HttpResponse(f"{request.user}")


URLS = [path("out", out), path("aout", aout)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Auth[User]]:
    with auth_of_a_test(tmp_path) as made:
        yield made


def sessions(server: Auth[User]) -> list[Any]:
    user = server.blocking.users.find("al@example.com")
    assert user is not None
    return server.blocking.users.sessions(user.id)


def test_it_ends_the_session_and_clears_the_cookie(server: Auth[User]) -> None:
    with project(server, URLS, **CHANGED):
        client = Client()
        testing.sign_in(server, client, testing.make_user(server, email="al@example.com"))
        answer = client.get("/out")
        assert answer.content == b"AnonymousUser"
        assert answer.cookies["better-auth.session_token"]["max-age"] == "0"
        assert client.get("/api/auth/get-session").json() is None
    assert sessions(server) == []


@pytest.mark.skipif(django.VERSION < (5, 0), reason="Django awaits it since 5.0")
async def test_so_it_does_when_awaited(server: Auth[User]) -> None:
    with project(server, URLS, **CHANGED):
        client = AsyncClient()
        al = await testing.async_make_user(server, email="al@example.com")
        await testing.async_sign_in(server, client, al)
        assert (await client.get("/aout")).content == b"AnonymousUser"
        assert (await client.get("/api/auth/get-session")).json() is None
        assert await server.users.sessions(al.id) == []


def test_who_is_not_signed_in_may_sign_out(server: Auth[User]) -> None:
    with project(server, URLS, **CHANGED):
        assert Client().get("/out").content == b"AnonymousUser"


def test_requests_that_the_middleware_has_not_seen_are_djangos_own(server: Auth[User]) -> None:
    with project(server, URLS, **CHANGED):
        client = Client()
        testing.sign_in(server, client, testing.make_user(server, email="al@example.com"))
        client.logout()  # makes a request of its own
    assert len(sessions(server)) == 1
