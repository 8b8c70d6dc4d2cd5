"""Codes by mail: changing one's address."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.code_server import (
    ADA,
    ASK,
    CHANGE,
    CodeServer,
    MakeCodeServer,
    code_server,
    other,
    outcome,
)
from tests.support.browser import Answer, Browser, Clock
from watchword import APIError, EmailVerification, PasswordReset, Request, User

NEW = "ada.new@example.com"
WRONG = (400, "INVALID_OTP")


@pytest.fixture
def make_server(make_auth: MakeAuth, tmp_path: Path, kind: str) -> MakeCodeServer:
    make = code_server(make_auth, tmp_path, kind)
    return lambda **options: make(**{"change_email": True, **options})


@pytest.fixture
def server(make_server: MakeCodeServer) -> CodeServer:
    return make_server()


@pytest.fixture
def ada(server: CodeServer) -> Browser:
    return server.signed_up()


def asked(server: CodeServer, browser: Browser, new: str = NEW, **more: str) -> str:
    """The code that the new address gets."""
    answer = browser.post(ASK, {"newEmail": new, **more})
    assert (answer.status, answer.json) == (200, {"success": True})
    mail = server.mails()[-1]
    assert (mail.email, mail.type) == (new.lower(), "change-email")
    return mail.otp


def change(browser: Browser, code: str, new: str = NEW) -> Answer:
    return browser.post(CHANGE, {"newEmail": new, "otp": code})


def test_t6_a_code_to_the_new_address_makes_it_the_users(make_server: MakeCodeServer) -> None:
    told: list[str] = []

    def before(user: User, request: Request | None) -> None:
        told.append(f"before {user.email}")

    def done(user: User, request: Request | None) -> None:
        told.append(f"after {user.email}")

    callbacks = EmailVerification(before_email_verification=before, after_email_verification=done)
    server = make_server(auth={"email_verification": callbacks})
    laptop, phone = server.signed_up(), server.browser()
    phone.sign_in()
    code = asked(server, laptop, "Ada.New@Example.com")
    assert laptop.session()["user"]["email"] == ADA, "nothing changes before the code"
    answer = change(laptop, code, "ADA.new@example.com")
    assert (answer.status, answer.json) == (200, {"success": True})
    assert answer.cookie("better-auth.session_token")
    user = laptop.session()["user"]
    assert (user["email"], user["emailVerified"]) == (NEW, True)
    assert phone.session()["user"] == user, "other sessions stay"
    assert told == [f"before {ADA}", f"after {NEW}"]
    assert server.browser().sign_in(NEW).status == 200
    assert outcome(change(laptop, code)) == (400, None), "it is the same now"


@pytest.mark.parametrize("path", [ASK, CHANGE])
def test_what_is_refused_and_in_which_order(make_server: MakeCodeServer, path: str) -> None:
    body = {"newEmail": NEW, "otp": "123456"}
    disabled = make_server(change_email=False).signed_up()
    assert outcome(disabled.post(path, {})) == (400, "VALIDATION_ERROR")
    assert disabled.post(path, {"newEmail": "x", "otp": "1"}).json == {
        "message": "Change email with OTP is disabled"
    }
    server = make_server()
    assert outcome(server.browser().post(path, {})) == (400, "VALIDATION_ERROR")
    assert outcome(server.browser().post(path, body)) == (401, "UNAUTHORIZED")
    browser = server.browser()
    browser.sign_in()
    assert outcome(browser.post(path, {**body, "newEmail": "x"})) == (400, "INVALID_EMAIL")
    same = browser.post(path, {**body, "newEmail": ADA.upper()})
    assert (same.status, same.json) == (400, {"message": "Email is the same"})
    assert server.mails() == []


def test_m6_a_taken_address_answers_like_a_free_one_and_mails_nothing(
    server: CodeServer, ada: Browser
) -> None:
    server.signed_up("eve@example.com")
    noted: list[Any] = []
    for new in ("eve@example.com", "free@example.com"):
        answers = [ada.post(ASK, {"newEmail": new})]
        answers += [change(ada, "no code", new) for _ in range(5)]
        noted.append([(answer.status, answer.json, answer.cookies) for answer in answers])
    assert noted[0] == noted[1]
    assert [mail.email for mail in server.mails()] == ["free@example.com"]


def test_an_address_that_is_taken_before_the_code_comes_is_refused(
    server: CodeServer, ada: Browser
) -> None:
    code = asked(server, ada)
    server.signed_up(NEW)
    answer = change(ada, code)
    assert (answer.status, answer.json) == (400, {"message": "Email already in use"})
    assert ada.session()["user"]["email"] == ADA


def test_m7_t3_a_code_is_for_that_change_alone(server: CodeServer, ada: Browser) -> None:
    eve = server.signed_up("eve@example.com")
    code = asked(server, ada)
    assert outcome(change(ada, code, "ada.other@example.com")) == WRONG
    assert outcome(change(eve, code)) == WRONG
    assert outcome(server.check(code, NEW, "change-email")) == WRONG
    assert change(ada, code).status == 200


def test_t6_two_pairs_of_addresses_that_read_alike_are_not_confused(server: CodeServer) -> None:
    one, other_one = server.signed_up("a@x.com"), server.signed_up("a@x.com-b.co")
    code = asked(server, one, "b.co-z@y.com")
    assert outcome(change(other_one, code, "z@y.com")) == WRONG
    assert other_one.session()["user"]["email"] == "a@x.com-b.co"


def test_t1_three_wrong_codes_end_the_change(server: CodeServer, ada: Browser) -> None:
    code = asked(server, ada)
    guesses = [outcome(change(ada, other(code))) for _ in range(3)]
    assert guesses == [WRONG] * 3
    assert outcome(change(ada, code)) == (403, "TOO_MANY_ATTEMPTS")
    assert outcome(change(ada, code)) == WRONG


def test_a_change_that_takes_too_long(server: CodeServer, ada: Browser, clock: Clock) -> None:
    code = asked(server, ada)
    clock.forward(300)
    assert outcome(change(ada, code)) == (400, "OTP_EXPIRED")


def test_the_current_address_can_be_asked_first(make_server: MakeCodeServer) -> None:
    server = make_server(verify_current_email=True)
    ada = server.signed_up()
    answer = ada.post(ASK, {"newEmail": NEW})
    assert answer.status == 400
    assert answer.json == {"message": "OTP is required to verify current email"}
    proof = server.code("email-verification")
    assert outcome(ada.post(ASK, {"newEmail": NEW, "otp": other(proof)})) == WRONG
    code = asked(server, ada, otp=proof)
    assert outcome(ada.post(ASK, {"newEmail": NEW, "otp": proof})) == WRONG, "good once"
    assert change(ada, code).status == 200


def test_m4_a_change_voids_reset_links_to_the_old_address(make_server: MakeCodeServer) -> None:
    links: list[str] = []
    options = PasswordReset(send_reset_password=lambda mail, request: links.append(mail.token))
    server = make_server(auth={"password_reset": options})
    ada = server.signed_up()
    server.browser().post("/request-password-reset", {"email": ADA})
    change(ada, asked(server, ada))
    body = {"token": links[0], "newPassword": "another-password"}
    assert outcome(server.browser().post("/reset-password", body)) == (400, "INVALID_TOKEN")


def test_the_application_may_refuse_a_change(make_server: MakeCodeServer) -> None:
    def before(user: User, request: Request | None) -> None:
        raise APIError(403, "NOT_THIS_ONE")

    callbacks = EmailVerification(before_email_verification=before)
    server = make_server(auth={"email_verification": callbacks})
    ada = server.signed_up()
    assert change(ada, asked(server, ada)).code == "NOT_THIS_ONE"
    assert ada.session()["user"]["email"] == ADA


def test_of_several_who_change_to_one_address_one_gets_it(
    make_auth: MakeAuth, tmp_path: Path
) -> None:
    server = code_server(make_auth, tmp_path, "blocking")(change_email=True)
    browsers = [server.signed_up(f"u{number}@example.com") for number in range(12)]
    codes = [asked(server, browser) for browser in browsers]
    with ThreadPoolExecutor(12) as pool:
        statuses = Counter(
            pool.map(lambda pair: change(*pair).status, zip(browsers, codes, strict=True))
        )
    assert statuses == {200: 1, 400: 11}
    assert server.sql("select count(*) from user where email = ?", NEW) == [(1,)]
