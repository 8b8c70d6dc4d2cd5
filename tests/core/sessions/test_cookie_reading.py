"""Session cookies read without an `Auth`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import SECRET, Browser, Clock
from watchword import (
    ConfigurationError,
    CookieCache,
    SessionOptions,
    get_cookie_cache,
    get_session_cookie,
)


def headers(browser: Browser) -> dict[str, str]:
    return {"cookie": "; ".join(f"{name}={value}" for name, value in browser.jar.items())}


@pytest.fixture(params=["compact", "jwt", "jwe"])
def strategy(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def ada(make_auth: MakeAuth, strategy: Any) -> Browser:
    cache = CookieCache(strategy=strategy)
    browser = Browser(make_auth(session=SessionOptions(cookie_cache=cache)))
    browser.sign_up()
    return browser


def test_the_presence_of_a_session_cookie(make_auth: MakeAuth) -> None:
    for base_url in ("http://localhost:3000", "https://localhost:3000"):
        browser = Browser(make_auth(base_url=base_url), origin=base_url)
        browser.sign_up(f"ada{len(base_url)}@example.com")
        raw = get_session_cookie(headers(browser))
        assert raw is not None
        assert "." in raw
    assert get_session_cookie({}) is None
    assert get_session_cookie({"cookie": "a=b"}) is None


def test_who_the_cache_says_is_there(ada: Browser, strategy: Any, clock: Clock) -> None:
    now = clock().timestamp()
    found = get_cookie_cache(headers(ada), secret=SECRET, strategy=strategy, now=now)
    assert found is not None
    assert found.user["email"] == "ada@example.com"
    assert found.session["token"] == ada.session()["session"]["token"]


def test_what_is_not_genuine_current_or_in_time_is_nobody(
    ada: Browser, strategy: Any, clock: Clock
) -> None:
    now = clock().timestamp()
    sent = headers(ada)
    assert get_cookie_cache(sent, secret=SECRET[::-1], strategy=strategy, now=now) is None
    assert get_cookie_cache(sent, secret=SECRET, strategy=strategy, now=now + 400) is None
    options: dict[str, Any] = {"strategy": strategy, "version": "2", "now": now}
    assert get_cookie_cache(sent, secret=SECRET, **options) is None
    assert get_cookie_cache({}, secret=SECRET, strategy=strategy) is None


def test_the_secret_may_stand_in_the_environment(ada: Browser, strategy: Any, clock: Clock) -> None:
    options: dict[str, Any] = {"strategy": strategy, "now": clock().timestamp()}
    environ = {"BETTER_AUTH_SECRET": SECRET}
    assert get_cookie_cache(headers(ada), environ=environ, **options) is not None
    with pytest.raises(ConfigurationError, match="none is configured"):
        get_cookie_cache(headers(ada), environ={}, **options)
