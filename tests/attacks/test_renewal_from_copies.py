"""W6: nothing is renewed from a copy. What the database says reaches everybody within the time that
a copy is believed for, however the browser uses it."""

from __future__ import annotations

from pathlib import Path
from sqlite3 import connect
from typing import Annotated, Any

import psycopg
import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser, Clock
from tests.support.databases import postgres_database
from watchword import Call, Column, CookieCache, Hooks, Session, SessionOptions, User
from watchword.plugins import OneTimeToken
from watchword.sessions.sessions import current_session, set_session_cookies
from watchword.storage.memory import MemoryStorage

DATA = "better-auth.session_data"
MAX_AGE = 300


class Member(User, kw_only=True):
    role: Annotated[str, Column(input=False)] = "member"


class Note(Session, kw_only=True):
    note: str = ""


@pytest.fixture(params=["compact", "jwt", "jwe"])
def strategy(request: pytest.FixtureRequest) -> str:
    return request.param


def cached(strategy: Any = "compact", **options: Any) -> SessionOptions:
    return SessionOptions(
        cookie_cache=CookieCache(strategy=strategy),
        model=Note,
        **options,
    )


def give_role(folder: Path, role: str) -> None:
    with connect(folder / "test.db") as database:
        database.execute("update user set role = ?", (role,))
    database.close()


def role_of(browser: Browser) -> str:
    return browser.session()["user"]["role"]


@pytest.fixture
def admin(make_auth: MakeAuth, kind: str, strategy: str, tmp_path: Path) -> Browser:
    auth = make_auth(session=cached(strategy), user_type=Member, plugins=[OneTimeToken()])
    browser = Browser(auth, kind)
    browser.sign_up()
    give_role(tmp_path, "admin")
    browser.sign_in()
    assert role_of(browser) == "admin"
    return browser


LOOPS: dict[str, Any] = {
    "update-session": lambda browser, turn: browser.post("/update-session", {"note": str(turn)}),
    "refused update-session": lambda browser, turn: browser.post("/update-session", {}),
    "one-time token": lambda browser, turn: browser.get("/one-time-token/generate"),
    "get-session": lambda browser, turn: browser.get("/get-session"),
    "list-accounts": lambda browser, turn: browser.get("/list-accounts"),
    "own route": lambda browser, turn: browser.keep(
        browser.auth.blocking.check({"cookie": cookies(browser)}).cookies
    ),
}


def cookies(browser: Browser) -> str:
    return "; ".join(f"{name}={value}" for name, value in browser.jar.items())


@pytest.mark.parametrize("loop", LOOPS)
def test_a_removed_role_is_gone_within_the_life_of_the_cookie(
    admin: Browser, clock: Clock, tmp_path: Path, loop: str
) -> None:
    give_role(tmp_path, "member")
    for turn in range(MAX_AGE // 50 + 1):
        LOOPS[loop](admin, turn)
        clock.forward(50)
    assert role_of(admin) == "member"


def test_a_changed_session_comes_with_the_user_of_the_store(admin: Browser, tmp_path: Path) -> None:
    give_role(tmp_path, "member")
    assert admin.post("/update-session", {"note": "x"}).status == 200
    assert role_of(admin) == "member"
    assert admin.session()["session"]["note"] == "x"


def test_a_hook_of_the_application_cannot_renew_the_copy_either(
    make_auth: MakeAuth, clock: Clock, tmp_path: Path, kind: str
) -> None:
    async def touch(call: Call) -> None:
        found = await current_session(call)
        if found is not None:
            set_session_cookies(call, found.session, found.user)

    auth = make_auth(session=cached(), user_type=Member, hooks=Hooks(before=touch))
    browser = Browser(auth, kind)
    browser.sign_up()
    give_role(tmp_path, "admin")
    browser.sign_in()
    give_role(tmp_path, "member")
    for _ in range(7):
        browser.get("/list-accounts")
        clock.forward(50)
    assert role_of(browser) == "member"


def test_a_session_that_was_ended_is_not_written_again(admin: Browser, clock: Clock) -> None:
    other = Browser(admin.auth, admin.kind)
    other.sign_in()
    other.post("/revoke-other-sessions", {})
    for turn in range(4):
        admin.post("/update-session", {"note": str(turn)})
        clock.forward(100)
    assert admin.session() is None


@pytest.mark.parametrize("rows", [False, True])
def test_a_copy_in_a_secondary_storage_is_renewed_from_the_database(
    make_auth: MakeAuth, clock: Clock, tmp_path: Path, kind: str, rows: bool
) -> None:
    auth = make_auth(
        secondary_storage=MemoryStorage(clock),
        session=SessionOptions(store_in_database=rows),
        user_type=Member,
    )
    browser = Browser(auth, kind)
    browser.sign_up()
    give_role(tmp_path, "admin")
    browser.sign_in()
    give_role(tmp_path, "member")
    assert role_of(browser) == "admin", "raw SQL tells nobody"
    clock.forward(86_400)
    assert role_of(browser) == "member"


def test_a_deleted_user_is_not_renewed_from_a_copy(
    make_auth: MakeAuth, clock: Clock, tmp_path: Path, kind: str
) -> None:
    browser = Browser(make_auth(secondary_storage=MemoryStorage(clock)), kind)
    browser.sign_up()
    with connect(tmp_path / "test.db") as database:
        database.execute("delete from account")
        database.execute("delete from user")
    database.close()
    clock.forward(86_400)
    assert browser.get("/get-session").code == "FAILED_TO_GET_SESSION"
    assert browser.session() is None


def test_the_same_on_postgresql(make_auth: MakeAuth, clock: Clock, kind: str) -> None:
    with postgres_database() as url:
        browser = Browser(make_auth(database=url, session=cached(), user_type=Member), kind)
        browser.sign_up()
        with psycopg.connect(url, autocommit=True) as database:
            database.execute("""update "user" set role = 'admin'""")
            browser.sign_in()
            database.execute("""update "user" set role = 'member'""")
        for turn in range(7):
            browser.post("/update-session", {"note": str(turn)})
            clock.forward(50)
        assert role_of(browser) == "member"
        browser.auth.blocking.close()
