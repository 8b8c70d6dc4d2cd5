"""Codes by mail: what nobody learns, where they take the place of links, limits, options."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import FAST, MakeAuth
from tests.plugins.code_server import (
    ADA,
    ASK,
    CHANGE,
    CHECK,
    FORGOT,
    NOBODY,
    OLD_FORGOT,
    RESET,
    SEND,
    SIGN_IN,
    VERIFY,
    CodeServer,
    MakeCodeServer,
    code_server,
    outcome,
)
from tests.support.browser import Answer, Browser, Clock
from watchword import (
    ConfigurationError,
    EmailAndPassword,
    EmailVerification,
    Mail,
    RateLimit,
    RateLimitRule,
    Request,
)
from watchword.plugins import EmailOTP
from watchword.plugins.email_otp import CodeMail, OTPFor

NEW = "another-password"


@pytest.fixture
def make_server(make_auth: MakeAuth, tmp_path: Path, kind: str) -> MakeCodeServer:
    return code_server(make_auth, tmp_path, kind)


@pytest.fixture
def server(make_server: MakeCodeServer) -> CodeServer:
    return make_server()


def verified(browser: Browser, code: str) -> Answer:
    return browser.post(VERIFY, {"email": ADA, "otp": code})


class Counting:
    """An engine that notes the names of what it is asked for."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        return getattr(self.engine, name)


@contextmanager
def counted(server: CodeServer) -> Generator[list[str], None, None]:
    """The names of the database operations of what is done inside."""
    runtime: Any = server.auth.blocking.runtime
    runtime.engine = counting = Counting(runtime.engine)
    try:
        yield counting.asked
    finally:
        runtime.engine = counting.engine


@pytest.mark.parametrize("strategy", ["rotate", "reuse"])
@pytest.mark.parametrize("storage", ["plain", "hashed", "encrypted"])
def test_e1_t5_known_and_unknown_addresses_get_the_same_answers_and_work(
    make_auth: MakeAuth, tmp_path: Path, strategy: str, storage: str
) -> None:
    make = code_server(make_auth, tmp_path, "blocking")
    server = make(disable_sign_up=True, resend_strategy=strategy, store_otp=storage)
    server.signed_up()
    server.browser().post(FORGOT, {"email": "first@example.com"})  # sweeps, as one call a minute

    def conversation(email: str) -> list[Any]:
        noted: list[Any] = []

        def ask(path: str, **body: str) -> None:
            with counted(server) as asked:
                answer = server.browser().post(path, {"email": email, **body})
            noted.append((path, answer.status, answer.json, answer.response.headers, asked))

        for kind in ("sign-in", "email-verification", "forget-password"):
            for _ in range(3):
                ask(SEND, type=kind)
            ask(FORGOT)
            for _ in range(5):
                ask(CHECK, type=kind, otp="no code")
        for path in (SIGN_IN, VERIFY, RESET):
            ask(FORGOT)
            ask(SEND, type="sign-in")
            ask(SEND, type="email-verification")
            for _ in range(5):
                ask(path, otp="no code", password=NEW)
        return noted

    known = conversation(ADA)
    assert known == conversation(NOBODY)
    assert all("find_one" in asked for *_, asked in known)
    assert {mail.email for mail in server.mails()} == {ADA}


def test_e1_an_address_that_became_known_gets_a_code_of_its_own(
    make_server: MakeCodeServer,
) -> None:
    server = make_server(resend_strategy="reuse")
    for kind in ("email-verification", "forget-password"):
        server.browser().post(SEND, {"email": ADA, "type": kind})
    server.signed_up()
    assert len(server.code("email-verification")) == 6
    assert len(server.code("forget-password")) == 6


def test_t5_mail_that_fails_changes_no_answer_and_leaks_nothing(
    make_server: MakeCodeServer, caplog: pytest.LogCaptureFixture
) -> None:
    codes: list[str] = []

    async def fail(mail: CodeMail, request: Request | None) -> None:
        codes.append(mail.otp)
        raise RuntimeError(f"no server for {mail.otp}")

    server = make_server(send_verification_otp=fail)
    server.signed_up()
    for kind in ("sign-in", "email-verification", "forget-password"):
        answer = server.browser().post(SEND, {"email": ADA, "type": kind})
        assert (answer.status, answer.json) == (200, {"success": True})
    server.mails()
    assert len(codes) == 3
    assert "RuntimeError" in caplog.text
    assert not any(code in caplog.text for code in codes)


def test_m9_codes_do_not_show_in_what_is_printed(server: CodeServer) -> None:
    assert server.code() not in repr(server.mails())


# instead of links


def with_links(links: list[Mail], **more: Any) -> EmailVerification:
    return EmailVerification(
        send_verification_email=lambda mail, request: links.append(mail), answer_after=0, **more
    )


def test_codes_take_the_place_of_links_wherever_the_core_mails_one(
    make_server: MakeCodeServer,
) -> None:
    links: list[Mail] = []
    server = make_server(
        override_default_email_verification=True,
        send_verification_on_sign_up=True,
        auth={
            "email_and_password": EmailAndPassword(
                enabled=True, argon2_cost=FAST, require_email_verification=True
            ),
            "email_verification": with_links(links, send_on_sign_in=True),
        },
    )
    browser = server.browser()
    browser.sign_up()
    assert browser.sign_in().code == "EMAIL_NOT_VERIFIED"
    assert browser.post("/send-verification-email", {"email": ADA}).status == 200
    browser.post("/send-verification-email", {"email": NOBODY})
    assert [(mail.email, mail.type) for mail in server.mails()] == [
        (ADA, "email-verification")
    ] * 3, "one at sign-up, one at the refused sign-in, one by asking"
    assert links == []
    assert verified(browser, server.mails()[-1].otp).status == 200
    assert browser.sign_in().status == 200
    browser.post("/send-verification-email", {"email": ADA})
    assert len(server.mails()) == 3, "verified by now"


def test_codes_need_no_mailer_of_links(make_server: MakeCodeServer) -> None:
    server = make_server(
        override_default_email_verification=True,
        auth={"email_verification": EmailVerification(send_on_sign_up=True, answer_after=0)},
    )
    browser = server.signed_up()
    assert browser.post("/send-verification-email", {"email": ADA}).status == 200
    assert verified(browser, server.mails()[-1].otp).status == 200
    answer = browser.post("/send-verification-email", {"email": ADA})
    assert answer.code == "EMAIL_ALREADY_VERIFIED"


def test_e1_asking_for_a_proof_does_the_same_work_for_everybody(
    make_auth: MakeAuth, tmp_path: Path
) -> None:
    server = code_server(make_auth, tmp_path, "blocking")(
        override_default_email_verification=True,
        auth={"email_verification": EmailVerification(answer_after=0)},
    )
    server.signed_up()
    asked: list[list[str]] = []
    server.browser().post("/send-verification-email", {"email": "first@example.com"})  # sweeps
    for email in (ADA, NOBODY):
        with counted(server) as names:
            server.browser().post("/send-verification-email", {"email": email})
        asked.append(names)
    assert asked[0] == asked[1]
    assert "create" in asked[0]


def test_signing_up_with_a_password_can_mail_a_code(make_server: MakeCodeServer) -> None:
    server = make_server(send_verification_on_sign_up=True)
    browser = server.signed_up()
    [mail] = server.mails()
    assert (mail.email, mail.type) == (ADA, "email-verification")
    assert verified(browser, mail.otp).status == 200
    assert browser.sign_up("nobody").status == 400
    assert browser.sign_up().status == 422
    assert len(server.mails()) == 1


def test_e2_a_sign_up_with_a_taken_verified_address_mails_nothing(
    make_server: MakeCodeServer,
) -> None:
    passwords = EmailAndPassword(enabled=True, argon2_cost=FAST, auto_sign_in=False)
    server = make_server(send_verification_on_sign_up=True, auth={"email_and_password": passwords})
    browser = server.browser()
    browser.sign_up()
    verified(browser, server.mails()[0].otp)
    assert browser.sign_up().status == 200
    assert len(server.mails()) == 1


def test_without_the_options_signing_up_mails_nothing(server: CodeServer) -> None:
    server.signed_up()
    assert server.mails() == []


# limits and options


@pytest.mark.parametrize(
    "path", [SEND, CHECK, VERIFY, SIGN_IN, FORGOT, RESET, OLD_FORGOT, ASK, CHANGE]
)
def test_three_requests_a_minute_to_each_path(
    make_server: MakeCodeServer, clock: Clock, path: str
) -> None:
    browser = make_server(auth={"rate_limit": RateLimit(enabled=True)}).browser()
    statuses = [browser.post(path, {}).status for _ in range(4)]
    assert statuses == [400, 400, 400, 429]
    assert browser.post(path, {}).header("x-retry-after") == "60"
    clock.forward(60)
    assert browser.post(path, {}).status == 400


def test_the_limit_is_an_option(make_server: MakeCodeServer) -> None:
    rule = RateLimitRule(window=10, max=1)
    browser = make_server(rate_limit=rule, auth={"rate_limit": RateLimit(enabled=True)}).browser()
    assert [browser.post(SEND, {}).status for _ in range(2)] == [400, 429]


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"expires_in": 0}, "EmailOTP.expires_in"),
        ({"otp_length": 3}, "EmailOTP.otp_length"),
        ({"otp_length": True}, "EmailOTP.otp_length"),
        ({"allowed_attempts": 0}, "EmailOTP.allowed_attempts"),
        ({"store_otp": "md5"}, "EmailOTP.store_otp"),
        ({"resend_strategy": "again"}, "EmailOTP.resend_strategy"),
        ({"verify_current_email": True}, "EmailOTP.verify_current_email"),
    ],
)
def test_wrong_options_name_themselves(options: dict[str, Any], name: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        EmailOTP(send_verification_otp=print, **options)
    assert raised.value.option == name


def test_an_address_must_be_one(server: CodeServer) -> None:
    browser = server.browser()
    wrong = {"email": "nobody", "type": "sign-in", "otp": "123456"}
    for path in (SEND, CHECK, VERIFY):
        assert outcome(browser.post(path, wrong)) == (400, "INVALID_EMAIL")
    answer = browser.post(SEND, {"email": ADA, "type": "change-email"})
    assert (answer.status, answer.json) == (400, {"message": "Invalid OTP type"})
    assert outcome(browser.post(SEND, {"email": ADA, "type": "x"})) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("path", [SEND, FORGOT, OLD_FORGOT])
def test_o7_other_sites_cannot_make_it_send_mail(server: CodeServer, path: str) -> None:
    server.signed_up()
    body = {"email": ADA, "type": "sign-in"}
    elsewhere = Browser(server.auth, server.kind, origin="https://evil.example")
    assert outcome(elsewhere.post(path, body)) == (403, "INVALID_ORIGIN")
    form = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "origin": ""}
    answer = server.browser().post(path, body, **form)
    assert outcome(answer) == (403, "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED")
    assert server.mails() == []
    assert server.browser().post(path, body, origin="").status == 200, "servers send none of it"


def test_codes_made_and_read_on_the_server_are_not_reachable_over_http(server: CodeServer) -> None:
    api = server.auth.blocking.api
    target = OTPFor(email="Ada@example.com", type="sign-in")
    assert api.get_verification_otp(target).otp is None
    code = api.create_verification_otp(target)
    assert api.get_verification_otp(target).otp == code
    assert server.mails() == []
    assert server.sign_in(code).status == 200
    assert api.get_verification_otp(target).otp is None
    body = {"email": ADA, "type": "sign-in"}
    assert server.browser().post("/email-otp/create-verification-otp", body).status == 404
    assert server.browser().get("/email-otp/get-verification-otp", body).status == 404


def test_there_is_no_code_to_read_for_an_unknown_address(server: CodeServer) -> None:
    server.browser().post(FORGOT, {"email": NOBODY})
    target = OTPFor(email=NOBODY, type="forget-password")
    assert server.auth.blocking.api.get_verification_otp(target).otp is None
