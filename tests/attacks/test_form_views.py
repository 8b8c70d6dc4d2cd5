"""Pages of the application that sign in by `auth.api` open no way around the endpoint's checks.

`auth.api.<endpoint>(..., request=...)` is the endpoint as that browser would have called it: limits
(L1, L2), origin and CSRF (O1, O6), URLs (R1), disabled paths, and the address that is noted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.adapters.drivers import Answer
from tests.attacks.applications import PASSWORD, SITE, Application, application
from tests.attacks.own_routes import APPLICATIONS
from watchword import RateLimit

HERE = ("x-forwarded-for", "192.0.2.1")
FORM = ("content-type", "application/x-www-form-urlencoded")
JSON = ("content-type", "application/json")


@pytest.fixture(params=APPLICATIONS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def app(name: str, tmp_path: Path) -> Iterator[Application]:
    with application(name, tmp_path, rate_limit=RateLimit(enabled=True)) as made:
        made.person("ada")
        yield made


def fill_in(app: Application, *headers: tuple[str, str], origin: str = SITE) -> Answer:
    """Post the page's form."""
    body = urlencode({"email": "ada@example.com", "password": PASSWORD}).encode()
    given = [("origin", origin)] if origin else []
    return app.client.send("POST", "/login", [*given, FORM, *headers], body=body)


def call_endpoint(app: Application, *headers: tuple[str, str]) -> int:
    """The status of the endpoint's own answer to the same."""
    body = f'{{"email": "ada@example.com", "password": "{PASSWORD}"}}'.encode()
    return app.post("/api/auth/sign-in/email", JSON, *headers, body=body).status


def test_a_form_signs_in_and_notes_address_and_browser(app: Application) -> None:
    answer = fill_in(app, HERE, ("user-agent", "Lynx/2.9"))
    assert (answer.status, answer.body) == (200, b"welcome")
    [cookie] = answer.all("set-cookie")
    checked = app.auth.blocking.check({"cookie": cookie.partition(";")[0]})
    assert checked.session is not None
    session = checked.session.session
    assert (session.ip_address, session.user_agent) == ("192.0.2.1", "Lynx/2.9")


def test_l1_forms_and_the_endpoint_are_counted_together(app: Application) -> None:
    assert [call_endpoint(app, HERE), fill_in(app, HERE).status] == [200, 200]
    assert [call_endpoint(app, HERE), fill_in(app, HERE).status] == [200, 429]
    assert call_endpoint(app, HERE) == 429
    elsewhere = ("x-forwarded-for", "192.0.2.2")
    assert fill_in(app, elsewhere).status == 200


def test_o1_a_form_on_another_site_signs_nobody_in(app: Application) -> None:
    evil = "https://evil.example"
    navigation = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]
    answers = [
        fill_in(app, origin=evil),
        fill_in(app, ("cookie", "a=b"), origin=evil),
        fill_in(app, ("cookie", "a=b"), origin=""),
        fill_in(app, HERE, *navigation, origin=evil),
    ]
    assert [answer.status for answer in answers] == [403] * 4
    assert [answer.all("set-cookie") for answer in answers] == [[]] * 4


def test_a_disabled_endpoint_is_disabled_for_forms(name: str, tmp_path: Path) -> None:
    with application(name, tmp_path, disabled_paths=["/sign-in/email"]) as app:
        app.person("ada")
        assert fill_in(app).status == call_endpoint(app) == 404
