"""W7: a field that is hidden on the wire is not in copies that come back as truth. Code that looks
at a record sees what is stored, whatever vouched for the session."""

from __future__ import annotations

import json
from pathlib import Path
from sqlite3 import connect
from typing import Annotated, Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser, Clock
from watchword import (
    APIError,
    Call,
    Column,
    ConfigurationError,
    CookieCache,
    Hooks,
    Session,
    SessionOptions,
    User,
)
from watchword.runtime.blocking import finish
from watchword.sessions.sessions import current_session
from watchword.storage.memory import MemoryStorage
from watchword.storage.sqlite import SQLiteStorage

DATA = "better-auth.session_data"
Hidden = Annotated[bool, Column(input=False, returned=False)]


class Member(User, kw_only=True):
    suspended: Hidden = False


class Watched(Session, kw_only=True):
    suspended: Hidden = False


class Modern(User, kw_only=True):
    role: Annotated[str, Column(input=False)] = "admin"


CACHE = CookieCache()
OPTIONS: dict[str, dict[str, Any]] = {
    "user": {"user_type": Member, "session": SessionOptions(cookie_cache=CACHE)},
    "session": {"session": SessionOptions(cookie_cache=CACHE, model=Watched)},
}


@pytest.fixture(params=OPTIONS)
def model(request: pytest.FixtureRequest) -> str:
    return request.param


def suspend(folder: Path) -> None:
    with connect(folder / "test.db") as database:
        for (table,) in database.execute(
            "select name from sqlite_master where name in ('user', 'session')"
        ).fetchall():
            columns = {row[1] for row in database.execute(f"pragma table_info({table})")}
            if "suspended" in columns:
                database.execute(f"update {table} set suspended = 1")
    database.close()


def cookies(browser: Browser) -> dict[str, str]:
    return {"cookie": "; ".join(f"{name}={value}" for name, value in browser.jar.items())}


def seen(found: Any, model: str) -> bool:
    return getattr(found, model).suspended


@pytest.fixture
def browser(make_auth: MakeAuth, kind: str, model: str, tmp_path: Path) -> Browser:
    browser = Browser(make_auth(**OPTIONS[model]), kind)
    browser.sign_up()
    suspend(tmp_path)
    browser.session()
    assert DATA in browser.jar
    return browser


def test_own_routes_see_what_is_stored(browser: Browser, model: str) -> None:
    checked = browser.auth.blocking.check(cookies(browser))
    assert checked.session is not None
    assert seen(checked.session, model)


def test_server_side_calls_see_what_is_stored(browser: Browser, model: str) -> None:
    assert seen(browser.auth.blocking.api.get_session(headers=cookies(browser)), model)


@pytest.mark.parametrize("path", ["/list-accounts", "/update-session", "/get-session"])
def test_hooks_see_what_is_stored(
    make_auth: MakeAuth, kind: str, tmp_path: Path, model: str, path: str
) -> None:
    async def refuse(call: Call) -> None:
        found = await current_session(call)
        if found is not None and seen(found, model):
            raise APIError(403, "SUSPENDED")

    browser = Browser(make_auth(**OPTIONS[model], hooks=Hooks(before=refuse)), kind)
    browser.sign_up()
    suspend(tmp_path)
    method = "POST" if path == "/update-session" else "GET"
    assert browser.send(method, path).status == 403


def test_a_hook_behind_get_session_sees_what_is_stored(
    make_auth: MakeAuth, kind: str, tmp_path: Path, model: str
) -> None:
    def refuse(call: Call) -> None:
        if call.path == "/get-session" and seen(call.returned, model):
            raise APIError(403, "SUSPENDED")

    browser = Browser(make_auth(**OPTIONS[model], hooks=Hooks(after=refuse)), kind)
    browser.sign_up()
    suspend(tmp_path)
    assert browser.get("/get-session").status == 403


def test_clients_are_still_answered_from_the_cookie(
    make_auth: MakeAuth, kind: str, tmp_path: Path, model: str
) -> None:
    asked: list[str] = []

    class Counting:
        def __init__(self, engine: Any) -> None:
            self._engine = engine

        def __getattr__(self, name: str) -> Any:
            asked.append(name)
            return getattr(self._engine, name)

    class Storage(SQLiteStorage):
        def blocking(self, schema: Any) -> Any:
            return Counting(super().blocking(schema))

        def asynchronous(self, schema: Any) -> Any:
            return Counting(super().asynchronous(schema))

    auth = make_auth(**OPTIONS[model], database=Storage(str(tmp_path / "test.db")))
    browser = Browser(auth, kind)
    browser.sign_up()
    before = len(asked)
    assert browser.session() is not None
    assert [name for name in asked[before:] if name not in ("close", "plan", "apply")] == []


def test_a_field_that_a_cookie_does_not_know_is_asked_for(
    make_auth: MakeAuth, kind: str, tmp_path: Path
) -> None:
    session = SessionOptions(cookie_cache=CACHE)
    browser = Browser(make_auth(session=session), kind)
    browser.sign_up()
    browser.auth = make_auth(session=session, user_type=Modern)
    with connect(tmp_path / "test.db") as database:
        database.execute("update user set role = 'guest'")
    database.close()
    assert browser.session()["user"]["role"] == "guest"


@pytest.mark.parametrize("rows", [False, True])
def test_a_copy_that_lacks_hidden_fields_is_completed_from_the_database(
    make_auth: MakeAuth, clock: Clock, kind: str, tmp_path: Path, rows: bool
) -> None:
    """Another server on the storage writes sessions back without their hidden fields."""
    store = MemoryStorage(clock)
    session = SessionOptions(store_in_database=rows, model=Watched)
    auth = make_auth(secondary_storage=store, session=session, user_type=Member)
    browser = Browser(auth, kind)
    token = browser.sign_up().json["token"]
    suspend(tmp_path)
    entry = json.loads(store.live()[token])
    assert entry["user"].pop("suspended") is False
    assert entry["session"].pop("suspended") is False
    finish(store.set(token, json.dumps(entry), 600_000))
    found = auth.blocking.check(cookies(browser)).session
    assert found is not None
    assert seen(found, "user")
    assert seen(found, "session") is rows
    browser.post("/update-user", {"name": "Countess"})
    found = auth.blocking.check(cookies(browser)).session
    assert found is not None
    assert seen(found, "user")
    assert seen(found, "session") is rows


@pytest.mark.parametrize("option", ["user_type", "session.model"])
def test_without_a_store_hidden_fields_are_refused(make_auth: MakeAuth, option: str) -> None:
    given: dict[str, Any] = (
        {"user_type": Member}
        if option == "user_type"
        else {"session": SessionOptions(model=Watched)}
    )
    with pytest.raises(ConfigurationError, match="'suspended' is hidden") as refused:
        make_auth(database=None, **given)
    assert refused.value.option == option
