"""The logger `watchword.security`: who did what to which account, and what was refused."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from tests.core.conftest import FAST, MakeAuth
from tests.support.browser import Browser
from watchword import (
    ChangeEmail,
    DeleteUser,
    EmailAndPassword,
    EmailVerification,
    FailedSignIns,
    Mail,
    ModelHooks,
    PasswordReset,
    RateLimit,
)
from watchword.plugins import ActionToken, EmailOTP, MagicLink, OneTimeToken

ADDRESS = "192.0.2.7"
ADA, PASSWORD = "ada@example.com", "password1234"
Log = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Log:
    """What was logged since it was called last, oldest first."""
    caplog.set_level(logging.INFO)

    def take() -> list[dict[str, Any]]:
        found = [vars(one) for one in caplog.records if one.name == "watchword.security"]
        told = str([vars(one) for one in caplog.records])
        for private in ("ada@", "bob@", PASSWORD, "another-horse", "wrong-horse"):
            assert private not in told
        caplog.clear()
        return found

    return take


def events(records: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["levelname"], one["watchword_event"]) for one in records]


@pytest.fixture
def outbox() -> list[Any]:
    return []


@pytest.fixture
def server(make_auth: MakeAuth, kind: str, outbox: list[Any]) -> Browser:
    def send(mail: Any, request: Any) -> None:
        outbox.append(mail)

    auth = make_auth(
        email_and_password=EmailAndPassword(
            enabled=True, argon2_cost=FAST, failed_sign_ins=FailedSignIns(most=4)
        ),
        password_reset=PasswordReset(send_reset_password=send),
        email_verification=EmailVerification(send_verification_email=send),
        change_email=ChangeEmail(enabled=True, update_email_without_verification=True),
        delete_user=DeleteUser(enabled=True),
        plugins=[
            EmailOTP(send_verification_otp=send),
            MagicLink(send_magic_link=send),
            OneTimeToken(),
            ActionToken(send_token=send, require_verified_email=False, log_in_development=False),
        ],
    )
    return Browser(auth, kind)


def mailed(server: Browser, outbox: list[Any]) -> Any:
    server.auth.blocking.close()
    return outbox[-1]


def test_signing_up_and_in_say_who_and_from_where(server: Browser, log: Log) -> None:
    user_id = server.post(
        "/sign-up/email",
        {"name": "Ada", "email": ADA, "password": PASSWORD},
        x_forwarded_for=ADDRESS,
    ).json["user"]["id"]
    found = log()
    assert events(found) == [("INFO", "user_created"), ("INFO", "signed_in")]
    for one in found:
        assert one["watchword_user_id"] == user_id
        assert one["watchword_client"] == ADDRESS
        assert one["watchword_path"] == "/sign-up/email"
        assert one["watchword_method"] == "POST"
    server.sign_in()
    (one,) = log()
    assert (one["watchword_event"], one["watchword_path"]) == ("signed_in", "/sign-in/email")


def test_changes_of_password_address_and_factors(
    server: Browser, log: Log, outbox: list[Any]
) -> None:
    user_id = server.sign_up().json["user"]["id"]
    log()
    body = {"currentPassword": PASSWORD, "newPassword": "another-horse"}
    assert server.post("/change-password", body).status == 200
    assert events(log()) == [("INFO", "password_changed")]
    assert server.post("/change-email", {"newEmail": "bob@example.com"}).status == 200
    assert events(log()) == [("INFO", "email_changed")]
    server.post("/send-verification-email", {"email": "bob@example.com"})
    token = mailed(server, outbox).token
    assert server.get("/verify-email", {"token": token}).status == 200
    assert events(log()) == [("INFO", "email_verified")]
    server.post("/request-password-reset", {"email": "bob@example.com"})
    reset: Mail = mailed(server, outbox)
    body = {"newPassword": "another-horse", "token": reset.token}
    assert server.post("/reset-password", body).status == 200
    (one,) = log()
    assert (one["watchword_event"], one["watchword_path"]) == (
        "password_changed",
        "/reset-password",
    )
    assert one["watchword_user_id"] == user_id
    assert server.post("/delete-user", {"password": "another-horse"}).status == 200
    assert events(log()) == [("INFO", "user_deleted")]


def test_a_proven_mailbox(server: Browser, log: Log, outbox: list[Any]) -> None:
    server.sign_up()
    log()
    server.post("/sign-in/magic-link", {"email": ADA})
    token = mailed(server, outbox).token
    assert server.get("/magic-link/verify", {"token": token}).status == 200
    assert events(log()) == [("INFO", "email_verified"), ("INFO", "signed_in")]


def test_what_a_transaction_undid_did_not_happen(make_auth: MakeAuth, kind: str, log: Log) -> None:
    refusing = ModelHooks(create_before=lambda values, call: False)
    browser = Browser(make_auth(database_hooks={"session": refusing}), kind)
    assert browser.sign_up().status == 400
    assert "INFO" not in [one["levelname"] for one in log()]


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/sign-in/email", {"email": ADA, "password": "wrong-horse"}, "INVALID_EMAIL_OR_PASSWORD"),
        ("/sign-in/email", {"email": "no", "password": "wrong-horse"}, "INVALID_EMAIL"),
        ("/verify-password", {"password": "wrong-horse"}, "INVALID_PASSWORD"),
        ("/delete-user", {"password": "wrong-horse"}, "INVALID_PASSWORD"),
        ("/sign-in/email-otp", {"email": ADA, "otp": "000000"}, "INVALID_OTP"),
        (
            "/email-otp/check-verification-otp",
            {"email": ADA, "type": "sign-in", "otp": "000000"},
            "INVALID_OTP",
        ),
        ("/one-time-token/verify-token", {"token": "000000", "type": "order"}, "INVALID_TOKEN"),
        ("/one-time-token/verify", {"token": "a" * 32}, None),
        ("/reset-password", {"token": "a" * 24, "newPassword": "another-horse"}, "INVALID_TOKEN"),
        ("/delete-user", {"token": "a" * 32}, "INVALID_TOKEN"),
    ],
)
def test_wrong_passwords_codes_and_tokens_are_warnings(
    server: Browser, log: Log, path: str, body: dict[str, Any], code: str | None
) -> None:
    server.sign_up()
    log()
    assert server.post(path, body, x_forwarded_for=ADDRESS).status >= 400
    (one,) = log()
    assert (one["levelname"], one["watchword_event"]) == ("WARNING", "refused")
    assert (one["watchword_path"], one["watchword_code"]) == (path, code)
    assert one["watchword_client"] == ADDRESS


@pytest.mark.parametrize("path", ["/verify-email", "/magic-link/verify"])
def test_links_that_are_no_good_are_warnings_though_the_browser_is_sent_on(
    server: Browser, log: Log, path: str
) -> None:
    answer = server.get(path, {"token": "a.b.c", "callbackURL": "/welcome"})
    assert answer.status == 302
    (one,) = log()
    assert (one["levelname"], one["watchword_path"]) == ("WARNING", path)
    assert one["watchword_code"] == "INVALID_TOKEN"
    assert "a.b.c" not in str(one)


def test_pauses_of_an_account_and_limits_of_a_client(
    server: Browser, make_auth: MakeAuth, log: Log
) -> None:
    server.sign_up()
    log()
    for _ in range(5):
        server.sign_in(password="wrong-horse")
    assert [one["watchword_status"] for one in log()] == [401] * 4 + [429]
    limited = Browser(make_auth(rate_limit=RateLimit(enabled=True, max=1)))
    for _ in range(2):
        limited.get("/ok", x_forwarded_for=ADDRESS)
    (one,) = log()
    assert (one["levelname"], one["watchword_event"]) == ("WARNING", "rate_limited")
    assert one["watchword_client"] == ADDRESS


def test_that_nobody_is_signed_in_or_a_form_is_wrong_is_no_alarm(server: Browser, log: Log) -> None:
    server.get("/list-sessions")
    server.post("/sign-up/email", {})
    server.get("/nothing/here")
    assert log() == []


def test_a_foreign_origin_is_an_alarm(server: Browser, log: Log) -> None:
    server.sign_up()
    log()
    assert server.post("/sign-out", {}, origin="https://evil.example").status == 403
    assert events(log()) == [("WARNING", "refused")]
