"""Signing out here leads on to the provider, which ends its own session."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import ORIGIN, Browser, Clock
from tests.support.oidc import (
    DOCUMENT_URL,
    ISSUER,
    Realm,
    arrive,
    generic_auth,
    plain_provider,
    realm_provider,
)
from tests.support.social import come_back, parameters


@pytest.fixture
def realm(clock: Clock) -> Realm:
    return Realm(clock)


def signed_in(make_auth: MakeAuth, realm: Realm, kind: str = "blocking", **options: Any) -> Browser:
    auth = generic_auth(make_auth, realm, realm_provider(**options), plain_provider())
    browser = Browser(auth, kind)
    arrive(browser, realm)
    return browser


def test_the_browser_is_led_on(make_auth: MakeAuth, realm: Realm, kind: str) -> None:
    browser = signed_in(make_auth, realm, kind)
    answer = browser.post("/sign-out", {"state": "kept"})
    url = answer.json["url"]
    assert answer.json == {"success": True, "url": url, "redirect": True}
    assert answer.header("location") == url
    assert url.startswith(f"{ISSUER}/logout?id_token_hint=")
    assert parameters(url).keys() == {"id_token_hint"}
    assert browser.session() is None


def test_it_comes_back_where_the_application_says(make_auth: MakeAuth, realm: Realm) -> None:
    browser = signed_in(make_auth, realm, post_logout_redirect_uri="/bye")
    url = browser.post("/sign-out", {"state": "kept"}).json["url"]
    found = parameters(url)
    assert list(found) == ["id_token_hint", "post_logout_redirect_uri", "client_id", "state"]
    assert found["post_logout_redirect_uri"] == f"{ORIGIN}/bye"
    assert (found["client_id"], found["state"]) == ("client", "kept")
    arrive(browser, realm)
    body = {"callbackURL": f"{ORIGIN}/there", "disableRedirect": True}
    answer = browser.post("/sign-out", body)
    assert (answer.json["redirect"], answer.header("location")) == (False, None)
    assert parameters(answer.json["url"])["post_logout_redirect_uri"] == f"{ORIGIN}/there"


def test_without_an_id_token_the_client_is_named(make_auth: MakeAuth, realm: Realm) -> None:
    realm.sends_id_token = False
    realm.user["sub"] = "s-1"
    url = signed_in(make_auth, realm).post("/sign-out", {}).json["url"]
    assert url == f"{ISSUER}/logout?client_id=client"


@pytest.mark.parametrize("body", [{"callbackURL": "https://evil.example"}, {"callbackURL": 7}])
def test_it_leads_nowhere_else(make_auth: MakeAuth, realm: Realm, body: dict[str, Any]) -> None:
    browser = signed_in(make_auth, realm, post_logout_redirect_uri="/bye")
    assert browser.post("/sign-out", body).status in (400, 403)
    assert browser.session() is not None


@pytest.mark.parametrize("body", [{"state": 7}, {"disableRedirect": "yes"}, {"state": "x" * 3000}])
def test_odd_input_is_refused(make_auth: MakeAuth, realm: Realm, body: dict[str, Any]) -> None:
    answer = signed_in(make_auth, realm).post("/sign-out", body)
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")


def test_nobody_is_led_on_who_is_not_known_there(make_auth: MakeAuth, realm: Realm) -> None:
    browser = Browser(generic_auth(make_auth, realm))
    for _ in range(2):
        assert browser.post("/sign-out", {}).json == {"success": True}
    browser.sign_up("other@example.com")
    assert browser.post("/sign-out").json == {"success": True}
    assert (browser.session(), realm.asked) == (None, [])


def test_an_end_there_may_be_switched_off_or_missing(make_auth: MakeAuth, realm: Realm) -> None:
    browser = signed_in(make_auth, realm, disable_provider_logout=True)
    assert browser.post("/sign-out", {}).json == {"success": True}
    del realm.document["end_session_endpoint"]
    browser = signed_in(make_auth, realm)
    assert browser.post("/sign-out", {}).json == {"success": True}


def test_somebody_elses_token_opens_no_session_there(
    make_auth: MakeAuth, realm: Realm, clock: Clock
) -> None:
    """A session that is over says nothing of its user any more."""
    browser = signed_in(make_auth, realm)
    clock.forward(8 * 86_400)
    assert browser.post("/sign-out", {}).json == {"success": True}


def test_the_provider_that_was_used_last_is_the_one(
    make_auth: MakeAuth, realm: Realm, clock: Clock
) -> None:
    realm.user["email_verified"] = True
    plain = plain_provider(end_session_endpoint="https://plain.example/logout?x=1")
    browser = Browser(generic_auth(make_auth, realm, realm_provider(), plain))
    arrive(browser, realm)
    clock.forward(60)
    answer = browser.post("/link-social", {"provider": "plain"})
    come_back(browser, parameters(answer.json["url"])["state"], "plain")
    url = browser.post("/sign-out", {}).json["url"]
    assert url == "https://plain.example/logout?x=1&client_id=client"
    clock.forward(60)
    arrive(browser, realm)
    assert browser.post("/sign-out", {}).json["url"].startswith(f"{ISSUER}/logout")
    assert realm.times(DOCUMENT_URL) == 1
