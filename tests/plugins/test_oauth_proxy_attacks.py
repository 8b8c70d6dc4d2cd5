"""The OAuth proxy under attack: what is altered, old, somebody else's, or used before."""

from __future__ import annotations

import json
import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.proxied import PREVIEW, SHARED, Proxied, keys, lost, proxied, query_of
from tests.support.browser import Clock
from tests.support.databases import mysql_database, postgres_database
from tests.support.social import CODE, REFRESH, TOKEN, error_of, parameters
from watchword import AccountOptions, VersionedSecret
from watchword.crypto.derivation import purpose_secrets
from watchword.crypto.secrets_list import Secrets
from watchword.crypto.symmetric import decrypt, encrypt

PACKAGE, STATE, PROFILE = "oauth-proxy-package", "oauth-proxy-state", "oauth-proxy-profile"
EACH_DATABASE = [
    pytest.param(nullcontext, id="SQLite"),
    pytest.param(postgres_database, id="PostgreSQL"),
    pytest.param(mysql_database, id="MariaDB"),
]


@pytest.fixture
def servers(make_auth: MakeAuth, tmp_path: Path) -> Proxied:
    return proxied(make_auth, tmp_path)


def opened(url: str) -> dict[str, Any]:
    """The profile in a URL, as whoever has the secret can read it."""
    found: dict[str, Any] = json.loads(decrypt(query_of(url)["profile"], keys(PROFILE)))
    return found


def with_profile(url: str, profile: str) -> str:
    return f"{url.partition('?')[0]}?{urlencode({**query_of(url), 'profile': profile})}"


def sealed(url: str, payload: object, purpose: str = PROFILE, secret: str = SHARED) -> str:
    """The URL with another profile."""
    return with_profile(url, encrypt(json.dumps(payload), keys(purpose, secret)))


# What is not production's word.


def test_a_profile_that_is_not_productions_signs_nobody_in(servers: Proxied) -> None:
    browser = servers.browser()
    url = servers.handed_over(browser)
    profile, payload = query_of(url)["profile"], opened(url)
    flipped = profile[:60] + ("0" if profile[60] != "0" else "1") + profile[61:]
    forged = [
        with_profile(url, flipped),
        with_profile(url, profile[:-2]),
        with_profile(url, profile.upper()),
        with_profile(url, "ff" * 100),
        with_profile(url, "x"),
        sealed(url, payload, secret="another-secret-0123456789-abcdefghijKLM"),
        sealed(url, payload, PACKAGE),
        sealed(url, payload, "oauth-state-cookie"),
        with_profile(url, encrypt(json.dumps(payload), Secrets(SHARED))),
    ]
    for one in forged:
        assert lost(browser.open(one)) == "invalid_profile"
    assert browser.open(url).header("location") == "/home"


@pytest.mark.parametrize("value", [None, 5, True, [], {}, "", "x"], ids=str)
@pytest.mark.parametrize(
    "place",
    [
        ("userInfo",),
        ("account",),
        ("state",),
        ("callbackURL",),
        ("timestamp",),
        ("scopes",),
        ("errorURL",),
        ("disableSignUp",),
        ("userInfo", "id"),
        ("userInfo", "email"),
        ("userInfo", "name"),
        ("userInfo", "emailVerified"),
        ("userInfo", "image"),
        ("account", "providerId"),
        ("account", "accountId"),
        ("account", "accessToken"),
        ("account", "accessTokenExpiresAt"),
    ],
    ids=".".join,
)
def test_no_shape_of_a_profile_is_an_error_of_ours(
    servers: Proxied, place: tuple[str, ...], value: object
) -> None:
    browser = servers.browser()
    url = servers.handed_over(browser)
    payload = opened(url)
    inside = payload
    for name in place[:-1]:
        inside = inside[name]
    inside[place[-1]] = value
    answer = browser.open(sealed(url, payload))
    assert answer.status in (302, 403), answer.json
    if value == {} or (value == 5 and place != ("timestamp",)):
        assert lost(answer) == "invalid_payload"


@pytest.mark.parametrize("text", ["", "null", "[]", "5", "{}", "{", "[" * 5000, '"\\ud800"'])
def test_no_text_in_a_profile_is_an_error_of_ours(servers: Proxied, text: str) -> None:
    browser = servers.browser()
    url = servers.handed_over(browser)
    answer = browser.open(with_profile(url, encrypt(text, keys(PROFILE))))
    assert lost(answer) == "invalid_payload"


def test_a_subject_that_names_nobody_is_nobodys(servers: Proxied) -> None:
    browser = servers.browser()
    url = servers.handed_over(browser)
    for subject in ("null", "undefined", "x" * 256, "a\nb"):
        payload = opened(url)
        payload["account"]["accountId"] = subject
        assert lost(browser.open(sealed(url, payload))) == "invalid_payload"


# Somebody else's.


def test_another_browser_is_not_signed_in(servers: Proxied) -> None:
    eve, victim = servers.browser(), servers.browser()
    hers = servers.handed_over(eve)
    for _ in range(2):
        assert lost(victim.open(hers)) == "state_mismatch"
        assert victim.session(PREVIEW) is None
        servers.begin(victim)
    assert eve.open(hers).header("location") == "/home"


def test_another_browser_may_finish_where_an_option_says_so(
    make_auth: MakeAuth, tmp_path: Path
) -> None:
    lax = AccountOptions(skip_state_cookie_check=True)
    servers = proxied(make_auth, tmp_path, preview={"account": lax})
    url = servers.handed_over(servers.browser())
    assert servers.browser().open(url).header("location") == "/home"


def test_a_victim_who_follows_a_strangers_link_links_nothing_to_him(servers: Proxied) -> None:
    eve, victim = servers.browser(), servers.browser()
    account = {"name": "Eve", "email": "ada@example.com", "password": "correct horse"}
    eve.post(PREVIEW, "/sign-up/email", account)
    begun = eve.post(PREVIEW, "/link-social", {"provider": "google"}).json["url"]
    back = servers.at_production(victim, begun).header("location") or ""
    assert lost(victim.open(back)) == "state_mismatch"
    linked = eve.open(f"{PREVIEW}/api/auth/list-accounts").json
    assert [one["providerId"] for one in linked] == ["credential"]


def test_a_profile_of_another_flow_of_the_same_browser_is_no_good(servers: Proxied) -> None:
    browser = servers.browser()
    first = servers.handed_over(browser)
    second = servers.handed_over(browser)
    assert lost(browser.open(first)) == "state_mismatch"
    assert browser.open(second).header("location") == "/home"


def test_a_profile_of_another_provider_is_no_good(servers: Proxied) -> None:
    browser = servers.browser()
    url = servers.handed_over(browser)
    elsewhere = url.replace("/callback/google/", "/callback/github/")
    assert lost(browser.open(elsewhere)) == "provider_mismatch"
    payload = opened(url)
    payload["account"]["providerId"] = "github"
    forged = sealed(elsewhere, payload)
    assert lost(browser.open(forged)) == "state_mismatch"
    payload["account"]["providerId"] = "nobody"
    older = sealed(f"{PREVIEW}/api/auth/oauth-proxy-callback?callbackURL=/", payload)
    assert lost(browser.open(older)) == "oauth_provider_not_found"


def test_a_flow_that_began_straight_is_not_finished_with_a_profile(servers: Proxied) -> None:
    browser = servers.browser()
    url = servers.handed_over(browser)
    straight = {"provider": "github"}
    begun = browser.post(PREVIEW, "/sign-in/social", straight, x_skip_oauth_proxy="1")
    payload = opened(url)
    payload["state"] = parameters(begun.json["url"])["state"]
    assert lost(browser.open(sealed(url, payload))) == "state_mismatch"


# Too old, or used.


@pytest.mark.parametrize(("seconds", "code"), [(60, None), (61, "payload_expired")])
def test_a_profile_ends(servers: Proxied, clock: Clock, seconds: int, code: str | None) -> None:
    browser = servers.browser()
    url = servers.handed_over(browser)
    clock.forward(seconds)
    assert error_of(browser.open(url)) == code


def test_how_long_it_lives_is_an_option(make_auth: MakeAuth, tmp_path: Path, clock: Clock) -> None:
    servers = proxied(make_auth, tmp_path, max_age=timedelta(seconds=5))
    browser = servers.browser()
    url = servers.handed_over(browser)
    clock.forward(6)
    assert lost(browser.open(url)) == "payload_expired"


@pytest.mark.parametrize(("ahead", "code"), [(10_000, None), (10_001, "payload_expired")])
def test_a_clock_may_be_a_little_ahead(servers: Proxied, ahead: int, code: str | None) -> None:
    browser = servers.browser()
    url = servers.handed_over(browser)
    payload = opened(url)
    payload["timestamp"] += ahead
    assert error_of(browser.open(sealed(url, payload))) == code


def test_a_flow_ends_in_production_too(servers: Proxied, clock: Clock) -> None:
    browser = servers.browser()
    begun = servers.begin(browser, errorCallbackURL="/sorry")
    clock.forward(601)
    answer = servers.at_production(browser, begun)
    assert answer.header("location") == f"{PREVIEW}/sorry?error=state_mismatch"
    assert servers.world.asked == []


@pytest.mark.parametrize("strategy", ["database", "cookie"])
def test_a_profile_is_good_once(make_auth: MakeAuth, tmp_path: Path, strategy: Any) -> None:
    account = AccountOptions(store_state_strategy=strategy)
    servers = proxied(make_auth, tmp_path, preview={"account": account})
    browser = servers.browser()
    url = servers.handed_over(browser)
    copy = servers.browser()
    copy.jars = {origin: dict(jar) for origin, jar in browser.jars.items()}
    assert browser.open(url).header("location") == "/home"
    assert lost(copy.open(url)) == "state_mismatch"


@pytest.mark.parametrize("strategy", ["database", "cookie"])
@pytest.mark.parametrize("database", EACH_DATABASE)
def test_of_fifty_with_one_profile_one_gets_in(
    make_auth: MakeAuth, tmp_path: Path, database: Any, strategy: Any
) -> None:
    with database() as url:
        account = AccountOptions(store_state_strategy=strategy)
        place = {"database": url} if url else {}
        servers = proxied(make_auth, tmp_path, preview={"account": account, **place})
        browser = servers.browser()
        target = servers.handed_over(browser)

        def race(_: int) -> str | None:
            copy = servers.browser()
            copy.jars = {origin: dict(jar) for origin, jar in browser.jars.items()}
            return error_of(copy.open(target))

        with ThreadPoolExecutor(50) as pool:
            assert Counter(pool.map(race, range(50))) == {None: 1, "state_mismatch": 49}
        servers.preview.blocking.close()


@pytest.mark.parametrize("path", ["/callback/google/oauth-proxy", "/oauth-proxy-callback"])
def test_w15_a_browser_that_fetches_ahead_uses_nothing_up(servers: Proxied, path: str) -> None:
    browser = servers.browser()
    url = servers.handed_over(browser)
    query = url.partition("?")[2]
    url = f"{PREVIEW}/api/auth{path}?{query}"
    for purpose in ("prefetch", "prefetch;prerender"):
        answer = browser.open(url, **{"sec-purpose": purpose})
        assert (answer.status, answer.cookies) == (503, ())
    assert browser.open(url).header("location") == "/home"


# Where browsers are sent.


def test_r1_the_preview_sends_nobody_elsewhere(servers: Proxied) -> None:
    browser = servers.browser()
    url = servers.handed_over(browser)
    for evil in ("https://evil.example", "//evil.example", "javascript:alert(1)"):
        payload = opened(url)
        answer = browser.open(sealed(url, {**payload, "timestamp": 0, "errorURL": evil}))
        assert (answer.status, answer.code) == (403, "INVALID_CALLBACK_URL")
        query = {**query_of(url), "callbackURL": evil}
        answer = browser.open(f"{url.partition('?')[0]}?{urlencode(query)}")
        assert (answer.status, answer.code) == (403, "INVALID_CALLBACK_URL")
    answer = browser.open(sealed(url, {**opened(url), "callbackURL": "https://evil.example"}))
    assert (answer.status, answer.code, browser.session(PREVIEW)) == (
        403,
        "INVALID_CALLBACK_URL",
        None,
    )


def test_the_addresses_want_their_parameters(servers: Proxied) -> None:
    browser = servers.browser()
    for path in ("/callback/google/oauth-proxy", "/oauth-proxy-callback"):
        place = f"{PREVIEW}/api/auth{path}"
        assert browser.open(place).code == "VALIDATION_ERROR"
        assert browser.open(f"{place}?callbackURL=/&callbackURL=/").status == 400
        assert browser.open(f"{place}?callbackURL=/&profile={'f' * 16_385}").status == 400
        assert lost(browser.open(f"{place}?callbackURL=/")) == "missing_profile"


# Options and secrets.


@pytest.mark.parametrize("where", ["production", "preview"])
def test_either_may_say_that_nobody_new_comes_in(
    make_auth: MakeAuth, tmp_path: Path, where: str
) -> None:
    servers = proxied(make_auth, tmp_path)
    closed = proxied(make_auth, tmp_path, provider={"disable_sign_up": True})
    one = closed if where == "production" else servers
    other = servers if where == "production" else closed
    mixed = Proxied(servers.world, one.production, other.preview)
    assert lost(mixed.sign_in(mixed.browser())) == "signup_disabled"


def test_w14_an_older_secret_that_only_decrypts_vouches_for_nothing(
    make_auth: MakeAuth, tmp_path: Path, clock: Clock
) -> None:
    leaked, fresh = (
        "leaked-secret-0123456789-abcdefghijKLMN",
        "fresh-secret-0123456789-abcdefghijKLMNO",
    )
    for until, code in ((None, "invalid_profile"), (clock.time + timedelta(days=1), None)):
        rotated = [VersionedSecret(2, fresh), VersionedSecret(1, leaked, until)]
        own: dict[str, Any] = {"secret": leaked, "secrets": rotated}
        servers = proxied(make_auth, tmp_path, secret=None, production=own, preview=own)
        browser = servers.browser()
        url = servers.handed_over(browser)
        versions = Secrets(fresh, tuple(rotated))
        payload = decrypt(query_of(url)["profile"], purpose_secrets(versions, PROFILE))
        old = Secrets(leaked, (VersionedSecret(1, leaked),))
        forged = encrypt(payload, purpose_secrets(old, PROFILE))
        bare = encrypt(payload, keys(PROFILE, leaked))
        assert lost(browser.open(with_profile(url, bare))) == "invalid_profile"
        assert error_of(browser.open(with_profile(url, forged))) == code


def test_no_secret_gets_into_the_log(servers: Proxied, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    browser = servers.browser()
    url = servers.handed_over(browser)
    payload = opened(url)
    browser.open(sealed(url, {**payload, "timestamp": 0}))
    browser.open(with_profile(url, query_of(url)["profile"][:-2]))
    browser.open(url)
    for secret in (TOKEN, REFRESH, CODE, SHARED, payload["state"], query_of(url)["profile"]):
        assert secret not in caplog.text
