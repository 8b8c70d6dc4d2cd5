"""The session cache: sessions read from a cookie, the store asked only when it must be."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import SECRET, Browser, Clock
from watchword import (
    ConfigurationError,
    CookieCache,
    RefreshCache,
    SessionOptions,
    VersionedSecret,
    get_cookie_cache,
)
from watchword.plugins import Bearer
from watchword.storage.sqlite import SQLiteStorage

TOKEN, DATA = "better-auth.session_token", "better-auth.session_data"


class CountingStorage:
    """A storage that counts what is asked of it."""

    def __init__(self, path: str) -> None:
        self._storage = SQLiteStorage(path)
        self.asked = 0

    def blocking(self, schema: Any) -> Any:
        return Counting(self, self._storage.blocking(schema))

    def asynchronous(self, schema: Any) -> Any:
        return Counting(self, self._storage.asynchronous(schema))


class Counting:
    def __init__(self, storage: CountingStorage, engine: Any) -> None:
        self._storage, self._engine = storage, engine

    def __getattr__(self, name: str) -> Any:
        if name not in ("close", "plan", "apply"):
            self._storage.asked += 1
        return getattr(self._engine, name)


@pytest.fixture(params=["compact", "jwt", "jwe"])
def strategy(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def storage(tmp_path: Any) -> CountingStorage:
    return CountingStorage(str(tmp_path / "counted.db"))


@pytest.fixture
def browser(make_auth: MakeAuth, kind: str, strategy: Any, storage: CountingStorage) -> Browser:
    session = SessionOptions(cookie_cache=CookieCache(strategy=strategy))
    browser = Browser(make_auth(session=session, database=storage), kind)
    browser.sign_up()
    return browser


def test_a_cached_session_needs_no_query(browser: Browser, storage: CountingStorage) -> None:
    asked = storage.asked
    found = [browser.session() for _ in range(5)]
    assert storage.asked == asked
    assert found[0]["user"]["email"] == "ada@example.com"
    assert found[0] == found[4]


def test_what_the_cache_says_is_what_the_store_says(browser: Browser) -> None:
    cached = browser.session()
    fresh = browser.get("/get-session", {"disableCookieCache": "true"}).json
    assert cached == fresh


def test_the_cookie_lives_five_minutes(
    browser: Browser, storage: CountingStorage, clock: Clock
) -> None:
    clock.forward(299)
    asked = storage.asked
    assert browser.session() is not None
    assert storage.asked == asked
    clock.forward(2)
    answer = browser.get("/get-session")
    assert storage.asked > asked
    assert "Max-Age=300" in str(answer.cookie(DATA))


def test_a_revoked_session_is_dead_once_the_cookie_ends(browser: Browser, clock: Clock) -> None:
    other = Browser(browser.auth, browser.kind)
    other.sign_in()
    other.post("/revoke-other-sessions", {})
    assert browser.session() is not None, "what the cache is for, and its price"
    assert browser.get("/get-session", {"disableCookieCache": "1"}).json is None
    clock.forward(301)
    assert other.session() is not None


def test_c4_sensitive_endpoints_ask_the_store(browser: Browser) -> None:
    kept = dict(browser.jar)
    other = Browser(browser.auth, browser.kind)
    other.sign_in()
    other.post("/revoke-other-sessions", {})
    for path in ("/revoke-sessions", "/revoke-other-sessions"):
        browser.jar = dict(kept)
        assert browser.post(path, {}).status == 401
    browser.jar = dict(kept)
    assert browser.get("/list-sessions").status == 401


@pytest.mark.parametrize("damage", ["", "x", "%%%", "e30", "eyJhbGciOiJub25lIn0.e30.", "a" * 9000])
def test_c3_a_damaged_cookie_counts_as_absent(
    browser: Browser, storage: CountingStorage, damage: str
) -> None:
    browser.jar[DATA] = damage
    asked = storage.asked
    assert browser.session()["user"]["email"] == "ada@example.com"
    assert storage.asked > asked


def test_c1_the_cookie_counts_only_beside_the_token_of_its_session(browser: Browser) -> None:
    data = browser.jar[DATA]
    bob = Browser(browser.auth, browser.kind)
    bob.sign_up("bob@example.com")
    bob.jar[DATA] = data
    assert bob.session()["user"]["email"] == "bob@example.com"
    nobody = Browser(browser.auth, browser.kind)
    nobody.jar[DATA] = data
    assert nobody.session() is None


def test_c1_a_cookie_signed_with_another_secret_is_not_believed(
    make_auth: MakeAuth, strategy: Any
) -> None:
    cache = SessionOptions(cookie_cache=CookieCache(strategy=strategy))
    ours, theirs = make_auth(session=cache), make_auth(session=cache, secret=SECRET[::-1])
    mallory = Browser(theirs)
    mallory.sign_up()
    ada = Browser(ours)
    ada.sign_in()
    ada.jar[DATA] = mallory.jar[DATA]
    answer = ada.get("/get-session")
    assert answer.json["session"]["token"] in ada.jar[TOKEN]


def test_raising_the_version_makes_cached_cookies_invalid(
    make_auth: MakeAuth, kind: str, storage: CountingStorage
) -> None:
    version = "1"

    async def current(session: Any, user: Any) -> str:
        assert user.email
        return version

    options = SessionOptions(cookie_cache=CookieCache(version=current))
    browser = Browser(make_auth(session=options, database=storage), kind)
    browser.sign_up()
    asked = storage.asked
    browser.session()
    assert storage.asked == asked
    version = "2"
    browser.session()
    assert storage.asked > asked


def test_signing_out_expires_the_cookie(browser: Browser) -> None:
    browser.post("/sign-out", {})
    assert browser.jar == {}
    assert browser.session() is None


def test_large_sessions_travel_in_pieces(make_auth: MakeAuth, strategy: Any, kind: str) -> None:
    cache = SessionOptions(cookie_cache=CookieCache(strategy=strategy))
    browser = Browser(make_auth(session=cache), kind)
    browser.sign_up(image="https://example.com/" + "x" * 7000)
    pieces = [name for name in browser.jar if name.startswith(f"{DATA}.")]
    assert len(pieces) > 1
    assert DATA not in browser.jar
    assert len(browser.session()["user"]["image"]) > 7000
    assert all(len(line) <= 4096 for line in browser.get("/get-session").cookies)
    browser.post("/sign-out", {})
    assert browser.jar == {}


def test_without_remember_me_the_cookie_ends_with_the_browser(browser: Browser) -> None:
    answer = browser.sign_in(rememberMe=False)
    assert "Max-Age" not in str(answer.cookie(DATA))


def test_a_rotated_secret_still_opens_encrypted_cookies_but_signs_nobody_in(
    make_auth: MakeAuth,
) -> None:
    cache = SessionOptions(cookie_cache=CookieCache(strategy="jwe"))
    old = VersionedSecret(1, SECRET)
    before = make_auth(session=cache, secret=None, secrets=[old])
    browser = Browser(before)
    browser.sign_up()
    new = VersionedSecret(2, SECRET[::-1])
    browser.auth = make_auth(session=cache, secret=None, secrets=[new, old])
    assert browser.session() is None, "the token's signature knows the current secret only"


def test_a_renewed_session_brings_its_cookie_along(
    make_auth: MakeAuth, kind: str, clock: Clock
) -> None:
    cache = SessionOptions(cookie_cache=CookieCache())
    browser = Browser(make_auth(session=cache), kind)
    browser.sign_up()
    clock.forward(86_400)
    names = [line.partition("=")[0] for line in browser.get("/get-session").cookies]
    assert names[-2:] == [TOKEN, DATA]


def test_the_applications_own_routes_read_and_write_the_cache(make_auth: MakeAuth) -> None:
    auth = make_auth(session=SessionOptions(cookie_cache=CookieCache()))
    browser = Browser(auth)
    browser.sign_up()
    cookie = f"{TOKEN}={browser.jar[TOKEN]}"
    first = auth.blocking.check({"cookie": cookie})
    assert first.session is not None
    assert [line.partition("=")[0] for line in first.cookies] == [DATA]
    cookie += "; " + first.cookies[0].partition(";")[0]
    assert auth.blocking.check({"cookie": cookie}).cookies == ()


def stateless(make_auth: MakeAuth, **options: Any) -> Any:
    """A server whose cookie is the session and lives 100 seconds, unless options say otherwise."""
    cache = CookieCache(**{"max_age": 100, **options})
    return make_auth(database=None, session=SessionOptions(cookie_cache=cache))


def written(browser: Browser, **query: str) -> list[str]:
    """Names of the cookies that reading the session sets."""
    answer = browser.get("/get-session", query)
    assert answer.json is not None
    return [line.partition("=")[0] for line in answer.cookies]


def test_a_cookie_near_its_end_is_written_anew(
    make_auth: MakeAuth, kind: str, strategy: Any, clock: Clock
) -> None:
    browser = Browser(stateless(make_auth, strategy=strategy), kind)
    browser.sign_up()
    before = browser.session()
    clock.forward(80)
    assert written(browser) == []
    clock.forward(1)
    answer = browser.get("/get-session")
    assert [line.partition("=")[0] for line in answer.cookies] == [TOKEN, DATA]
    assert "Max-Age=100" in str(answer.cookie(DATA))
    assert "Max-Age=604800" in str(answer.cookie(TOKEN))
    assert written(browser) == []
    assert browser.session() == before, "the session's own end and times stay as they are"


def test_whoever_keeps_coming_stays_signed_in_and_whoever_does_not_is_out(
    make_auth: MakeAuth, kind: str, clock: Clock
) -> None:
    browser = Browser(stateless(make_auth), kind)
    browser.sign_up()
    for _ in range(10):
        clock.forward(90)
        assert browser.session() is not None
    clock.forward(101)
    assert browser.session() is None
    assert browser.jar == {}


def test_s8_a_cookie_written_anew_does_not_outlive_its_session(
    make_auth: MakeAuth, clock: Clock
) -> None:
    cache = CookieCache(max_age=100)
    options = SessionOptions(expires_in=150, update_age=50, cookie_cache=cache)
    browser = Browser(make_auth(database=None, session=options))
    browser.sign_up()
    clock.forward(90)
    assert browser.session() is not None
    clock.forward(59)
    assert browser.session() is not None
    clock.forward(1)
    assert browser.session() is None


def test_update_age_says_how_near_the_end_must_be(make_auth: MakeAuth, clock: Clock) -> None:
    refresh = RefreshCache(update_age=50)
    browser = Browser(stateless(make_auth, refresh_cache=refresh))
    browser.sign_up()
    clock.forward(50)
    assert written(browser) == []
    clock.forward(1)
    assert written(browser) == [TOKEN, DATA]


def test_without_refreshing_the_cookie_ends_when_it_said(make_auth: MakeAuth, clock: Clock) -> None:
    browser = Browser(stateless(make_auth, refresh_cache=False))
    browser.sign_up()
    clock.forward(99)
    assert written(browser) == []
    clock.forward(2)
    assert browser.session() is None


def test_a_client_may_ask_for_no_refresh(make_auth: MakeAuth, kind: str, clock: Clock) -> None:
    browser = Browser(stateless(make_auth), kind)
    browser.sign_up()
    clock.forward(99)
    assert written(browser, disableRefresh="true") == []
    assert written(browser) == [TOKEN, DATA]


def test_a_refreshed_cookie_that_is_not_to_be_remembered_still_ends_with_the_browser(
    make_auth: MakeAuth, kind: str, clock: Clock
) -> None:
    browser = Browser(stateless(make_auth), kind)
    browser.sign_up(rememberMe=False)
    clock.forward(99)
    answer = browser.get("/get-session")
    assert answer.cookie(DATA)
    assert not [line for line in answer.cookies if "Max-Age" in line]


def test_c1_a_cookie_is_not_refreshed_after_the_version_was_raised(
    make_auth: MakeAuth, clock: Clock
) -> None:
    browser = Browser(stateless(make_auth))
    browser.sign_up()
    browser.auth = stateless(make_auth, version="2")
    clock.forward(99)
    assert browser.session() is None
    assert browser.jar == {}


def test_other_endpoints_and_the_applications_own_routes_refresh_too(
    make_auth: MakeAuth, kind: str, clock: Clock
) -> None:
    browser = Browser(stateless(make_auth), kind)
    browser.sign_up()
    clock.forward(99)
    cookie = "; ".join(f"{name}={value}" for name, value in browser.jar.items())
    found = browser.auth.blocking.check({"cookie": cookie}).cookies
    assert [line.partition("=")[0] for line in found] == [TOKEN, DATA]
    lines = browser.get("/list-accounts").cookies
    assert [line.partition("=")[0] for line in lines] == [TOKEN, DATA]


def test_beside_a_store_a_cookie_near_its_end_stays_as_it_is(
    browser: Browser, clock: Clock
) -> None:
    clock.forward(299)
    assert written(browser) == []


def test_an_update_age_must_be_a_time() -> None:
    with pytest.raises(ConfigurationError) as refused:
        RefreshCache(update_age=0)
    assert refused.value.option == "session.cookie_cache.refresh_cache.update_age"
    with pytest.raises(ConfigurationError) as refused:
        CookieCache(refresh_cache="yes")  # pyright: ignore[reportArgumentType]
    assert refused.value.option == "session.cookie_cache.refresh_cache"


def cookie_names(answer: Any) -> list[str]:
    return [line.partition("=")[0] for line in answer.cookies]


def test_a_session_that_is_not_remembered_is_cached_again(
    browser: Browser, storage: CountingStorage, clock: Clock
) -> None:
    browser.sign_in(rememberMe=False)
    clock.forward(301)
    line = str(browser.get("/get-session").cookie(DATA))
    assert len(line) > 100
    assert "Max-Age" not in line
    asked = storage.asked
    assert browser.session() is not None
    assert storage.asked == asked
    clock.forward(86_400 - 301 - 10)
    browser.session()
    secret, now = browser.auth.config.secrets.current, clock().timestamp()
    cookie = {"cookie": f"{DATA}={browser.jar[DATA]}"}
    cache = browser.auth.config.options.session.cookie_cache
    strategy: Any = "compact" if cache is None else cache.strategy
    kept = get_cookie_cache(cookie, secret=secret, strategy=strategy, now=now)
    assert kept is not None
    assert kept.expires_at <= (now + 10) * 1000, "not longer than the session"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/list-sessions"),
        ("POST", "/update-user"),
        ("POST", "/send-verification-email"),
        ("POST", "/revoke-other-sessions"),
    ],
)
@pytest.mark.parametrize("lost", [False, True])
def test_who_changes_nothing_writes_no_cookie(
    browser: Browser, method: str, path: str, lost: bool
) -> None:
    """Clients take a new cookie for a new session, and ask again."""
    if lost:
        del browser.jar[DATA]
    assert browser.send(method, path).cookies == ()


def test_a_change_writes_the_cookie_once(browser: Browser) -> None:
    answer = browser.post("/update-user", {"name": "Countess"})
    assert cookie_names(answer) == [TOKEN, DATA]
    assert browser.session()["user"]["name"] == "Countess"


def test_an_empty_cookie_is_not_worth_a_deletion(make_auth: MakeAuth, kind: str) -> None:
    for options in ({}, {"session": SessionOptions(cookie_cache=CookieCache())}):
        browser = Browser(make_auth(**options), kind)
        browser.jar[DATA] = ""
        for _ in range(2):
            assert browser.get("/get-session").cookies == ()
        assert browser.sign_up("ada@example.com" if options else "bob@example.com").status == 200
        browser.jar[DATA] = ""
        assert "Max-Age=0" not in str(browser.get("/get-session").cookie(DATA))


def test_bearers_get_no_cache(make_auth: MakeAuth, kind: str) -> None:
    session = SessionOptions(cookie_cache=CookieCache())
    browser = Browser(make_auth(session=session, plugins=[Bearer()]), kind)
    token = browser.sign_up().json["token"]
    browser.jar = {}
    for path in ("/get-session", "/list-sessions", "/list-accounts"):
        answer = browser.get(path, authorization=f"Bearer {token}")
        assert (answer.status, answer.cookies) == (200, ())
    assert (
        cookie_names(browser.get("/get-session", authorization=f"Bearer {token}", cookie="a=b"))
        == []
    )
