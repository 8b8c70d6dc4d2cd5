"""Sessions, verifications and rate limits in a secondary storage."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser, Clock, handle
from tests.support.databases import mysql_database, postgres_database
from watchword import (
    Auth,
    ConfigurationError,
    Mail,
    ModelHooks,
    PasswordReset,
    RateLimit,
    Request,
    SessionOptions,
    VerificationOptions,
)
from watchword.plugins import OneTimeToken
from watchword.runtime.blocking import finish
from watchword.storage.memory import MemoryStorage

VERIFY, GENERATE = "/one-time-token/verify", "/one-time-token/generate"
OK = Request(method="GET", path="/api/auth/ok", host="localhost:3000")
MakeSecondary = Callable[..., Auth[Any]]


@pytest.fixture
def store(clock: Clock) -> MemoryStorage:
    return MemoryStorage(clock)


@pytest.fixture
def secondary(make_auth: MakeAuth, store: MemoryStorage) -> MakeSecondary:
    def make(**options: Any) -> Auth[Any]:
        return make_auth(secondary_storage=store, plugins=[OneTimeToken()], **options)

    return make


@pytest.fixture
def browser(secondary: MakeSecondary, kind: str) -> Browser:
    browser = Browser(secondary(), kind)
    browser.sign_up()
    return browser


def tables(folder: Path) -> set[str]:
    database = sqlite3.connect(folder / "test.db")
    try:
        return {row[0] for row in database.execute("select name from sqlite_master")}
    finally:
        database.close()


def test_sessions_live_there_under_the_references_keys(
    browser: Browser, store: MemoryStorage, tmp_path: Path
) -> None:
    found = browser.session()
    token, user_id = found["session"]["token"], found["user"]["id"]
    live = store.live()
    assert set(live) == {token, f"active-sessions-{user_id}"}
    assert json.loads(live[token]) == found
    ends = 1_893_456_000_000 + 604_800_000
    assert json.loads(live[f"active-sessions-{user_id}"]) == [{"token": token, "expiresAt": ends}]
    assert not {"session", "verification"} & tables(tmp_path)


def test_the_whole_life_of_a_session(browser: Browser, store: MemoryStorage, clock: Clock) -> None:
    phone = Browser(browser.auth, browser.kind)
    token = phone.sign_in().json["token"]
    assert len(browser.get("/list-sessions").json) == 2
    browser.post("/revoke-session", {"token": token})
    assert phone.session() is None
    assert token not in store.live()
    phone.sign_in()
    browser.post("/revoke-other-sessions", {})
    assert phone.session() is None
    clock.forward(86_400)
    assert browser.session()["session"]["expiresAt"] == "2030-01-09T00:00:00.000Z"
    browser.post("/sign-out", {})
    # Beside what notes that promises made before are void.
    assert all(key.startswith("verification:credential-generation:") for key in store.live())


def test_a_foreign_token_cannot_be_revoked(browser: Browser) -> None:
    bob = Browser(browser.auth, browser.kind)
    bob.sign_up("bob@example.com")
    token = browser.session()["session"]["token"]
    assert bob.post("/revoke-session", {"token": token}).status == 200
    assert browser.session() is not None


def test_entries_end_with_their_sessions(
    browser: Browser, store: MemoryStorage, clock: Clock
) -> None:
    clock.forward(604_800)
    assert store.live() == {}
    assert browser.session() is None


def test_a_changed_user_is_changed_in_all_sessions(browser: Browser) -> None:
    phone = Browser(browser.auth, browser.kind)
    phone.sign_in()
    assert browser.post("/update-user", {"name": "Countess"}).status == 200
    assert phone.session()["user"]["name"] == "Countess"


def test_rows_can_be_kept_and_preserved(
    secondary: MakeSecondary, store: MemoryStorage, tmp_path: Path, kind: str
) -> None:
    options = SessionOptions(store_in_database=True, preserve_in_database=True)
    browser = Browser(secondary(session=options), kind)
    browser.sign_up()
    browser.post("/sign-out", {})
    database = sqlite3.connect(tmp_path / "test.db")
    rows = database.execute("select expiresAt from session").fetchall()
    database.close()
    assert rows == [("2030-01-01T00:00:00.000Z",)]
    assert store.live() == {}


def test_with_rows_a_lost_entry_is_no_lost_session(
    secondary: MakeSecondary, store: MemoryStorage, kind: str
) -> None:
    browser = Browser(secondary(session=SessionOptions(store_in_database=True)), kind)
    token = browser.sign_up().json["token"]
    finish(store.delete(token))
    assert browser.session() is not None


def test_what_others_wrote_wrong_counts_as_absent(browser: Browser, store: MemoryStorage) -> None:
    token = browser.session()["session"]["token"]
    for damage in ("", "nothing", "[]", "{}", '{"session":{},"user":{}}'):
        finish(store.set(token, damage))
        assert browser.session() is None
        browser.sign_in()
        token = browser.session()["session"]["token"]


def test_one_time_tokens_are_promised_there(browser: Browser, store: MemoryStorage) -> None:
    token = browser.get(GENERATE).json["token"]
    key = f"verification:one-time-token:{token}"
    stored = json.loads(store.live()[key])
    assert set(stored) == {"identifier", "value", "expiresAt", "createdAt", "updatedAt"}
    phone = Browser(browser.auth, browser.kind)
    assert phone.post(VERIFY, {"token": token}).json == browser.session()
    assert phone.post(VERIFY, {"token": token}).status == 400


def test_fifty_redemptions_have_one_winner(secondary: MakeSecondary) -> None:
    auth = secondary()
    laptop = Browser(auth)
    laptop.sign_up()
    token = laptop.get(GENERATE).json["token"]
    with ThreadPoolExecutor(50) as pool:
        tries = pool.map(lambda _: Browser(auth).post(VERIFY, {"token": token}).status, range(50))
        assert sorted(tries) == [200] + [400] * 49


def test_verifications_can_stay_in_the_database(
    secondary: MakeSecondary, store: MemoryStorage
) -> None:
    auth = secondary(verification=VerificationOptions(store_in_database=True))
    browser = Browser(auth)
    browser.sign_up()
    token = browser.get(GENERATE).json["token"]
    assert not [key for key in store.live() if key.startswith("verification:")]
    assert browser.post(VERIFY, {"token": token}).status == 200


def test_passwords_are_reset_with_tokens_that_live_there(
    secondary: MakeSecondary, kind: str
) -> None:
    mails: list[Mail] = []
    reset = PasswordReset(send_reset_password=lambda mail, request: mails.append(mail))
    browser = Browser(secondary(password_reset=reset), kind)
    browser.sign_up()
    browser.post("/request-password-reset", {"email": "ada@example.com"})
    browser.auth.blocking.close()
    body = {"newPassword": "another-horse", "token": mails[0].token}
    assert browser.post("/reset-password", body).json == {"status": True}
    assert browser.post("/reset-password", body).code == "INVALID_TOKEN"
    assert browser.session() is None, "the address was never verified: all sessions end"


def test_rate_limits_are_counted_there(
    secondary: MakeSecondary, store: MemoryStorage, clock: Clock
) -> None:
    auth = secondary(rate_limit=RateLimit(enabled=True, window=10, max=5))
    with ThreadPoolExecutor(30) as pool:
        statuses = sorted(pool.map(lambda _: handle(auth, OK).status, range(30)))
    assert statuses == [200] * 5 + [429] * 25
    assert store.live() == {"no-trusted-ip|/ok": "30"}
    assert handle(auth, OK).header("x-retry-after") == "10"
    clock.forward(10)
    assert handle(auth, OK).status == 200


def test_counting_there_needs_a_storage(make_auth: MakeAuth) -> None:
    with pytest.raises(ConfigurationError, match="there is no secondary storage"):
        make_auth(rate_limit=RateLimit(storage="secondary-storage"))


async def test_many_writes_sweep_what_has_ended(clock: Clock) -> None:
    store = MemoryStorage(clock)
    for number in range(9_999):
        await store.set(f"key-{number}", "x", 5)
    clock.forward(5)
    await store.set("last", "x")
    assert set(store._entries) == {"last"}


class Interrupted(MemoryStorage):
    """Something happens just before the next replacement of a value."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.meanwhile: Callable[[], object] | None = None

    async def replace(
        self, key: str, old: str | None, new: str | None, ttl: int | None = None
    ) -> bool:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return await super().replace(key, old, new, ttl)


@pytest.mark.parametrize("rows", [False, True])
@pytest.mark.parametrize("what", ["renewal", "change of the user"])
def test_a_session_that_is_revoked_meanwhile_does_not_come_back(
    make_auth: MakeAuth, clock: Clock, rows: bool, what: str
) -> None:
    """S4: whoever changes an entry must not bring back one that was just revoked."""
    store = Interrupted(clock)
    auth = make_auth(secondary_storage=store, session=SessionOptions(store_in_database=rows))
    laptop, phone = Browser(auth), Browser(auth)
    laptop.sign_up()
    token = phone.sign_in().json["token"]
    clock.forward(86_399)
    laptop.session()
    store.meanwhile = lambda: laptop.post("/revoke-session", {"token": token})
    if what == "renewal":
        clock.forward(1)
        phone.get("/get-session")
    else:
        phone.post("/update-user", {"name": "Countess"})
    assert store.meanwhile is None
    assert token not in store.live()
    assert phone.session() is None


def test_fifty_sign_ins_at_once_are_all_listed(secondary: MakeSecondary) -> None:
    auth = secondary()
    browser = Browser(auth)
    browser.sign_up()
    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(lambda _: Browser(auth).sign_in().status, range(50))) == {200}
    assert len(browser.get("/list-sessions").json) == 51


def test_copies_of_another_server_go_with_the_row(
    secondary: MakeSecondary, store: MemoryStorage
) -> None:
    browser = Browser(secondary(verification=VerificationOptions(store_in_database=True)))
    browser.sign_up()
    token = browser.get(GENERATE).json["token"]
    finish(store.set(f"verification:one-time-token:{token}", "{}", 60))
    assert browser.post(VERIFY, {"token": token}).status == 200
    assert not [key for key in store.live() if key.startswith("verification:")]


def test_of_many_sessions_the_newest_are_listed_and_ones_own_in_any_case(
    secondary: MakeSecondary, clock: Clock, kind: str
) -> None:
    browser = Browser(secondary(), kind)
    own = browser.sign_up().json["token"]
    other, made = Browser(browser.auth, kind), []
    for _ in range(105):
        clock.forward(1)
        made.append(other.sign_in().json["token"])
    listed = [session["token"] for session in browser.get("/list-sessions").json]
    assert listed == [*made[:-101:-1], own]


@pytest.mark.parametrize("preserved", [False, True])
def test_with_rows_the_rows_are_listed(
    secondary: MakeSecondary, store: MemoryStorage, kind: str, preserved: bool
) -> None:
    options = SessionOptions(store_in_database=True, preserve_in_database=preserved)
    browser = Browser(secondary(session=options), kind)
    own = browser.sign_up().json["token"]
    other = Browser(browser.auth, kind).sign_in().json["token"]
    finish(store.delete(other))
    finish(store.delete(f"active-sessions-{browser.session()['user']['id']}"))
    listed = {session["token"] for session in browser.get("/list-sessions").json}
    assert listed == {own, other}


@pytest.mark.parametrize("url", ["sqlite", "postgres", "mysql"])
def test_ends_of_preserved_rows_run_the_hooks_of_deletions(
    make_auth: MakeAuth, clock: Clock, kind: str, url: str, request: pytest.FixtureRequest
) -> None:
    told: list[tuple[str, str]] = []

    def deleting(session: Any, call: Any) -> None:
        told.append(("before", session.token))

    def deleted(session: Any, call: Any) -> None:
        told.append(("after", session.token))

    def updating(changes: object, call: Any) -> None:
        told.append(("update", ""))

    hooks = ModelHooks(delete_before=deleting, delete_after=deleted, update_before=updating)
    options: dict[str, Any] = {
        "secondary_storage": MemoryStorage(clock),
        "session": SessionOptions(store_in_database=True, preserve_in_database=True),
        "database_hooks": {"session": hooks},
    }
    if url != "sqlite":
        make = postgres_database if url == "postgres" else mysql_database
        opened = make()
        options["database"] = opened.__enter__()
        request.addfinalizer(lambda: opened.__exit__(None, None, None))
    browser = Browser(make_auth(**options), kind)
    first = browser.sign_up().json["token"]
    second = browser.sign_in().json["token"]
    browser.post("/revoke-session", {"token": first})
    assert told == [("before", first), ("after", first)]
    told.clear()
    browser.post("/revoke-sessions", {})
    assert told == [("before", second), ("after", second)], "only rows that still live"
    browser.auth.blocking.close()


def test_a_hook_may_keep_a_preserved_row_alive(
    secondary: MakeSecondary, kind: str, tmp_path: Path
) -> None:
    options = SessionOptions(store_in_database=True, preserve_in_database=True)
    hooks = ModelHooks(delete_before=lambda session, call: False)
    browser = Browser(secondary(session=options, database_hooks={"session": hooks}), kind)
    browser.sign_up()
    browser.post("/sign-out", {})
    database = sqlite3.connect(tmp_path / "test.db")
    rows = database.execute("select expiresAt from session").fetchall()
    database.close()
    assert rows == [("2030-01-08T00:00:00.000Z",)]
