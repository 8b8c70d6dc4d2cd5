"""Reports of errors, which Django mails to ADMINS: no password and no credential is in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from django.views import debug
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from tests.support.django_project import MIDDLEWARE, auth_of_a_test, project
from watchword import Advanced, Auth, CookieOptions
from watchword.plugins import Bearer
from watchword.records import User

ENTERED = "email=al%40example.com&password=correct+horse"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def auth(tmp_path: Path) -> Iterator[Auth[User]]:
    advanced = Advanced(cookies={"session_data": CookieOptions(name="cached")})
    with auth_of_a_test(tmp_path, plugins=[Bearer()], advanced=advanced) as made:
        yield made


class Reports:
    """A middleware that makes a report of each request, as `AdminEmailHandler` would."""

    made: list[str]

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response: HttpResponse = self.get_response(request)
        reporter = ExceptionReporter(request, None, None, None, is_email=True)
        self.made += [reporter.get_traceback_text(), reporter.get_traceback_html()]
        return response


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(Reports, "made", found, raising=False)
    return found


def reported(auth: Auth[User], urls: Any = (), *, first: str = MIDDLEWARE) -> Any:
    middleware = [f"{__name__}.Reports", first]
    return project(auth, urls, MIDDLEWARE=middleware, DEBUG=False)


@pytest.mark.parametrize("first", [MIDDLEWARE, "django.middleware.common.CommonMiddleware"])
def test_a_form_that_is_posted_to_the_server(auth: Auth[User], made: list[str], first: str) -> None:
    with reported(auth, first=first):
        own = {"origin": "http://testserver"}
        answer = Client().post("/api/auth/sign-in/email", ENTERED, FORM, headers=own)
    assert answer.status_code == 401
    assert len(made) == 2
    assert not [one for one in made if "correct horse" in one]


def test_a_form_that_a_view_takes(auth: Auth[User], made: list[str]) -> None:
    def view(request: Any) -> HttpResponse:
        return HttpResponse(request.watchword.submit("sign_in_email").code)

    with reported(auth, [path("", view)]):
        own = {"origin": "http://testserver"}
        answer = Client().post("/", ENTERED, FORM, headers=own)
    assert answer.content == b"INVALID_EMAIL_OR_PASSWORD"
    assert not [one for one in made if "correct horse" in one]


def test_what_says_who_is_asking(auth: Auth[User], made: list[str]) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(f"{request.user}")

    secret = (
        "better-auth.trust_device",
        "__Secure-better-auth.admin_session",
        "cached",
        "cached.0",
    )
    with reported(auth, [path("", view)]):
        client = Client()
        client.cookies.load({"theme": "dark", **{name: f"secret-{name}" for name in secret}})
        client.get("/", headers={"authorization": "Bearer secret-token", "x-plain": "shown"})
    assert len(made) == 2
    for one in made:
        assert "secret-" not in one
        assert all(name in one for name in secret)
        assert "dark" in one
        assert "shown" in one


class Own(SafeExceptionReporterFilter):
    """The filter of a project."""

    def get_safe_cookies(self, request: Any) -> dict[str, Any]:
        return {**super().get_safe_cookies(request), "theme": "hidden by the project"}


def test_a_filter_of_the_projects_own_goes_on(auth: Auth[User], made: list[str]) -> None:
    debug.get_default_exception_reporter_filter.cache_clear()
    with (
        override_settings(DEFAULT_EXCEPTION_REPORTER_FILTER=f"{__name__}.Own"),
        reported(auth, [path("", lambda _: HttpResponse())]),
    ):
        client = Client()
        client.cookies.load({"theme": "dark", "cached": "secret"})
        client.get("/")
    debug.get_default_exception_reporter_filter.cache_clear()
    assert "hidden by the project" in made[0]
    assert "secret" not in made[0]
