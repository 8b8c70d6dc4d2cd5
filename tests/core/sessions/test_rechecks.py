"""What outlasts a request asks once more: whether its session, key and user are still good."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.key_server import key_server
from tests.support.browser import Browser, Clock
from watchword import CookieCache, Session, SessionAndUser, SessionOptions
from watchword.plugins import Admin, Bearer
from watchword.sessions.checked import Checked
from watchword.storage.memory import MemoryStorage

DAY = 86_400


@dataclass
class Watched:
    """Somebody who was found, and may be asked about again."""

    browser: Browser
    checked: Checked[Any]

    def again(self) -> SessionAndUser[Any] | None:
        auth, checked = self.browser.auth, self.checked
        if self.browser.kind == "blocking":
            return auth.blocking.recheck(checked)

        async def run() -> SessionAndUser[Any] | None:
            try:
                return await auth.recheck(checked)
            finally:
                await auth.close()

        return asyncio.run(run())


def found_with(browser: Browser, **headers: str) -> Watched:
    sent = browser.request("GET", "/stream").headers.pairs
    given = dict(sent) | {name.replace("_", "-"): text for name, text in headers.items()}
    return Watched(browser, browser.auth.blocking.check(given))


def watching(browser: Browser) -> Watched:
    browser.sign_up()
    return found_with(browser)


CACHED = SessionOptions(cookie_cache=CookieCache(enabled=True, max_age=3000))
STORES: dict[str, Callable[[Path], dict[str, Any]]] = {
    "database": lambda _: {},
    "with a cache": lambda _: {"session": CACHED},
    "secondary": lambda _: {"secondary_storage": MemoryStorage()},
}


@pytest.fixture(params=STORES)
def ada(request: pytest.FixtureRequest, make_auth: MakeAuth, kind: str, tmp_path: Path) -> Watched:
    return watching(Browser(make_auth(**STORES[request.param](tmp_path)), kind))


def test_a_session_that_lives_is_still_there(ada: Watched) -> None:
    again = ada.again()
    assert again is not None
    assert again.user.email == "ada@example.com"
    assert ada.checked.session is not None
    assert again.session.id == ada.checked.session.session.id


def test_a_session_that_was_ended_is_over(ada: Watched) -> None:
    assert ada.browser.post("/sign-out").status == 200
    assert ada.again() is None


def test_so_is_one_that_was_ended_from_another_browser(ada: Watched) -> None:
    other = Browser(ada.browser.auth, ada.browser.kind)
    other.sign_in()
    assert other.post("/revoke-other-sessions").status == 200
    assert ada.again() is None
    assert found_with(other).again() is not None


def test_it_ends_when_its_time_is_over(ada: Watched, clock: Clock) -> None:
    clock.forward(6 * DAY)
    assert ada.again() is not None
    clock.forward(2 * DAY)
    assert ada.again() is None


def test_looking_renews_nothing(ada: Watched, clock: Clock) -> None:
    clock.forward(6 * DAY)
    again = ada.again()
    assert again is not None
    assert again.session.expires_at - clock() == timedelta(days=1)


def test_what_another_request_renewed_goes_on(ada: Watched, clock: Clock) -> None:
    clock.forward(6 * DAY)
    ada.browser.get("/get-session")
    clock.forward(6 * DAY)
    assert ada.again() is not None


def test_another_session_in_the_same_browser_is_not_taken_for_it(ada: Watched) -> None:
    """Behind the cookie of a session that is over, requests look for another one: this does not."""
    bob = Browser(ada.browser.auth, ada.browser.kind)
    bob.sign_up("bob@example.com")
    name = "better-auth.session_token"
    both = f"{name}={ada.browser.jar[name]}; {name}={bob.jar[name]}"
    found = found_with(ada.browser, cookie=both)
    assert found.checked.required().user.email == "ada@example.com"
    ada.browser.post("/sign-out")
    assert found.again() is None


def test_nobody_stays_nobody(make_auth: MakeAuth, kind: str) -> None:
    assert found_with(Browser(make_auth(), kind)).again() is None


def test_a_bearer_is_asked_about_as_well(make_auth: MakeAuth, kind: str) -> None:
    browser = Browser(make_auth(plugins=[Bearer()]), kind)
    browser.sign_up()
    token, browser.jar = browser.jar["better-auth.session_token"], {}
    found = found_with(browser, authorization=f"Bearer {token}")
    assert found.again() is not None
    browser.post("/sign-out", authorization=f"Bearer {token}")
    assert found.again() is None


def test_who_is_banned_or_deleted_is_over(make_auth: MakeAuth, kind: str, tmp_path: Path) -> None:
    auth = make_auth(plugins=[Admin()])
    ada, bob = watching(Browser(auth, kind)), Browser(auth, kind)
    bob.sign_up("bob@example.com")
    bobs = found_with(bob)
    # The row alone, as another program would: not even its sessions are gone.
    with closing(sqlite3.connect(tmp_path / "test.db")) as other, other:
        other.execute("UPDATE user SET banned = 1 WHERE email = 'bob@example.com'")
    assert bobs.again() is None
    auth.blocking.users.delete(ada.checked.required().user.id)
    assert ada.again() is None


def test_what_is_in_its_cookie_alone_ends_with_it(
    make_auth: MakeAuth, kind: str, clock: Clock
) -> None:
    ada = watching(Browser(make_auth(database=None), kind))
    assert ada.again() is not None
    clock.forward(8 * DAY)
    assert ada.again() is None


def test_a_key_is_looked_at_without_a_use_of_it(
    make_auth: MakeAuth, kind: str, clock: Clock
) -> None:
    server = key_server(make_auth, kind)(enable_session_for_api_keys=True)
    key = server.create(remaining=2)
    found = found_with(server.browser(), x_api_key=key.key)
    for _ in range(5):
        assert found.again() is not None
    assert server.code(key.key) == "ok"
    assert server.code(key.key) == "USAGE_EXCEEDED"


def test_a_key_that_is_switched_off_is_over(make_auth: MakeAuth, kind: str) -> None:
    server = key_server(make_auth, kind)(enable_session_for_api_keys=True)
    key = server.create()
    found = found_with(server.browser(), x_api_key=key.key)
    assert found.again() is not None
    server.ada.post("/api-key/update", {"keyId": key.id, "enabled": False})
    assert found.again() is None


def test_the_answer_of_another_server_is_refused(make_auth: MakeAuth) -> None:
    ada = watching(Browser(make_auth()))
    with pytest.raises(RuntimeError, match="another Auth"):
        make_auth().blocking.recheck(ada.checked)


def test_a_session_model_of_ones_own_comes_back_whole(make_auth: MakeAuth) -> None:
    class Themed(Session, kw_only=True):
        theme: str | None = None

    ada = watching(Browser(make_auth(session=SessionOptions(model=Themed))))
    again = ada.again()
    assert again is not None
    assert isinstance(again.session, Themed)
