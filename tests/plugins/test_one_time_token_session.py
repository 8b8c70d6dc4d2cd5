"""One-time token sessions: a session of its own for another browser, once."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser, Clock
from tests.support.crowd import statuses_in_threads, statuses_on_a_loop
from tests.support.vectors import vectors
from watchword import ConfigurationError, ModelHooks
from watchword.plugins import OneTimeToken, OneTimeTokenSession
from watchword.plugins.one_time_token_session import VerifyOneTimeTokenSession

GENERATE, VERIFY = "/one-time-token-session/generate", "/one-time-token-session/verify"
OFFICIAL_GENERATE, OFFICIAL_VERIFY = "/one-time-token/generate", "/one-time-token/verify"
HASHED = vectors("tokenHash", "vectors-plugins-1.json")["cases"][3]


def identifiers(folder: Path) -> list[str]:
    database = sqlite3.connect(folder / "test.db")
    try:
        return [row[0] for row in database.execute("select identifier from verification")]
    finally:
        database.close()


@pytest.fixture
def laptop(make_auth: MakeAuth, kind: str) -> Browser:
    browser = Browser(make_auth(plugins=[OneTimeTokenSession()]), kind)
    browser.sign_up()
    return browser


@pytest.fixture
def phone(laptop: Browser) -> Browser:
    return Browser(laptop.auth, laptop.kind)


def token_of(browser: Browser) -> str:
    return browser.get(GENERATE).json["token"]


def test_the_redeemer_gets_a_session_of_its_own(laptop: Browser, phone: Browser) -> None:
    token = token_of(laptop)
    assert len(token) == 32
    answer = phone.post(VERIFY, {"token": token})
    assert answer.status == 200
    assert set(answer.json) == {"session", "user", "token"}
    there, here = laptop.session(), phone.session()
    assert there["user"] == here["user"] == answer.json["user"]
    assert here["session"] == answer.json["session"]
    assert here["session"]["id"] != there["session"]["id"]
    assert answer.json["token"] == here["session"]["token"] != there["session"]["token"]


def test_the_new_session_lives_as_long_as_any(laptop: Browser, phone: Browser) -> None:
    answer = phone.post(VERIFY, {"token": token_of(laptop)})
    assert answer.json["session"]["expiresAt"] == "2030-01-08T00:00:00.000Z"
    assert "Max-Age=604800" in answer.cookies[0]


def test_a_session_not_to_be_remembered_begets_another_such(
    laptop: Browser, phone: Browser
) -> None:
    laptop.sign_in(rememberMe=False)
    answer = phone.post(VERIFY, {"token": token_of(laptop)})
    assert answer.json["session"]["expiresAt"] == "2030-01-02T00:00:00.000Z"
    assert "Max-Age" not in answer.cookies[0]
    assert "better-auth.dont_remember" in phone.jar


def test_s4_ending_one_of_the_two_sessions_leaves_the_other(
    laptop: Browser, phone: Browser
) -> None:
    phone.post(VERIFY, {"token": token_of(laptop)})
    assert len(laptop.get("/list-sessions").json) == 2
    laptop.post("/sign-out", {})
    assert laptop.session() is None
    assert phone.session() is not None


def test_without_create_session_the_old_session_is_answered_and_no_cookie_set(
    make_auth: MakeAuth, kind: str
) -> None:
    auth = make_auth(plugins=[OneTimeTokenSession(create_session=False)])
    laptop, phone = Browser(auth, kind), Browser(auth, kind)
    laptop.sign_up()
    answer = phone.post(VERIFY, {"token": token_of(laptop)})
    assert answer.status == 200
    assert answer.cookies == ()
    assert answer.json == {**laptop.session(), "token": None}


def test_m1_a_token_is_good_once(laptop: Browser, phone: Browser) -> None:
    token = token_of(laptop)
    assert phone.post(VERIFY, {"token": token}).status == 200
    again = phone.post(VERIFY, {"token": token})
    assert (again.status, again.json) == (400, {"message": "Invalid token"})


def test_an_expired_token_says_so_once(laptop: Browser, phone: Browser, clock: Clock) -> None:
    token = token_of(laptop)
    clock.forward(180)
    answers = [phone.post(VERIFY, {"token": token}) for _ in range(2)]
    assert [answer.status for answer in answers] == [400, 400]
    assert [answer.json["message"] for answer in answers] == ["Token expired", "Invalid token"]
    assert all(answer.cookies == () for answer in answers)


@pytest.mark.parametrize("create", [True, False])
def test_s8_the_session_behind_a_token_must_still_be_alive(
    make_auth: MakeAuth, clock: Clock, kind: str, create: bool
) -> None:
    auth = make_auth(plugins=[OneTimeTokenSession(create_session=create)])
    laptop, phone = Browser(auth, kind), Browser(auth, kind)
    laptop.sign_up()
    revoked = token_of(laptop)
    laptop.post("/sign-out", {})
    laptop.sign_in(rememberMe=False)
    clock.forward(86_400 - 60)
    expired = token_of(laptop)
    clock.forward(60)
    for token in (revoked, expired):
        answer = phone.post(VERIFY, {"token": token})
        assert answer.status == 400
        assert answer.cookies == ()
    assert answer.json == {"message": "Session not found"}


@pytest.mark.parametrize("body", [{}, {"token": ""}, {"token": 5}, {"token": ["x"]}, None])
def test_m1_a_token_is_a_text_that_is_not_empty(phone: Browser, body: object) -> None:
    answer = phone.post(VERIFY, body)
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")


def test_generating_needs_a_session(phone: Browser) -> None:
    answer = phone.get(GENERATE)
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")


def test_only_the_server_generates_if_the_option_says_so(make_auth: MakeAuth) -> None:
    auth = make_auth(plugins=[OneTimeTokenSession(disable_client_request=True)])
    browser = Browser(auth)
    browser.sign_up()
    answer = browser.get(GENERATE)
    assert (answer.status, answer.json) == (400, {"message": "Client requests are disabled"})
    headers = {"cookie": "; ".join(f"{name}={value}" for name, value in browser.jar.items())}
    token = auth.blocking.api.generate_one_time_token_session(headers=headers).token
    found = auth.blocking.api.verify_one_time_token_session(VerifyOneTimeTokenSession(token=token))
    assert found.token == found.session.token


def test_tokens_can_be_kept_hashed_or_by_an_own_function(
    make_auth: MakeAuth, tmp_path: Path
) -> None:
    plugin = OneTimeTokenSession(
        store_token="hashed", generate_token=lambda found, call: HASHED["input"]
    )
    browser = Browser(make_auth(plugins=[plugin]))
    browser.sign_up()
    token = token_of(browser)
    assert identifiers(tmp_path) == [f"one-time-token-session:{HASHED['output']}"]
    assert browser.post(VERIFY, {"token": token}).status == 200
    own = OneTimeTokenSession(store_token=lambda token: token[::-1])
    browser = Browser(make_auth(plugins=[own]))
    browser.sign_in()
    token = token_of(browser)
    assert identifiers(tmp_path) == [f"one-time-token-session:{token[::-1]}"]
    assert browser.post(VERIFY, {"token": token}).status == 200


@pytest.mark.parametrize("shared", [True, False])
def test_tokens_of_both_designs_are_the_same_only_where_wanted(
    make_auth: MakeAuth, shared: bool
) -> None:
    plugins = [OneTimeToken(), OneTimeTokenSession(share_tokens_with_official=shared)]
    auth = make_auth(plugins=plugins)
    laptop = Browser(auth)
    laptop.sign_up()
    own, official = token_of(laptop), laptop.get(OFFICIAL_GENERATE).json["token"]
    wanted = 200 if shared else 400
    assert Browser(auth).post(OFFICIAL_VERIFY, {"token": own}).status == wanted
    assert Browser(auth).post(VERIFY, {"token": official}).status == wanted


def test_the_paths_of_the_first_release_can_be_served_too(make_auth: MakeAuth, kind: str) -> None:
    auth = make_auth(plugins=[OneTimeTokenSession(legacy_paths=True)])
    laptop, phone = Browser(auth, kind), Browser(auth, kind)
    laptop.sign_up()
    token = laptop.get(OFFICIAL_GENERATE).json["token"]
    answer = phone.post(OFFICIAL_VERIFY, {"token": token})
    assert answer.json["token"] == phone.session()["session"]["token"]
    assert phone.post(VERIFY, {"token": token_of(laptop)}).status == 200


def test_the_old_paths_are_refused_beside_the_plugin_that_has_them(make_auth: MakeAuth) -> None:
    plugins = [OneTimeToken(), OneTimeTokenSession(legacy_paths=True)]
    claim = "'GET /one-time-token/generate' is claimed by one-time-token-session"
    with pytest.raises(ConfigurationError, match=claim):
        make_auth(plugins=plugins)


def test_without_the_option_the_old_paths_are_not_there(laptop: Browser) -> None:
    assert laptop.get(OFFICIAL_GENERATE).status == 404


@pytest.mark.parametrize("options", [{"expires_in": 0}, {"store_token": "encrypted"}])
def test_wrong_options_are_refused_by_name(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=rf"OneTimeTokenSession\.{next(iter(options))}"):
        OneTimeTokenSession(**options)


def test_a_hook_that_refuses_the_new_session_refuses_the_redeemer(make_auth: MakeAuth) -> None:
    signing_up = [True]
    hooks = {
        "session": ModelHooks(create_before=lambda values, call: None if signing_up[0] else False)
    }
    auth = make_auth(plugins=[OneTimeTokenSession()], database_hooks=hooks)
    laptop = Browser(auth)
    laptop.sign_up()
    signing_up[0] = False
    answer = Browser(auth).post(VERIFY, {"token": token_of(laptop)})
    assert (answer.status, answer.cookies) == (401, ())


def test_m1_fifty_parallel_redemptions_make_one_session_in_threads(make_auth: MakeAuth) -> None:
    auth = make_auth(plugins=[OneTimeTokenSession()])
    laptop = Browser(auth)
    laptop.sign_up()
    statuses = statuses_in_threads(auth, VERIFY, {"token": token_of(laptop)})
    assert statuses == [200] + [400] * 49
    assert len(laptop.get("/list-sessions").json) == 2


async def test_m1_fifty_parallel_redemptions_have_one_winner_on_a_loop(make_auth: MakeAuth) -> None:
    auth = make_auth(plugins=[OneTimeTokenSession()])
    laptop = Browser(auth)
    laptop.sign_up()
    body = VerifyOneTimeTokenSession(token=token_of(laptop))
    statuses = await statuses_on_a_loop(auth, lambda: auth.api.verify_one_time_token_session(body))
    assert statuses == [200] + [400] * 49
