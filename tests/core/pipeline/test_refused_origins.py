"""Whoever develops is told why requests are refused, and what to set; once per origin."""

from __future__ import annotations

import logging

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser
from watchword.observability import request_log

LOOPBACK = "http://127.0.0.1:3000"


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = [one for one in caplog.records if one.name == "watchword.requests"]
    return [one.getMessage() for one in found if one.levelno >= logging.WARNING]


def test_the_log_says_once_which_option_to_set(
    make_auth: MakeAuth, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    origin = f"http://127.0.0.1:3{'001' if kind == 'async' else '002'}"
    browser = Browser(make_auth(), kind, origin=origin)
    caplog.clear()
    for _ in range(3):
        assert browser.post("/sign-in/email", {"email": "a@b.c"}, cookie="a=b").status == 403
    (text,) = warnings(caplog)
    assert f"trusted_origins=['{origin}']" in text
    assert "http://localhost:3000" in text


def test_production_keeps_silent(make_auth: MakeAuth, caplog: pytest.LogCaptureFixture) -> None:
    browser = Browser(make_auth(production=True), origin="https://silent.example")
    caplog.clear()
    assert browser.post("/sign-in/email", {"email": "a@b.c"}, cookie="a=b").status == 403
    assert warnings(caplog) == []


def test_nothing_but_the_origin_of_a_referer_is_logged(
    make_auth: MakeAuth, caplog: pytest.LogCaptureFixture
) -> None:
    browser = Browser(make_auth(), origin="")
    caplog.set_level(logging.DEBUG)
    referer = "https://referer.example/reset?token=hunter22"
    answer = browser.post("/sign-in/email", {"email": "a@b.c"}, cookie="a=b", referer=referer)
    assert answer.status == 403
    assert "https://referer.example" in caplog.text
    assert "hunter22" not in caplog.text


@pytest.mark.parametrize(
    "origin",
    [
        "https://a.example\r\n2030-01-01 WARNING all is well",
        "https://\x1b[2J.example",
        f"https://{'a.' * 300}example",
        "https://" + "b" * 60_000,
        "\x00",
    ],
)
def test_an_origin_writes_no_lines_of_its_own(
    make_auth: MakeAuth, origin: str, caplog: pytest.LogCaptureFixture
) -> None:
    browser = Browser(make_auth(), origin=origin)
    caplog.clear()
    assert browser.post("/sign-in/email", {"email": "a@b.c"}, cookie="a=b").status == 403
    for text in warnings(caplog):
        assert text.isprintable()
        assert len(text) < 2000


def test_whoever_makes_up_origins_fills_no_log(
    make_auth: MakeAuth, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_log, "_TOLD", set[tuple[str, ...]]())
    auth = make_auth()
    caplog.clear()
    for number in range(300):
        browser = Browser(auth, origin=f"https://n{number}.example")
        assert browser.post("/sign-in/email", {"email": "a@b.c"}, cookie="a=b").status == 403
    assert len(warnings(caplog)) == 256
