"""A server without any store: the session is in its cookie and nowhere else."""

from __future__ import annotations

import asyncio
import base64
import logging
from typing import Annotated, Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import SECRET, Browser, Clock
from watchword import (
    APIError,
    Column,
    ConfigurationError,
    CookieCache,
    DeleteUser,
    EmailAndPassword,
    ModelHooks,
    PasswordReset,
    RateLimit,
    RefreshCache,
    Session,
    SessionOptions,
    VerificationOptions,
)
from watchword.database.transient_rows import LONGEST_TEXT, TransientEngine, TransientRows
from watchword.features.passwords import SetPassword
from watchword.plugins import Bearer, OneTimeToken
from watchword.records import User, Verification
from watchword.storage.memory import MemoryStorage
from watchword.storage.sqlite import SQLiteStorage

TOKEN, DATA = "better-auth.session_token", "better-auth.session_data"
DAY = 86_400
WEEK = 7 * DAY


class Themed(Session, kw_only=True):
    theme: str | None = None


@pytest.fixture
def make_stateless(make_auth: MakeAuth) -> MakeAuth:
    """Builds processes of one server: the same secret, no store."""

    def make(**options: Any) -> Any:
        return make_auth(database=None, **options)

    return make


@pytest.fixture
def ada(make_stateless: MakeAuth, kind: str) -> Browser:
    """Signed in at one process, and now talking to another one."""
    browser = Browser(make_stateless(session=SessionOptions(model=Themed)), kind)
    browser.sign_up()
    browser.auth = make_stateless(
        session=SessionOptions(model=Themed),
        email_and_password=EmailAndPassword(enabled=True),
    )
    return browser


@pytest.fixture
def no_rows(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of the rows in memory: a list that stays empty where nothing is."""
    asked: list[str] = []
    opened = TransientEngine._opened  # pyright: ignore[reportPrivateUsage]

    async def noted(self: TransientEngine) -> Any:
        asked.append("asked")
        return await opened(self)

    monkeypatch.setattr(TransientEngine, "_opened", noted)
    return asked


def test_a_session_made_by_one_process_is_good_at_another(ada: Browser) -> None:
    found = ada.session()
    assert found["user"]["email"] == "ada@example.com"
    assert found["session"]["token"] in ada.jar[TOKEN]


def test_reading_the_session_asks_no_storage(ada: Browser, no_rows: list[str]) -> None:
    for query in ({}, {"disableCookieCache": "true"}, {"disableRefresh": "true"}):
        assert ada.get("/get-session", query).json is not None
    assert ada.get("/list-sessions").status == 200
    assert ada.post("/update-session", {"theme": "dark"}).status == 200
    assert ada.post("/sign-out", {}).status == 200
    assert no_rows == []


def test_the_cookie_is_encrypted_and_lives_as_long_as_a_session(ada: Browser) -> None:
    bob = Browser(ada.auth, ada.kind)
    assert f"Max-Age={WEEK}" in str(bob.sign_up("bob@example.com").cookie(DATA))
    header, key, *rest = bob.jar[DATA].split(".")
    assert base64.urlsafe_b64decode(header + "==").startswith(b'{"alg":"dir"')
    assert (key, len(rest)) == ("", 3)


def test_the_session_ends_when_it_said_it_would(ada: Browser, clock: Clock) -> None:
    clock.forward(WEEK - 1)
    assert ada.session() is not None
    clock.forward(1)
    answer = ada.get("/get-session")
    assert answer.json is None
    assert ada.jar == {}


def test_c1_a_token_without_its_cookie_is_nobody(ada: Browser) -> None:
    data = ada.jar.pop(DATA)
    assert ada.session() is None
    ada.jar = {DATA: data}
    assert ada.session() is None


def test_c1_the_cookie_counts_only_beside_the_token_of_its_session(ada: Browser) -> None:
    eve = Browser(ada.auth, ada.kind)
    eve.sign_up("eve@example.com")
    eve.jar[DATA] = ada.jar[DATA]
    assert eve.session() is None


def test_c1_another_secret_believes_neither_cookie(make_stateless: MakeAuth, ada: Browser) -> None:
    ada.auth = make_stateless(secret=SECRET[::-1])
    assert ada.session() is None


@pytest.mark.parametrize("damage", ["", "x", "%%%", "a.b.c.d.e", "a" * 9000])
def test_c3_a_damaged_cookie_is_nobody_and_no_error(ada: Browser, damage: str) -> None:
    ada.jar[DATA] = damage
    answer = ada.get("/get-session")
    assert (answer.status, answer.json) == (200, None)


def test_a_session_can_be_changed_where_no_row_is(ada: Browser) -> None:
    changed = ada.post("/update-session", {"theme": "dark"}).json
    assert changed["session"]["theme"] == "dark"
    assert ada.session()["session"] == changed["session"]


def test_a_user_can_be_changed_where_no_row_is(ada: Browser, clock: Clock) -> None:
    clock.forward(60)
    before = ada.session()
    assert ada.post("/update-user", {"name": "Countess"}).json == {"status": True}
    after = ada.session()
    assert after["user"]["name"] == "Countess"
    assert after["user"]["updatedAt"] > before["user"]["updatedAt"]
    assert after["session"] == before["session"]


def test_hooks_are_asked_about_changes_that_only_the_cookie_holds(
    make_stateless: MakeAuth, ada: Browser
) -> None:
    seen: list[str] = []
    hooks = ModelHooks(
        update_before=lambda values, call: False if values.get("name") == "Eve" else None,
        update_after=lambda user, call: seen.append(getattr(user, "name", "")),
    )
    ada.auth = make_stateless(session=SessionOptions(model=Themed), database_hooks={"user": hooks})
    ada.post("/update-user", {"name": "Eve"})
    assert ada.session()["user"]["name"] == "Ada"
    ada.post("/update-user", {"name": "Countess"})
    assert ada.session()["user"]["name"] == "Countess"
    assert seen == ["Countess"]


def test_the_list_of_sessions_holds_this_one(ada: Browser) -> None:
    assert ada.get("/list-sessions").json == [ada.session()["session"]]


@pytest.mark.parametrize("path", ["/revoke-sessions", "/revoke-other-sessions"])
def test_what_cannot_be_revoked_is_not_said_to_be(ada: Browser, path: str) -> None:
    answer = ada.post(path, {})
    assert (answer.status, answer.code) == (400, "SESSIONS_NOT_STORED")
    assert ada.session() is not None


def test_s7_revoking_a_token_tells_nothing_about_it(ada: Browser) -> None:
    bob = Browser(ada.auth, ada.kind)
    bob.sign_up("bob@example.com")
    known = ada.post("/revoke-session", {"token": bob.session()["session"]["token"]})
    unknown = ada.post("/revoke-session", {"token": "x" * 32})
    assert known.status == unknown.status == 400
    assert known.json == unknown.json
    assert bob.session() is not None


def test_revoking_ones_own_session_signs_this_browser_out(ada: Browser) -> None:
    answer = ada.post("/revoke-session", {"token": ada.session()["session"]["token"]})
    assert (answer.status, answer.json) == (200, {"status": True})
    assert ada.jar == {}


def test_s4_signing_out_takes_the_cookies_but_a_copy_lives_on_until_the_version_is_raised(
    make_stateless: MakeAuth, ada: Browser
) -> None:
    copied = dict(ada.jar)
    ada.post("/sign-out", {})
    assert ada.jar == {}
    ada.jar = copied
    assert ada.session() is not None, "the price of having no store"
    ada.auth = make_stateless(
        session=SessionOptions(model=Themed, cookie_cache=CookieCache(version="2"))
    )
    assert ada.session() is None


def test_changing_the_password_cannot_promise_to_end_other_sessions(ada: Browser) -> None:
    change = {"currentPassword": "password1234", "newPassword": "password12345"}
    refused = ada.post("/change-password", {**change, "revokeOtherSessions": True})
    assert (refused.status, refused.code) == (400, "SESSIONS_NOT_STORED")
    assert ada.post("/change-password", change).code == "CREDENTIAL_ACCOUNT_NOT_FOUND"


def test_s9_a_fresh_session_is_asked_for_here_too(ada: Browser, clock: Clock) -> None:
    clock.forward(DAY)
    assert ada.get("/list-sessions").code == "SESSION_NOT_FRESH"


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/list-accounts", None, 200),
        ("/change-password", {"currentPassword": "a" * 8, "newPassword": "b" * 8}, 400),
        ("/verify-password", {"password": "password1234"}, 400),
        ("/unlink-account", {"accountId": "x", "providerId": "credential"}, 400),
        ("/change-email", {"newEmail": "eve@example.com"}, 400),
        ("/delete-user", {}, 404),
        ("/sign-in/email", {"email": "ada@example.com", "password": "password1234"}, 401),
        ("/request-password-reset", {"email": "ada@example.com"}, 400),
        ("/send-verification-email", {"email": "ada@example.com"}, 400),
    ],
)
def test_what_needs_a_row_that_is_elsewhere_is_refused_and_no_failure(
    ada: Browser, path: str, body: Any, expected: int
) -> None:
    answer = ada.get(path) if body is None else ada.post(path, body)
    assert answer.status == expected


def test_giving_a_first_password_to_a_user_of_another_process_is_refused(ada: Browser) -> None:
    cookie = "; ".join(f"{name}={value}" for name, value in ada.jar.items())
    with pytest.raises(APIError) as refused:
        ada.auth.blocking.api.set_password(
            SetPassword(new_password="password1234"), headers={"cookie": cookie}
        )
    assert refused.value.status == 401


def test_the_application_hears_of_a_deletion_where_no_row_is(
    make_stateless: MakeAuth, ada: Browser
) -> None:
    gone: list[str] = []
    options = DeleteUser(enabled=True, after_delete=lambda user, request: gone.append(user.email))
    ada.auth = make_stateless(session=SessionOptions(model=Themed), delete_user=options)
    assert ada.post("/delete-user", {}).status == 200
    assert gone == ["ada@example.com"]
    assert ada.jar == {}


def test_a_token_alone_is_no_session_for_plugins_either(
    make_stateless: MakeAuth, kind: str
) -> None:
    browser = Browser(make_stateless(plugins=[OneTimeToken(), Bearer()]), kind)
    browser.sign_up()
    token = browser.get("/one-time-token/generate").json["token"]
    bearer = browser.session()["session"]["token"]
    stranger = Browser(browser.auth, kind)
    assert stranger.post("/one-time-token/verify", {"token": token}).status == 400
    answer = stranger.get("/get-session", authorization=f"Bearer {bearer}")
    assert (answer.status, answer.json) == (200, None)


def test_within_one_process_people_can_sign_in_again(make_stateless: MakeAuth, kind: str) -> None:
    browser = Browser(make_stateless(), kind)
    first = browser.sign_up().json["user"]["id"]
    browser.post("/sign-out", {})
    assert browser.sign_in().json["user"]["id"] == first
    assert browser.sign_up().status == 422


def test_without_remember_me_the_cookie_ends_with_the_browser_and_the_session_with_the_day(
    make_stateless: MakeAuth, kind: str, clock: Clock
) -> None:
    browser = Browser(make_stateless(), kind)
    assert "Max-Age" not in str(browser.sign_up(rememberMe=False).cookie(DATA))
    for _ in range(3):
        clock.forward(DAY / 4)
        answer = browser.get("/get-session")
        assert answer.json is not None
        assert not [line for line in answer.cookies if "Max-Age" in line]
    clock.forward(DAY / 4)
    assert browser.session() is None


def test_the_applications_own_routes_know_who_it_is(ada: Browser) -> None:
    cookie = "; ".join(f"{name}={value}" for name, value in ada.jar.items())
    found = ada.auth.blocking.check({"cookie": cookie})
    assert found.session is not None
    assert found.cookies == ()


def test_a_session_that_no_cookies_can_hold_is_refused(make_stateless: MakeAuth, kind: str) -> None:
    wide = {f"x{number}": "y" * LONGEST_TEXT for number in range(60)}
    record = type("Wide", (User,), {"__annotations__": dict.fromkeys(wide, str)}, kw_only=True)
    browser = Browser(make_stateless(user_type=record), kind)
    answer = browser.sign_up(**wide)
    assert (answer.status, answer.code) == (400, "SESSION_TOO_LARGE")
    assert browser.jar == {}


def test_long_values_do_not_fill_the_memory(make_stateless: MakeAuth, kind: str) -> None:
    browser = Browser(make_stateless(), kind)
    assert browser.sign_up(image="x" * (LONGEST_TEXT + 1)).status == 400
    assert browser.sign_up(image="x" * LONGEST_TEXT).status == 200
    assert browser.post("/update-user", {"image": "x" * (LONGEST_TEXT + 1)}).status == 400


async def test_the_oldest_rows_make_room(
    make_stateless: MakeAuth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watchword.database.transient_rows.MOST_ROWS", 200)
    schema = make_stateless().config.tables.schema
    engine = TransientRows(SQLiteStorage(":memory:")).asynchronous(schema)
    clock, most = Clock(), 0
    for number in range(450):
        clock.forward(1)
        await engine.create("verification", _promise(number, clock))
        most = max(most, await engine.count("verification"))
    latest = await engine.find_many("verification", limit=None)
    await engine.close()
    assert most <= 300
    assert len(latest) <= 300
    assert any(row["identifier"] == "449" for row in latest)


def _promise(number: int, clock: Clock) -> Any:
    times = dict.fromkeys(("expiresAt", "createdAt", "updatedAt"), clock())
    assert Verification.__model__ == "verification"
    return {"id": f"v{number}", "identifier": str(number), "value": "x", **times}


def test_both_worlds_of_one_process_see_the_same_rows(make_stateless: MakeAuth) -> None:
    auth = make_stateless()
    Browser(auth, "blocking").sign_up()
    assert Browser(auth, "async").sign_in().status == 200


async def test_many_at_once_open_the_rows_once(make_stateless: MakeAuth) -> None:
    auth = make_stateless()
    engine = auth.storage.asynchronous(auth.config.tables.schema)
    counts = await asyncio.gather(*(engine.count("user") for _ in range(20)))
    await engine.close()
    assert counts == [0] * 20


def test_there_is_nothing_to_migrate(make_stateless: MakeAuth) -> None:
    assert make_stateless().blocking.migrate() == []


def test_with_a_secondary_storage_alone_sessions_can_be_ended(
    make_stateless: MakeAuth, clock: Clock
) -> None:
    browser = Browser(make_stateless(secondary_storage=MemoryStorage(clock)))
    browser.sign_up()
    assert DATA not in browser.jar
    kept = dict(browser.jar)
    assert browser.post("/revoke-sessions", {}).status == 200
    browser.jar = kept
    assert browser.session() is None


CONTRADICTIONS: list[tuple[str, dict[str, Any]]] = [
    (
        "session.cookie_cache.enabled",
        {"session": SessionOptions(cookie_cache=CookieCache(enabled=False))},
    ),
    (
        "session.cookie_cache.refresh_cache.update_age",
        {
            "session": SessionOptions(
                cookie_cache=CookieCache(max_age=100, refresh_cache=RefreshCache(update_age=101))
            )
        },
    ),
    ("rate_limit.storage", {"rate_limit": RateLimit(storage="database")}),
    ("password_reset.revoke_sessions", {"password_reset": PasswordReset(revoke_sessions=True)}),
    (
        "session.store_in_database",
        {
            "session": SessionOptions(store_in_database=True),
            "secondary_storage": MemoryStorage(),
        },
    ),
    (
        "verification.store_in_database",
        {
            "verification": VerificationOptions(store_in_database=True),
            "secondary_storage": MemoryStorage(),
        },
    ),
]


@pytest.mark.parametrize(("option", "options"), CONTRADICTIONS, ids=[o for o, _ in CONTRADICTIONS])
def test_options_that_need_a_store_are_refused(
    make_stateless: MakeAuth, option: str, options: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        make_stateless(**options)
    assert refused.value.option == option


@pytest.mark.parametrize("refresh", [True, RefreshCache(update_age=30)])
@pytest.mark.parametrize("stored", [{}, {"secondary_storage": MemoryStorage()}])
def test_s4_refreshing_a_cache_beside_a_store_is_refused(
    make_auth: MakeAuth, refresh: Any, stored: Any
) -> None:
    """S4: it would keep a session alive that the store has forgotten."""
    cache = CookieCache(refresh_cache=refresh)
    with pytest.raises(ConfigurationError) as refused:
        make_auth(session=SessionOptions(cookie_cache=cache), **stored)
    assert refused.value.option == "session.cookie_cache.refresh_cache"


def test_passwords_without_a_database_are_warned_about(
    make_stateless: MakeAuth, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "watchword"):
        make_stateless(email_and_password=EmailAndPassword())
        assert "forgotten" not in caplog.text
        make_stateless(email_and_password=EmailAndPassword(enabled=True))
    assert "email_and_password.enabled" in caplog.text


class Handled(User, kw_only=True):
    handle: Annotated[str | None, Column(unique=True)] = None


def test_unique_fields_hold_within_the_process(make_stateless: MakeAuth, kind: str) -> None:
    auth = make_stateless(user_type=Handled)
    assert Browser(auth, kind).sign_up(handle="ada").status == 200
    assert Browser(auth, kind).sign_up("bob@example.com", handle="ada").status == 422
