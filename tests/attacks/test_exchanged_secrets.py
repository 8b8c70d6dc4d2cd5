"""W14: an old secret decrypts what is stored under it; it signs and vouches for nothing, unless it
is said until when."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import SECRET, Browser, Clock
from watchword import (
    ConfigurationError,
    CookieCache,
    SessionOptions,
    VersionedSecret,
    get_cookie_cache,
)
from watchword.configuration.configuration import cache_codec
from watchword.crypto.secrets_list import PLACEHOLDERS, Secrets
from watchword.crypto.signing import sign_cookie_value
from watchword.crypto.symmetric import decrypt, encrypt
from watchword.http.cookies import encode_value
from watchword.plugins import Bearer

OLD, NEW = SECRET, SECRET[::-1]
TOKEN, DATA = "better-auth.session_token", "better-auth.session_data"
MARKER = "better-auth.dont_remember"
UNTIL = datetime(2030, 1, 5, tzinfo=UTC)
LEAKED = (VersionedSecret(2, NEW), VersionedSecret(1, OLD))
PLANNED = (VersionedSecret(2, NEW), VersionedSecret(1, OLD, accept_until=UNTIL))
LEGACY = (VersionedSecret(2, NEW),)


@pytest.fixture(params=["compact", "jwt", "jwe"])
def strategy(request: pytest.FixtureRequest) -> str:
    return request.param


def cached(strategy: Any) -> SessionOptions:
    return SessionOptions(cookie_cache=CookieCache(strategy=strategy))


def exchange(browser: Browser, make_auth: MakeAuth, secrets: Any, **options: Any) -> None:
    browser.auth = make_auth(secret=None, secrets=secrets, **options)


def forged(browser: Browser, strategy: Any, now: float) -> str:
    """A cookie that makes its holder an administrator, made with the old secret."""
    found = browser.session()
    found["user"].update(name="Mallory", emailVerified=True)
    payload = {**found, "updatedAt": int(now * 1000), "version": "1"}
    return cache_codec(strategy, Secrets(OLD)).encode(payload, now=now, lifetime=300)


@pytest.mark.parametrize("secrets", [LEAKED, LEGACY], ids=["older version", "legacy"])
def test_a_cache_under_an_old_secret_is_not_believed(
    make_auth: MakeAuth, kind: str, strategy: Any, secrets: Any, clock: Clock
) -> None:
    options = {"session": cached(strategy), "environ": {"AUTH_SECRET": OLD}}
    browser = Browser(make_auth(secret=None, secrets=secrets, **options), kind)
    browser.sign_up()
    browser.jar[DATA] = forged(browser, strategy, clock().timestamp())
    found = browser.session()
    assert (found["user"]["name"], found["user"]["emailVerified"]) == ("Ada", False)
    cookie = {"cookie": f"{DATA}={forged(browser, strategy, clock().timestamp())}"}
    kept = get_cookie_cache(
        cookie,
        secrets=secrets,
        secret=OLD,
        strategy=strategy,
        now=clock().timestamp(),
    )
    assert kept is None


@pytest.mark.parametrize("secrets", [LEAKED, LEGACY], ids=["older version", "legacy"])
def test_a_token_under_an_old_secret_signs_nobody_in(
    make_auth: MakeAuth, kind: str, secrets: Any
) -> None:
    browser = Browser(make_auth(plugins=[Bearer()]), kind)
    token = browser.sign_up().json["token"]
    exchange(browser, make_auth, secrets, plugins=[Bearer()], environ={"AUTH_SECRET": OLD})
    signed = sign_cookie_value(token, OLD)
    browser.jar = {TOKEN: encode_value(signed)}
    assert browser.session() is None
    browser.jar = {}
    assert browser.get("/get-session", authorization=f"Bearer {signed}").json is None


def test_without_any_store_an_old_secret_makes_nobody(
    make_auth: MakeAuth, kind: str, strategy: str, clock: Clock
) -> None:
    options = {"database": None, "session": cached(strategy)}
    browser = Browser(make_auth(**options), kind)
    browser.sign_up()
    data = forged(browser, strategy, clock().timestamp())
    token = browser.session()["session"]["token"]
    exchange(browser, make_auth, LEAKED, **options)
    for secret in (OLD, NEW):
        browser.jar = {TOKEN: encode_value(sign_cookie_value(token, secret)), DATA: data}
        assert browser.session() is None


def test_an_old_secret_decrypts_what_is_stored() -> None:
    for then in (Secrets(OLD, (VersionedSecret(1, OLD),)), Secrets(OLD)):
        stored = encrypt("a token at rest", then)
        assert decrypt(stored, Secrets(NEW, LEAKED, OLD)) == "a token at rest"


@pytest.mark.parametrize("stateless", [False, True])
def test_a_planned_exchange_signs_nobody_out(
    make_auth: MakeAuth, kind: str, strategy: str, clock: Clock, stateless: bool
) -> None:
    options: dict[str, Any] = {"session": cached(strategy)}
    if stateless:
        options["database"] = None
    browser = Browser(make_auth(**options), kind)
    browser.sign_up()
    clock.forward(60)
    exchange(browser, make_auth, PLANNED, **options)
    answer = browser.get("/get-session")
    assert answer.json["user"]["email"] == "ada@example.com"
    assert "Max-Age=604800" in str(answer.cookie(TOKEN))
    assert answer.cookie(DATA)
    assert browser.get("/get-session").cookies == (), "signed anew once"
    clock.forward((UNTIL - clock()).total_seconds())
    assert browser.session() is not None, "the new cookies need the old secret no more"
    exchange(browser, make_auth, [VersionedSecret(2, NEW)], **options)
    assert browser.session() is not None


def test_signing_anew_keeps_what_ends_with_the_browser(make_auth: MakeAuth, kind: str) -> None:
    browser = Browser(make_auth(), kind)
    browser.sign_up(rememberMe=False)
    exchange(browser, make_auth, PLANNED)
    answer = browser.get("/get-session")
    assert "Max-Age" not in str(answer.cookie(TOKEN))
    exchange(browser, make_auth, LEAKED)
    assert browser.session() is not None
    assert browser.get("/get-session").cookies == ()


def test_own_routes_sign_anew_too(make_auth: MakeAuth) -> None:
    browser = Browser(make_auth())
    browser.sign_up()
    exchange(browser, make_auth, PLANNED)
    checked = browser.auth.blocking.check({"cookie": f"{TOKEN}={browser.jar[TOKEN]}"})
    assert checked.session is not None
    browser.keep(checked.cookies)
    exchange(browser, make_auth, LEAKED)
    assert browser.session() is not None


def test_a_planned_exchange_takes_the_tokens_of_bearers(
    make_auth: MakeAuth, kind: str, clock: Clock
) -> None:
    browser = Browser(make_auth(plugins=[Bearer(require_signature=True)]), kind)
    signed = str(browser.sign_up().header("set-auth-token"))
    exchange(browser, make_auth, PLANNED, plugins=[Bearer(require_signature=True)])
    browser.jar = {}
    answer = browser.get("/get-session", authorization=f"Bearer {signed}")
    assert answer.json is not None
    anew = str(answer.header("set-auth-token"))
    browser.jar = {}
    clock.forward((UNTIL - clock()).total_seconds())
    assert browser.get("/get-session", authorization=f"Bearer {signed}").json is None
    assert browser.get("/get-session", authorization=f"Bearer {anew}").json is not None


def test_the_time_of_an_old_secret_ends(
    make_auth: MakeAuth, kind: str, strategy: str, clock: Clock
) -> None:
    browser = Browser(make_auth(session=cached(strategy)), kind)
    browser.sign_up()
    exchange(browser, make_auth, PLANNED, session=cached(strategy))
    clock.forward((UNTIL - clock()).total_seconds() - 1)
    kept = dict(browser.jar)
    assert browser.session() is not None
    browser.jar = kept
    clock.forward(1)
    assert browser.session() is None


def test_the_time_is_read_from_the_environment(make_auth: MakeAuth, kind: str) -> None:
    browser = Browser(make_auth(), kind)
    browser.sign_up()
    text = f"2:{NEW},1@2030-01-05:{OLD}"
    browser.auth = make_auth(secret=None, environ={"BETTER_AUTH_SECRETS": text})
    assert browser.auth.config.secrets.versions == PLANNED
    assert browser.session() is not None


@pytest.mark.parametrize(
    ("end", "moment"),
    [
        ("2030-01-05", UNTIL),
        ("2030-01-05T1200", UNTIL + timedelta(hours=12)),
        ("2030-01-05T12", UNTIL + timedelta(hours=12)),
        ("20300105T120000+0200", UNTIL + timedelta(hours=10)),
    ],
)
def test_a_moment_without_colons(end: str, moment: datetime) -> None:
    found = Secrets.resolve(None, (), {"BETTER_AUTH_SECRETS": f"2:{NEW},1@{end}:{OLD}"})
    assert found.versions[1].accept_until == moment


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        (f"2:{NEW},1@soon:{OLD}", "entry 2 of BETTER_AUTH_SECRETS has no date"),
        (f"2@2030-01-05:{NEW},1:{OLD}", "the first version is the current one"),
    ],
)
def test_a_time_that_means_nothing_is_refused(make_auth: MakeAuth, secrets: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as refused:
        make_auth(secret=None, environ={"BETTER_AUTH_SECRETS": secrets})
    assert OLD not in str(refused.value)
    assert NEW not in str(refused.value)


def test_a_time_without_a_zone_is_refused(make_auth: MakeAuth) -> None:
    naive = VersionedSecret(1, OLD, accept_until=datetime(2030, 1, 5))
    with pytest.raises(ConfigurationError, match="with a zone"):
        make_auth(secret=None, secrets=[VersionedSecret(2, NEW), naive])


WEAK: dict[str, dict[str, Any]] = {
    "the single secret beside the versions": {
        "environ": {"BETTER_AUTH_SECRETS": f"1:{NEW}", "AUTH_SECRET": "hunter2"},
    },
    "version 1": {"secrets": [VersionedSecret(2, NEW), VersionedSecret(1, "hunter2")]},
}


@pytest.mark.parametrize("name", WEAK)
def test_every_accepted_secret_is_judged_at_start_up(
    make_auth: MakeAuth, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    caplog.set_level(logging.WARNING, "watchword")
    make_auth(secret=None, production=True, **WEAK[name])
    assert f"secret: {name} is shorter than 32 characters" in caplog.text
    assert f"secret: {name} looks easy to guess" in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize("placeholder", sorted(PLACEHOLDERS))
def test_a_published_default_vouches_for_nobody_in_production(
    make_auth: MakeAuth, placeholder: str
) -> None:
    until = datetime.fromtimestamp(time.time() + 60, UTC)
    accepted = [VersionedSecret(2, NEW), VersionedSecret(1, placeholder, accept_until=until)]
    with pytest.raises(ConfigurationError, match="version 1 is a published default"):
        make_auth(secret=None, secrets=accepted, production=True)
