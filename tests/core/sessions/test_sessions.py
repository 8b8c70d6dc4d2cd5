"""Reading, renewing, listing and ending sessions."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, unquote

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser, Clock
from watchword import (
    Advanced,
    Column,
    ConfigurationError,
    CookieAttributes,
    CookieOptions,
    CrossSubDomainCookies,
    DynamicBaseURL,
    RateLimit,
    Session,
    SessionOptions,
)

TOKEN = "better-auth.session_token"
DAY = 86_400


def test_nobody_is_null_and_no_cookie_is_touched(browser: Browser) -> None:
    answer = browser.get("/get-session")
    assert (answer.status, answer.json, answer.cookies) == (200, None, ())
    assert answer.header("cache-control") == "no-store"
    assert answer.header("pragma") == "no-cache"


def test_a_session_says_who_is_there(browser: Browser) -> None:
    signed_up = browser.sign_up(user_agent="test").json
    found = browser.session()
    assert found["user"] == signed_up["user"]
    assert found["session"]["token"] == signed_up["token"]
    assert found["session"]["expiresAt"] == "2030-01-08T00:00:00.000Z"
    assert found["session"]["userId"] == signed_up["user"]["id"]
    assert "needsRefresh" not in found


def test_a_session_is_left_alone_before_its_update_age(browser: Browser, clock: Clock) -> None:
    browser.sign_up()
    clock.forward(DAY - 1)
    answer = browser.get("/get-session")
    assert answer.cookies == ()
    assert answer.json["session"]["expiresAt"] == "2030-01-08T00:00:00.000Z"


def test_a_used_session_is_renewed_after_a_day(browser: Browser, clock: Clock) -> None:
    token = browser.sign_up().json["token"]
    clock.forward(DAY)
    answer = browser.get("/get-session")
    assert answer.json["session"]["expiresAt"] == "2030-01-09T00:00:00.000Z"
    assert answer.json["session"]["token"] == token
    assert "Max-Age=604800" in str(answer.cookie(TOKEN))
    assert browser.get("/get-session").cookies == ()


def test_renewal_can_be_declined_for_one_request(browser: Browser, clock: Clock) -> None:
    browser.sign_up()
    clock.forward(DAY)
    answer = browser.get("/get-session", {"disableRefresh": "true"})
    assert answer.cookies == ()
    assert answer.json["session"]["expiresAt"] == "2030-01-08T00:00:00.000Z"


def test_renewal_can_be_switched_off(make_auth: MakeAuth, clock: Clock) -> None:
    browser = Browser(make_auth(session=SessionOptions(disable_refresh=True)))
    browser.sign_up()
    clock.forward(6 * DAY)
    assert browser.session()["session"]["expiresAt"] == "2030-01-08T00:00:00.000Z"


def test_sessions_that_are_not_remembered_are_not_renewed(browser: Browser, clock: Clock) -> None:
    browser.sign_up(rememberMe=False)
    clock.forward(DAY - 1)
    assert browser.get("/get-session").cookies == ()
    clock.forward(1)
    assert browser.session() is None


def test_s8_an_expired_session_is_dead_everywhere_and_its_row_is_gone(
    browser: Browser, clock: Clock, tmp_path: Path
) -> None:
    browser.sign_up()
    kept = dict(browser.jar)
    clock.forward(7 * DAY)
    answer = browser.get("/get-session")
    assert answer.json is None
    assert "Max-Age=0" in str(answer.cookie(TOKEN))
    browser.jar = kept
    assert browser.get("/list-sessions").status == 401
    with sqlite3.connect(tmp_path / "test.db") as database:
        assert database.execute("select count(*) from session").fetchone() == (0,)
    database.close()


def test_fifty_parallel_renewals_keep_one_session_and_one_token(
    make_auth: MakeAuth, clock: Clock
) -> None:
    auth = make_auth()
    browser = Browser(auth)
    token = browser.sign_up().json["token"]
    clock.forward(DAY)

    def read(number: int) -> tuple[int, str, str]:
        twin = Browser(auth)
        twin.jar = dict(browser.jar)
        answer = twin.get("/get-session")
        session = answer.json["session"]
        return answer.status, session["token"], session["expiresAt"]

    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(read, range(50))) == {(200, token, "2030-01-09T00:00:00.000Z")}


def test_listing_shows_live_sessions_of_the_user_only_newest_first(
    browser: Browser, clock: Clock
) -> None:
    first = browser.sign_up().json["token"]
    other = Browser(browser.auth, browser.kind)
    other.sign_up("bob@example.com")
    clock.forward(3600)
    second = browser.sign_in().json["token"]
    listed = browser.get("/list-sessions").json
    assert [session["token"] for session in listed] == [second, first]
    assert set(listed[0]) >= {"id", "token", "userId", "expiresAt", "ipAddress", "userAgent"}


def test_s9_listing_needs_a_fresh_session(browser: Browser, clock: Clock) -> None:
    browser.sign_up()
    clock.forward(DAY - 1)
    assert browser.get("/list-sessions").status == 200
    clock.forward(1)
    answer = browser.get("/list-sessions")
    assert (answer.status, answer.code) == (403, "SESSION_NOT_FRESH")
    assert answer.cookie(TOKEN) is not None, "the renewal reaches the browser all the same"


def test_revoking_one_other_and_all_sessions(browser: Browser) -> None:
    phone, laptop = Browser(browser.auth, browser.kind), Browser(browser.auth, browser.kind)
    browser.sign_up()
    token = phone.sign_in().json["token"]
    laptop.sign_in()
    assert browser.post("/revoke-session", {"token": token}).json == {"status": True}
    assert phone.session() is None
    assert laptop.session() is not None
    assert browser.post("/revoke-other-sessions", {}).json == {"status": True}
    assert laptop.session() is None
    assert browser.session() is not None
    assert browser.post("/revoke-sessions", {}).json == {"status": True}
    assert browser.session() is None


@pytest.mark.parametrize("body", [{}, {"token": 5}, {"token": None}, {"token": ["x"]}, [], "x"])
def test_a_revocation_without_a_token_is_400(browser: Browser, body: object) -> None:
    browser.sign_up()
    answer = browser.post("/revoke-session", body)
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("path", ["/revoke-session", "/revoke-sessions", "/revoke-other-sessions"])
def test_revoking_needs_a_session(browser: Browser, path: str) -> None:
    answer = browser.post(path, {"token": "x"})
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")


def test_s4_signing_out_ends_the_session_and_clears_the_cookies(browser: Browser) -> None:
    browser.sign_up(rememberMe=False)
    kept = dict(browser.jar)
    answer = browser.post("/sign-out", {})
    assert answer.json == {"success": True}
    names = [line.partition("=")[0] for line in answer.cookies]
    assert names == [TOKEN, "better-auth.session_data", "better-auth.dont_remember"]
    assert browser.jar == {}
    browser.jar = kept
    assert browser.session() is None


def test_signing_out_as_nobody_succeeds(browser: Browser) -> None:
    assert browser.post("/sign-out", {}).json == {"success": True}


def test_stale_cache_cookies_are_expired_while_the_cache_is_off(browser: Browser) -> None:
    browser.sign_up()
    browser.jar["better-auth.session_data"] = "old"
    browser.jar["better-auth.session_data.0"] = "old"
    answer = browser.get("/get-session")
    assert answer.json is not None
    assert {line.partition("=")[0] for line in answer.cookies} == {
        "better-auth.session_data",
        "better-auth.session_data.0",
    }
    assert set(browser.jar) == {TOKEN}


def _forged(token: str, signature: str) -> list[str]:
    return [
        "",
        token,
        f"{token}.",
        f"{token}.{signature[:-1]}",
        f"{token}.{signature}A",
        f"{token}.{signature.lower()}",
        f"{token}.{'A' * 43}=",
        f"{token.lower()}.{signature}",
        f".{signature}",
        f"{token}\x00.{signature}",
        f"é{token}.{signature}",
        "x" * 10_000,
        f"{'y' * 10_000}.{signature}",
    ]


@pytest.mark.parametrize("number", range(13))
def test_s1_a_tampered_session_cookie_is_nobody(browser: Browser, number: int) -> None:
    browser.sign_up()
    token, _, signature = unquote(browser.jar[TOKEN]).rpartition(".")
    browser.jar[TOKEN] = quote(_forged(token, signature)[number], safe="")
    answer = browser.get("/get-session")
    assert (answer.status, answer.json) == (200, None)


def test_s1_another_signed_cookie_is_no_session(browser: Browser) -> None:
    browser.sign_up(rememberMe=False)
    browser.jar[TOKEN] = browser.jar["better-auth.dont_remember"]
    assert browser.session() is None


def test_s1_an_unencoded_signature_is_accepted(browser: Browser) -> None:
    browser.sign_up()
    browser.jar[TOKEN] = unquote(browser.jar[TOKEN])
    assert browser.session() is not None


def test_s5_of_several_cookies_with_the_name_the_first_good_one_counts(browser: Browser) -> None:
    browser.sign_up()
    good = f"{TOKEN}={browser.jar[TOKEN]}"
    assert browser.get("/get-session", cookie=f"{good}; {TOKEN}=evil").json is not None
    assert browser.get("/get-session", cookie=f"{TOKEN}=evil; {good}").json is not None
    assert browser.get("/get-session", cookie=f"{TOKEN}=evil; {TOKEN}=worse").json is None


def test_s2_with_secure_cookies_only_the_prefixed_name_is_read(make_auth: MakeAuth) -> None:
    browser = Browser(make_auth(base_url="https://app.example"), origin="https://app.example")
    line = browser.sign_up().cookie(f"__Secure-{TOKEN}")
    assert line is not None
    assert "; Secure" in line
    assert browser.session() is not None
    browser.jar = {TOKEN: browser.jar[f"__Secure-{TOKEN}"]}
    assert browser.session() is None


@pytest.mark.parametrize(
    ("shared", "domain"),
    [
        (CrossSubDomainCookies(), "auth.app.example"),
        (CrossSubDomainCookies(domain="app.example"), "app.example"),
    ],
)
def test_cookies_can_be_shared_between_subdomains(
    make_auth: MakeAuth, shared: CrossSubDomainCookies, domain: str
) -> None:
    origin = "https://auth.app.example"
    advanced = Advanced(cross_sub_domain_cookies=shared)
    line = Browser(make_auth(base_url=origin, advanced=advanced), origin=origin).sign_up()
    assert f"; Domain={domain}; " in line.cookies[0]


def test_sharing_cookies_needs_a_domain_from_somewhere(make_auth: MakeAuth) -> None:
    advanced = Advanced(cross_sub_domain_cookies=CrossSubDomainCookies())
    with pytest.raises(ConfigurationError, match="has no domain"):
        make_auth(base_url=None, advanced=advanced)


def test_names_and_attributes_of_cookies_are_options(make_auth: MakeAuth) -> None:
    advanced = Advanced(
        cookie_prefix="mine",
        default_cookie_attributes=CookieAttributes(same_site="strict"),
        cookies={"session_token": CookieOptions(name="__Host-sid")},
    )
    browser = Browser(make_auth(advanced=advanced))
    line = browser.sign_up(rememberMe=False).cookies
    assert line[0].startswith("__Host-sid=")
    assert line[0].endswith("Path=/; HttpOnly; Secure; SameSite=Strict")
    assert line[1].startswith("mine.dont_remember=")
    assert browser.session() is not None


@pytest.mark.parametrize(
    ("base_url", "production", "secure"),
    [
        ("http://localhost:3000", True, False),
        ("https://localhost:3000", False, True),
        (None, True, True),
        (None, False, False),
        (DynamicBaseURL(allowed_hosts=["localhost:3000"], protocol="https"), False, True),
        (DynamicBaseURL(allowed_hosts=["localhost:3000"], protocol="http"), True, False),
        (DynamicBaseURL(allowed_hosts=["localhost:3000"]), True, True),
    ],
)
def test_what_makes_cookies_secure(
    make_auth: MakeAuth, base_url: object, production: bool, secure: bool
) -> None:
    limit = RateLimit(enabled=False)
    auth = make_auth(base_url=base_url, production=production, rate_limit=limit)
    answer = Browser(auth, origin="").sign_up()
    assert answer.cookies[0].startswith("__Secure-") is secure
    assert ("; Secure" in answer.cookies[0]) is secure


def test_address_and_user_agent_are_noted(browser: Browser) -> None:
    browser.post(
        "/sign-up/email",
        {"name": "Ada", "email": "ada@example.com", "password": "password1234"},
        user_agent="Lynx",
        x_forwarded_for="2001:DB8::1",
    )
    session = browser.session()["session"]
    assert session["userAgent"] == "Lynx"
    assert session["ipAddress"] == "2001:0db8:0000:0000:0000:0000:0000:0000"


class Device(Session, kw_only=True):
    """Sessions with fields of their own."""

    theme: str | None = None
    device: Annotated[str | None, Column(input=False)] = "web"
    secret_note: Annotated[str | None, Column(returned=False)] = None


@pytest.fixture
def device(make_auth: MakeAuth, kind: str) -> Browser:
    browser = Browser(make_auth(session=SessionOptions(model=Device)), kind)
    browser.sign_up()
    return browser


def test_additional_session_fields_have_defaults_and_can_be_set(device: Browser) -> None:
    session = device.session()["session"]
    assert (session["theme"], session["device"]) == (None, "web")
    assert "secretNote" not in session
    answer = device.post("/update-session", {"theme": "dark", "unknown": 1})
    assert answer.json["session"]["theme"] == "dark"
    assert answer.cookie(TOKEN) is not None
    assert device.session()["session"]["theme"] == "dark"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, None),
        ({"token": "mine", "userId": "me", "expiresAt": "2099-01-01T00:00:00.000Z"}, None),
        ({"device": "phone"}, "FIELD_NOT_ALLOWED"),
        ({"theme": 5}, "VALIDATION_ERROR"),
        ({"theme": ["dark"]}, "VALIDATION_ERROR"),
    ],
)
def test_s11_only_declared_input_fields_of_a_session_can_be_set(
    device: Browser, body: dict[str, object], code: str | None
) -> None:
    before = device.session()
    answer = device.post("/update-session", body)
    assert (answer.status, answer.code) == (400, code)
    assert device.session() == before


def test_with_deferred_refresh_only_post_renews(
    make_auth: MakeAuth, kind: str, clock: Clock
) -> None:
    browser = Browser(make_auth(session=SessionOptions(defer_refresh=True)), kind)
    browser.sign_up()
    assert browser.session()["needsRefresh"] is False
    clock.forward(DAY)
    answer = browser.get("/get-session")
    assert answer.json["needsRefresh"] is True
    assert answer.cookies == ()
    posted = browser.post("/get-session")
    assert posted.status == 200
    assert posted.json["session"]["expiresAt"] == "2030-01-09T00:00:00.000Z"
    assert "needsRefresh" not in posted.json
    assert browser.session()["needsRefresh"] is False


def test_post_get_session_needs_deferred_refresh(browser: Browser) -> None:
    answer = browser.post("/get-session")
    assert answer.status == 405
    assert answer.code == "METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED"


def test_a_life_of_an_hour_needs_no_other_option(make_auth: MakeAuth, clock: Clock) -> None:
    browser = Browser(make_auth(session=SessionOptions(expires_in=3600)))
    browser.sign_up()
    clock.forward(3599)
    assert browser.session()["session"]["expiresAt"] == "2030-01-01T01:00:00.000Z"
    clock.forward(1)
    assert browser.session() is None


def test_of_many_sessions_the_newest_are_listed_and_ones_own_in_any_case(
    browser: Browser, clock: Clock
) -> None:
    own = browser.sign_up().json["token"]
    other = Browser(browser.auth, browser.kind)
    made = []
    for _ in range(105):
        clock.forward(1)
        made.append(other.sign_in().json["token"])
    listed = [session["token"] for session in browser.get("/list-sessions").json]
    assert listed == [*made[:-101:-1], own]
    assert [one["token"] for one in other.get("/list-sessions").json] == made[:-101:-1]


@pytest.mark.parametrize("path", ["/revoke-sessions", "/revoke-session"])
def test_ending_ones_own_session_clears_its_cookies(browser: Browser, path: str) -> None:
    token = browser.sign_up(rememberMe=False).json["token"]
    answer = browser.post(path, {"token": token})
    assert (answer.status, answer.json) == (200, {"status": True})
    assert browser.jar == {}


def test_ending_another_session_clears_no_cookie(browser: Browser) -> None:
    browser.sign_up()
    token = Browser(browser.auth, browser.kind).sign_in().json["token"]
    assert browser.post("/revoke-session", {"token": token}).cookies == ()
    assert browser.post("/revoke-other-sessions", {}).cookies == ()


def test_a_sign_in_that_is_to_be_remembered_ends_an_older_choice(
    browser: Browser, clock: Clock
) -> None:
    browser.sign_up(rememberMe=False)
    answer = browser.sign_in()
    names = [line.partition("=")[0] for line in answer.cookies]
    assert names == [TOKEN, "better-auth.dont_remember"]
    assert "Max-Age=0" in answer.cookies[1]
    assert "better-auth.dont_remember" not in browser.jar
    clock.forward(DAY)
    assert browser.session()["session"]["expiresAt"] == "2030-01-09T00:00:00.000Z"


@pytest.mark.parametrize("remember", [True, False])
def test_a_forged_choice_is_neither_heeded_nor_expired(browser: Browser, remember: bool) -> None:
    browser.sign_up()
    browser.jar["better-auth.dont_remember"] = "true.forged"
    answer = browser.sign_in(rememberMe=remember)
    lines = [line for line in answer.cookies if line.startswith("better-auth.dont_remember")]
    assert [("Max-Age=0" in line) for line in lines] == ([] if remember else [False])


@pytest.mark.parametrize("query", [{}, {"disableCookieCache": "1"}])
def test_whether_a_renewal_is_due_is_told_only_where_it_is_deferred(
    make_auth: MakeAuth, kind: str, clock: Clock, query: dict[str, str]
) -> None:
    browser = Browser(make_auth(session=SessionOptions(defer_refresh=True)), kind)
    browser.sign_up()

    def told(**more: str) -> object:
        return browser.get("/get-session", {**query, **more}).json.get("needsRefresh", "absent")

    assert told() is False
    assert told(disableRefresh="1") == "absent"
    clock.forward(DAY)
    assert told() is True
    browser.sign_in(rememberMe=False)
    assert told() == "absent"
    plain = Browser(make_auth(), kind)
    plain.sign_in()
    assert "needsRefresh" not in plain.session()
