"""`cors=True`: scripts of trusted origins may call with credentials, and nobody else's may."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Answer, Browser
from watchword import ConfigurationError
from watchword.plugins import Bearer

FRONT = "http://localhost:5173"
ORIGIN, CREDENTIALS = "access-control-allow-origin", "access-control-allow-credentials"
EXPOSED = "access-control-expose-headers"
ASKED = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type, x-captcha-response",
}


def preflight(browser: Browser, path: str = "/sign-in/email", **asked: str) -> Answer:
    return browser.send("OPTIONS", path, headers={**ASKED, **asked})


def at(browser: Browser, origin: str) -> Browser:
    return Browser(browser.auth, browser.kind, origin=origin)


@pytest.fixture
def front(make_auth: MakeAuth, kind: str) -> Browser:
    auth = make_auth(trusted_origins=[FRONT], cors=True, plugins=[Bearer()])
    return Browser(auth, kind, origin=FRONT)


def test_a_preflight_of_a_trusted_origin_is_allowed_what_it_asks_for(front: Browser) -> None:
    answer = preflight(front)
    assert answer.status == 204
    assert (answer.header(ORIGIN), answer.header(CREDENTIALS)) == (FRONT, "true")
    assert answer.header("access-control-allow-headers") == "content-type, x-captcha-response"
    assert {"GET", "POST"} <= set((answer.header("access-control-allow-methods") or "").split(", "))
    assert answer.header("vary") == "Origin, Access-Control-Request-Headers"


def test_answers_may_be_read_by_a_trusted_origin(front: Browser) -> None:
    person = {"name": "Ada", "email": "ada@example.com", "password": "correct horse"}
    answer = front.post("/sign-up/email", person)
    assert answer.status == 200
    assert (answer.header(ORIGIN), answer.header(CREDENTIALS)) == (FRONT, "true")
    exposed = (answer.header(EXPOSED) or "").split(", ")
    assert set(exposed) == {"set-auth-token", "x-retry-after", "retry-after"}
    assert "Origin" in (answer.header("vary") or "")


def test_so_may_refusals_and_what_is_not_there(front: Browser) -> None:
    for answer in (front.post("/sign-in/email", {"email": "x"}), front.get("/no-such-path")):
        assert answer.status >= 400
        assert answer.header(ORIGIN) == FRONT
        assert answer.header(EXPOSED) == "x-retry-after, retry-after"


STRANGERS = [
    "https://evil.example",
    "null",
    "",
    f"{FRONT}.evil.example",
    f"{FRONT}/path",
    f"{FRONT}@evil.example",
    f" {FRONT}",
    "http://localhost:5174",
    "https://localhost:5173",
    "http://LOCALHOST:5173",
    f"{FRONT}, https://evil.example",
    "http://" + "a" * 100_000,
]


@pytest.mark.parametrize("origin", STRANGERS)
def test_others_get_no_header_of_it(front: Browser, origin: str) -> None:
    stranger = at(front, origin)
    for answer in (preflight(stranger), stranger.get("/ok")):
        for name in (ORIGIN, CREDENTIALS, EXPOSED, "access-control-allow-headers"):
            assert answer.header(name) is None
        assert answer.status == 431 or "Origin" in (answer.header("vary") or "")


@pytest.mark.parametrize("asked", ["a\r\nset-cookie: x=y", "a: b", "a" * 2000, "*, <script>", ""])
def test_headers_that_are_none_are_not_repeated(front: Browser, asked: str) -> None:
    answer = preflight(front, **{"access-control-request-headers": asked})
    assert answer.header(ORIGIN) == FRONT
    assert answer.header("access-control-allow-headers") is None


def test_without_the_option_preflights_are_left_to_the_application(
    make_auth: MakeAuth, kind: str
) -> None:
    browser = Browser(make_auth(trusted_origins=[FRONT]), kind, origin=FRONT)
    answer = preflight(browser)
    assert (answer.status, answer.header("allow")) == (204, "GET, POST, OPTIONS")
    for each in (answer, browser.get("/ok")):
        assert each.header(ORIGIN) is None
        assert "Origin" not in (each.header("vary") or "")


def test_what_is_no_preflight_is_no_endpoint(front: Browser) -> None:
    assert front.send("OPTIONS", "/ok").status == 404


def test_a_function_decides_for_each_request(make_auth: MakeAuth, kind: str) -> None:
    def origins(request: Any) -> list[str]:
        return [FRONT, "*", "https://*"]

    auth = make_auth(trusted_origins=origins, cors=True)
    assert preflight(Browser(auth, kind, origin=FRONT)).header(ORIGIN) == FRONT
    # It trusts everybody to change something, which needs a cookie; to read sessions is more.
    assert preflight(Browser(auth, kind, origin="https://evil.example")).header(ORIGIN) is None


def test_a_function_that_fails_allows_nothing(
    make_auth: MakeAuth, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    def origins(request: Any) -> list[str]:
        raise RuntimeError("the list is gone")

    browser = Browser(make_auth(trusted_origins=origins, cors=True), kind, origin=FRONT)
    answer = preflight(browser)
    assert (answer.status, answer.header(ORIGIN)) == (204, None)
    assert browser.get("/ok").status == 200


def test_a_pattern_with_wildcards_names_the_origin_that_asks(
    make_auth: MakeAuth, kind: str
) -> None:
    auth = make_auth(trusted_origins=["https://*.front.example"], cors=True)
    one = Browser(auth, kind, origin="https://a.front.example")
    assert preflight(one).header(ORIGIN) == "https://a.front.example"
    assert preflight(at(one, "https://front.example.evil.example")).header(ORIGIN) is None


@pytest.mark.parametrize("pattern", ["*", "https://*", "*.com"])
def test_sessions_are_not_shown_to_everybody(make_auth: MakeAuth, pattern: str) -> None:
    with pytest.raises(ConfigurationError, match="could read sessions"):
        make_auth(trusted_origins=[FRONT, pattern], cors=True)


def test_only_a_flag_switches_it_on(make_auth: MakeAuth) -> None:
    with pytest.raises(ConfigurationError, match="cors"):
        make_auth(cors="false")


def test_whoever_develops_is_told_of_a_preflight_that_is_refused(
    make_auth: MakeAuth, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    origin = f"http://localhost:4{'001' if kind == 'async' else '002'}"
    browser = Browser(make_auth(), kind, origin=origin)
    caplog.clear()
    for _ in range(3):
        assert preflight(browser).status == 204
    (text,) = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    assert f"trusted_origins=['{origin}']" in text
    assert "cors=True" in text


def test_whoever_develops_may_learn_that_a_trusted_one_gets_no_answer(
    make_auth: MakeAuth, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    origin = f"http://localhost:4{'003' if kind == 'async' else '004'}"
    browser = Browser(make_auth(trusted_origins=[origin]), kind, origin=origin)
    with caplog.at_level(logging.INFO, "watchword.requests"):
        preflight(browser)
        preflight(browser)
    (text,) = [one.getMessage() for one in caplog.records if "cors=True" in one.getMessage()]
    assert origin in text
