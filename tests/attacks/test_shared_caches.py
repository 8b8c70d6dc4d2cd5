"""A cache between server and browsers hears what an answer depends on: one `Vary`, complete.

Every endpoint and every page that asked who is there names the headers that say so; what the page
says by itself stays, and nothing stands there twice (RFC 9110, 12.5.5).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.drivers import Answer
from tests.attacks.applications import Application, application
from tests.attacks.own_routes import APPLICATIONS
from tests.core.conftest import MakeAuth
from tests.support.browser import Browser
from watchword import Plugin
from watchword.http.response import varying
from watchword.plugins import Bearer


@pytest.fixture(params=APPLICATIONS)
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Application]:
    with application(request.param, tmp_path) as made:
        yield made


def vary(answer: Answer) -> list[str]:
    """The names in the one `Vary` of an answer."""
    found = answer.all("vary")
    assert len(found) <= 1, found
    return [name.strip().lower() for name in ",".join(found).split(",") if name.strip()]


@pytest.mark.parametrize("page", ["/who", "/members"])
def test_pages_that_asked_vary_by_every_credential(app: Application, page: str) -> None:
    ada = app.person("ada")
    for headers in ((ada.by_cookie,), (ada.by_bearer,), ()):
        answer = app.get(page, *headers)
        named = vary(answer)
        assert len(named) == len({*named})
        assert {*named} - {"accept-language"} == {"authorization", "cookie"}
        assert "accept-language" in named or answer.status == 401


def test_a_refused_action_varies(app: Application) -> None:
    assert {"authorization", "cookie"} <= {*vary(app.post("/wipe"))}


@pytest.mark.parametrize("name", [name for name in APPLICATIONS if name != "starlette"])
def test_a_page_that_asked_for_nobody_says_only_its_own(name: str, tmp_path: Path) -> None:
    # Starlette's middleware asks for `request.user` on every page.
    with application(name, tmp_path) as app:
        ada = app.person("ada")
        assert vary(app.get("/other", ada.by_cookie)) == ["accept-language", "cookie"]


@pytest.mark.parametrize(
    ("plugins", "expected"), [([], "Cookie"), ([Bearer()], "Cookie, Authorization")]
)
def test_endpoints_that_look_at_the_session_vary(
    make_auth: MakeAuth, kind: str, plugins: list[Plugin], expected: str
) -> None:
    ada = Browser(make_auth(plugins=plugins), kind)
    assert ada.get("/ok").header("vary") is None
    assert ada.sign_up().header("vary") is None
    for _ in range(2):
        assert ada.get("/get-session").header("vary") == expected
        assert ada.get("/list-sessions").header("vary") == expected
        assert ada.post("/sign-out", {}).header("vary") == expected


@pytest.mark.parametrize(
    ("given", "merged"),
    [
        ([], "Cookie, Authorization"),
        ([("vary", "Origin")], "Origin, Cookie, Authorization"),
        ([("vary", "cookie,  Origin")], "cookie, Origin, Authorization"),
        ([("vary", "Origin"), ("vary", "Cookie")], "Origin, Cookie, Authorization"),
        ([("vary", "*")], "*"),
        ([("vary", "")], "Cookie, Authorization"),
    ],
)
def test_vary_is_merged(given: list[tuple[str, str]], merged: str) -> None:
    other = ("content-type", "text/plain")
    assert varying([other, *given], "Cookie, Authorization") == (other, ("vary", merged))
