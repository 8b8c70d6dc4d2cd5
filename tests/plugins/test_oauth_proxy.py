"""Previews that sign in through production: two servers, one browser between them."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.proxied import (
    CALLBACK,
    PREVIEW,
    PRODUCTION,
    SHARED,
    Proxied,
    proxied,
    query_of,
)
from tests.support.social import (
    CODE,
    GOOGLE_TOKENS,
    REFRESH,
    TOKEN,
    World,
    error_of,
    parameters,
    social_auth,
)
from watchword import AccountLinking, AccountOptions, ConfigurationError
from watchword.database.records import Column
from watchword.plugins import OAuthProxy
from watchword.records import User

HOME = f"{PREVIEW}/home"


@pytest.fixture(params=["database", "cookie"])
def servers(
    make_auth: MakeAuth, tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> Proxied:
    account = AccountOptions(store_state_strategy=request.param)
    return proxied(make_auth, tmp_path, kind, preview={"account": account})


def rows(file: Path, statement: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(file) as connection:
        return connection.execute(statement).fetchall()


def test_a_preview_signs_in_through_production(servers: Proxied, tmp_path: Path) -> None:
    browser = servers.browser()
    answer = servers.sign_in(browser, newUserCallbackURL="/welcome")
    assert (answer.status, answer.header("location")) == (302, "/welcome")
    user = browser.session(PREVIEW)["user"]
    assert (user["email"], user["name"], user["emailVerified"], user["image"]) == (
        "ada@example.com",
        "Ada Lovelace",
        True,
        "https://pictures.example/ada.png",
    )
    columns = "providerId, accountId, accessToken, refreshToken, scope"
    preview, production = tmp_path / "preview.db", tmp_path / "test.db"
    assert rows(preview, f"select {columns} from account") == [
        ("google", "g-1", TOKEN, REFRESH, "email,profile")
    ]
    assert rows(preview, "select accessTokenExpiresAt from account") != [(None,)]
    for table in ("user", "account", "session", "verification"):
        assert rows(production, f"select * from {table}") == []
    assert rows(preview, "select * from verification where identifier like 'auth-state:%'") == []
    assert "state" not in " ".join(browser.jars[PREVIEW])
    again = servers.sign_in(browser, newUserCallbackURL="/welcome")
    assert again.header("location") == "/home"


def test_the_provider_is_asked_once_and_by_production(servers: Proxied) -> None:
    browser = servers.browser()
    url = servers.begin(browser)
    assert parameters(url)["redirect_uri"] == CALLBACK
    assert servers.world.asked == []
    servers.at_production(browser, url)
    (asked,) = servers.world.asked
    assert str(asked.url) == GOOGLE_TOKENS
    form = {name: values[0] for name, values in parse_qs(asked.content.decode()).items()}
    assert (form["redirect_uri"], form["code"]) == (CALLBACK, CODE)
    assert len(form["code_verifier"]) == 128


def test_what_is_handed_over_shows_nothing(servers: Proxied) -> None:
    browser = servers.browser()
    url = servers.begin(browser)
    target = servers.at_production(browser, url).header("location") or ""
    where = urlsplit(target)
    assert f"{where.scheme}://{where.netloc}{where.path}" == (
        f"{PREVIEW}/api/auth/callback/google/oauth-proxy"
    )
    assert list(query_of(target)) == ["callbackURL", "profile"]
    assert query_of(target)["callbackURL"] == "/home"
    for secret in (TOKEN, REFRESH, "ada@", "g-1"):
        assert secret not in target
        assert secret.encode().hex() not in target
        assert secret not in url


class Member(User, kw_only=True):
    nickname: str | None = None
    joined: datetime | None = None
    tier: Annotated[str, Column(input=False)] = "free"


@pytest.mark.parametrize("nickname", ["al", "x" * 10_001, {"a": 1}])
def test_fields_of_the_application_travel_along(
    make_auth: MakeAuth, tmp_path: Path, nickname: object
) -> None:
    mapped = {"nickname": nickname, "joined": "2029-05-06T00:00:00Z", "tier": "gold", "x": object()}
    servers = proxied(
        make_auth,
        tmp_path,
        provider={"map_profile_to_user": lambda profile: mapped},
        production={"user_type": Member, "trusted_origins": ["https://*.preview.example"]},
        preview={"user_type": Member},
    )
    browser = servers.browser()
    if nickname != "al":
        answer = servers.at_production(browser, servers.begin(browser))
        assert error_of(answer) == "VALIDATION_ERROR"
        return
    servers.sign_in(browser)
    user = browser.session(PREVIEW)["user"]
    assert (user["nickname"], user["joined"][:10], user["tier"]) == ("al", "2029-05-06", "free")


def test_fields_that_the_preview_does_not_know_are_left_behind(
    make_auth: MakeAuth, tmp_path: Path
) -> None:
    servers = proxied(
        make_auth,
        tmp_path,
        provider={"map_profile_to_user": lambda profile: {"nickname": "al"}},
        production={"user_type": Member, "trusted_origins": ["https://*.preview.example"]},
    )
    browser = servers.browser()
    servers.sign_in(browser)
    assert "nickname" not in browser.session(PREVIEW)["user"]


def test_a_client_may_follow_the_location_as_well(servers: Proxied) -> None:
    browser = servers.browser()
    answer = browser.post(PREVIEW, "/sign-in/social", {"provider": "google"})
    assert answer.header("location") == answer.json["url"]


def test_who_is_signed_in_links_an_account(servers: Proxied, tmp_path: Path) -> None:
    browser = servers.browser()
    ada = {"name": "Ada", "email": "ada@example.com", "password": "correct horse"}
    assert browser.post(PREVIEW, "/sign-up/email", ada).status == 200
    begun = browser.post(PREVIEW, "/link-social", {"provider": "google", "callbackURL": "/set"})
    back = servers.at_production(browser, begun.json["url"])
    answer = browser.open(back.header("location") or "")
    assert (answer.header("location"), answer.cookie("__Secure-better-auth.session_token")) == (
        "/set",
        None,
    )
    linked = browser.open(f"{PREVIEW}/api/auth/list-accounts").json
    assert sorted(one["providerId"] for one in linked) == ["credential", "google"]


def test_a_link_is_lost_with_the_session_that_began_it(servers: Proxied) -> None:
    browser = servers.browser()
    ada = {"name": "Ada", "email": "ada@example.com", "password": "correct horse"}
    browser.post(PREVIEW, "/sign-up/email", ada)
    body = {"provider": "google", "callbackURL": "/set", "errorCallbackURL": "/sorry"}
    begun = browser.post(PREVIEW, "/link-social", body)
    back = servers.at_production(browser, begun.json["url"]).header("location") or ""
    elsewhere = servers.browser()
    elsewhere.post(PREVIEW, "/sign-in/email", ada)
    assert elsewhere.post(PREVIEW, "/revoke-other-sessions", {}).status == 200
    assert error_of(browser.open(back)) == "unable_to_link_account"


def test_production_itself_signs_in_straight(servers: Proxied, tmp_path: Path) -> None:
    browser = servers.browser()
    begun = browser.post(PRODUCTION, "/sign-in/social", {"provider": "google"})
    state = parameters(begun.json["url"])["state"]
    assert len(state) == 32
    answer = browser.open(f"{CALLBACK}?state={state}&code={CODE}")
    assert answer.header("location") == PRODUCTION
    assert browser.session(PRODUCTION)["user"]["email"] == "ada@example.com"


def test_a_request_may_skip_the_proxy(servers: Proxied) -> None:
    browser = servers.browser()
    body = {"provider": "google"}
    answer = browser.post(PREVIEW, "/sign-in/social", body, x_skip_oauth_proxy="1")
    asked = parameters(answer.json["url"])
    assert asked["redirect_uri"] == f"{PREVIEW}/api/auth/callback/google"
    assert len(asked["state"]) == 32


def test_the_older_address_still_takes_profiles(servers: Proxied) -> None:
    browser = servers.browser()
    target = servers.handed_over(browser)
    older = target.replace("/callback/google/oauth-proxy", "/oauth-proxy-callback")
    assert browser.open(older).header("location") == "/home"
    assert browser.session(PREVIEW) is not None


def test_a_form_that_is_posted_to_production_comes_again(servers: Proxied) -> None:
    browser = servers.browser()
    asked = parameters(servers.begin(browser))
    form = {"state": asked["state"], "code": CODE}
    posted = browser.post(PRODUCTION, "/callback/google", form)
    assert posted.status == 302
    answer = browser.open(posted.header("location") or "")
    assert browser.open(answer.header("location") or "").header("location") == "/home"


ENVIRON = {"BETTER_AUTH_URL": PRODUCTION}


def everybodys_production(make_auth: MakeAuth, world: World) -> Any:
    proxy = OAuthProxy(secret=SHARED)
    trusted = ["https://*.example"]
    return social_auth(
        make_auth, world, base_url=PRODUCTION, trusted_origins=trusted, plugins=[proxy]
    )


@pytest.mark.parametrize(
    ("options", "environ", "current"),
    [
        ({"base_url": PRODUCTION, "trusted_origins": [PREVIEW]}, {}, PREVIEW),
        (
            {"base_url": PRODUCTION},
            {"VERCEL_URL": "v.preview.example"},
            "https://v.preview.example",
        ),
        ({"base_url": PRODUCTION}, {"RENDER_URL": "https://r.example/x"}, "https://r.example"),
        ({"base_url": PREVIEW}, ENVIRON, PREVIEW),
    ],
)
def test_where_a_preview_says_it_is(
    make_auth: MakeAuth, options: dict[str, Any], environ: dict[str, str], current: str
) -> None:
    proxy = OAuthProxy(secret=SHARED, production_url=None if environ == ENVIRON else PRODUCTION)
    world = World()
    preview = social_auth(make_auth, world, plugins=[proxy], environ=environ, **options)
    servers = Proxied(world, everybodys_production(make_auth, world), preview)
    browser = servers.browser()
    origin = options["base_url"]
    answer = browser.post(PREVIEW, "/sign-in/social", {"provider": "google"}, origin=origin)
    back = servers.at_production(browser, answer.json["url"])
    assert (back.header("location") or "").startswith(f"{current}/api/auth/callback/google/")


def test_a_host_header_does_not_say_where_profiles_go(make_auth: MakeAuth) -> None:
    world = World()
    proxy = OAuthProxy(secret=SHARED, production_url=PRODUCTION)
    auth = social_auth(make_auth, world, plugins=[proxy], base_url=PREVIEW)
    browser = Proxied(world, auth, auth).browser()
    browser.servers["https://evil.example"] = auth
    body = {"provider": "google"}
    answer = browser.post("https://evil.example", "/sign-in/social", body, origin=PREVIEW)
    servers = Proxied(world, everybodys_production(make_auth, world), auth)
    back = servers.at_production(servers.browser(), answer.json["url"])
    assert (back.header("location") or "").startswith(f"{PREVIEW}/")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"production_url": "app.example"}, "production_url"),
        ({"production_url": "https://app.example/auth"}, "production_url"),
        ({"production_url": "myapp://x"}, "production_url"),
        ({"current_url": "https://app.example/?x"}, "current_url"),
        ({"max_age": 0}, "max_age"),
        ({"max_age": "60"}, "max_age"),
        ({"secret": ""}, "secret"),
        ({"secret": "s" * 31}, "secret"),
        ({"secret": "better-auth-secret-12345678901234567890"}, "secret"),
    ],
)
def test_wrong_options_are_refused_and_no_secret_is_shown(
    options: dict[str, Any], named: str
) -> None:
    with pytest.raises(ConfigurationError, match=rf"OAuthProxy\.{named}") as error:
        OAuthProxy(**options)
    assert "sss" not in str(error.value)
    assert "s" * 32 not in repr(OAuthProxy(secret="s" * 32))


def test_without_providers_there_is_nobody_to_sign_in_with(make_auth: MakeAuth) -> None:
    auth = make_auth(plugins=[OAuthProxy(secret=SHARED)], base_url=PREVIEW)
    browser = Proxied(World(), auth, auth).browser()
    target = f"{PREVIEW}/api/auth/callback/google"
    assert error_of(browser.open(f"{target}?state=x&code=y")) == "state_mismatch"
    assert error_of(browser.open(f"{target}/oauth-proxy?callbackURL=/")) == "missing_profile"


def test_a_state_that_no_url_would_hold_is_refused(servers: Proxied) -> None:
    browser = servers.browser()
    body = {"provider": "google", "additionalData": {"x": "y" * 3000}}
    answer = browser.post(PREVIEW, "/sign-in/social", body)
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")


def test_the_link_rules_hold(make_auth: MakeAuth, tmp_path: Path) -> None:
    linking = AccountOptions(linking=AccountLinking(enabled=False))
    servers = proxied(make_auth, tmp_path, preview={"account": linking})
    browser = servers.browser()
    ada = {"name": "Ada", "email": "ada@example.com", "password": "correct horse"}
    browser.post(PREVIEW, "/sign-up/email", ada)
    stranger = servers.browser()
    answer = servers.sign_in(stranger, errorCallbackURL="/sorry")
    assert error_of(answer) == "account_not_linked"
    assert stranger.session(PREVIEW) is None
