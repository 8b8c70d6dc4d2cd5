"""Sign-up and sign-in with e-mail and password, as the protocol specifies them."""

from __future__ import annotations

import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest

from tests.core.conftest import FAST, MakeAuth
from tests.support.browser import Browser
from watchword import (
    Advanced,
    ConfigurationError,
    EmailAndPassword,
    ModelHooks,
    Record,
    RevokeSession,
)

TOKEN = "better-auth.session_token"


def test_signing_up_creates_user_credential_and_session(browser: Browser) -> None:
    answer = browser.sign_up("Ada@Example.com", image="https://example.com/a.png")
    assert answer.status == 200
    assert set(answer.json) == {"token", "user"}
    user = answer.json["user"]
    assert user["email"] == "ada@example.com"
    assert user["emailVerified"] is False
    assert user["image"] == "https://example.com/a.png"
    assert user["createdAt"] == "2030-01-01T00:00:00.000Z"
    assert len(user["id"]) == 32
    assert answer.json["token"] in str(answer.cookie(TOKEN))
    assert browser.session()["user"] == user


def test_the_session_cookie_is_http_only_lax_and_lives_a_week(browser: Browser) -> None:
    line = browser.sign_up().cookie(TOKEN)
    assert line is not None
    assert line.split("; ")[1:] == ["Max-Age=604800", "Path=/", "HttpOnly", "SameSite=Lax"]


def test_without_remember_me_the_cookie_ends_with_the_browser(browser: Browser) -> None:
    answer = browser.sign_up(rememberMe=False)
    assert "Max-Age" not in str(answer.cookie(TOKEN))
    assert answer.cookie("better-auth.dont_remember") is not None
    assert browser.session()["session"]["expiresAt"] == "2030-01-02T00:00:00.000Z"


def test_signing_in_answers_with_token_and_user(browser: Browser) -> None:
    user = browser.sign_up().json["user"]
    browser.jar.clear()
    answer = browser.sign_in("ADA@example.com")
    assert answer.status == 200
    assert answer.json == {"redirect": False, "token": answer.json["token"], "user": user}
    assert browser.session()["session"]["token"] == answer.json["token"]


def test_a_callback_url_becomes_a_redirect_for_the_client(browser: Browser) -> None:
    browser.sign_up()
    answer = browser.sign_in(callbackURL="/dashboard")
    assert answer.json["redirect"] is True
    assert answer.json["url"] == "/dashboard"
    assert answer.header("location") == "/dashboard"


def test_form_bodies_are_read_on_sign_in(browser: Browser) -> None:
    browser.sign_up()
    answer = browser.send(
        "POST",
        "/sign-in/email",
        data=b"email=ada%40example.com&password=password1234",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.status == 200


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"email": "nobody"}, 400, "VALIDATION_ERROR"),
        ({"email": "ada@example.com\n"}, 400, "VALIDATION_ERROR"),
        ({"email": None}, 400, "VALIDATION_ERROR"),
        ({"password": ""}, 400, "VALIDATION_ERROR"),
        ({"password": ["password1234"]}, 400, "VALIDATION_ERROR"),
        ({"password": "short"}, 400, "PASSWORD_TOO_SHORT"),
        ({"password": "x" * 129}, 400, "PASSWORD_TOO_LONG"),
        ({"password": "\N{PILE OF POO}" * 65}, 400, "PASSWORD_TOO_LONG"),
        ({"password": "password\x00123"}, 400, "INVALID_PASSWORD"),
        ({"name": 5}, 400, "VALIDATION_ERROR"),
        ({"rememberMe": "false"}, 400, "VALIDATION_ERROR"),
        ({"name": "A\x00da"}, 400, "VALIDATION_ERROR"),
    ],
)
def test_bad_input_is_refused_and_stores_nothing(
    browser: Browser, change: dict[str, Any], status: int, code: str
) -> None:
    answer = browser.sign_up(**change)
    assert (answer.status, answer.code) == (status, code)
    assert answer.cookies == ()
    assert browser.sign_up().status == 200


def test_a_taken_address_is_refused_in_any_case(browser: Browser) -> None:
    browser.sign_up()
    answer = browser.sign_up("ADA@example.COM")
    assert (answer.status, answer.code) == (422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL")


def test_w5_unknown_user_and_wrong_password_get_the_same_answer(browser: Browser) -> None:
    browser.sign_up()
    browser.jar.clear()
    unknown = browser.sign_in("bob@example.com")
    wrong = browser.sign_in(password="wrong-password")
    assert unknown.response == wrong.response
    assert (wrong.status, wrong.code) == (401, "INVALID_EMAIL_OR_PASSWORD")


def test_w5_unknown_users_cost_the_same_work(make_auth: MakeAuth) -> None:
    auth = make_auth()
    verified: list[str] = []
    real = auth.config.passwords.verify
    auth.config.passwords.verify = lambda stored, password: (  # type: ignore[method-assign]
        verified.append(stored),
        real(stored, password),
    )[1]
    browser = Browser(auth)
    browser.sign_up()
    browser.sign_in("bob@example.com")
    browser.sign_in(password="wrong-password")
    assert len(verified) == 2
    assert all(stored.startswith("$argon2id$") for stored in verified)


def test_switched_off_sign_in_and_sign_up_say_so(make_auth: MakeAuth) -> None:
    browser = Browser(make_auth(email_and_password=EmailAndPassword(enabled=False)))
    assert browser.sign_up().code == "EMAIL_PASSWORD_SIGN_UP_DISABLED"
    assert browser.sign_in().code == "EMAIL_PASSWORD_DISABLED"


def test_without_auto_sign_in_there_is_no_session(make_auth: MakeAuth) -> None:
    options = EmailAndPassword(enabled=True, auto_sign_in=False, argon2_cost=FAST)
    browser = Browser(make_auth(email_and_password=options))
    answer = browser.sign_up()
    assert answer.json["token"] is None
    assert answer.cookies == ()
    assert browser.sign_in().status == 200


def test_s4_signing_in_never_reuses_a_token(browser: Browser) -> None:
    first = browser.sign_up().json["token"]
    assert browser.sign_in().json["token"] != first


def test_fifty_parallel_sign_ups_with_one_address_make_one_user(
    make_auth: MakeAuth, tmp_path: Path
) -> None:
    auth = make_auth()

    def sign_up(number: int) -> int:
        spelling = "ada@example.com" if number % 2 else "ADA@example.com"
        return Browser(auth).sign_up(spelling).status

    with ThreadPoolExecutor(50) as pool:
        statuses = sorted(pool.map(sign_up, range(50)))
    assert statuses == [200] + [422] * 49
    with sqlite3.connect(tmp_path / "test.db") as database:
        counts = [
            database.execute(f"select count(*) from {table}").fetchone()[0]
            for table in ("user", "account", "session")
        ]
    database.close()
    assert counts == [1, 1, 1]


def test_a_scrypt_hash_of_the_reference_signs_in_and_is_upgraded(
    make_auth: MakeAuth, tmp_path: Path
) -> None:
    writer = make_auth(email_and_password=EmailAndPassword(enabled=True, password_hash="scrypt"))
    Browser(writer).sign_up()
    assert ":" in _stored_password(tmp_path)
    browser = Browser(make_auth())
    assert browser.sign_in().status == 200
    assert _stored_password(tmp_path).startswith("$argon2id$")
    assert browser.sign_in().status == 200


def test_a_weaker_hash_is_upgraded_at_the_next_sign_in_only(
    make_auth: MakeAuth, tmp_path: Path
) -> None:
    Browser(make_auth()).sign_up()
    weak = _stored_password(tmp_path)
    stronger = EmailAndPassword(enabled=True)
    browser = Browser(make_auth(email_and_password=stronger))
    assert browser.sign_in(password="wrong-password").status == 401
    assert _stored_password(tmp_path) == weak
    assert browser.sign_in().status == 200
    assert "m=65536" in _stored_password(tmp_path)


def test_own_hash_functions_may_be_sync_or_async(make_auth: MakeAuth, kind: str) -> None:
    async def hashed(password: str) -> str:
        return "own:" + password[::-1]

    def verified(stored: str, password: str) -> bool:
        return stored == "own:" + password[::-1]

    options = EmailAndPassword(enabled=True, hash_password=hashed, verify_password=verified)
    browser = Browser(make_auth(email_and_password=options), kind)
    browser.sign_up()
    assert browser.sign_in().status == 200
    assert browser.sign_in(password="password12345").status == 401


def test_a_hook_that_refuses_the_user_leaves_nothing_behind(
    make_auth: MakeAuth, tmp_path: Path, kind: str
) -> None:
    hooks = {"session": ModelHooks(create_before=lambda values, call: False)}
    browser = Browser(make_auth(database_hooks=hooks), kind)
    answer = browser.sign_up()
    assert (answer.status, answer.code) == (400, "FAILED_TO_CREATE_SESSION")
    with sqlite3.connect(tmp_path / "test.db") as database:
        assert database.execute("select count(*) from user").fetchone() == (0,)
    database.close()


def test_after_hooks_run_once_it_is_stored(make_auth: MakeAuth, kind: str) -> None:
    seen: list[Record] = []

    async def note(record: Record, call: object) -> None:
        seen.append(record)

    hooks = {"user": ModelHooks(create_after=note)}
    browser = Browser(make_auth(database_hooks=hooks), kind)
    user = browser.sign_up().json["user"]
    assert browser.sign_up().status == 422
    assert [record.id for record in seen] == [user["id"]]


def test_a_user_who_is_deleted_while_signing_in_gets_no_session(
    make_auth: MakeAuth, tmp_path: Path, kind: str
) -> None:
    def gone(values: object, call: object) -> None:
        database = sqlite3.connect(tmp_path / "test.db", isolation_level=None)
        database.execute("delete from user")
        database.close()

    Browser(make_auth()).sign_up()
    hooks = {"session": ModelHooks(create_before=gone)}
    browser = Browser(make_auth(database_hooks=hooks), kind)
    answer = browser.sign_in()
    assert (answer.status, answer.code) == (401, "FAILED_TO_CREATE_SESSION")
    assert answer.cookies == ()


def test_own_ids(make_auth: MakeAuth) -> None:
    made = iter(range(100))
    advanced = Advanced(generate_id=lambda model: f"{model}-{next(made)}")
    user = Browser(make_auth(advanced=advanced)).sign_up().json["user"]
    assert user["id"].startswith("user-")


@pytest.mark.parametrize(("way", "form"), [("uuid", r"[0-9a-f-]{36}"), ("serial", "[0-9]+")])
def test_ids_as_uuids_or_by_the_database(
    make_auth: MakeAuth, way: Any, form: str, kind: str
) -> None:
    browser = Browser(make_auth(advanced=Advanced(generate_id=way)), kind)
    user = browser.sign_up().json["user"]
    assert re.fullmatch(form, user["id"])
    session = browser.session()["session"]
    assert re.fullmatch(form, session["id"])
    assert session["userId"] == user["id"]
    assert browser.sign_in().status == 200
    assert len(browser.get("/list-sessions").json) == 2


def test_an_unknown_way_of_making_ids_is_refused(make_auth: MakeAuth) -> None:
    with pytest.raises(ConfigurationError, match="'guid' is no known way"):
        make_auth(advanced=Advanced(generate_id=cast("Any", "guid")))


def test_revocation_of_a_foreign_session_changes_nothing(make_auth: MakeAuth) -> None:
    auth = make_auth()
    ada, bob = Browser(auth), Browser(auth)
    token = ada.sign_up().json["token"]
    bob.sign_up("bob@example.com")
    assert bob.post("/revoke-session", {"token": token}).json == {"status": True}
    assert ada.session() is not None
    headers = {"cookie": "; ".join(f"{k}={v}" for k, v in ada.jar.items())}
    auth.blocking.api.revoke_session(RevokeSession(token=token), headers=headers)
    assert ada.session() is None


def _stored_password(folder: Path) -> str:
    database = sqlite3.connect(folder / "test.db")
    try:
        return database.execute("select password from account").fetchone()[0]
    finally:
        database.close()
