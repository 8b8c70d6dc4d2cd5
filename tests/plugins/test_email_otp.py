"""Codes by mail: signing in, verifying an address, resetting a password."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import pytest

from tests.core.conftest import FAST, MakeAuth
from tests.plugins.code_server import (
    ADA,
    FORGOT,
    OLD_FORGOT,
    RESET,
    SEND,
    SIGN_IN,
    VERIFY,
    CodeServer,
    MakeCodeServer,
    code_server,
    other,
    outcome,
)
from tests.support.browser import Answer, Browser
from tests.support.vectors import vectors
from watchword import (
    APIError,
    Column,
    EmailAndPassword,
    EmailVerification,
    FailedSignIns,
    PasswordReset,
    Request,
    User,
)
from watchword.configuration.options import CookieCache, SessionOptions
from watchword.plugins.email_otp import OTPFor

FLOW = vectors("flows", "vectors-plugins-1.json")["emailOtp"]
NEW = "another-password"


@pytest.fixture
def make_server(make_auth: MakeAuth, tmp_path: Path, kind: str) -> MakeCodeServer:
    return code_server(make_auth, tmp_path, kind)


@pytest.fixture
def server(make_server: MakeCodeServer) -> CodeServer:
    return make_server()


def reset(server: CodeServer, code: str, email: str = ADA, password: str = NEW) -> Answer:
    return server.browser().post(RESET, {"email": email, "otp": code, "password": password})


def verify(browser: Browser, code: str, email: str = ADA) -> Answer:
    return browser.post(VERIFY, {"email": email, "otp": code})


class Member(User):
    lang: str | None = "en"
    handle: Annotated[str | None, Column(unique=True)] = None


# signing in


def test_a_mailed_code_signs_up_and_in(server: CodeServer) -> None:
    browser = server.browser()
    asked = browser.post(SEND, {"email": "Ada@Example.com", "type": "sign-in"})
    assert (asked.status, asked.json, asked.cookies) == (200, {"success": True}, ())
    [mail] = server.mails()
    assert (mail.email, mail.type, len(mail.otp)) == (ADA, "sign-in", 6)
    assert mail.otp.isdecimal()
    answer = browser.post(SIGN_IN, {"email": "ADA@example.com", "otp": mail.otp})
    assert answer.status == 200
    recorded = FLOW["plain"]["signIn"]["body"]
    assert set(answer.json) == set(recorded)
    assert set(answer.json["user"]) == set(recorded["user"])
    user = answer.json["user"]
    assert (user["email"], user["emailVerified"], user["name"]) == (ADA, True, "")
    assert browser.session()["user"] == user
    assert answer.json["token"] in answer.cookies[0]
    assert "Max-Age=604800" in answer.cookies[0]


def test_a_new_user_brings_name_image_and_own_fields(make_server: MakeCodeServer) -> None:
    server = make_server(auth={"user_type": Member})
    extra = {"name": "Ada", "image": "https://a.example/a.png", "lang": "de"}
    user = server.sign_in(server.code(), **extra).json["user"]
    assert {name: user[name] for name in extra} == extra
    late = {"name": "Eve", "image": "x", "lang": "fr"}
    again = server.sign_in(server.code(), **late)
    assert again.json["user"] == user, "an existing user keeps everything"


def test_own_fields_are_checked_after_the_code(make_server: MakeCodeServer) -> None:
    server = make_server(auth={"user_type": Member})
    code = server.code()
    assert outcome(server.sign_in(other(code), lang=5)) == (400, "INVALID_OTP")
    assert outcome(server.sign_in(code, lang=5)) == (400, "VALIDATION_ERROR")
    assert outcome(server.sign_in(code)) == (400, "INVALID_OTP"), "the code is used up"


def test_a_unique_field_that_somebody_has_refuses_the_new_user(make_server: MakeCodeServer) -> None:
    server = make_server(auth={"user_type": Member})
    assert server.sign_in(server.code(), handle="ada").status == 200
    taken = server.sign_in(
        server.code(email="bob@example.com"), email="bob@example.com", handle="ada"
    )
    assert outcome(taken) == (422, "FAILED_TO_CREATE_USER")


def test_without_sign_up_nobody_is_created_and_nothing_is_mailed(
    make_server: MakeCodeServer,
) -> None:
    server = make_server(disable_sign_up=True)
    assert server.browser().post(SEND, {"email": ADA, "type": "sign-in"}).json == {"success": True}
    assert server.mails() == []
    make_code = server.auth.blocking.api.create_verification_otp
    assert outcome(server.sign_in(make_code(OTPFor(email=ADA, type="sign-in")))) == (
        400,
        "INVALID_OTP",
    )
    server.signed_up()
    assert server.sign_in(server.code()).status == 200


def test_m7_an_unverified_account_loses_password_and_sessions(server: CodeServer) -> None:
    squatter = server.signed_up()
    user = squatter.session()["user"]
    answer = server.sign_in(server.code())
    assert answer.json["user"]["id"] == user["id"]
    assert answer.json["user"]["emailVerified"] is True
    assert squatter.session() is None
    assert squatter.sign_in().code == "INVALID_EMAIL_OR_PASSWORD"
    assert server.sql("select count(*) from account") == [(0,)]


def test_m7_a_verified_account_keeps_both(server: CodeServer) -> None:
    laptop = server.signed_up()
    verify(laptop, server.code("email-verification"))
    assert server.sign_in(server.code()).status == 200
    assert laptop.session() is not None
    assert server.browser().sign_in().status == 200


# verifying


def test_a_code_verifies_the_address(make_server: MakeCodeServer) -> None:
    told: list[str] = []

    def before(user: User, request: Request | None) -> None:
        told.append(f"before {user.email_verified}")

    def done(user: User, request: Request | None) -> None:
        told.append(f"after {user.email_verified}")

    callbacks = EmailVerification(before_email_verification=before, after_email_verification=done)
    server = make_server(auth={"email_verification": callbacks})
    browser = server.signed_up()
    answer = verify(server.browser(), server.code("email-verification"))
    assert (answer.status, answer.json["status"], answer.json["token"]) == (200, True, None)
    assert answer.json["user"]["emailVerified"] is True
    assert answer.cookies == ()
    assert browser.session()["user"]["emailVerified"] is True
    assert told == ["before False", "after True"]
    again = verify(server.browser(), server.code("email-verification"))
    assert again.status == 200
    assert told == ["before False", "after True"], "once is enough"


def test_the_application_may_refuse_a_verification(make_server: MakeCodeServer) -> None:
    def before(user: User, request: Request | None) -> None:
        raise APIError(403, "NOT_THIS_ONE")

    callbacks = EmailVerification(before_email_verification=before)
    server = make_server(auth={"email_verification": callbacks})
    browser = server.signed_up()
    assert verify(browser, server.code("email-verification")).code == "NOT_THIS_ONE"
    assert browser.session()["user"]["emailVerified"] is False


def test_verifying_signs_in_where_the_core_says_so(make_server: MakeCodeServer) -> None:
    options = EmailVerification(auto_sign_in_after_verification=True)
    server = make_server(auth={"email_verification": options})
    server.signed_up()
    browser = server.browser()
    answer = verify(browser, server.code("email-verification"))
    assert answer.json["token"] == browser.session()["session"]["token"]


def test_verifying_refreshes_the_cached_session_of_that_user(make_server: MakeCodeServer) -> None:
    cached = SessionOptions(cookie_cache=CookieCache())
    server = make_server(auth={"session": cached})
    ada, eve = server.signed_up(), server.signed_up("eve@example.com")
    code = server.code("email-verification")
    assert ada.session()["user"]["emailVerified"] is False
    assert verify(ada, code).cookie("better-auth.session_data")
    assert ada.session()["user"]["emailVerified"] is True
    verify(eve, server.code("email-verification"))
    assert eve.session()["user"]["emailVerified"] is False, "somebody else's stays"


# resetting


def test_a_code_sets_a_new_password(make_server: MakeCodeServer) -> None:
    told: list[str] = []
    options = PasswordReset(on_password_reset=lambda user, request: told.append(user.email))
    server = make_server(auth={"password_reset": options})
    server.signed_up()
    browser = server.browser()
    assert browser.post(FORGOT, {"email": "ADA@example.com"}).json == {"success": True}
    [mail] = server.mails()
    assert (mail.email, mail.type) == (ADA, "forget-password")
    answer = reset(server, mail.otp)
    assert (answer.status, answer.json, answer.cookies) == (200, {"success": True}, ())
    assert told == [ADA]
    assert browser.sign_in().code == "INVALID_EMAIL_OR_PASSWORD"
    assert browser.sign_in(password=NEW).json["user"]["emailVerified"] is True
    assert outcome(reset(server, mail.otp)) == (400, "INVALID_OTP")


def test_the_old_path_of_asking_works_and_says_so_in_the_log(
    server: CodeServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.signed_up()
    with caplog.at_level(logging.WARNING, "watchword"):
        assert server.browser().post(OLD_FORGOT, {"email": ADA}).json == {"success": True}
    assert "/email-otp/request-password-reset" in caplog.text
    assert reset(server, server.mails()[0].otp).status == 200


def test_a_user_without_a_password_gets_the_first_one(server: CodeServer) -> None:
    server.sign_in(server.code())
    assert reset(server, server.code("forget-password")).status == 200
    [(provider, account, user)] = server.sql("select providerId, accountId, userId from account")
    assert (provider, account) == ("credential", user)
    assert server.browser().sign_in(password=NEW).status == 200


def test_m7_a_reset_ends_the_sessions_of_an_unverified_account(server: CodeServer) -> None:
    browser = server.signed_up()
    reset(server, server.code("forget-password"))
    assert browser.session() is None
    browser.sign_in(password=NEW)
    reset(server, server.code("forget-password"), password="third-password")
    assert browser.session() is not None, "verified by now, and nothing asks for it"


def test_a_reset_ends_all_sessions_where_the_core_says_so(make_server: MakeCodeServer) -> None:
    server = make_server(auth={"password_reset": PasswordReset(revoke_sessions=True)})
    browser = server.browser()
    browser.post(SIGN_IN, {"email": ADA, "otp": server.code()})
    assert browser.session() is not None
    reset(server, server.code("forget-password"))
    assert browser.session() is None


def test_m3_a_refused_password_does_not_use_the_code_up(server: CodeServer) -> None:
    server.signed_up()
    code = server.code("forget-password")
    assert outcome(reset(server, code, password="short")) == (400, "PASSWORD_TOO_SHORT")
    assert outcome(reset(server, code, password="x" * 129)) == (400, "PASSWORD_TOO_LONG")
    assert reset(server, code).status == 200


def test_m4_a_reset_by_code_voids_the_links(make_server: MakeCodeServer) -> None:
    links: list[str] = []
    options = PasswordReset(send_reset_password=lambda mail, request: links.append(mail.token))
    server = make_server(auth={"password_reset": options})
    server.signed_up()
    server.browser().post("/request-password-reset", {"email": ADA})
    server.mails()
    reset(server, server.code("forget-password"))
    body = {"token": links[0], "newPassword": "third-password"}
    assert outcome(server.browser().post("/reset-password", body)) == (400, "INVALID_TOKEN")


def test_l6_a_reset_ends_the_pause_of_the_password(make_server: MakeCodeServer) -> None:
    passwords = EmailAndPassword(
        enabled=True, argon2_cost=FAST, failed_sign_ins=FailedSignIns(most=2)
    )
    server = make_server(auth={"email_and_password": passwords})
    browser = server.signed_up()
    for _ in range(2):
        browser.sign_in(password="wrong-password")
    assert browser.sign_in().status == 429
    reset(server, server.code("forget-password"))
    assert browser.sign_in(password=NEW).status == 200
