"""Bearer tokens: a session in the Authorization header."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import ORIGIN, Browser, Clock
from tests.support.vectors import vectors
from watchword import SessionOptions
from watchword.configuration.options import CookieCache
from watchword.crypto.signing import sign_cookie_value
from watchword.plugins import Bearer

VECTOR = vectors("bearer", "vectors-plugins-1.json")
COOKIE = "better-auth.session_token"


@pytest.fixture
def ada(make_auth: MakeAuth, kind: str) -> Browser:
    return Browser(make_auth(plugins=[Bearer()]), kind)


@pytest.fixture
def app(ada: Browser) -> Browser:
    """A client without cookies."""
    return Browser(ada.auth, ada.kind, origin="")


def bearer(token: str | None) -> dict[str, Any]:
    return {"authorization": f"Bearer {token}"}


def test_answers_that_set_the_session_cookie_carry_the_signed_token(ada: Browser) -> None:
    answer = ada.sign_up()
    token = answer.header("set-auth-token")
    assert token == sign_cookie_value(answer.json["token"], ada.auth.config.secrets.current)
    assert answer.header("access-control-expose-headers") == "set-auth-token"
    assert ada.get("/get-session").header("set-auth-token") is None
    assert ada.post("/update-user", {"name": "Ada L."}).header("set-auth-token") == token


def test_a_renewed_session_is_told_a_sign_out_is_not(ada: Browser, clock: Clock) -> None:
    token = ada.sign_up().header("set-auth-token")
    clock.forward(86_400)
    assert ada.get("/get-session").header("set-auth-token") == token
    assert ada.post("/sign-out", {}).header("set-auth-token") is None


def test_the_token_stands_for_the_cookie(ada: Browser, app: Browser) -> None:
    token = ada.sign_up().header("set-auth-token")
    assert app.get("/get-session", **bearer(token)).json == ada.session()
    assert app.post("/update-user", {"name": "Countess"}, **bearer(token)).status == 200
    assert ada.session()["user"]["name"] == "Countess"


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER   "])
def test_raw_signed_and_encoded_tokens_are_accepted(
    ada: Browser, app: Browser, scheme: str
) -> None:
    raw = ada.sign_up().json["token"]
    signed = sign_cookie_value(raw, ada.auth.config.secrets.current)
    for token in (raw, signed, ada.jar[COOKIE]):
        assert app.get("/get-session", authorization=f"{scheme}{token} ").json is not None


@pytest.mark.parametrize("value", VECTOR["acceptedAuthorizationValues"])
def test_recorded_tokens_name_the_recorded_session(
    make_auth: MakeAuth, tmp_path: Path, value: str
) -> None:
    auth = make_auth(plugins=[Bearer()], secret=VECTOR["secret"])
    ada = Browser(auth)
    ada.sign_up()
    with closing(sqlite3.connect(tmp_path / "test.db")) as database, database:
        database.execute("update session set token = ?", [VECTOR["rawSessionToken"]])
    app = Browser(auth)
    found = app.get("/get-session", authorization=value)
    assert found.json["session"]["token"] == VECTOR["rawSessionToken"]


def test_a_bearer_token_wins_over_a_cookie(ada: Browser) -> None:
    bob = Browser(ada.auth, ada.kind)
    ada.sign_up()
    token = bob.sign_up("bob@example.com").header("set-auth-token")
    assert ada.get("/get-session", **bearer(token)).json["user"]["email"] == "bob@example.com"
    assert ada.session()["user"]["email"] == "ada@example.com"


def test_c1_a_cached_cookie_of_somebody_else_does_not_vouch_for_a_bearer_token(
    make_auth: MakeAuth, kind: str
) -> None:
    session = SessionOptions(cookie_cache=CookieCache(enabled=True))
    auth = make_auth(plugins=[Bearer()], session=session)
    ada, bob = Browser(auth, kind), Browser(auth, kind)
    ada.sign_up()
    token = bob.sign_up("bob@example.com").header("set-auth-token")
    assert ada.get("/get-session", **bearer(token)).json["user"]["email"] == "bob@example.com"


def test_s1_bad_tokens_are_nobody_and_never_an_error(ada: Browser, app: Browser) -> None:
    raw = ada.sign_up().json["token"]
    signed = sign_cookie_value(raw, ada.auth.config.secrets.current)
    tokens = [
        "x" * 32,
        raw[:-1],
        raw.swapcase(),
        signed[:-2] + "x=",
        signed.swapcase(),
        signed + "=",
        f"{raw}.",
        f".{signed}",
        "%",
        "%FF.%FF",
        f"{raw}; {COOKIE}={ada.jar[COOKIE]}",
        "ü" * 10,
        "a" * 10_000,
    ]
    for token in tokens:
        answer = app.get("/get-session", **bearer(token))
        assert (answer.status, answer.json) == (200, None), token


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic {}", "Bearer{}", "{}"])
def test_other_schemes_are_left_alone(ada: Browser, app: Browser, header: str) -> None:
    token = ada.sign_up().json["token"]
    answer = app.get("/get-session", authorization=header.format(token))
    assert (answer.status, answer.json, answer.cookies) == (200, None, ())
    assert ada.get("/get-session", authorization=header.format("x")).json is not None


def test_a_forged_token_leaves_the_cookie_in_force(ada: Browser) -> None:
    ada.sign_up()
    assert ada.get("/get-session", **bearer("x.y")).json == ada.session()


def test_an_unknown_raw_token_clears_the_cookies(ada: Browser, app: Browser) -> None:
    answer = app.get("/get-session", **bearer("x" * 32))
    assert len(answer.cookies) == 3
    assert all("Max-Age=0" in line for line in answer.cookies)


def test_only_signed_tokens_where_the_option_says_so(make_auth: MakeAuth, kind: str) -> None:
    ada = Browser(make_auth(plugins=[Bearer(require_signature=True)]), kind)
    answer = ada.sign_up()
    app = Browser(ada.auth, kind)
    assert app.get("/get-session", **bearer(answer.json["token"])).json is None
    assert app.get("/get-session", **bearer(answer.header("set-auth-token"))).json is not None


def test_s8_an_ended_session_is_dead_for_bearers_too(
    ada: Browser, app: Browser, clock: Clock
) -> None:
    token = ada.sign_up().header("set-auth-token")
    clock.forward(7 * 86_400)
    assert app.get("/get-session", **bearer(token)).json is None
    token = ada.sign_in().header("set-auth-token")
    ada.post("/sign-out", {})
    assert app.get("/list-sessions", **bearer(token)).code == "UNAUTHORIZED"


def test_o1_without_cookies_no_origin_is_needed(ada: Browser, app: Browser) -> None:
    token = ada.sign_up().header("set-auth-token")
    answer = app.post("/update-user", {"name": "Ada L."}, **bearer(token))
    assert answer.status == 200


@pytest.mark.parametrize("token", [None, "x"])
def test_o5_an_authorization_header_does_not_switch_the_origin_check_off(
    ada: Browser, token: str | None
) -> None:
    signed = ada.sign_up().header("set-auth-token")
    ada.origin = "https://evil.example"
    answer = ada.post("/update-user", {"name": "Eve"}, **bearer(token or signed))
    assert (answer.status, answer.code) == (403, "INVALID_ORIGIN")
    ada.origin = ORIGIN
    assert ada.session()["user"]["name"] == "Ada"


def test_server_side_calls_take_bearer_tokens(ada: Browser) -> None:
    token = ada.sign_up().header("set-auth-token")
    found = ada.auth.blocking.api.get_session(headers={"Authorization": f"Bearer {token}"})
    assert found is not None
    assert found.user.email == "ada@example.com"
