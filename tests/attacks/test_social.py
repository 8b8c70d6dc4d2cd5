"""Flows to providers under attack (security A1 to A10, H7, L)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import ORIGIN, Browser, Clock
from tests.support.providers import unsigned
from tests.support.social import (
    CLIENT_SECRET,
    CODE,
    REFRESH,
    TOKEN,
    World,
    begin,
    come_back,
    error_of,
    sign_in,
    social_auth,
)
from watchword import AccountOptions, Auth
from watchword.oauth.authorization import RESERVED

STRATEGIES = ["database", "cookie"]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(params=STRATEGIES)
def auth(make_auth: MakeAuth, world: World, request: pytest.FixtureRequest) -> Auth[Any]:
    account = AccountOptions(store_state_strategy=request.param)
    return social_auth(make_auth, world, account=account)


def test_a1_a_callback_is_good_once(auth: Auth[Any], world: World) -> None:
    browser = Browser(auth)
    state = begin(browser)["state"]
    jar = dict(browser.jar)
    assert error_of(come_back(browser, state)) is None
    asked = len(world.asked)
    copy = Browser(auth)
    copy.jar = jar
    assert error_of(come_back(copy, state)) == "state_mismatch"
    assert copy.session() is None
    assert len(world.asked) == asked


def test_a1_another_browser_is_not_signed_in(auth: Auth[Any], world: World) -> None:
    browser, victim = Browser(auth), Browser(auth)
    state = begin(browser)["state"]
    for _ in range(2):
        assert error_of(come_back(victim, state)) == "state_mismatch"
        assert victim.session() is None
        begin(victim)
    assert world.asked == []
    assert error_of(come_back(browser, state)) is None


def test_a1_another_providers_callback_does_nothing(auth: Auth[Any], world: World) -> None:
    browser = Browser(auth)
    state = begin(browser, "google")["state"]
    assert error_of(come_back(browser, state, "github")) == "state_mismatch"
    assert (browser.session(), world.asked) == (None, [])
    assert error_of(come_back(browser, state, "google")) == "state_mismatch"


def test_a1_a_flow_ends(auth: Auth[Any], clock: Clock, world: World) -> None:
    browser = Browser(auth)
    state = begin(browser)["state"]
    clock.forward(601)
    assert error_of(come_back(browser, state)) == "state_mismatch"
    assert world.asked == []


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s[:-1],
        lambda s: s + "x",
        lambda s: "x" * 8000,
        lambda s: s + "\0",
        lambda s: "\u00e9",
    ],
)
def test_a1_no_other_state_is_taken(
    auth: Auth[Any], world: World, change: Callable[[str], str]
) -> None:
    browser = Browser(auth)
    state = begin(browser)["state"]
    assert error_of(come_back(browser, change(state))) == "state_mismatch"
    assert (browser.session(), world.asked) == (None, [])


def test_a1_a_repeated_parameter_is_refused(auth: Auth[Any], world: World) -> None:
    browser = Browser(auth)
    state = begin(browser)["state"]
    for query in ({"state": [state, state]}, {"state": state, "code": [CODE, CODE]}):
        answer = browser.get("/callback/google", query)
        assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    assert world.asked == []


@pytest.mark.parametrize("path", ["/sign-in/social", "/link-social"])
@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a2_a_client_cannot_choose_what_protects_the_flow(
    make_auth: MakeAuth, world: World, path: str, name: str
) -> None:
    browser = Browser(social_auth(make_auth, world))
    browser.sign_up("ada@example.com")
    chosen = {"provider": "google", "additionalParams": {"hl": "de", name: "chosen"}}
    answer = browser.post(path, chosen)
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")


def test_a2_additional_data_sets_nothing_of_the_state(auth: Auth[Any]) -> None:
    browser = Browser(auth)
    browser.sign_up("victim@example.com")
    link = {"userId": browser.session()["user"]["id"], "email": "victim@example.com"}
    thief = Browser(auth)
    data = {"link": link, "errorURL": "https://evil.example", "provider": "github"}
    state = begin(thief, additionalData={**data, "newUserURL": "https://evil.example"})["state"]
    assert come_back(thief, state).header("location") == ORIGIN
    assert len(browser.get("/list-accounts").json) == 1


def fails(status: int, body: bytes, kind: str = "application/json") -> Any:
    return lambda request: httpx2.Response(status, content=body, headers={"content-type": kind})


def raises(error: type[Exception]) -> Any:
    def fail(request: httpx2.Request) -> httpx2.Response:
        raise error("no answer")

    return fail


BROKEN = {
    "no JSON": fails(200, b"<html>error</html>", "text/html"),
    "nothing": fails(200, b""),
    "a list": fails(200, b"[]"),
    "null": fails(200, b"null"),
    "deep": fails(200, b"[" * 100_000),
    "huge": fails(200, b'{"access_token": "' + b"x" * 2_000_000 + b'"}'),
    "long token": fails(200, b'{"access_token": "' + b"x" * 70_000 + b'"}'),
    "number": fails(200, b'{"access_token": 5, "id_token": ["x"]}'),
    "an error in a success": fails(200, b'{"error": "bad_verification_code"}'),
    "no such code": fails(400, b'{"error": "invalid_grant"}'),
    "broken": fails(500, b"oops"),
    "a redirect": lambda request: httpx2.Response(302, headers={"location": "http://evil.example"}),
    "too late": raises(httpx2.ReadTimeout),
    "unreachable": raises(httpx2.ConnectError),
}


WITHOUT_TOKENS = ("no JSON", "nothing", "a list", "null", "deep", "number", "an error in a success")


@pytest.mark.parametrize("name", BROKEN)
def test_a9_whatever_a_provider_answers_is_an_error_page(
    make_auth: MakeAuth, world: World, name: str, kind: str
) -> None:
    world.fails = BROKEN[name]
    browser = Browser(social_auth(make_auth, world), kind)
    for provider in ("google", "github"):
        ended = sign_in(browser, provider, errorCallbackURL="/oops")
        silent = provider == "google" and name in WITHOUT_TOKENS
        code = "unable_to_get_user_info" if silent else "invalid_code"
        assert ended.header("location") == f"/oops?error={code}"
        assert browser.session() is None
    assert {request.url.host for request in world.asked} <= {
        "oauth2.googleapis.com",
        "github.com",
    }


@pytest.mark.parametrize("token", ["x", "a.b.c", unsigned({}), "..", unsigned({"sub": {}})])
def test_a9_an_id_token_of_any_shape_is_an_error_page(
    make_auth: MakeAuth, world: World, token: str
) -> None:
    world.fails = lambda request: httpx2.Response(200, json={"id_token": token})
    browser = Browser(social_auth(make_auth, world))
    assert error_of(sign_in(browser)) == "unable_to_get_user_info"


@pytest.mark.parametrize("emails", [None, 5, "x", [5], [{"email": {}}], [{"email": 5}]])
def test_a9_user_info_of_any_shape_is_an_error_page(
    make_auth: MakeAuth, world: World, emails: Any
) -> None:
    world.emails = emails
    browser = Browser(social_auth(make_auth, world))
    assert error_of(sign_in(browser, "github")) == "email_not_found"


def test_a9_names_of_any_length_and_kind(make_auth: MakeAuth, world: World) -> None:
    browser = Browser(social_auth(make_auth, world))
    for name in ("x" * 100_000, "nul\0", {"first": "Ada"}, "\ud800", "<script>", None):
        world.claims["name"] = name
        assert sign_in(browser).status == 302


def test_what_a_provider_calls_an_error_is_passed_on(auth: Auth[Any], world: World) -> None:
    browser = Browser(auth)
    state = begin(browser, errorCallbackURL="/oops")["state"]
    query = {"error": "access_denied", "error_description": "No, thanks"}
    answer = come_back(browser, state, **query)
    expected = "/oops?error=access_denied&error_description=No%2C+thanks"
    assert answer.header("location") == expected
    assert world.asked == []


def test_no_line_of_the_log_is_forged(
    auth: Auth[Any], world: World, caplog: pytest.LogCaptureFixture
) -> None:
    browser = Browser(auth)
    state = begin(browser)["state"]
    answer = come_back(browser, state, error="x\r\nERROR forged: y", error_description="a\r\nb")
    assert error_of(answer) == "invalid_callback_request"
    assert "forged" not in caplog.text
    assert "\n" not in (answer.header("location") or "")


def test_without_a_code_there_is_nobody(auth: Auth[Any]) -> None:
    browser = Browser(auth)
    state = begin(browser)["state"]
    assert error_of(browser.get("/callback/google", {"state": state})) == "no_code"


def test_no_secret_is_logged_or_sent_on(
    make_auth: MakeAuth, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "watchword")
    browser = Browser(social_auth(make_auth, world))
    locations: list[str | None] = []
    for answer in (None, *BROKEN.values()):
        world.fails = answer
        for provider in ("google", "github"):
            locations.append(sign_in(browser, provider).header("location"))
    said = caplog.text + str([record.__dict__ for record in caplog.records]) + str(locations)
    for secret in (CODE, TOKEN, REFRESH, CLIENT_SECRET):
        assert secret not in said
    assert "sign-in with google failed" in said


def test_a_callback_that_fails_says_nothing_of_its_tokens(
    make_auth: MakeAuth, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    def own(tokens: Any) -> Any:
        raise RuntimeError(tokens.access_token)

    browser = Browser(social_auth(make_auth, world, provider={"get_user_info": own}))
    assert error_of(sign_in(browser)) == "unable_to_get_user_info"
    assert TOKEN not in caplog.text


def test_a_target_that_is_trusted_no_more_is_not_gone_to(make_auth: MakeAuth, world: World) -> None:
    before = social_auth(make_auth, world, trusted_origins=["https://app.example"])
    browser = Browser(before)
    state = begin(browser, callbackURL="https://app.example/in")["state"]
    browser.auth = social_auth(make_auth, world)
    answer = come_back(browser, state)
    assert (answer.status, answer.code) == (403, "INVALID_CALLBACK_URL")
    assert browser.session() is None


@pytest.mark.parametrize("path", ["/callback/..%2f..%2fx", "/callback/%0d%0aset-cookie:x"])
def test_a_posted_callback_leads_to_this_server(auth: Auth[Any], path: str) -> None:
    answer = Browser(auth).post(path, {"state": "x", "code": "y"})
    assert answer.status == 302
    assert (answer.header("location") or "").startswith(f"{ORIGIN}/api/auth/callback/")
    assert "\n" not in (answer.header("location") or "")


@pytest.mark.parametrize("given", ["5", "[]", '"x"', '{"state": 5}', '{"code": ["x"]}'])
def test_a_posted_callback_of_an_odd_shape_is_refused(auth: Auth[Any], given: str) -> None:
    headers = {"content-type": "application/json"}
    answer = Browser(auth).send("POST", "/callback/x", data=given.encode(), headers=headers)
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")


def test_o7_no_other_site_begins_a_flow(auth: Auth[Any]) -> None:
    answer = Browser(auth).post(
        "/sign-in/social", {"provider": "google"}, origin="https://evil.example"
    )
    assert answer.status == 403
