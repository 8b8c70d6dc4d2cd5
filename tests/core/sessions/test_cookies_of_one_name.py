"""Browsers send several cookies of one name where those of the host and those of a domain, or of
several paths, share it. None of them, ended or forged, shuts out a good one behind it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Answer, Browser, Clock
from watchword import Advanced, CookieCache, CrossSubDomainCookies, SessionOptions
from watchword.crypto.signing import sign_cookie_value
from watchword.http.cookies import encode_value
from watchword.plugins.bearer import Bearer

TOKEN = "better-auth.session_token"
DOMAIN = "example.com"
SECRET = "test-secret-0123456789-abcdefghijKLMNOP"
SHARED: dict[str, Any] = {
    "base_url": "https://app.example.com",
    "advanced": Advanced(
        use_secure_cookies=False, cross_sub_domain_cookies=CrossSubDomainCookies(domain=DOMAIN)
    ),
}
ENDED = encode_value(sign_cookie_value("ended" * 6, SECRET))


def forged() -> str:
    return encode_value(sign_cookie_value("forged", "another-secret" * 3))


def ask(browser: Browser, path: str, *values: str, method: str = "GET", **headers: str) -> Answer:
    """With these session cookies, in this order."""
    cookie = "; ".join(f"{TOKEN}={value}" for value in values)
    sent = {"cookie": cookie, "origin": browser.origin, **headers}
    return browser.send(method, path, headers=sent)


def make(make_auth: MakeAuth, kind: str, **options: Any) -> Browser:
    auth = make_auth(**options)
    return Browser(auth, kind, origin=options.get("base_url", "http://localhost:3000"))


@pytest.mark.parametrize("first", ["ended", "forged", "empty", "unsigned"])
@pytest.mark.parametrize("options", [{}, SHARED], ids=["host", "domain"])
def test_a_good_cookie_behind_a_bad_one_counts(
    make_auth: MakeAuth, kind: str, first: str, options: dict[str, Any]
) -> None:
    browser = make(make_auth, kind, **options)
    browser.sign_up()
    bad = {"ended": ENDED, "forged": forged(), "empty": "", "unsigned": "x"}[first]
    for path in ("/get-session", "/list-sessions"):
        answer = ask(browser, path, bad, browser.jar[TOKEN])
        assert answer.status == 200
        assert answer.json


def test_the_browser_forgets_the_one_of_the_host_and_keeps_the_good_one(
    make_auth: MakeAuth, kind: str
) -> None:
    browser = make(make_auth, kind, **SHARED)
    browser.sign_up()
    good = browser.jar[TOKEN]
    answer = ask(browser, "/get-session", ENDED, good)
    lines = [line for line in answer.cookies if line.startswith(f"{TOKEN}=")]
    of_host, of_domain, kept = lines
    assert "Max-Age=0" in of_host
    assert "Domain" not in of_host
    assert "Max-Age=0" in of_domain
    assert kept.startswith(f"{TOKEN}={good};")
    assert f"Domain={DOMAIN}" in kept


def test_without_a_domain_nothing_is_written_at_every_request(
    make_auth: MakeAuth, kind: str
) -> None:
    browser = make(make_auth, kind)
    browser.sign_up()
    assert ask(browser, "/get-session", ENDED, browser.jar[TOKEN]).cookies == ()


@pytest.mark.parametrize("values", [(ENDED,), (ENDED, ENDED), (ENDED, "x")])
def test_where_none_is_good_those_of_host_and_domain_go(
    make_auth: MakeAuth, kind: str, values: tuple[str, ...]
) -> None:
    browser = make(make_auth, kind, **SHARED)
    answer = ask(browser, "/get-session", *values)
    assert answer.json is None
    lines = [line for line in answer.cookies if line.startswith(f"{TOKEN}=;")]
    assert all("Max-Age=0" in line for line in lines)
    assert [f"Domain={DOMAIN}" in line for line in lines] == [False, True]


def test_a_session_that_is_over_is_passed_over_and_removed(
    make_auth: MakeAuth, kind: str, clock: Clock
) -> None:
    browser = make(make_auth, kind)
    browser.sign_up()
    first = browser.jar.pop(TOKEN)
    clock.forward(7 * 86_400 - 60)
    browser.sign_in()
    clock.forward(120)
    answer = ask(browser, "/list-sessions", first, browser.jar[TOKEN])
    assert answer.status == 200
    assert len(answer.json) == 1


def test_signing_out_ends_the_sessions_of_all_of_them(make_auth: MakeAuth, kind: str) -> None:
    browser = make(make_auth, kind, **SHARED)
    browser.sign_up()
    first = browser.jar.pop(TOKEN)
    browser.sign_in()
    second = browser.jar[TOKEN]
    assert ask(browser, "/sign-out", first, second, method="POST").status == 200
    for value in (first, second):
        assert ask(browser, "/get-session", value).json is None


def test_a_bad_bearer_counts_and_leaves_the_cookies_alone(make_auth: MakeAuth, kind: str) -> None:
    browser = make(make_auth, kind, plugins=[Bearer()])
    browser.sign_up()
    header = f"Bearer {'ended' * 6}.{'x' * 43}="
    answer = ask(browser, "/get-session", browser.jar[TOKEN], authorization=header)
    assert not [line for line in answer.cookies if "Max-Age=0" in line]


def test_of_many_only_the_first_few_are_tried(make_auth: MakeAuth, kind: str) -> None:
    browser = make(make_auth, kind)
    browser.sign_up()
    good = browser.jar[TOKEN]
    assert ask(browser, "/get-session", *[ENDED] * 3, good).json
    others = [encode_value(sign_cookie_value(f"ended-{n}", SECRET)) for n in range(4)]
    assert ask(browser, "/get-session", *others, good).json is None


@pytest.mark.parametrize("database", [False, True])
def test_with_the_cookie_cache_and_without_a_store(
    make_auth: MakeAuth, kind: str, database: bool
) -> None:
    options: dict[str, Any] = {} if database else {"database": None}
    browser = make(make_auth, kind, session=SessionOptions(cookie_cache=CookieCache()), **options)
    browser.sign_up()
    jar = "; ".join(f"{name}={value}" for name, value in browser.jar.items())
    cookie = f"{TOKEN}={ENDED}; {jar}"
    answer = browser.send("GET", "/get-session", headers={"cookie": cookie})
    assert answer.json["user"]["name"] == "Ada"
    assert not [line for line in answer.cookies if "Max-Age=0" in line and "session_token" in line]
