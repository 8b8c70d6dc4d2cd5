"""A session that was revoked with all of its user's does not come back: not by a write that was on
its way, not by a server that looks less carefully, and not through a list (S4, S5)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser, Clock
from tests.support.databases import redis_keys
from watchword import Auth, DeleteUser, Mail, PasswordReset, SessionOptions
from watchword.plugins import OneTimeTokenSession
from watchword.runtime.blocking import finish
from watchword.storage.memory import MemoryStorage
from watchword.storage.redis import RedisStorage

START = 1_893_456_000_000
WEEK = 604_800


class Store:
    """What a second server on the storage does, which knows nothing of marks."""

    def __init__(self, storage: Any, read: Callable[[str], Any], write: Callable[..., Any]) -> None:
        self.storage = storage
        self.read = read
        self.write = write


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest, clock: Clock) -> Iterator[Store]:
    if request.param == "memory":
        memory = MemoryStorage(clock)
        yield Store(
            memory,
            lambda key: memory.live().get(key),
            lambda key, text: finish(memory.set(key, text, WEEK)),
        )
        return
    with redis_keys() as keys, Redis.from_url(keys.url, decode_responses=True) as client:
        yield Store(
            RedisStorage(keys.url, prefix=keys.prefix, timeout=20),
            lambda key: client.get(keys.prefix + key),
            lambda key, text: client.set(keys.prefix + key, text, ex=WEEK),
        )


@pytest.fixture(params=["alone", "beside preserved rows"])
def auth(make_auth: MakeAuth, store: Store, request: pytest.FixtureRequest) -> Auth[Any]:
    rows = request.param != "alone"
    return make_auth(
        secondary_storage=store.storage,
        session=SessionOptions(store_in_database=rows, preserve_in_database=rows),
        delete_user=DeleteUser(enabled=True),
        plugins=[OneTimeTokenSession()],
    )


@pytest.fixture
def ada(auth: Auth[Any], kind: str) -> Browser:
    browser = Browser(auth, kind)
    browser.sign_up()
    return browser


def twin(browser: Browser) -> Browser:
    other = Browser(browser.auth, browser.kind)
    other.jar = dict(browser.jar)
    return other


def mark_of(browser_user: str) -> str:
    return f"revoked-sessions-before-{browser_user}"


CHANGE = {"currentPassword": "password1234", "newPassword": "password5678"}
ENDINGS: dict[str, tuple[str, Any]] = {
    "revoke-sessions": ("/revoke-sessions", {}),
    "change-password": ("/change-password", {**CHANGE, "revokeOtherSessions": True}),
    "delete-user": ("/delete-user", {"password": "password1234"}),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_late_write_brings_no_session_back(
    ada: Browser, store: Store, clock: Clock, ending: str
) -> None:
    thief = Browser(ada.auth, ada.kind)
    token = thief.sign_in().json["token"]
    user_id = ada.session()["user"]["id"]
    entry, listed = store.read(token), store.read(f"active-sessions-{user_id}")
    clock.forward(1)
    path, body = ENDINGS[ending]
    assert ada.post(path, body).status == 200
    assert store.read(token) is None
    assert store.read(mark_of(user_id)) == str(START + 1000)
    store.write(token, entry)
    store.write(f"active-sessions-{user_id}", listed)
    assert thief.session() is None


def test_it_is_not_renewed_changed_listed_or_handed_on_either(
    ada: Browser, store: Store, clock: Clock
) -> None:
    thief = Browser(ada.auth, ada.kind)
    token = thief.sign_in().json["token"]
    promised = thief.get("/one-time-token-session/generate").json["token"]
    user_id = ada.session()["user"]["id"]
    entry, listed = store.read(token), store.read(f"active-sessions-{user_id}")
    clock.forward(1)
    ada.post("/revoke-sessions", {})
    store.write(token, entry)
    store.write(f"active-sessions-{user_id}", listed)
    body = {"token": promised}
    assert twin(thief).post("/one-time-token-session/verify", body).status == 400
    assert twin(thief).post("/update-user", {"name": "Mallory"}).status == 401
    ada.sign_in()
    assert len(ada.get("/list-sessions").json) == 1
    ada.post("/update-user", {"name": "Countess"})
    clock.forward(86_400)
    assert twin(thief).session() is None
    assert ada.session()["user"]["name"] == "Countess"


def test_the_session_that_a_changed_password_makes_survives(ada: Browser, store: Store) -> None:
    assert ada.post(*ENDINGS["change-password"]).status == 200
    assert ada.session() is not None
    assert len(ada.get("/list-sessions").json) == 1


def test_ending_one_or_the_others_writes_no_mark(ada: Browser, store: Store) -> None:
    other = Browser(ada.auth, ada.kind)
    token = other.sign_in().json["token"]
    ada.post("/revoke-session", {"token": token})
    ada.post("/revoke-other-sessions", {})
    assert store.read(mark_of(ada.session()["user"]["id"])) is None


def test_a_mark_of_another_server_counts(ada: Browser, store: Store) -> None:
    user_id = ada.session()["user"]["id"]
    later = str(START + 60_000)
    store.write(mark_of(user_id), later)
    ada.sign_in()
    assert ada.session() is None, "another server, whose clock is ahead, ended all"


@pytest.mark.parametrize("text", ["", "soon", "-5", "1e99", "[]"])
def test_what_is_no_mark_is_none(ada: Browser, store: Store, text: str) -> None:
    user_id = ada.session()["user"]["id"]
    store.write(mark_of(user_id), text)
    assert ada.session() is not None
    assert ada.post("/revoke-sessions", {}).status == 200
    assert store.read(mark_of(user_id)) == str(START)


def test_the_mark_stays_as_long_as_sessions_live(make_auth: MakeAuth, clock: Clock) -> None:
    store = MemoryStorage(clock)
    for life, kept in ((3600, 86_400), (2 * WEEK, 2 * WEEK)):
        options = SessionOptions(expires_in=life)
        browser = Browser(make_auth(secondary_storage=store, session=options))
        email = f"{life}@example.com"
        user_id = browser.sign_up(email).json["user"]["id"]
        browser.post("/revoke-sessions", {})
        clock.forward(kept - 1)
        assert mark_of(user_id) in store.live()
        clock.forward(1)
        assert mark_of(user_id) not in store.live()


def test_a_password_reset_marks_too(make_auth: MakeAuth, clock: Clock, kind: str) -> None:
    mails: list[Mail] = []
    store = MemoryStorage(clock)
    reset = PasswordReset(
        send_reset_password=lambda mail, request: mails.append(mail), revoke_sessions=True
    )
    browser = Browser(make_auth(secondary_storage=store, password_reset=reset), kind)
    signed_up = browser.sign_up().json
    entry = store.live()[signed_up["token"]]
    clock.forward(1)
    browser.post("/request-password-reset", {"email": "ada@example.com"})
    browser.auth.blocking.close()
    body = {"newPassword": "another-horse", "token": mails[0].token}
    assert browser.post("/reset-password", body).status == 200
    finish(store.set(signed_up["token"], entry, WEEK))
    assert browser.session() is None
    # A server whose clock is ahead ended all: its mark does not move back.
    mark, later = mark_of(signed_up["user"]["id"]), str(START + 60_000)
    finish(store.set(mark, later, WEEK))
    browser.post("/request-password-reset", {"email": "ada@example.com"})
    browser.auth.blocking.close()
    assert browser.post("/reset-password", {**body, "token": mails[1].token}).status == 200
    assert store.live()[mark] == later


def test_a_row_stands_in_only_for_what_was_not_revoked(
    make_auth: MakeAuth, clock: Clock, kind: str
) -> None:
    store = MemoryStorage(clock)
    options = SessionOptions(store_in_database=True)
    ada = Browser(make_auth(secondary_storage=store, session=options), kind)
    token = ada.sign_up().json["token"]
    entry = store.live()[token]
    thief = twin(ada)
    clock.forward(1)
    ada.post("/revoke-sessions", {})
    assert ada.jar == {}
    finish(store.set(token, entry, WEEK))
    assert json.loads(store.live()[token])["session"]["token"] == token
    assert thief.session() is None
