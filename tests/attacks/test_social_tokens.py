"""Tokens and ID tokens under attack: odd ones, borrowed ones, and what happens meanwhile
(security A3, A4, A9, W5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.core.conftest import MakeAuth
from tests.support.browser import SECRET, Browser, Clock
from tests.support.providers import unsigned
from tests.support.social import (
    CODE,
    World,
    begin,
    come_back,
    error_of,
    parameters,
    sign_in,
    social_auth,
)
from watchword import (
    AccountOptions,
    Call,
    ChangeEmail,
    ConfigurationError,
    Plugin,
    VersionedSecret,
)
from watchword.oauth.tokens import Tokens
from watchword.plugin_base import gate
from watchword.providers import Apple, Facebook, GitHub
from watchword.runtime.blocking import finish

KEY = RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256", "use": "sig"})
NOW = 1_893_456_000
ODD = ["\u00e9", "a\r\nx-one: 1", "nul\0", "\u202e"]


@pytest.fixture
def world() -> World:
    return World()


def id_token(world: World, **changes: Any) -> str:
    claims = {"iss": "https://accounts.google.com", "aud": "client", "iat": NOW, "exp": NOW + 600}
    given = {**world.claims, **claims, **changes}
    return jwt.encode({"alg": "RS256", "kid": "one"}, given, KEY, algorithms=["RS256"])


def answers(world: World, **tokens: Any) -> Callable[[httpx2.Request], httpx2.Response]:
    return lambda request: httpx2.Response(
        200, json={"access_token": "AT", "id_token": unsigned(world.claims), **tokens}
    )


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", ["access_token", "refresh_token", "id_token"])
def test_a9_what_is_no_token_is_an_error_page(
    make_auth: MakeAuth, world: World, kind: str, name: str, odd: str
) -> None:
    world.fails = answers(world, **{name: odd})
    auth = social_auth(make_auth, world)
    for provider in ("google", "github"):
        assert error_of(sign_in(Browser(auth, kind), provider)) == "invalid_code"
    assert finish(auth.blocking.runtime.engine.count("user", ())) == 0


def test_a4_a_number_without_end_names_nobody(make_auth: MakeAuth, world: World) -> None:
    browser = Browser(social_auth(make_auth, world))
    for number in (10**100, -(10**100), 10**300):
        world.user["id"] = number
        assert error_of(sign_in(browser, "github")) == "unable_to_get_user_info"
    world.user["id"] = 10**100 - 1
    assert error_of(sign_in(browser, "github")) is None


def test_a3_an_access_token_beside_an_opaque_one_is_nobodys(
    make_auth: MakeAuth, world: World
) -> None:
    """The application's own check has seen the one; who has the other may be anybody."""
    auth = social_auth(make_auth, world, provider={"verify_id_token": lambda token, nonce: True})
    body = {"provider": "github", "idToken": {"token": "opaque", "accessToken": "stolen"}}
    answer = Browser(auth).post("/sign-in/social", body)
    assert (answer.status, answer.code) == (401, "FAILED_TO_GET_USER_INFO")
    body["idToken"] = {"token": "opaque", "accessToken": "opaque"}
    assert Browser(auth).post("/sign-in/social", body).status == 200


def test_a3_a_token_about_nobody_is_not_about_somebody_called_none(
    make_auth: MakeAuth, world: World
) -> None:
    world.user["id"] = "None"
    auth = social_auth(make_auth, world, provider={"verify_id_token": lambda token, nonce: True})
    given = {"token": unsigned({}), "accessToken": "stolen"}
    answer = Browser(auth).post("/sign-in/social", {"provider": "github", "idToken": given})
    assert (answer.status, answer.code) == (401, "FAILED_TO_GET_USER_INFO")


def test_w5_a_session_that_ends_while_a_provider_is_asked_links_nothing(
    make_auth: MakeAuth, world: World, kind: str
) -> None:
    auth = social_auth(make_auth, world)
    owner, thief = Browser(auth), Browser(auth, kind)
    owner.sign_up()
    thief.sign_in()

    def keys(request: httpx2.Request) -> httpx2.Response:
        assert owner.post("/revoke-other-sessions").status == 200
        return httpx2.Response(200, json={"keys": [KEY.as_dict(private=False)]})

    world.fails = keys
    body = {"provider": "google", "idToken": {"token": id_token(world)}}
    answer = thief.post("/link-social", body)
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
    assert [one["providerId"] for one in owner.get("/list-accounts").json] == ["credential"]
    assert owner.post("/link-social", body).status == 200


def test_w15_a_callback_that_is_fetched_ahead_uses_nothing_up(
    make_auth: MakeAuth, world: World
) -> None:
    browser = Browser(social_auth(make_auth, world))
    query = {"state": begin(browser)["state"], "code": CODE}
    ahead = browser.get("/callback/google", query, **{"sec-purpose": "prefetch;prerender"})
    assert (ahead.status, ahead.cookies, world.asked) == (503, (), [])
    assert error_of(browser.get("/callback/google", query)) is None
    assert browser.session()["user"]["email"] == "ada@example.com"


@pytest.mark.parametrize(
    ("provider", "option"), [(GitHub, "scope"), (Apple, "audience"), (Facebook, "fields")]
)
def test_w11_one_text_is_no_list_of_texts(provider: Any, option: str) -> None:
    """Every letter would be a scope, and every part of an audience one that is accepted."""
    given: dict[str, Any] = {"client_id": "c", "client_secret": "s", option: "com.example.app"}
    with pytest.raises(ConfigurationError, match=f"{option}: is one text"):
        provider(**given)


NEWER = SECRET[::-1]
UNTIL = datetime(2030, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("until", "code"), [(None, "state_invalid"), (UNTIL, None)], ids=["leaked", "planned"]
)
def test_w14_a_state_under_a_secret_that_leaked_is_none(
    make_auth: MakeAuth, world: World, until: datetime | None, code: str | None
) -> None:
    """Whoever has the secret could write whom to link with whom into the cookie."""
    account = AccountOptions(store_state_strategy="cookie")
    browser = Browser(social_auth(make_auth, world, account=account))
    state = begin(browser)["state"]
    secrets = (VersionedSecret(2, NEWER), VersionedSecret(1, SECRET, accept_until=until))
    browser.jar = {name: f"$ba$1${value}" for name, value in browser.jar.items()}
    browser.auth = social_auth(make_auth, world, account=account, secret=None, secrets=secrets)
    assert error_of(come_back(browser, state)) == code


def test_w14_a_state_under_the_single_secret_beside_versions_is_none(
    make_auth: MakeAuth, world: World
) -> None:
    account = AccountOptions(store_state_strategy="cookie")
    browser = Browser(social_auth(make_auth, world, account=account))
    state = begin(browser)["state"]
    secrets = (VersionedSecret(1, NEWER),)
    browser.auth = social_auth(make_auth, world, account=account, secrets=secrets)
    assert error_of(come_back(browser, state)) == "state_invalid"


@pytest.mark.parametrize("made", [{}, [1], "x", Tokens(), Tokens(refresh_token="new")])
def test_a_function_that_renews_nothing_is_a_refusal(
    make_auth: MakeAuth, world: World, clock: Clock, made: Any
) -> None:
    auth = social_auth(make_auth, world, provider={"refresh_access_token": lambda token: made})
    browser = Browser(auth)
    sign_in(browser)
    of = {"accountId": browser.get("/list-accounts").json[0]["id"]}
    assert browser.post("/refresh-token", of).code == "FAILED_TO_REFRESH_ACCESS_TOKEN"
    clock.forward(3600)
    assert browser.post("/get-access-token", of).code == "FAILED_TO_GET_ACCESS_TOKEN"


@pytest.mark.parametrize("option", ["get_user_info", "map_profile_to_user"])
def test_a_function_that_gives_something_else_is_an_error_page(
    make_auth: MakeAuth, world: World, caplog: pytest.LogCaptureFixture, option: str
) -> None:
    auth = social_auth(make_auth, world, provider={option: lambda given: ["x"]})
    assert error_of(sign_in(Browser(auth))) == "unable_to_get_user_info"
    assert f"{option} gave no" in caplog.text


def test_long_names_and_odd_scopes_keep_nobody_out(
    make_auth: MakeAuth, world: World, mysql: str
) -> None:
    auth = social_auth(make_auth, world, database=mysql)
    world.claims["name"] = "\U0001f98a" * 1000
    scopes = ["email", "nul\0", "\u202e", "x" * 300, "a" * 255]
    world.fails = answers(world, scope=scopes)
    browser = Browser(auth)
    assert error_of(sign_in(browser)) is None
    assert browser.session()["user"]["name"] == "\U0001f98a" * 255
    assert browser.get("/list-accounts").json[0]["scopes"] == ["email", "a" * 255]


@pytest.mark.parametrize(
    ("path", "method"),
    [("/get-access-token", "POST"), ("/refresh-token", "POST"), ("/account-info", "GET")],
)
def test_w5_a_session_that_ends_while_a_provider_is_asked_gets_no_token(
    make_auth: MakeAuth, world: World, clock: Clock, kind: str, path: str, method: str
) -> None:
    auth = social_auth(make_auth, world)
    owner, thief = Browser(auth), Browser(auth, kind)
    sign_in(owner)
    sign_in(thief)
    account = owner.get("/list-accounts").json[0]["id"]
    clock.forward(3600)

    def renews(request: httpx2.Request) -> httpx2.Response:
        assert owner.post("/revoke-other-sessions").status == 200
        return httpx2.Response(200, json={"access_token": "new", "expires_in": 3600})

    world.fails = renews
    given = {"accountId": account}
    answer = thief.post(path, given) if method == "POST" else thief.get(path, given)
    assert (answer.status, answer.json, answer.cookies) == (401, None, ())
    # It was renewed all the same: the owner has it.
    world.fails = None
    assert owner.post("/get-access-token", given).json["accessToken"] == "new"


def test_w5_a_session_that_ends_after_it_was_checked_unlinks_nothing(
    make_auth: MakeAuth, world: World, kind: str
) -> None:
    browsers: list[Browser] = []

    class Ending(Plugin):
        @gate("/unlink-account")
        async def end(self, call: Call) -> None:
            if browsers:
                assert browsers.pop().post("/revoke-other-sessions").status == 200

    auth = social_auth(make_auth, world, plugins=[Ending()])
    owner, thief = Browser(auth), Browser(auth, kind)
    owner.sign_up()
    link = owner.post("/link-social", {"provider": "google"}).json["url"]
    assert error_of(come_back(owner, parameters(link)["state"])) is None
    thief.sign_in()
    listed = owner.get("/list-accounts").json
    browsers.append(owner)
    answer = thief.post("/unlink-account", {"accountId": listed[0]["id"]})
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
    assert owner.get("/list-accounts").json == listed
    assert owner.post("/unlink-account", {"accountId": listed[0]["id"]}).status == 200


PLACEHOLDERS = [
    "7@twitter.placeholder.invalid",
    "7@Twitter.PLACEHOLDER.Invalid",
    "x@placeholder.invalid",
    "7@microsoft-entra-id.placeholder.invalid",
]


@pytest.mark.parametrize("email", PLACEHOLDERS)
def test_nobody_registers_the_placeholder_of_somebody_else(
    make_auth: MakeAuth, world: World, email: str
) -> None:
    auth = make_auth(change_email=ChangeEmail(enabled=True, update_email_without_verification=True))
    browser = Browser(auth)
    answer = browser.sign_up(email)
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    assert answer.json["message"] == "[body.email] This is not an e-mail address"
    assert browser.sign_up("eve@example.com").status == 200
    answer = browser.post("/change-email", {"newEmail": email})
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    for near in ("7@placeholder.invalid.example.com", "7@notplaceholder.invalid"):
        assert Browser(auth).sign_up(near).status == 200


@pytest.mark.parametrize("email", PLACEHOLDERS)
def test_a_provider_that_repeats_what_people_say_registers_none_either(
    make_auth: MakeAuth, world: World, email: str
) -> None:
    world.claims.update(email=email, email_verified=False)
    browser = Browser(social_auth(make_auth, world))
    assert error_of(sign_in(browser)) == "email_not_found"


def test_a_placeholder_is_good_for_whom_it_is_made(make_auth: MakeAuth, world: World) -> None:
    world.claims.update(sub="A7", email="A7@twitter.placeholder.invalid", email_verified=False)
    browser = Browser(social_auth(make_auth, world))
    assert error_of(sign_in(browser)) is None
    assert browser.session()["user"]["email"] == "a7@twitter.placeholder.invalid"
