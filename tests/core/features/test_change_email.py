"""Changing one's address: who is asked, what a click does, and that a taken one tells nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.features.conftest import MakeServer, Server, at_once, follow
from tests.support.browser import SECRET, Browser, Clock
from watchword import ChangeEmailMail
from watchword.crypto.jwt import sign_jwt, verify_jwt

NEW = {"newEmail": "New@example.com"}
START = 1893456000


def signed_up(server: Server, email: str = "ada@example.com", *, verified: bool = False) -> Browser:
    browser = server.browser()
    browser.sign_up(email)
    if verified:
        server.rows("update user set emailVerified = 1 where email = ?", email)
    return browser


def email_of(browser: Browser) -> str:
    return browser.session()["user"]["email"]


def test_the_new_address_is_asked_and_then_replaces_the_old(server: Server) -> None:
    browser = signed_up(server)
    assert browser.post("/change-email", NEW).json == {"status": True}
    assert email_of(browser) == "ada@example.com"
    mail = server.mails().last
    assert mail.user.email == "new@example.com"
    claims = verify_jwt(mail.token, SECRET, now=START)
    assert claims["email"] == "ada@example.com"
    assert claims["updateTo"] == "new@example.com"
    assert claims["requestType"] == "change-email-verification"
    assert claims["userId"] == browser.session()["user"]["id"]
    answer = follow(browser, mail.url, callbackURL="")
    assert answer.json["status"] is True
    assert answer.json["user"]["email"] == "new@example.com"
    assert answer.cookie("better-auth.session_token") is not None
    assert email_of(browser) == "new@example.com"


def test_m1_the_link_works_once(server: Server) -> None:
    browser = signed_up(server)
    browser.post("/change-email", NEW)
    url = server.mails().last.url
    follow(browser, url)
    again = follow(browser, url, callbackURL="")
    assert (again.status, again.code) == (401, "INVALID_TOKEN")
    assert email_of(browser) == "new@example.com"


@pytest.mark.parametrize("verified", [False, True])
def test_the_click_leaves_it_open_whether_the_address_is_verified(
    make_server: MakeServer, verified: bool
) -> None:
    """Whose account it is has not been proven by a click in another mailbox."""
    told: list[str] = []
    callback = {"after_email_verification": lambda user, request: told.append(user.email)}
    server = make_server(verification=callback)
    browser = signed_up(server, verified=verified)
    browser.post("/change-email", NEW)
    answer = follow(browser, server.mails().last.url, callbackURL="")
    assert answer.json["user"]["emailVerified"] is verified
    assert told == (["new@example.com"] if verified else [])


def test_a_link_does_nothing_to_who_has_the_old_address_later(server: Server, clock: Clock) -> None:
    browser = signed_up(server)
    browser.post("/change-email", NEW)
    url = server.mails().last.url
    follow(browser, url)
    clock.forward(60)
    other = signed_up(server)
    server.rows("update user set email = 'third@example.com' where email = 'new@example.com'")
    answer = follow(server.browser(), url, callbackURL="")
    assert (answer.status, answer.code) == (401, "INVALID_TOKEN")
    assert email_of(other) == "ada@example.com"


def test_a_verified_old_address_is_asked_first(make_server: MakeServer) -> None:
    questions: list[ChangeEmailMail] = []

    async def ask(mail: ChangeEmailMail, request: object) -> None:
        questions.append(mail)

    server = make_server(change={"send_change_email_confirmation": ask})
    browser = signed_up(server, verified=True)
    browser.post("/change-email", {**NEW, "callbackURL": "/profile"})
    assert server.mails().kinds == []
    (question,) = questions
    assert (question.user.email, question.new_email) == ("ada@example.com", "new@example.com")
    confirmed = follow(browser, question.url)
    assert confirmed.header("location") == "/profile"
    assert email_of(browser) == "ada@example.com"
    mail = server.mails().last
    assert mail.user.email == "new@example.com"
    assert mail.url.endswith("&callbackURL=%2Fprofile")
    assert follow(browser, mail.url).header("location") == "/profile"
    assert email_of(browser) == "new@example.com"


def test_an_unverified_address_may_be_replaced_at_once(make_server: MakeServer) -> None:
    server = make_server(change={"update_email_without_verification": True})
    browser = signed_up(server)
    answer = browser.post("/change-email", NEW)
    assert answer.json == {"status": True}
    assert answer.cookie("better-auth.session_token") is not None
    user = browser.session()["user"]
    assert (user["email"], user["emailVerified"]) == ("new@example.com", False)
    mail = server.mails().last
    assert "updateTo" not in verify_jwt(mail.token, SECRET, now=START)
    follow(browser, mail.url)
    assert browser.session()["user"]["emailVerified"] is True


def test_m6_a_verified_address_is_never_replaced_at_once(make_server: MakeServer) -> None:
    server = make_server(change={"update_email_without_verification": True})
    browser = signed_up(server, verified=True)
    browser.post("/change-email", NEW)
    assert email_of(browser) == "ada@example.com"
    follow(browser, server.mails().last.url)
    assert email_of(browser) == "new@example.com"


@pytest.mark.parametrize("at_once_too", [False, True])
@pytest.mark.parametrize("spelling", ["bob@example.com", "BOB@example.com"])
def test_m6_a_taken_address_gets_the_same_answer(
    make_server: MakeServer, at_once_too: bool, spelling: str
) -> None:
    server = make_server(change={"update_email_without_verification": at_once_too})
    signed_up(server, "bob@example.com")
    browser = signed_up(server)
    taken = browser.post("/change-email", {"newEmail": spelling})
    assert server.mails().kinds == []
    assert email_of(browser) == "ada@example.com"
    assert taken.response == browser.post("/change-email", NEW).response


def test_an_address_taken_meanwhile_is_refused(server: Server) -> None:
    browser = signed_up(server)
    browser.post("/change-email", NEW)
    url = server.mails().last.url
    signed_up(server, "new@example.com")
    answer = follow(browser, url, callbackURL="")
    assert (answer.status, answer.code) == (422, "USER_ALREADY_EXISTS")
    location = follow(browser, url, callbackURL="/x").header("location")
    assert location == "/x?error=USER_ALREADY_EXISTS"
    assert email_of(browser) == "ada@example.com"


def test_a_link_clicked_in_somebody_elses_session_is_refused(server: Server) -> None:
    browser = signed_up(server)
    browser.post("/change-email", NEW)
    bob = signed_up(server, "bob@example.com")
    answer = follow(bob, server.mails().last.url, callbackURL="")
    assert (answer.status, answer.code) == (401, "INVALID_USER")
    assert email_of(browser) == "ada@example.com"


def test_without_a_session_the_click_signs_nobody_in(server: Server) -> None:
    browser = signed_up(server)
    browser.post("/change-email", NEW)
    other = server.browser()
    answer = follow(other, server.mails().last.url)
    assert (answer.status, answer.cookies) == (302, ())
    assert other.session() is None
    assert email_of(browser) == "new@example.com"


def test_legacy_links_change_the_address_and_ask_for_proof(server: Server) -> None:
    browser = signed_up(server, verified=True)
    claims = {"email": "ada@example.com", "updateTo": "new@example.com"}
    claims["userId"] = browser.session()["user"]["id"]
    token = sign_jwt({**claims, "iat": START, "exp": START + 60}, SECRET)
    answer = browser.get("/verify-email", {"token": token})
    assert answer.json["user"]["email"] == "new@example.com"
    assert answer.json["user"]["emailVerified"] is False
    mail = server.mails().last
    assert mail.user.email == "new@example.com"
    follow(browser, mail.url)
    assert browser.session()["user"]["emailVerified"] is True


def test_a_changed_address_voids_reset_links_of_the_old_mailbox(server: Server) -> None:
    browser = signed_up(server)
    browser.post("/request-password-reset", {"email": "ada@example.com"})
    token = server.mails().last.token
    browser.post("/change-email", NEW)
    follow(browser, server.mails().last.url)
    body = {"newPassword": "another-password", "token": token}
    assert server.browser().post("/reset-password", body).code == "INVALID_TOKEN"


@pytest.mark.parametrize(
    ("options", "body", "code", "message"),
    [
        ({"change": {"enabled": False}}, NEW, "CHANGE_EMAIL_DISABLED", None),
        ({}, {"newEmail": "ADA@example.com"}, None, "Email is the same"),
        ({}, {"newEmail": "nothing"}, "VALIDATION_ERROR", None),
        ({}, {"newEmail": ["new@example.com"]}, "VALIDATION_ERROR", None),
        (
            {"verification": {"send_verification_email": None}},
            NEW,
            None,
            "Verification email isn't enabled",
        ),
    ],
)
def test_refusals(
    make_server: MakeServer,
    options: dict[str, Any],
    body: dict[str, Any],
    code: str | None,
    message: str | None,
) -> None:
    answer = signed_up(make_server(**options)).post("/change-email", body)
    assert (answer.status, answer.code) == (400, code)
    assert message is None or answer.json["message"] == message


def test_nobody_is_signed_in(server: Server) -> None:
    answer = server.browser().post("/change-email", NEW)
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize("way", ["links", "at once"])
def test_many_users_want_one_address_and_one_gets_it(threaded: MakeServer, way: str) -> None:
    server = threaded(change={"update_email_without_verification": way == "at once"})
    browsers = [signed_up(server, f"user{number}@example.com") for number in range(30)]

    def ask(number: int) -> int:
        return browsers[number].post("/change-email", NEW).status

    assert set(at_once(ask, 30)) == {200}
    if way == "links":
        urls = [mail.url for _, mail in server.mails().sent]
        assert len(urls) == 30
        clicks = at_once(lambda n: follow(server.browser(), urls[n], callbackURL="").status, 30)
        assert sorted(clicks) == [200] + [422] * 29
    found = server.rows("select count(*) from user where email = 'new@example.com'")
    assert found == [(1,)]
