"""Whoever develops is told why requests are refused, and what to set; once per origin."""

from __future__ import annotations

import logging

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser

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
