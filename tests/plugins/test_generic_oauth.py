"""Generic OAuth: there and back with any provider."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import ORIGIN, Browser, Clock
from tests.support.oidc import (
    DOCUMENT_URL,
    ISSUER,
    PLAIN,
    Realm,
    arrive,
    form_of,
    generic_auth,
    leave,
    plain_provider,
    realm_provider,
)
from tests.support.social import CODE, TOKEN, begin, come_back, error_of, providers
from watchword import Auth, ConfigurationError, Request
from watchword.plugins import GenericOAuth
from watchword.plugins.generic_oauth import CodeGrant, Identity, Profile, Tokens, UserInfo


@pytest.fixture
def realm(clock: Clock) -> Realm:
    return Realm(clock)


def accounts(browser: Browser) -> list[tuple[str, str]]:
    return [(one["providerId"], one["accountId"]) for one in browser.get("/list-accounts").json]


# There.


def test_the_browser_is_sent_where_discovery_says(
    make_auth: MakeAuth, realm: Realm, kind: str
) -> None:
    provider = realm_provider(
        scope=["email"],
        prompt="login",
        access_type="offline",
        response_mode="query",
        authorization_params={"audience": "api", "tone": "grave", "state": "no", "scope": "no"},
    )
    browser = Browser(generic_auth(make_auth, realm, provider), kind)
    body = {"provider": "realm", "scopes": ["extra"], "loginHint": "ada@example.com"}
    answer = browser.post("/sign-in/social", {**body, "additionalParams": {"tone": "merry"}})
    url = answer.json["url"]
    assert url.startswith(f"{ISSUER}/authorize?response_type=code&client_id=client&state=")
    names = [pair.partition("=")[0] for pair in url.partition("?")[2].split("&")]
    assert names == [
        *("response_type", "client_id", "state", "scope", "redirect_uri", "login_hint", "nonce"),
        *("prompt", "access_type", "response_mode", "code_challenge_method", "code_challenge"),
        *("audience", "tone"),
    ]
    assert "scope=openid+extra+email&" in url
    assert "tone=merry" in url
    assert f"redirect_uri={ORIGIN.replace(':', '%3A').replace('/', '%2F')}" in url


def test_a_provider_of_oauth_2_needs_no_discovery(make_auth: MakeAuth, realm: Realm) -> None:
    browser = Browser(generic_auth(make_auth, realm, plain_provider(pkce=False)))
    asked = begin(browser, "plain")
    assert not asked.keys() & {"nonce", "scope", "code_challenge"}
    assert error_of(come_back(browser, asked["state"], "plain")) is None
    assert "code_verifier" not in form_of(realm.last(f"{PLAIN}/token"))
    assert accounts(browser) == [("plain", "7")]


def test_urls_of_options_go_before_those_of_discovery(make_auth: MakeAuth, realm: Realm) -> None:
    own = realm_provider(authorization_endpoint="https://own.example/go?x=1")
    answer = Browser(generic_auth(make_auth, realm, own)).post(
        "/sign-in/social", {"provider": "realm"}
    )
    assert answer.json["url"].startswith("https://own.example/go?x=1&response_type=code")


def test_built_in_providers_stand_beside(make_auth: MakeAuth, realm: Realm) -> None:
    auth = generic_auth(make_auth, realm, plain_provider(), social_providers=providers())
    assert begin(Browser(auth), "google")["client_id"] == "client"
    assert begin(Browser(auth), "plain")["client_id"] == "client"


# Back.


def test_somebody_new_is_signed_in(make_auth: MakeAuth, realm: Realm, kind: str) -> None:
    browser = Browser(generic_auth(make_auth, realm), kind)
    answer = arrive(browser, realm, callbackURL="/old", newUserCallbackURL="/new")
    assert answer.header("location") == "/new"
    user = browser.session()["user"]
    assert (user["email"], user["emailVerified"]) == ("ada@example.com", True)
    assert (user["name"], user["image"]) == ("Ada Lovelace", "https://pictures.example/ada.png")
    assert accounts(browser) == [("realm", "s-1")]
    form = form_of(realm.last(f"{ISSUER}/token"))
    assert list(form) == [
        *("grant_type", "code", "code_verifier", "redirect_uri", "client_id", "client_secret"),
    ]
    assert form["code"] == CODE
    assert realm.times(f"{ISSUER}/userinfo") == 0
    assert error_of(arrive(Browser(browser.auth), realm)) is None


def test_the_user_info_is_asked_where_the_token_names_no_address(
    make_auth: MakeAuth, realm: Realm
) -> None:
    del realm.claims["email"]
    realm.user = {"sub": "s-1", "email": "ada@example.com", "email_verified": "true"}
    browser = Browser(generic_auth(make_auth, realm))
    assert error_of(arrive(browser, realm)) is None
    assert browser.session()["user"]["emailVerified"] is True
    asked = realm.last(f"{ISSUER}/userinfo")
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"


def test_user_info_about_somebody_else_is_not_believed(make_auth: MakeAuth, realm: Realm) -> None:
    del realm.claims["email"]
    for told in ({"sub": "s-2"}, {}, {"sub": None}):
        realm.user = {**told, "id": "s-1", "email": "ada@example.com", "email_verified": True}
        browser = Browser(generic_auth(make_auth, realm))
        assert error_of(arrive(browser, realm)) == "unable_to_get_user_info"
        assert browser.session() is None


def test_without_an_id_token_the_user_info_says_who_it_is(
    make_auth: MakeAuth, realm: Realm
) -> None:
    realm.sends_id_token = False
    realm.user = {"sub": "s-9", "email": "ada@example.com"}
    browser = Browser(generic_auth(make_auth, realm))
    assert error_of(arrive(browser, realm)) is None
    assert accounts(browser) == [("realm", "s-9")]


def test_a_provider_without_keys_is_believed_by_its_own_connection(
    make_auth: MakeAuth, realm: Realm
) -> None:
    del realm.document["jwks_uri"]
    browser = Browser(generic_auth(make_auth, realm))
    asked = leave(browser, realm)
    assert "nonce" not in asked
    assert error_of(come_back(browser, asked["state"], "realm")) is None
    assert accounts(browser) == [("realm", "s-1")]


def test_a_nonce_may_be_left_out(make_auth: MakeAuth, realm: Realm) -> None:
    auth = generic_auth(make_auth, realm, realm_provider(disable_id_token_nonce_binding=True))
    browser = Browser(auth)
    asked = leave(browser, realm)
    assert "nonce" not in asked
    assert error_of(come_back(browser, asked["state"], "realm")) is None


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"disable_sign_up": True}, "signup_disabled"),
        ({"disable_implicit_sign_up": True}, "signup_disabled"),
        ({"require_email_verification": True}, "email_not_verified"),
    ],
)
def test_options_say_who_may_come_in(
    make_auth: MakeAuth, realm: Realm, options: dict[str, Any], code: str
) -> None:
    realm.claims["email_verified"] = False
    browser = Browser(generic_auth(make_auth, realm, realm_provider(**options)))
    assert error_of(arrive(browser, realm, errorCallbackURL="/oops")) == code
    assert browser.session() is None
    asked = error_of(arrive(browser, realm, requestSignUp=True))
    assert (asked is None) is ("disable_implicit_sign_up" in options)


def test_the_providers_word_replaces_the_profile(make_auth: MakeAuth, realm: Realm) -> None:
    provider = realm_provider(override_user_info_on_sign_in=True)
    browser = Browser(generic_auth(make_auth, realm, provider))
    arrive(browser, realm)
    realm.claims["name"] = "Countess"
    arrive(browser, realm)
    assert browser.session()["user"]["name"] == "Countess"


def test_it_does_so_for_who_is_joined_as_well(make_auth: MakeAuth, realm: Realm) -> None:
    provider = realm_provider(override_user_info_on_sign_in=True)
    auth = generic_auth(make_auth, realm, provider, plain_provider())
    realm.user["email_verified"] = True
    assert error_of(arrive(Browser(auth), realm, "plain")) is None
    browser = Browser(auth)
    assert error_of(arrive(browser, realm)) is None
    assert browser.session()["user"]["name"] == "Ada Lovelace"
    assert len(browser.get("/list-accounts").json) == 2


def test_what_a_client_adds_stands_behind(make_auth: MakeAuth, realm: Realm) -> None:
    """Also where an option would have put it further to the front."""
    answer = Browser(generic_auth(make_auth, realm)).post(
        "/sign-in/social", {"provider": "plain", "additionalParams": {"prompt": "none"}}
    )
    assert answer.json["url"].endswith("&prompt=none")


def test_a_callback_that_nobody_asked_for_begins_a_flow_where_that_is_allowed(
    make_auth: MakeAuth, realm: Realm, kind: str
) -> None:
    auth = generic_auth(
        make_auth, realm, realm_provider(allow_idp_initiated=True), plain_provider()
    )
    browser = Browser(auth, kind)
    answer = browser.get("/callback/realm", {"code": "from-elsewhere"})
    assert answer.status == 302
    asked = dict(
        pair.split("=") for pair in (answer.header("location") or "").partition("?")[2].split("&")
    )
    realm.nonce = asked["nonce"]
    assert realm.times(f"{ISSUER}/token") == 0
    assert error_of(come_back(browser, asked["state"], "realm")) is None
    assert form_of(realm.last(f"{ISSUER}/token"))["code"] == CODE
    for path, query in (("realm", {}), ("realm", {"code": "x", "state": ""})):
        assert error_of(browser.get(f"/callback/{path}", query)) == "state_not_found"
    assert error_of(browser.get("/callback/plain", {"code": "x"})) == "state_not_found"
    assert error_of(browser.get("/callback/nobody", {"code": "x"})) == "state_not_found"


# Functions and forms.


def test_functions_take_the_place_of_requests(make_auth: MakeAuth, realm: Realm, kind: str) -> None:
    async def get_token(grant: CodeGrant) -> Tokens:
        return Tokens(access_token=f"for-{grant.code}-{len(grant.code_verifier)}")

    def get_user_info(tokens: Tokens) -> UserInfo:
        identity = Identity(id="own", name=tokens.access_token or "", email="own@example.com")
        return UserInfo(identity=identity)

    provider = plain_provider(
        token_endpoint=None,
        get_token=get_token,
        get_user_info=get_user_info,
        access_token_expires_in=timedelta(minutes=5),
    )
    browser = Browser(generic_auth(make_auth, realm, provider), kind)
    assert error_of(arrive(browser, realm, "plain")) is None
    assert browser.session()["user"]["name"] == f"for-{CODE}-128"
    assert accounts(browser) == [("plain", "own")]
    (account,) = browser.get("/list-accounts").json
    found = browser.post("/get-access-token", {"accountId": account["id"]}).json
    assert found["accessTokenExpiresAt"] == "2030-01-01T00:05:00.000Z"


def test_the_subject_and_the_profile_may_be_read_in_another_way(
    make_auth: MakeAuth, realm: Realm
) -> None:
    realm.user = {"uid": 12, "display": "A. L.", "email": "ada@example.com", "proven": True}

    def mapped(profile: Profile) -> dict[str, object]:
        return {"name": profile["display"], "email_verified": profile["proven"], "id": "no"}

    provider = plain_provider(
        account_subject=lambda profile, tokens: profile["uid"], map_profile_to_user=mapped
    )
    browser = Browser(generic_auth(make_auth, realm, provider))
    assert error_of(arrive(browser, realm, "plain")) is None
    user = browser.session()["user"]
    assert (user["name"], user["emailVerified"]) == ("A. L.", True)
    assert accounts(browser) == [("plain", "12")]


@pytest.mark.parametrize("subject", [None, "", True, 1.5, "null", [1]])
def test_what_names_nobody_is_no_subject(make_auth: MakeAuth, realm: Realm, subject: Any) -> None:
    provider = plain_provider(account_subject=lambda profile, tokens: subject)
    browser = Browser(generic_auth(make_auth, realm, provider))
    assert error_of(arrive(browser, realm, "plain")) == "unable_to_get_user_info"


def test_the_subject_of_openid_connect_is_the_tokens(make_auth: MakeAuth, realm: Realm) -> None:
    def who(tokens: Tokens) -> UserInfo:
        return UserInfo(identity=Identity(id="mine", email="ada@example.com"))

    browser = Browser(generic_auth(make_auth, realm, realm_provider(get_user_info=who)))
    assert error_of(arrive(browser, realm)) is None
    assert accounts(browser) == [("realm", "s-1")]


def test_forms_and_headers_are_added_to(make_auth: MakeAuth, realm: Realm, kind: str) -> None:
    def for_refresh(request: Request | None) -> dict[str, str]:
        assert request is not None
        return {"audience": "api", "refresh_token": "no", "grant_type": "no", "client_id": "no"}

    provider = realm_provider(
        token_endpoint_auth="basic",
        token_params={"resource": "r", "code": "no", "grant_type": "no"},
        refresh_params=for_refresh,
        token_headers={"X-Staging": "yes"},
    )
    browser = Browser(generic_auth(make_auth, realm, provider), kind)
    assert error_of(arrive(browser, realm)) is None
    request = realm.last(f"{ISSUER}/token")
    form = form_of(request)
    assert (form["resource"], form["code"]) == ("r", CODE)
    assert form["grant_type"] == "authorization_code"
    assert "client_id" not in form
    assert request.headers["authorization"].startswith("Basic ")
    assert request.headers["x-staging"] == "yes"
    (account,) = browser.get("/list-accounts").json
    assert browser.post("/refresh-token", {"accountId": account["id"]}).status == 200
    request = realm.last(f"{ISSUER}/token")
    form = form_of(request)
    assert (form["grant_type"], form["audience"]) == ("refresh_token", "api")
    assert form["refresh_token"] == "refresh-token-that-is-secret"
    assert request.headers["x-staging"] == "yes"


def test_the_endpoints_of_accounts_know_these_providers(
    make_auth: MakeAuth, realm: Realm, kind: str
) -> None:
    browser = Browser(generic_auth(make_auth, realm), kind)
    arrive(browser, realm)
    (account,) = browser.get("/list-accounts").json
    chosen = {"accountId": account["id"]}
    assert browser.post("/get-access-token", chosen).json["accessToken"] == TOKEN
    told = browser.get("/account-info", chosen).json
    assert told["user"]["email"] == "Ada@Example.com"
    assert told["data"]["sub"] == "s-1"
    browser.post("/link-social", {"provider": "plain"})
    assert browser.post("/unlink-account", chosen).code == "FAILED_TO_UNLINK_LAST_ACCOUNT"


def test_one_account_more(make_auth: MakeAuth, realm: Realm) -> None:
    realm.user["email_verified"] = True
    browser = Browser(generic_auth(make_auth, realm))
    arrive(browser, realm)
    answer = browser.post("/link-social", {"provider": "plain", "callbackURL": "/linked"})
    state = answer.json["url"].partition("state=")[2].partition("&")[0]
    assert come_back(browser, state, "plain").header("location") == "/linked"
    assert sorted(accounts(browser)) == [("plain", "7"), ("realm", "s-1")]


# ID tokens that an application has.


def test_an_id_token_signs_in(make_auth: MakeAuth, realm: Realm, kind: str) -> None:
    browser = Browser(generic_auth(make_auth, realm), kind)
    realm.nonce = "n"
    given = {"token": realm.id_token(), "nonce": "n", "accessToken": "somebody-elses"}
    answer = browser.post("/sign-in/social", {"provider": "realm", "idToken": given})
    assert (answer.status, answer.json["user"]["email"]) == (200, "ada@example.com")
    assert realm.times(f"{ISSUER}/userinfo") == 0


def test_the_user_is_in_the_id_token_alone(make_auth: MakeAuth, realm: Realm) -> None:
    del realm.claims["email"]
    realm.user = {"sub": "s-1", "email": "ada@example.com"}
    given = {"token": realm.id_token(), "accessToken": TOKEN}
    browser = Browser(generic_auth(make_auth, realm))
    answer = browser.post("/sign-in/social", {"provider": "realm", "idToken": given})
    assert (answer.status, answer.code) == (401, "FAILED_TO_GET_USER_INFO")
    assert realm.times(f"{ISSUER}/userinfo") == 0


def test_without_keys_no_id_token_is_taken(make_auth: MakeAuth, realm: Realm) -> None:
    given = {"token": realm.id_token()}
    auth = generic_auth(make_auth, realm)
    answer = Browser(auth).post("/sign-in/social", {"provider": "plain", "idToken": given})
    assert (answer.status, answer.code) == (404, "ID_TOKEN_NOT_SUPPORTED")
    answer = Browser(auth).post("/sign-in/social", {"provider": "realm", "idToken": {"token": "x"}})
    assert (answer.status, answer.code) == (401, "INVALID_TOKEN")


# Options that cannot work.


def given_twice() -> GenericOAuth:
    return GenericOAuth(config=[plain_provider(), plain_provider()])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"provider_id": "credential"}, "credential"),
        ({"provider_id": ".."}, "cannot name"),
        ({"provider_id": "a/b"}, "provider_id"),
        ({"provider_id": ""}, "provider_id"),
        ({"client_id": ""}, "client_id"),
        ({"authorization_endpoint": None}, "authorization_endpoint"),
        ({"token_endpoint": None}, "token_endpoint"),
        ({"token_endpoint": "http://id.example/token"}, "allow_http"),
        ({"userinfo_endpoint": "file:///etc/passwd"}, "userinfo_endpoint"),
        ({"discovery_url": "javascript:alert(1)"}, "discovery_url"),
        ({"discovery_url": "https://id.example/about"}, "issuer"),
        ({"require_id_token_verification": True}, "discovery_url"),
        ({"token_endpoint_auth": "none"}, "client_secret"),
        ({"token_endpoint_auth": "private_key_jwt"}, "client_secret"),
        ({"client_secret": None, "token_endpoint_auth": "basic"}, "client_secret"),
        ({"token_headers": {"x": "a\r\nb: c"}}, "token_headers"),
        ({"discovery_headers": {"x y": "z"}}, "discovery_headers"),
        ({"access_token_expires_in": 0}, "access_token_expires_in"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        plain_provider(**options)


@pytest.mark.parametrize(
    "url", ["http://localhost:8080/token", "http://127.0.0.1/token", "http://[::1]:9/token"]
)
def test_this_machine_may_speak_plain_http(url: str) -> None:
    assert plain_provider(token_endpoint=url).description.token_url == url


def test_an_application_may_allow_plain_http() -> None:
    url = "http://keycloak:8080/token"
    assert plain_provider(token_endpoint=url, allow_http=True).description.token_url == url


def test_a_provider_has_one_place(make_auth: MakeAuth) -> None:
    with pytest.raises(ConfigurationError, match="plain"):
        make_auth(plugins=[given_twice()])
    shadow = GenericOAuth(config=[plain_provider(provider_id="google")])
    with pytest.raises(ConfigurationError, match="google"):
        make_auth(plugins=[shadow], social_providers=providers())
    with pytest.raises(ConfigurationError, match="no provider"):
        GenericOAuth(config=[])


def test_nothing_is_asked_at_the_start(make_auth: MakeAuth, realm: Realm) -> None:
    auth: Auth[Any] = generic_auth(make_auth, realm)
    begin(Browser(auth), "plain")
    assert realm.asked == []
    begin(Browser(auth), "realm")
    assert realm.times(DOCUMENT_URL) == 1
