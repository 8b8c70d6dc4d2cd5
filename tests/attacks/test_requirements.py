"""Security requirements of the core that no other module of tests is named after."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import SECRET, Browser, Clock, handle
from watchword import (
    Advanced,
    Auth,
    BytesBody,
    ConfigurationError,
    CookieCache,
    DeleteUser,
    EmailVerification,
    Headers,
    Mail,
    PasswordReset,
    RateLimit,
    Request,
    SessionOptions,
    VerificationOptions,
    WorkLimits,
)
from watchword.database.contract import StorageUnavailable
from watchword.plugins import OneTimeToken
from watchword.storage.sqlite import SQLiteStorage

PLACEHOLDER = "better-auth-secret-12345678901234567890"


def mailing(outbox: list[Mail]) -> dict[str, Any]:
    """Options that send every kind of mail into a list."""

    def send(mail: Mail, request: Request | None) -> None:
        outbox.append(mail)

    return {
        "email_verification": EmailVerification(send_verification_email=send, answer_after=0),
        "password_reset": PasswordReset(send_reset_password=send),
    }


class Broken:
    """A storage that is down."""

    def blocking(self, schema: Any) -> Any:
        return self

    def asynchronous(self, schema: Any) -> Any:
        return self

    def check(self, schema: Any) -> None:
        """Nothing is against the schema."""

    def __getattr__(self, name: str) -> Any:
        async def down(*args: Any, **kwargs: Any) -> Any:
            if name == "close":
                return None
            raise StorageUnavailable("down")

        return down


@pytest.mark.parametrize("path", ["/list-sessions", "/get-session"])
def test_g2_a_storage_that_is_down_lets_nobody_in(make_auth: MakeAuth, path: str) -> None:
    working = Browser(make_auth())
    working.sign_up()
    broken = Auth(database=Broken(), secret=SECRET, base_url="http://localhost:3000", environ={})
    working.auth = broken
    answer = working.get(path)
    assert answer.status == 503
    assert (answer.json["code"], answer.cookies) == ("SERVICE_UNAVAILABLE", ())


def test_g6_a_deleted_user_is_gone_in_spite_of_the_cache(make_auth: MakeAuth) -> None:
    cache = SessionOptions(cookie_cache=CookieCache())
    auth = make_auth(session=cache, delete_user=DeleteUser(enabled=True))
    ada, twin = Browser(auth), Browser(auth)
    ada.sign_up()
    twin.sign_in()
    assert ada.post("/delete-user", {}).status == 200
    assert twin.post("/update-user", {"name": "Ghost"}).status == 401


def test_g7_server_only_endpoints_have_no_route(browser: Browser) -> None:
    browser.sign_up()
    answer = browser.post("/set-password", {"newPassword": "another-horse"})
    assert (answer.status, answer.response.body) == (404, b"")


@pytest.mark.parametrize("path", ["/request-password-reset", "/send-verification-email"])
def test_o7_endpoints_that_send_mail_are_guarded_without_cookies_too(
    make_auth: MakeAuth, path: str
) -> None:
    outbox: list[Mail] = []
    auth = make_auth(**mailing(outbox))
    Browser(auth).sign_up()
    body = {"email": "ada@example.com"}
    evil = Browser(auth, origin="https://evil.example")
    assert evil.post(path, body).code == "INVALID_ORIGIN"
    fetch = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}
    blocked = Browser(auth).post(path, body, **fetch)
    assert blocked.code == "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED"
    assert Browser(auth, origin="").post(path, body).status == 200
    auth.blocking.close()
    assert [mail.user.email for mail in outbox] == ["ada@example.com"]


def test_o10_no_cors_headers_are_sent_by_themselves(browser: Browser) -> None:
    answers = [browser.sign_up(), browser.get("/get-session"), browser.send("OPTIONS", "/ok")]
    for answer in answers:
        assert answer.header("access-control-allow-origin") is None


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/%2f%2fevil.example",
        "/..//evil.example",
        "/.//evil.example",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "blob:http://localhost:3000/x",
        "file:///etc/passwd",
        "https:evil.example",
        "https:///evil.example",
        "https://localhost:3000@evil.example",
        "http://evil\u3002example",
        "ht\ttps://evil.example",
        " https://evil.example",
        "http://localhost:3000%00.evil.example",
        "/a\nb",
    ],
)
def test_r1_r2_r5_r9_no_parameter_leads_elsewhere(make_auth: MakeAuth, target: str) -> None:
    browser = Browser(make_auth(**mailing([])))
    browser.sign_up()
    body = {"email": "ada@example.com", "password": "password1234"}
    for name in ("callbackURL", "errorCallbackURL", "newUserCallbackURL", "redirectTo"):
        assert browser.post("/sign-in/email", {**body, name: target}).status == 403, name
    for path in ("/verify-email", "/reset-password/token"):
        answer = browser.get(path, {"token": "x", "callbackURL": target})
        assert (answer.status, answer.header("location")) == (403, None), path
    reset = browser.post("/request-password-reset", {**body, "redirectTo": target})
    assert reset.code == "INVALID_REDIRECT_URL"


def test_r8_the_error_page_shows_nothing_that_runs(browser: Browser) -> None:
    query = {"error": "<script>x</script>", "error_description": "<img src=x onerror=y>"}
    text = browser.get("/error", query).response.body.decode()
    assert "<script" not in text
    assert "<img" not in text


@pytest.mark.parametrize(
    "path",
    ["http://evil.example/api/auth/ok", "/api/auth/%zz", "/api/auth/\udcff", "*", "/api/auth/%ff"],
)
def test_p3_odd_targets_are_4xx(make_auth: MakeAuth, kind: str, path: str) -> None:
    request = Request(method="TRACE", path=path, host="localhost:3000")
    assert 400 <= handle(make_auth(), request, kind).status < 500


@pytest.mark.parametrize("name", ["__proto__", "constructor", "__class__", "toString", "__init__"])
def test_p4_inner_names_of_objects_are_unknown_names(browser: Browser, name: str) -> None:
    assert browser.get(f"/{name}").status == 404
    extra: dict[str, Any] = {name: {"admin": True}}
    assert browser.sign_up(**extra).status == 200
    assert name not in browser.session()["user"]


def test_p6_head_and_options_change_nothing(browser: Browser) -> None:
    browser.sign_up()
    before = browser.session()
    for method in ("HEAD", "OPTIONS"):
        assert browser.send(method, "/get-session").response.cookies == ()
    assert browser.session() == before


def test_h6_unknown_addresses_share_a_bucket_that_is_still_limited(make_auth: MakeAuth) -> None:
    auth = make_auth(rate_limit=RateLimit(enabled=True, max=2))
    statuses = [Browser(auth).get("/ok").status for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_s10_answers_with_sessions_or_cookies_are_not_to_be_stored(browser: Browser) -> None:
    answers = [browser.sign_up(), browser.sign_in(), browser.get("/list-sessions")]
    answers += [browser.get("/list-accounts"), browser.post("/sign-out", {})]
    assert {answer.header("cache-control") for answer in answers} == {"no-store"}


def test_w4_hashing_holds_no_transaction(make_auth: MakeAuth) -> None:
    auth = make_auth(advanced=Advanced(work=WorkLimits(hashes=2)))
    browser = Browser(auth)
    real, waiting, go_on = auth.config.passwords.hash, threading.Event(), threading.Event()

    def slow(password: str) -> str:
        waiting.set()
        go_on.wait(10)
        return real(password)

    auth.config.passwords.hash = slow  # type: ignore[method-assign]
    signing_up = threading.Thread(target=browser.sign_up)
    signing_up.start()
    assert waiting.wait(10)
    auth.config.passwords.hash = real  # type: ignore[method-assign]
    assert Browser(auth).sign_up("bob@example.com").status == 200, "nobody holds the database"
    go_on.set()
    signing_up.join(10)


def test_m8_mail_goes_to_the_address_of_the_row(make_auth: MakeAuth) -> None:
    outbox: list[Mail] = []
    browser = Browser(make_auth(**mailing(outbox)))
    browser.sign_up()
    browser.jar.clear()
    for path in ("/request-password-reset", "/send-verification-email"):
        browser.post(path, {"email": "ADA@Example.com"})
    browser.auth.blocking.close()
    assert {mail.user.email for mail in outbox} == {"ada@example.com"}
    assert all(mail.token not in repr(mail) for mail in outbox)


def test_e3_known_and_unknown_addresses_cost_the_same_hashes_and_mails(
    make_auth: MakeAuth,
) -> None:
    outbox: list[Mail] = []
    auth = make_auth(**mailing(outbox))
    verified: list[str] = []
    real = auth.config.passwords.verify

    def counted(stored: str, password: str) -> bool:
        verified.append(stored)
        return real(stored, password)

    auth.config.passwords.verify = counted  # type: ignore[method-assign]
    Browser(auth).sign_up()
    known = Browser(auth).sign_in(password="wrong-password")
    unknown = Browser(auth).sign_in("bob@example.com", password="wrong-password")
    assert known.response == unknown.response
    assert len(verified) == 2
    for path in ("/request-password-reset", "/send-verification-email"):
        answers = [Browser(auth).post(path, {"email": f"{who}@example.com"}) for who in "ab"]
        answers.append(Browser(auth).post(path, {"email": "ada@example.com"}))
        assert len({answer.response for answer in answers}) == 1


def test_l4_a_success_clears_no_counter(make_auth: MakeAuth) -> None:
    browser = Browser(make_auth(rate_limit=RateLimit(enabled=True)))
    browser.sign_up()
    statuses = [browser.sign_in(password="wrong").status for _ in range(2)]
    statuses += [browser.sign_in().status, browser.sign_in().status]
    assert statuses == [401, 401, 200, 429]


@pytest.mark.parametrize(
    "body",
    [
        {"name": ["Ada"]},
        {"name": {"first": "Ada"}},
        {"name": 5},
        {"name": None},
        {"name": True},
        {"image": 5},
        {"image": ["x"]},
    ],
)
def test_i1_fields_of_the_wrong_type_are_400(browser: Browser, body: dict[str, Any]) -> None:
    browser.sign_up()
    assert browser.post("/update-user", body).status == 400
    assert browser.session()["user"]["name"] == "Ada"


@pytest.mark.parametrize("text", ["A\x00da", "\x00"])
def test_i3_nul_is_400_everywhere(browser: Browser, text: str) -> None:
    browser.sign_up()
    assert browser.post("/update-user", {"name": text}).status == 400
    assert browser.post("/revoke-session", {"token": text}).status == 400
    assert browser.sign_in(f"ada{text}@example.com").status == 400


def test_i6_what_looks_like_sql_is_data(browser: Browser) -> None:
    browser.sign_up()
    evil = "x'; DROP TABLE user; --"
    assert browser.post("/update-user", {"name": evil}).status == 200
    assert browser.session()["user"]["name"] == evil
    assert browser.post("/revoke-session", {"token": "' OR 1=1 --"}).status == 200
    assert browser.session() is not None


def test_i7_listings_never_show_hashes_or_tokens_of_providers(browser: Browser) -> None:
    browser.sign_up()
    text = browser.get("/list-accounts").response.body
    for secret in (b"password", b"argon2", b"accessToken", b"refreshToken"):
        assert secret not in text


def test_d1_a_published_secret_is_refused_in_production_and_none_at_all_everywhere() -> None:
    with pytest.raises(ConfigurationError, match="published default"):
        Auth(database="sqlite://", secret=PLACEHOLDER, production=True, environ={})
    with pytest.raises(ConfigurationError, match="BETTER_AUTH_SECRET"):
        Auth(database="sqlite://", environ={})


def test_d1_weak_secrets_are_warned_about_without_being_shown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    Auth(database="sqlite://", secret="hunter2hunter2", environ={})
    assert "shorter than 32" in caplog.text
    assert "hunter2" not in caplog.text


def test_d2_identifiers_of_tokens_can_be_stored_hashed(make_auth: MakeAuth, tmp_path: Path) -> None:
    options = VerificationOptions(store_identifier="hashed")
    browser = Browser(make_auth(verification=options, plugins=[OneTimeToken()]))
    browser.sign_up()
    token = browser.get("/one-time-token/generate").json["token"]
    database = sqlite3.connect(tmp_path / "test.db")
    rows = database.execute("select identifier from verification").fetchall()
    database.close()
    assert len(rows) == 1
    assert token not in rows[0][0]
    assert browser.post("/one-time-token/verify", {"token": token}).status == 200


def test_d3_deleting_a_user_leaves_nothing(make_auth: MakeAuth, tmp_path: Path) -> None:
    outbox: list[Mail] = []
    auth = make_auth(delete_user=DeleteUser(enabled=True), **mailing(outbox))
    browser = Browser(auth)
    user = browser.sign_up().json["user"]
    Browser(auth).sign_in()
    browser.post("/request-password-reset", {"email": "ada@example.com"})
    assert browser.post("/delete-user", {"password": "password1234"}).status == 200
    database = sqlite3.connect(tmp_path / "test.db")
    tables = ("user", "session", "account")
    left = [database.execute(f"select count(*) from {name}").fetchone()[0] for name in tables]
    notes = str(database.execute("select identifier, value from verification").fetchall())
    database.close()
    assert left == [0, 0, 0]
    # That older mails are void is remembered for a day, without saying of whom.
    assert "reset-password" not in notes
    assert user["id"] not in notes
    assert "ada@example.com" not in notes


def test_d4_unique_values_are_unique_in_the_schema(make_auth: MakeAuth, tmp_path: Path) -> None:
    Browser(make_auth()).sign_up()
    database = sqlite3.connect(tmp_path / "test.db")
    try:
        for table, column in (("user", "email"), ("session", "token")):
            columns = [row[1] for row in database.execute(f"pragma table_info({table})")]
            names = ", ".join(f'"{name}"' for name in columns if name != "id")
            copied = f"insert into {table} (id, {names}) select 'copy', {names} from {table}"
            with pytest.raises(sqlite3.IntegrityError, match=f"{table}.{column}"):
                database.execute(copied)
    finally:
        database.close()


def test_d5_expired_rows_are_swept(make_auth: MakeAuth, clock: Clock, tmp_path: Path) -> None:
    outbox: list[Mail] = []
    browser = Browser(make_auth(plugins=[OneTimeToken()], **mailing(outbox)))
    browser.sign_up()
    for _ in range(3):
        browser.get("/one-time-token/generate")
    clock.forward(3600)
    browser.post("/request-password-reset", {"email": "nobody@example.com"})
    database = sqlite3.connect(tmp_path / "test.db")
    left = database.execute("select identifier from verification").fetchall()
    database.close()
    assert [name for (name,) in left if name.startswith("one-time-token")] == []


def test_g3_no_secret_reaches_the_log(
    make_auth: MakeAuth, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    async def fails(mail: Mail, request: Request | None) -> None:
        await asyncio.sleep(0)
        raise RuntimeError(f"could not send {mail.url}")

    reset = PasswordReset(send_reset_password=fails)
    browser = Browser(make_auth(password_reset=reset, plugins=[OneTimeToken()]))
    token = browser.sign_up().json["token"]
    one_time = browser.get("/one-time-token/generate").json["token"]
    browser.post("/request-password-reset", {"email": "ada@example.com"})
    browser.post("/sign-in/email", {"email": "ada@example.com", "password": "wrong-horse"})
    request = Request(
        method="POST",
        path="/api/auth/one-time-token/verify",
        host="localhost:3000",
        headers=Headers.of({"content-type": "application/json"}),
        body=BytesBody(b'{"token": "wrong-token"}'),
    )
    handle(browser.auth, request)
    browser.auth.blocking.close()
    assert "failed with RuntimeError" in caplog.text
    for secret in (
        token,
        one_time,
        "password1234",
        "wrong-horse",
        "wrong-token",
        "reset-password/",
    ):
        assert secret not in caplog.text


def test_the_storage_says_nothing_about_values(tmp_path: Path) -> None:
    assert "secret" not in repr(SQLiteStorage(tmp_path / "app.db"))
