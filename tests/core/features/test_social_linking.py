"""Linking a provider's account to who is signed in."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.core.conftest import MakeAuth
from tests.support.browser import Answer, Browser
from tests.support.social import (
    TOKEN,
    World,
    come_back,
    error_of,
    parameters,
    sign_in,
    social_auth,
)
from watchword import AccountLinking, AccountOptions, Auth, Call, ModelHooks, UserSource

KEY = RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256", "use": "sig"})
NOW = 1_893_456_000


def linking(**options: Any) -> AccountOptions:
    return AccountOptions(linking=AccountLinking(**options))


def ada(auth: Auth[Any], kind: str = "blocking") -> Browser:
    browser = Browser(auth, kind)
    assert browser.sign_up().status == 200
    return browser


def begin(browser: Browser, provider: str = "google", **body: Any) -> str:
    """The state of a flow that links."""
    answer = browser.post("/link-social", {"provider": provider, "callbackURL": "/me", **body})
    assert answer.status == 200, answer.json
    assert answer.header("location") == answer.json["url"]
    return parameters(answer.json["url"])["state"]


def link(browser: Browser, provider: str = "google", **body: Any) -> Answer:
    return come_back(browser, begin(browser, provider, **body), provider)


def linked(rows: Any) -> list[tuple[Any, ...]]:
    return rows("select providerId, accountId from account where providerId != 'credential'")


def test_without_a_provider_or_a_session_nothing_is_linked(browser: Browser) -> None:
    assert browser.post("/link-social", {"provider": "google"}).status == 401
    browser.sign_up()
    assert browser.post("/link-social", {"provider": "google"}).code == "PROVIDER_NOT_FOUND"


def test_an_account_is_linked(make_auth: MakeAuth, world: World, rows: Any, kind: str) -> None:
    browser = ada(social_auth(make_auth, world), kind)
    token = browser.session()["session"]["token"]
    answer = link(browser)
    assert (answer.status, answer.header("location")) == (302, "/me")
    assert linked(rows) == [("google", "g-1")]
    assert browser.session()["session"]["token"] == token
    other = Browser(browser.auth, kind)
    assert error_of(sign_in(other)) is None
    assert other.session()["user"]["id"] == browser.session()["user"]["id"]


def test_linking_again_renews_tokens_and_adds_scopes(
    make_auth: MakeAuth, world: World, rows: Any
) -> None:
    browser = ada(social_auth(make_auth, world))
    link(browser)
    rows("update account set scope = 'old,email', accessToken = 'x' where providerId = 'google'")
    assert error_of(link(browser)) is None
    found = rows("select scope, accessToken from account where providerId = 'google'")
    assert found == [("old,email,profile", TOKEN)]


@pytest.mark.parametrize(
    ("claims", "options", "code"),
    [
        ({"email_verified": False}, {}, "unable_to_link_account"),
        ({"email_verified": False}, {"trusted_providers": ["google"]}, None),
        ({}, {"enabled": False}, "unable_to_link_account"),
        ({}, {"disable_implicit_linking": True}, None),
        ({"email": "other@example.com"}, {}, "email_does_not_match"),
        ({"email": None}, {}, "email_does_not_match"),
        ({"email": "other@example.com"}, {"allow_different_emails": True}, None),
        ({"email": None}, {"allow_different_emails": True}, None),
    ],
)
def test_what_may_be_linked(
    make_auth: MakeAuth,
    world: World,
    rows: Any,
    claims: dict[str, Any],
    options: dict[str, Any],
    code: str | None,
) -> None:
    world.claims.update(claims)
    browser = ada(social_auth(make_auth, world, account=linking(**options)))
    assert error_of(link(browser)) == code
    assert linked(rows) == ([("google", "g-1")] if code is None else [])


def test_a8_an_account_of_somebody_else_stays_theirs(
    make_auth: MakeAuth, world: World, rows: Any
) -> None:
    auth = social_auth(make_auth, world, account=linking(allow_different_emails=True))
    sign_in(Browser(auth))
    eve = Browser(auth)
    eve.sign_up("eve@example.com")
    assert error_of(link(eve)) == "account_already_linked_to_different_user"
    assert linked(rows) == [("google", "g-1")]


def test_a8_a_session_that_ended_links_nothing(
    make_auth: MakeAuth, world: World, rows: Any
) -> None:
    browser = ada(social_auth(make_auth, world))
    state = begin(browser)
    jar = dict(browser.jar)
    browser.post("/sign-out")
    browser.jar = jar
    assert error_of(come_back(browser, state)) == "unable_to_link_account"
    assert linked(rows) == []


def test_a8_another_browser_links_nothing(make_auth: MakeAuth, world: World, rows: Any) -> None:
    auth = social_auth(make_auth, world)
    state = begin(ada(auth))
    assert error_of(come_back(Browser(auth), state)) == "state_mismatch"
    assert linked(rows) == []


def test_the_session_is_not_in_the_state(make_auth: MakeAuth, world: World, rows: Any) -> None:
    browser = ada(social_auth(make_auth, world))
    begin(browser)
    ((value,),) = rows("select value from verification where identifier like 'auth-state:%'")
    assert "encryptedSessionToken" in value
    assert browser.session()["session"]["token"] not in value


def test_the_application_may_refuse(make_auth: MakeAuth, world: World, rows: Any) -> None:
    def check(values: dict[str, object], source: UserSource, call: Call) -> str | None:
        return "no" if source.action == "link-account" else None

    browser = ada(social_auth(make_auth, world, validate_user_info=check))
    assert error_of(link(browser)) == "no"

    def refuse(values: Any, call: object) -> Any:
        return None if values["provider_id"] == "credential" else False

    hooks = {"account": ModelHooks(create_before=refuse)}
    browser.auth = social_auth(make_auth, world, database_hooks=hooks)
    assert error_of(link(browser)) == "unable_to_link_account"
    assert linked(rows) == []


def show(browser: Browser, world: World, **changes: Any) -> Answer:
    public = KEY.as_dict(private=False)
    world.fails = lambda request: httpx2.Response(200, json={"keys": [public]})
    frame = {"iss": "https://accounts.google.com", "aud": "client", "iat": NOW, "exp": NOW + 600}
    claims = {**world.claims, **frame, **changes}
    token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, KEY, algorithms=["RS256"])
    given = {"token": token, "refreshToken": "kept"}
    return browser.post("/link-social", {"provider": "google", "idToken": given})


def test_an_id_token_links_at_once(make_auth: MakeAuth, world: World, rows: Any) -> None:
    browser = ada(social_auth(make_auth, world))
    for _ in range(2):
        answer = show(browser, world)
        assert (answer.status, answer.json) == (
            200,
            {"url": "", "status": True, "redirect": False},
        )
    assert linked(rows) == [("google", "g-1")]
    assert rows("select refreshToken from account where providerId = 'google'") == [("kept",)]


@pytest.mark.parametrize(
    ("claims", "status", "code"),
    [
        ({"email_verified": False}, 401, "LINKING_NOT_ALLOWED"),
        ({"email": "other@example.com"}, 401, "LINKING_DIFFERENT_EMAILS_NOT_ALLOWED"),
        ({"email": None}, 401, "USER_EMAIL_NOT_FOUND"),
        ({"aud": "another"}, 401, "INVALID_TOKEN"),
    ],
)
def test_other_id_tokens_link_nothing(
    make_auth: MakeAuth, world: World, rows: Any, claims: dict[str, Any], status: int, code: str
) -> None:
    answer = show(ada(social_auth(make_auth, world)), world, **claims)
    assert (answer.status, answer.code) == (status, code)
    assert linked(rows) == []


def test_a8_an_id_token_of_somebody_else_links_nothing(make_auth: MakeAuth, world: World) -> None:
    auth = social_auth(make_auth, world)
    sign_in(Browser(auth))
    eve = Browser(auth)
    eve.sign_up("eve@example.com")
    answer = show(eve, world)
    assert (answer.status, answer.code) == (409, "SOCIAL_ACCOUNT_ALREADY_LINKED")
