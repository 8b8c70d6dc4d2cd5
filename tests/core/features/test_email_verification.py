"""Verifying addresses: the mail, the click, and what tokens must not do."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.core.features.conftest import MakeServer, Server, at_once, follow
from tests.support.browser import SECRET, Clock
from tests.support.vectors import vectors
from watchword import Advanced, APIError, Call, Mail, ModelHooks, Request, User
from watchword.crypto.jwt import sign_jwt, verify_jwt
from watchword.features.email_tokens import RequestType, issue_email_token

ASK = {"email": "ada@example.com"}


@pytest.mark.parametrize("case", vectors("email_verification_token"))
def test_tokens_are_those_of_the_reference(case: dict[str, Any]) -> None:
    given = case["inputs"]
    now = datetime.fromtimestamp(given["now_ms"] / 1000, UTC)
    call = SimpleNamespace(
        now=now, config=SimpleNamespace(secrets=SimpleNamespace(current=case["secret"]))
    )
    token = issue_email_token(
        cast("Call", call),
        given["email"],
        lifetime=given["expiresIn"],
        update_to=given["updateTo"],
        request_type=cast("RequestType | None", (given["extra"] or {}).get("requestType")),
        user_id=(given["extra"] or {}).get("userId"),
    )
    assert token == case["token"]


def test_the_mailed_link_verifies_the_address(server: Server) -> None:
    browser = server.browser()
    browser.sign_up()
    assert browser.post("/send-verification-email", ASK).json == {"status": True}
    mail = server.mails().last
    assert mail.user.email == "ada@example.com"
    assert mail.url == (
        f"http://localhost:3000/api/auth/verify-email?token={mail.token}&callbackURL=%2F"
    )
    assert follow(browser, mail.url, callbackURL="").json == {"status": True, "user": None}
    assert browser.session()["user"]["emailVerified"] is True


def test_the_click_leads_to_the_callback(server: Server) -> None:
    browser = server.browser()
    browser.sign_up()
    browser.post("/send-verification-email", {**ASK, "callbackURL": "/done?a=b c"})
    mail = server.mails().last
    assert mail.url.endswith("&callbackURL=%2Fdone%3Fa%3Db%20c")
    answer = follow(browser, mail.url, callbackURL="/done?a=b")
    assert (answer.status, answer.header("location")) == (302, "/done?a=b")


def test_m9_the_answer_does_not_hold_the_token(server: Server) -> None:
    browser = server.browser()
    browser.sign_up()
    answer = browser.post("/send-verification-email", ASK)
    assert server.mails().last.token not in str(answer.response)


def test_a_second_click_is_fine_and_changes_nothing(make_server: MakeServer) -> None:
    server = make_server(verification={"auto_sign_in_after_verification": True})
    browser = server.browser()
    browser.sign_up()
    browser.jar.clear()
    browser.post("/send-verification-email", ASK)
    url = server.mails().last.url
    assert follow(browser, url, callbackURL="").cookies
    browser.jar.clear()
    again = follow(browser, url, callbackURL="")
    assert again.json == {"status": True, "user": None}
    assert again.cookies == ()


def test_auto_sign_in_keeps_the_session_that_there_is(make_server: MakeServer) -> None:
    server = make_server(verification={"auto_sign_in_after_verification": True})
    browser = server.browser()
    token = browser.sign_up().json["token"]
    browser.post("/send-verification-email", ASK)
    answer = follow(browser, server.mails().last.url, callbackURL="")
    assert token in str(answer.cookie("better-auth.session_token"))


def test_a_vetoed_session_is_an_error_of_the_server(make_server: MakeServer) -> None:
    hooks = {"session": ModelHooks(create_before=lambda values, call: False)}
    server = make_server(
        passwords={"auto_sign_in": False},
        verification={"auto_sign_in_after_verification": True},
        database_hooks=hooks,
    )
    browser = server.browser()
    browser.sign_up()
    browser.post("/send-verification-email", ASK)
    answer = follow(browser, server.mails().last.url, callbackURL="")
    assert (answer.status, answer.code) == (500, "FAILED_TO_CREATE_SESSION")


def test_m5_somebody_elses_link_signs_nobody_in(server: Server) -> None:
    browser = server.browser()
    browser.sign_up()
    browser.post("/send-verification-email", ASK)
    other = server.browser()
    assert follow(other, server.mails().last.url, callbackURL="").cookies == ()
    assert other.session() is None


@pytest.mark.parametrize("callback", ["", "/failed?x=1"])
def test_an_expired_token_says_so(server: Server, clock: Clock, callback: str) -> None:
    browser = server.browser()
    browser.sign_up()
    browser.post("/send-verification-email", ASK)
    clock.forward(3600)
    answer = follow(browser, server.mails().last.url, callbackURL=callback)
    if callback:
        assert answer.header("location") == "/failed?x=1&error=TOKEN_EXPIRED"
    else:
        assert (answer.status, answer.code) == (401, "TOKEN_EXPIRED")


def _claims(server: Server, **changes: object) -> dict[str, object]:
    iat = 1893456000
    return {"email": "ada@example.com", "iat": iat, "exp": iat + 60, **changes}


def _broken_tokens() -> dict[str, str]:
    iat = 1893456000
    claims: dict[str, object] = {"email": "ada@example.com", "iat": iat, "exp": iat + 60}
    good = sign_jwt(claims, SECRET)
    head, body, signature = good.split(".")
    none = "eyJhbGciOiJub25lIn0"
    other_body = sign_jwt({**claims, "x": 1}, SECRET).split(".")[1]
    return {
        "text": "a",
        "empty parts": "..",
        "algorithm none": f"{none}.{body}.",
        "algorithm none, signed": f"{none}.{body}.{signature}",
        "other key": sign_jwt(claims, "another-secret-0123456789-abcdefghij"),
        "empty key": sign_jwt(claims, ""),
        "swapped payload": f"{head}.{other_body}.{signature}",
        "lower case": good.lower(),
        "cut": good[:-1],
        "another purpose": sign_jwt({**claims, "requestType": "sign-in"}, SECRET),
        "purpose without an address": sign_jwt(
            {**claims, "requestType": "change-email-verification"}, SECRET
        ),
        "no address": sign_jwt({"iat": iat, "exp": iat + 60}, SECRET),
        "address is a list": sign_jwt({**claims, "email": ["ada@example.com"]}, SECRET),
        "no end": sign_jwt({"email": "ada@example.com", "iat": iat}, SECRET),
        "older than the user": sign_jwt({**claims, "iat": iat - 60}, SECRET),
    }


@pytest.mark.parametrize("name", _broken_tokens())
def test_m2_other_tokens_are_refused(server: Server, name: str) -> None:
    browser = server.browser()
    browser.sign_up()
    answer = browser.get("/verify-email", {"token": _broken_tokens()[name]})
    assert (answer.status, answer.code) == (401, "INVALID_TOKEN")
    assert browser.session()["user"]["emailVerified"] is False


def test_m1_tokens_of_other_purposes_do_not_serve(server: Server) -> None:
    browser = server.browser()
    signed_up = browser.sign_up().json
    browser.post("/request-password-reset", ASK)
    reset = server.mails().last.token
    for token in (reset, signed_up["token"], signed_up["user"]["id"], "*", "%"):
        assert browser.get("/verify-email", {"token": token}).code == "INVALID_TOKEN"


def test_r6_a_repeated_token_is_refused(server: Server) -> None:
    answer = server.browser().get("/verify-email", {"token": ["a", "b"]})
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")


def test_a_token_for_nobody_says_so(server: Server) -> None:
    token = sign_jwt(_claims(server, email="bob@example.com"), SECRET)
    answer = server.browser().get("/verify-email", {"token": token})
    assert (answer.status, answer.code) == (401, "USER_NOT_FOUND")


@pytest.mark.parametrize(
    "url", ["https://evil.example", "//evil.example", "/..//evil.example", "/\\evil.example"]
)
def test_r3_the_click_never_leads_elsewhere(server: Server, url: str) -> None:
    browser = server.browser()
    browser.sign_up()
    for token in (sign_jwt(_claims(server), SECRET), "a"):
        answer = browser.get("/verify-email", {"token": token, "callbackURL": url})
        assert (answer.status, answer.code) == (403, "INVALID_CALLBACK_URL")
        assert answer.header("location") is None


@pytest.mark.parametrize("url", ["//evil.example", "/..//evil.example", "/\\evil.example"])
def test_r3_paths_stay_on_site_even_without_origin_checks(
    make_server: MakeServer, url: str
) -> None:
    server = make_server(advanced=Advanced(disable_origin_check=True))
    browser = server.browser()
    browser.sign_up()
    token = sign_jwt(_claims(server), SECRET)
    browser.post("/request-password-reset", ASK)
    reset = f"/reset-password/{server.mails().last.token}"
    for path, query in (("/verify-email", {"token": token}), (reset, {})):
        answer = browser.get(path, {**query, "callbackURL": url})
        assert (answer.status, answer.code) == (403, "INVALID_CALLBACK_URL")


def test_without_a_mailer_there_is_no_mail(make_server: MakeServer) -> None:
    server = make_server(verification={"send_verification_email": None})
    answer = server.browser().post("/send-verification-email", ASK)
    assert (answer.status, answer.code) == (400, "VERIFICATION_EMAIL_NOT_ENABLED")


def test_with_a_session_only_the_own_unverified_address_is_mailed(server: Server) -> None:
    browser = server.browser()
    browser.sign_up()
    other = browser.post("/send-verification-email", {"email": "bob@example.com"})
    assert (other.status, other.code) == (400, "EMAIL_MISMATCH")
    assert browser.post("/send-verification-email", {"email": "ADA@example.com"}).status == 200
    follow(browser, server.mails().last.url)
    done = browser.post("/send-verification-email", ASK)
    assert (done.status, done.code) == (400, "EMAIL_ALREADY_VERIFIED")
    assert server.mails().kinds == ["verify"]


def test_e1_without_a_session_the_answer_tells_nothing(server: Server) -> None:
    ada, bob = server.browser(), server.browser()
    ada.sign_up()
    bob.sign_up("bob@example.com")
    bob.post("/send-verification-email", {"email": "bob@example.com"})
    follow(bob, server.mails().last.url)
    stranger = server.browser()
    answers = [
        stranger.post("/send-verification-email", {"email": email}).response
        for email in ("ADA@example.com", "bob@example.com", "nobody@example.com")
    ]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0].status == 200
    assert [mail.user.email for _, mail in server.mails().sent[1:]] == ["ada@example.com"]


def test_without_a_session_the_answer_takes_its_time(
    threaded: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = threaded(verification={"answer_after": 0.5})
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(server.auth.blocking.runtime, "pause", pause)
    server.browser().sign_up()
    for email in ("ada@example.com", "nobody@example.com"):
        server.browser().post("/send-verification-email", {"email": email})
    assert len(pauses) == 2
    assert all(0 < pause <= 0.5 for pause in pauses)


def test_a_failing_mailer_fails_the_call_of_who_is_signed_in_only(
    make_server: MakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    async def send(mail: Mail, request: Request | None) -> None:
        raise OSError(f"cannot send {mail.url}")

    server = make_server(verification={"send_verification_email": send})
    browser = server.browser()
    browser.sign_up()
    with caplog.at_level(logging.ERROR):
        assert server.browser().post("/send-verification-email", ASK).status == 200
        server.mails()
        assert "OSError" in caplog.text
        assert "token=" not in caplog.text
    assert browser.post("/send-verification-email", ASK).status == 500


def test_mails_do_not_show_their_token(server: Server) -> None:
    browser = server.browser()
    browser.sign_up()
    browser.post("/send-verification-email", ASK)
    mail = server.mails().last
    assert mail.token not in repr(mail)


def test_fifty_clicks_at_once_verify_once(threaded: MakeServer) -> None:
    told: list[str] = []

    def note(user: User, request: Request | None) -> None:
        told.append(user.email)

    together = threading.Barrier(50)

    def wait(user: User, request: Request | None) -> None:
        together.wait(20)

    server = threaded(
        verification={
            "before_email_verification": wait,
            "after_email_verification": note,
            "auto_sign_in_after_verification": True,
        }
    )
    server.browser().sign_up()
    server.browser().post("/send-verification-email", ASK)
    url = server.mails().last.url
    answers = at_once(lambda _: follow(server.browser(), url, callbackURL=""))
    assert {answer.status for answer in answers} == {200}
    assert told == ["ada@example.com"]
    assert sum(1 for answer in answers if answer.cookies) == 1


def test_the_hook_before_may_refuse(make_server: MakeServer) -> None:
    def refuse(user: User, request: Request | None) -> None:
        raise APIError(403, "NOT_TODAY", "Not today")

    server = make_server(verification={"before_email_verification": refuse})
    browser = server.browser()
    browser.sign_up()
    browser.post("/send-verification-email", ASK)
    answer = follow(browser, server.mails().last.url, callbackURL="")
    assert (answer.status, answer.code) == (403, "NOT_TODAY")
    assert browser.session()["user"]["emailVerified"] is False


def test_the_claims_are_in_the_protocols_order(server: Server) -> None:
    browser = server.browser()
    browser.sign_up()
    browser.post("/send-verification-email", ASK)
    claims = verify_jwt(server.mails().last.token, SECRET, now=1893456000)
    assert list(claims) == ["email", "userId", "gen", "iat", "exp"]
    assert claims["exp"] == 1893456000 + 3600
