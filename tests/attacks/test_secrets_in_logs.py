"""W12: callbacks that are given a secret may quote it when they fail; no log at any level does."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.core.conftest import FAST, MakeAuth
from tests.support.browser import Browser
from watchword import (
    APIError,
    ChangeEmail,
    CookieCache,
    DeleteUser,
    EmailAndPassword,
    EmailVerification,
    PasswordReset,
    SessionOptions,
)
from watchword.plugins import ActionToken, EmailOTP, MagicLink, OneTimeToken

ADA, PASSWORD = "ada@example.com", "password1234"


class Quoting:
    """A callback that fails, and quotes all that it was given."""

    def __init__(self) -> None:
        self.quoted: list[str] = []

    def __call__(self, *given: Any) -> Any:
        secrets = [text for one in given for text in secrets_of(one)]
        self.quoted += secrets
        raise RuntimeError("cannot use " + " ".join(secrets))


def secrets_of(given: Any) -> list[str]:
    if isinstance(given, str):
        return [given]
    found = [getattr(given, name, None) for name in ("url", "token", "otp", "email", "new_email")]
    session = getattr(given, "session", given)
    return [one for one in (*found, getattr(session, "token", None)) if isinstance(one, str)]


@pytest.fixture
def quoting() -> Quoting:
    return Quoting()


def check(caplog: pytest.LogCaptureFixture, quoting: Quoting, *, failed: str = "Quoting") -> None:
    """The callback was called and failed, which is told; not one of its secrets is."""
    told = caplog.text + str([vars(one) for one in caplog.records])
    assert quoting.quoted
    for secret in quoting.quoted:
        assert secret not in told
    assert failed in told
    assert "RuntimeError" in told


def server(make_auth: MakeAuth, kind: str, send: Any, **options: Any) -> Browser:
    plugins = [
        EmailOTP(send_verification_otp=send),
        MagicLink(send_magic_link=send),
        ActionToken(send_token=send, require_verified_email=False, log_in_development=False),
    ]
    auth = make_auth(
        password_reset=PasswordReset(send_reset_password=send),
        email_verification=EmailVerification(send_verification_email=send),
        change_email=ChangeEmail(enabled=True),
        delete_user=DeleteUser(enabled=True, send_delete_account_verification=send),
        **{"plugins": plugins, **options},
    )
    return Browser(auth, kind)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/request-password-reset", {"email": ADA}),
        ("/send-verification-email", {"email": ADA}),
        ("/change-email", {"newEmail": "bob@example.com"}),
        ("/delete-user", {}),
        ("/sign-in/magic-link", {"email": ADA}),
        ("/email-otp/send-verification-otp", {"email": ADA, "type": "sign-in"}),
        ("/one-time-token/send-token", {"type": "order"}),
    ],
)
@pytest.mark.parametrize("signed_in", [True, False])
def test_w12_no_mail_callback_that_fails_shows_its_mail(
    make_auth: MakeAuth,
    kind: str,
    quoting: Quoting,
    caplog: pytest.LogCaptureFixture,
    path: str,
    body: dict[str, Any],
    signed_in: bool,
) -> None:
    browser = server(make_auth, kind, quoting)
    browser.sign_up()
    if not signed_in:
        browser.jar.clear()
    caplog.clear()
    caplog.set_level(logging.DEBUG)
    answer = browser.post(path, body)
    browser.auth.blocking.close()
    if answer.status == 401:
        assert quoting.quoted == [], "this one needs a session"
        return
    check(caplog, quoting)


@pytest.mark.parametrize("which", ["hash_password", "verify_password"])
def test_w12_no_password_is_shown_by_functions_of_the_application_that_hash(
    make_auth: MakeAuth,
    kind: str,
    quoting: Quoting,
    caplog: pytest.LogCaptureFixture,
    which: str,
) -> None:
    own: dict[str, Any] = {
        "hash_password": lambda text: f"own:{len(text)}",
        "verify_password": lambda stored, text: stored == f"own:{len(text)}",
    }
    passwords = EmailAndPassword(enabled=True, argon2_cost=FAST, **{**own, which: quoting})
    browser = Browser(make_auth(email_and_password=passwords), kind)
    caplog.set_level(logging.DEBUG)
    browser.sign_up()
    browser.sign_in()
    check(caplog, quoting)
    assert PASSWORD in quoting.quoted


@pytest.mark.parametrize("option", ["store_otp", "generate_token", "store_token", "version"])
def test_w12_no_code_or_token_is_shown_by_functions_that_keep_it(
    make_auth: MakeAuth,
    kind: str,
    quoting: Quoting,
    caplog: pytest.LogCaptureFixture,
    option: str,
) -> None:
    def send(mail: Any, request: Any) -> None:
        pass

    given: dict[str, Any] = {
        "store_otp": {"plugins": [EmailOTP(send_verification_otp=send, store_otp=quoting)]},
        "store_token": {"plugins": [MagicLink(send_magic_link=send, store_token=quoting)]},
        "generate_token": {"plugins": [OneTimeToken(generate_token=quoting)]},
        "version": {
            "plugins": [],
            "session": SessionOptions(cookie_cache=CookieCache(enabled=True, version=quoting)),
        },
    }
    browser = Browser(make_auth(**given[option]), kind)
    caplog.set_level(logging.DEBUG)
    browser.sign_up()
    browser.post("/email-otp/send-verification-otp", {"email": ADA, "type": "sign-in"})
    browser.post("/sign-in/magic-link", {"email": ADA})
    browser.get("/one-time-token/generate")
    browser.auth.blocking.close()
    check(caplog, quoting)


def test_w12_a_refusal_that_the_application_means_comes_through(
    make_auth: MakeAuth, kind: str
) -> None:
    def weak(password: str) -> str:
        raise APIError(400, "BREACHED", "This password is known from a breach")

    passwords = EmailAndPassword(enabled=True, hash_password=weak, verify_password=lambda *_: True)
    answer = Browser(make_auth(email_and_password=passwords), kind).sign_up()
    assert (answer.status, answer.code) == (400, "BREACHED")
