"""Signing in with a provider: there, and back as somebody new."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import ORIGIN, Browser
from tests.support.social import (
    CODE,
    REFRESH,
    TOKEN,
    World,
    begin,
    come_back,
    error_of,
    parameters,
    providers,
    sign_in,
    social_auth,
)
from watchword import (
    AccountOptions,
    Auth,
    Call,
    ConfigurationError,
    ModelHooks,
    SignInSocial,
    User,
    UserSource,
)


def server(make_auth: MakeAuth, world: World, **options: Any) -> Auth[Any]:
    return social_auth(make_auth, world, **options)


def account(**options: Any) -> AccountOptions:
    return AccountOptions(**options)


# Without providers, and what cannot work.


def test_without_a_provider_the_endpoints_say_so(browser: Browser) -> None:
    answer = browser.post("/sign-in/social", {"provider": "google"})
    assert (answer.status, answer.code) == (404, "PROVIDER_NOT_FOUND")
    assert error_of(browser.get("/callback/google")) == "state_not_found"
    assert error_of(browser.get("/callback/google", {"state": "x"})) == "state_mismatch"


def test_a_provider_given_twice_is_refused(make_auth: MakeAuth) -> None:
    with pytest.raises(ConfigurationError, match="twice"):
        make_auth(social_providers=[*providers(), *providers()])


def test_without_httpx2_the_remedy_is_told(
    make_auth: MakeAuth, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watchword.runtime.outgoing_opening.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"watchword\[social\]"):
        server(make_auth, world)


# There.


def test_the_browser_is_sent_to_the_provider(make_auth: MakeAuth, world: World, kind: str) -> None:
    browser = Browser(server(make_auth, world), kind)
    body = {"provider": "google", "scopes": ["extra"], "loginHint": "ada@example.com"}
    answer = browser.post("/sign-in/social", {**body, "additionalParams": {"foo": "bar"}})
    assert (answer.status, answer.json["redirect"]) == (200, True)
    assert answer.header("location") == answer.json["url"]
    asked = parameters(answer.json["url"])
    assert asked["redirect_uri"] == f"{ORIGIN}/api/auth/callback/google"
    assert asked["scope"] == "email profile openid extra"
    assert (asked["login_hint"], asked["foo"]) == ("ada@example.com", "bar")
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["state"]) == 32


def test_a_client_may_go_there_by_itself(make_auth: MakeAuth, world: World) -> None:
    browser = Browser(server(make_auth, world))
    answer = browser.post("/sign-in/social", {"provider": "github", "disableRedirect": True})
    assert answer.json["redirect"] is False
    assert answer.header("location") is None


def test_an_unknown_provider_is_not_found(make_auth: MakeAuth, world: World) -> None:
    answer = Browser(server(make_auth, world)).post("/sign-in/social", {"provider": "x"})
    assert (answer.status, answer.code) == (404, "PROVIDER_NOT_FOUND")


@pytest.mark.parametrize("field", ["callbackURL", "errorCallbackURL", "newUserCallbackURL"])
def test_no_target_leads_elsewhere(make_auth: MakeAuth, world: World, field: str) -> None:
    body = {"provider": "google", field: "https://evil.example/"}
    answer = Browser(server(make_auth, world)).post("/sign-in/social", body)
    assert answer.status == 403


def test_a_flow_with_too_much_to_remember_is_refused(make_auth: MakeAuth, world: World) -> None:
    body = {"provider": "google", "additionalData": {"x": "y" * 40_000}}
    answer = Browser(server(make_auth, world)).post("/sign-in/social", body)
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")


def test_a_state_that_a_hook_refuses_is_an_error(make_auth: MakeAuth, world: World) -> None:
    def refuse(values: Any, call: object) -> Any:
        return False

    hooks = {"verification": ModelHooks(create_before=refuse)}
    auth = server(make_auth, world, database_hooks=hooks)
    answer = Browser(auth).post("/sign-in/social", {"provider": "google"})
    assert (answer.status, answer.response.body) == (500, b"")


# Back, as somebody new.


@pytest.mark.parametrize("strategy", [None, "cookie"])
def test_a_new_person_gets_a_user(
    make_auth: MakeAuth, world: World, rows: Any, kind: str, strategy: Any
) -> None:
    options = account(store_state_strategy=strategy)
    browser = Browser(server(make_auth, world, account=options), kind)
    answer = sign_in(browser, callbackURL="/app", newUserCallbackURL="/welcome")
    assert (answer.status, answer.header("location")) == (302, "/welcome")
    user = browser.session()["user"]
    assert (user["name"], user["email"]) == ("Ada Lovelace", "ada@example.com")
    assert (user["emailVerified"], user["image"]) == (True, "https://pictures.example/ada.png")
    assert rows("select providerId, accountId, accessToken, refreshToken, scope from account") == [
        ("google", "g-1", TOKEN, REFRESH, "email,profile")
    ]
    (request,) = world.asked
    sent = parameters(f"/?{request.content.decode()}")
    assert (sent["code"], len(sent["code_verifier"])) == (CODE, 128)
    assert sent["redirect_uri"] == f"{ORIGIN}/api/auth/callback/google"


def test_who_was_there_already_goes_on_and_stays_one(
    make_auth: MakeAuth, world: World, rows: Any, kind: str
) -> None:
    auth = server(make_auth, world)
    sign_in(Browser(auth, kind), "github")
    world.emails = [{"email": "other@example.com", "primary": True, "verified": True}]
    browser = Browser(auth, kind)
    answer = sign_in(browser, "github", callbackURL="/app", newUserCallbackURL="/welcome")
    assert answer.header("location") == "/app"
    assert browser.session()["user"]["email"] == "ada@example.com"
    assert rows("select count(*) from user") == [(1,)]
    assert rows("select count(*) from account") == [(1,)]


def test_without_a_callback_url_it_is_the_origin(make_auth: MakeAuth, world: World) -> None:
    assert sign_in(Browser(server(make_auth, world))).header("location") == ORIGIN


def test_a_form_that_a_provider_posts_becomes_a_get(make_auth: MakeAuth, world: World) -> None:
    browser = Browser(server(make_auth, world))
    state = begin(browser)["state"]
    jar, browser.jar = browser.jar, {}
    answer = browser.send(
        "POST",
        "/callback/google",
        data=f"state={state}&code={CODE}&id_token=dropped".encode(),
        headers={"content-type": "application/x-www-form-urlencoded", "origin": ""},
    )
    assert (answer.status, answer.cookies) == (302, ())
    location = answer.header("location") or ""
    assert location.startswith(f"{ORIGIN}/api/auth/callback/google?")
    assert parameters(location) == {"state": state, "code": CODE}
    browser.jar = jar
    assert error_of(browser.get("/callback/google", parameters(location))) is None
    assert browser.session() is not None


def test_a_form_goes_on_in_the_order_of_the_protocol_and_after_the_query(
    make_auth: MakeAuth, world: World
) -> None:
    browser = Browser(server(make_auth, world))
    callback = f"{ORIGIN}/api/auth/callback/google?"
    sent = browser.send(
        "POST",
        "/callback/google",
        query={"state": "of-the-query"},
        data=b"state=of-the-form&code=c",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert sent.header("location") == f"{callback}code=c&state=of-the-query"
    assert browser.post("/callback/google").header("location") == callback


def test_what_a_provider_calls_its_error_stays_as_it_is(make_auth: MakeAuth, world: World) -> None:
    browser = Browser(server(make_auth, world))
    state = begin(browser, errorCallbackURL="/oops")["state"]
    answer = come_back(browser, state, error="access denied")
    assert answer.header("location") == "/oops?error=access+denied"


@pytest.mark.parametrize("strategy", ["database", "cookie"])
def test_signing_out_ends_a_flow_that_is_in_a_cookie(
    make_auth: MakeAuth, world: World, strategy: Any
) -> None:
    options = account(store_state_strategy=strategy)
    browser = Browser(server(make_auth, world, account=options))
    browser.sign_up()
    begin(browser)
    assert browser.jar.keys() & {"better-auth.state", "better-auth.oauth_state"}
    browser.post("/sign-out", {})
    assert set(browser.jar) == ({"better-auth.state"} if strategy == "database" else set())
    begin(browser)
    answer = browser.post("/sign-in/social", {"provider": "google"})
    life = 300 if strategy == "database" else 600
    assert f"Max-Age={life};" in answer.cookies[0]


def test_sign_up_may_be_off(make_auth: MakeAuth, world: World, rows: Any) -> None:
    auth = server(make_auth, world, provider={"disable_sign_up": True})
    assert error_of(sign_in(Browser(auth), requestSignUp=True)) == "signup_disabled"
    assert rows("select count(*) from user") == [(0,)]


def test_sign_up_may_have_to_be_asked_for(make_auth: MakeAuth, world: World) -> None:
    auth = server(make_auth, world, provider={"disable_implicit_sign_up": True})
    assert error_of(sign_in(Browser(auth))) == "signup_disabled"
    assert error_of(sign_in(Browser(auth), requestSignUp=True)) is None


def test_without_an_address_there_is_no_user(make_auth: MakeAuth, world: World) -> None:
    auth = server(make_auth, world)
    for email in (None, "", ["a@example.com"], "a@b", "a@example.com,b@example.com", "a\n@b.com"):
        world.claims["email"] = email
        assert error_of(sign_in(Browser(auth))) == "email_not_found"


@pytest.mark.parametrize("subject", [None, "", True, ["g"], {}, "null", "undefined", 1.5])
def test_without_a_subject_nobody_is_known(
    make_auth: MakeAuth, world: World, subject: object
) -> None:
    world.claims["sub"] = subject
    assert error_of(sign_in(Browser(server(make_auth, world)))) == "unable_to_get_user_info"


def test_the_application_may_refuse_people(make_auth: MakeAuth, world: World, rows: Any) -> None:
    seen: list[UserSource] = []

    def check(values: dict[str, object], source: UserSource, call: Call) -> tuple[str, str]:
        seen.append(source)
        return "not wanted", "Not you"

    auth = server(make_auth, world, validate_user_info=check)
    answer = sign_in(Browser(auth), errorCallbackURL="/oops")
    location = answer.header("location")
    assert location == "/oops?error=not+wanted&error_description=Not+you"
    assert seen == [UserSource(action="create-user", method="oauth", provider_id="google")]
    assert rows("select count(*) from user") == [(0,)]


@pytest.mark.parametrize("model", ["user", "account"])
def test_a_hook_that_refuses_leaves_nothing(
    make_auth: MakeAuth, world: World, rows: Any, model: str
) -> None:
    def refuse(values: Any, call: object) -> Any:
        return False

    hooks = {model: ModelHooks(create_before=refuse)}
    auth = server(make_auth, world, database_hooks=hooks)
    assert error_of(sign_in(Browser(auth))) == "unable_to_create_user"
    assert rows("select count(*) from user") == [(0,)]


class Member(User):
    nick: str | None = None


def test_mapped_fields_are_kept(make_auth: MakeAuth, world: World) -> None:
    mapping = {"map_profile_to_user": lambda profile: {"nick": "al", "emailVerified": False}}
    browser = Browser(server(make_auth, world, provider=mapping, user_type=Member))
    sign_in(browser)
    user = browser.session()["user"]
    assert (user["nick"], user["emailVerified"]) == ("al", True)


# By server-side call.


def test_the_server_may_begin_a_flow(make_auth: MakeAuth, world: World) -> None:
    auth = server(make_auth, world)
    answer: Any = auth.blocking.api.sign_in_social(SignInSocial(provider="github"))
    assert answer.url.startswith("https://github.com/login/oauth/authorize?")
    # The state's row is there, and only the browser with its cookie can use it.
    assert error_of(come_back(Browser(auth), parameters(answer.url)["state"], "github")) == (
        "state_mismatch"
    )
