"""One-time tokens: a signed-in session handed to another browser, once."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser, Clock
from tests.support.crowd import statuses_in_threads, statuses_on_a_loop
from tests.support.vectors import vectors
from watchword import Call, ConfigurationError, SessionAndUser, User
from watchword.plugins import OneTimeToken
from watchword.plugins.one_time_token import VerifyOneTimeToken

FLOW = vectors("flows", "vectors-plugins-1.json")["oneTimeToken"]
GENERATE, VERIFY = "/one-time-token/generate", "/one-time-token/verify"


def rows(folder: Path) -> list[tuple[str, str, str]]:
    database = sqlite3.connect(folder / "test.db")
    try:
        return database.execute("select identifier, value, expiresAt from verification").fetchall()
    finally:
        database.close()


@pytest.fixture
def laptop(make_auth: MakeAuth, kind: str) -> Browser:
    browser = Browser(make_auth(plugins=[OneTimeToken()]), kind)
    browser.sign_up()
    return browser


@pytest.fixture
def phone(laptop: Browser) -> Browser:
    return Browser(laptop.auth, laptop.kind)


def test_the_redeemer_gets_the_same_session(laptop: Browser, phone: Browser) -> None:
    token = laptop.get(GENERATE).json["token"]
    answer = phone.post(VERIFY, {"token": token})
    assert answer.status == 200
    assert answer.json == laptop.session()
    assert set(answer.json) == set(FLOW["verify"]["body"])
    assert "Max-Age=604800" in answer.cookies[0]
    assert phone.session() == laptop.session()


def test_tokens_are_stored_as_the_reference_stores_them(laptop: Browser, tmp_path: Path) -> None:
    token = laptop.get(GENERATE).json["token"]
    assert len(token) == 32
    session = laptop.session()["session"]["token"]
    assert rows(tmp_path) == [(f"one-time-token:{token}", session, "2030-01-01T00:03:00.000Z")]
    recorded = FLOW["plain"]["verification"][0]["identifier"]
    assert recorded == f"one-time-token:{FLOW['plain']['token']}"


def test_hashed_tokens_are_not_in_the_database(make_auth: MakeAuth, tmp_path: Path) -> None:
    made = FLOW["hashed"]["token"]
    plugin = OneTimeToken(store_token="hashed", generate_token=lambda found, call: made)
    browser = Browser(make_auth(plugins=[plugin]))
    browser.sign_up()
    assert browser.get(GENERATE).json == {"token": made}
    assert rows(tmp_path)[0][0] == FLOW["hashed"]["verification"][0]["identifier"]
    assert browser.post(VERIFY, {"token": made}).status == 200


def test_own_generator_and_own_hasher_may_be_async(make_auth: MakeAuth, kind: str) -> None:
    async def generate(found: SessionAndUser[User], call: Call) -> str:
        return f"for-{found.user.email}"

    async def store(token: str) -> str:
        return token[::-1]

    plugin = OneTimeToken(generate_token=generate, store_token=store)
    browser = Browser(make_auth(plugins=[plugin]), kind)
    browser.sign_up()
    assert browser.get(GENERATE).json == {"token": "for-ada@example.com"}
    assert browser.post(VERIFY, {"token": "for-ada@example.com"}).status == 200


def test_a_token_is_good_once(laptop: Browser, phone: Browser) -> None:
    token = laptop.get(GENERATE).json["token"]
    assert phone.post(VERIFY, {"token": token}).status == 200
    again = phone.post(VERIFY, {"token": token})
    assert (again.status, again.json) == (400, {"message": "Invalid token"})


def test_a_token_ends_after_three_minutes_and_is_burned_by_trying(
    laptop: Browser, phone: Browser, clock: Clock, tmp_path: Path
) -> None:
    token = laptop.get(GENERATE).json["token"]
    clock.forward(180)
    late = phone.post(VERIFY, {"token": token})
    assert (late.status, late.json, late.cookies) == (400, {"message": "Invalid token"}, ())
    assert rows(tmp_path) == []


def test_the_life_of_a_token_is_an_option(make_auth: MakeAuth, clock: Clock) -> None:
    browser = Browser(make_auth(plugins=[OneTimeToken(expires_in=timedelta(minutes=10))]))
    browser.sign_up()
    token = browser.get(GENERATE).json["token"]
    clock.forward(599)
    assert browser.post(VERIFY, {"token": token}).status == 200


@pytest.mark.parametrize("value", [0, -1, timedelta(0), float("nan")])
def test_a_life_of_nothing_is_a_configuration_error(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"OneTimeToken\.expires_in"):
        OneTimeToken(expires_in=value)


def test_an_unknown_form_of_storage_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="'md5' is no known form"):
        OneTimeToken(store_token="md5")  # type: ignore[arg-type]


def test_a_revoked_or_expired_session_cannot_be_redeemed(
    laptop: Browser, phone: Browser, clock: Clock
) -> None:
    first = laptop.get(GENERATE).json["token"]
    laptop.post("/sign-out", {})
    answer = phone.post(VERIFY, {"token": first})
    assert (answer.status, answer.json) == (400, {"message": "Session not found"})
    laptop.sign_in(rememberMe=False)
    clock.forward(86_400 - 60)
    second = laptop.get(GENERATE).json["token"]
    clock.forward(60)
    answer = phone.post(VERIFY, {"token": second})
    assert (answer.status, answer.json) == (400, {"message": "Session expired"})
    assert answer.cookies == ()


def test_generating_needs_a_session(phone: Browser) -> None:
    answer = phone.get(GENERATE)
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize("body", [{}, {"token": 5}, {"token": None}, {"token": ["x"]}, None])
def test_m1_a_token_is_a_text(phone: Browser, body: object) -> None:
    answer = phone.post(VERIFY, body)
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")


def test_m1_nothing_but_the_token_serves(laptop: Browser, phone: Browser) -> None:
    token = laptop.get(GENERATE).json["token"]
    session = laptop.session()
    tries = [
        token[:-1],
        token.swapcase(),
        f"{token} ",
        "%",
        "_" * 32,
        "",
        session["session"]["token"],
        session["user"]["id"],
        f"one-time-token:{token}",
    ]
    assert {phone.post(VERIFY, {"token": tried}).status for tried in tries} == {400}
    assert phone.post(VERIFY, {"token": token}).status == 200


def test_client_requests_can_be_disabled_but_not_the_server_api(
    make_auth: MakeAuth, kind: str
) -> None:
    auth = make_auth(plugins=[OneTimeToken(disable_client_request=True)])
    browser = Browser(auth, kind)
    assert browser.get(GENERATE).status == 401, "who is nobody hears that first"
    browser.sign_up()
    answer = browser.get(GENERATE)
    assert (answer.status, answer.json) == (400, {"message": "Client requests are disabled"})
    headers = {"cookie": "; ".join(f"{name}={value}" for name, value in browser.jar.items())}
    token = auth.blocking.api.generate_one_time_token(headers=headers).token
    assert browser.post(VERIFY, {"token": token}).status == 200


def test_redeeming_can_leave_the_cookie_alone(make_auth: MakeAuth) -> None:
    auth = make_auth(plugins=[OneTimeToken(disable_set_session_cookie=True)])
    laptop, phone = Browser(auth), Browser(auth)
    laptop.sign_up()
    answer = phone.post(VERIFY, {"token": laptop.get(GENERATE).json["token"]})
    assert answer.status == 200
    assert answer.cookies == ()


def test_answers_that_establish_a_session_can_carry_a_token(
    make_auth: MakeAuth, kind: str, clock: Clock
) -> None:
    auth = make_auth(plugins=[OneTimeToken(set_ott_header_on_new_session=True)])
    browser, phone = Browser(auth, kind), Browser(auth, kind)
    answer = browser.sign_up()
    token = answer.header("set-ott")
    assert token is not None
    assert answer.header("access-control-expose-headers") == "set-ott"
    assert browser.get("/get-session").header("set-ott") is None
    redeemed = phone.post(VERIFY, {"token": token})
    assert redeemed.json == browser.session()
    assert redeemed.header("set-ott") is not None
    clock.forward(86_400)
    assert browser.get("/get-session").header("set-ott") is not None, "a renewal counts too"


def test_any_number_of_tokens_may_be_alive(laptop: Browser, phone: Browser) -> None:
    tokens = [laptop.get(GENERATE).json["token"] for _ in range(3)]
    assert [phone.post(VERIFY, {"token": token}).status for token in tokens] == [200] * 3


def test_fifty_parallel_redemptions_have_one_winner_in_threads(make_auth: MakeAuth) -> None:
    auth = make_auth(plugins=[OneTimeToken()])
    laptop = Browser(auth)
    laptop.sign_up()
    token = laptop.get(GENERATE).json["token"]
    assert statuses_in_threads(auth, VERIFY, {"token": token}) == [200] + [400] * 49


async def test_fifty_parallel_redemptions_have_one_winner_on_a_loop(make_auth: MakeAuth) -> None:
    auth = make_auth(plugins=[OneTimeToken()])
    laptop = Browser(auth)
    laptop.sign_up()
    body = VerifyOneTimeToken(token=laptop.get(GENERATE).json["token"])
    statuses = await statuses_on_a_loop(auth, lambda: auth.api.verify_one_time_token(body))
    assert statuses == [200] + [400] * 49


def test_what_is_not_installed_says_how_to_install_it(make_auth: MakeAuth) -> None:
    auth = make_auth()
    with pytest.raises(AttributeError, match=r"plugins=\[\.\.\.\]"):
        auth.blocking.api.generate_one_time_token()
    with pytest.raises(LookupError, match="is not installed"):
        auth.blocking.api.call(OneTimeToken.generate_one_time_token)
