"""W5: a mailed link or code ends with the session that asked for it, and with the credentials.

What a thief asked for by mail must be worth nothing once its owner has the account back, whichever
way the owner took it, and whatever runs at the same time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.attacks.mailing_site import ADA, EVE, NEW_PASSWORD, OLD_PASSWORD, Site, site_options
from tests.core.conftest import MakeAuth
from tests.support.browser import Answer, Browser, Clock


@pytest.fixture(params=["sqlite", "sqlite-async", "postgres", "mysql", "memory", "redis"])
def options(request: pytest.FixtureRequest) -> dict[str, Any]:
    return site_options(request)


@pytest.fixture
def site(make_auth: MakeAuth, options: dict[str, Any]) -> Site:
    made = Site(make_auth, **options)
    assert made.browser().sign_up(ADA).status == 200
    return made


# what a thief with a session asks for: each returns the way to redeem it


def link_to_another_address(site: Site, thief: Browser) -> Callable[[], Answer]:
    token = site.mail(thief, "/change-email", {"newEmail": EVE}).token
    return lambda: site.browser().get("/verify-email", {"token": token})


def code_for_another_address(site: Site, thief: Browser) -> Callable[[], Answer]:
    code = site.mail(thief, "/email-otp/request-email-change", {"newEmail": EVE}).otp
    body = {"newEmail": EVE, "otp": code}

    def redeem() -> Answer:
        # With a session that the thief has left, or with one that the owner is tricked in.
        password = NEW_PASSWORD if site.address() is None else OLD_PASSWORD
        return site.signed_in(password).post("/email-otp/change-email", body)

    return redeem


def link_that_deletes(site: Site, thief: Browser) -> Callable[[], Answer]:
    token = site.mail(thief, "/delete-user", {}).token

    def redeem() -> Answer:
        password = NEW_PASSWORD if site.address() is None else OLD_PASSWORD
        return site.signed_in(password).get("/delete-user/callback", {"token": token})

    return redeem


# how its owner takes the account back


def revoke_the_session(site: Site, owner: Browser, thief: Browser) -> None:
    token = thief.session()["session"]["token"]
    assert owner.post("/revoke-session", {"token": token}).status == 200


def revoke_the_others(site: Site, owner: Browser, thief: Browser) -> None:
    assert owner.post("/revoke-other-sessions").status == 200


def revoke_all(site: Site, owner: Browser, thief: Browser) -> None:
    assert owner.post("/revoke-sessions").status == 200


def sign_it_out(site: Site, owner: Browser, thief: Browser) -> None:
    """At the computer that was left open."""
    assert thief.post("/sign-out").status == 200


def change_the_password(site: Site, owner: Browser, thief: Browser) -> None:
    both = {"currentPassword": OLD_PASSWORD, "newPassword": NEW_PASSWORD}
    assert owner.post("/change-password", both).status == 200


def reset_by_link(site: Site, owner: Browser, thief: Browser) -> None:
    assert site.reset().status == 200


def reset_by_code(site: Site, owner: Browser, thief: Browser) -> None:
    browser = site.browser()
    code = site.mail(browser, "/email-otp/request-password-reset", {"email": ADA}).otp
    body = {"email": ADA, "otp": code, "password": NEW_PASSWORD}
    assert browser.post("/email-otp/reset-password", body).status == 200


ASKED = [link_to_another_address, code_for_another_address, link_that_deletes]
TAKEN_BACK = [
    revoke_the_session,
    revoke_the_others,
    revoke_all,
    sign_it_out,
    change_the_password,
    reset_by_link,
    reset_by_code,
]


@pytest.mark.parametrize("ask", ASKED)
def test_what_a_thief_asked_for_ends_with_what_he_asked_it_in(
    site: Site, ask: Callable[[Site, Browser], Callable[[], Answer]]
) -> None:
    for take_back in TAKEN_BACK:
        if site.address() is None:
            # The way before set another password: back to the old one.
            browser = site.signed_in(NEW_PASSWORD)
            both = {"currentPassword": NEW_PASSWORD, "newPassword": OLD_PASSWORD}
            assert browser.post("/change-password", both).status == 200
        owner, thief = site.signed_in(), site.signed_in()
        redeem = ask(site, thief)
        take_back(site, owner, thief)
        answer = redeem()
        refused = (answer.status, answer.code)
        assert refused in {
            (401, "INVALID_TOKEN"),
            (400, "INVALID_OTP"),
            (404, "INVALID_TOKEN"),
        }, take_back
        password = NEW_PASSWORD if site.address() is None else OLD_PASSWORD
        assert site.address(password) == ADA, take_back


@pytest.mark.parametrize("ask", ASKED)
def test_what_an_owner_asked_for_works_while_the_session_lives(
    site: Site, ask: Callable[[Site, Browser], Callable[[], Answer]]
) -> None:
    owner, other = site.signed_in(), site.signed_in()
    redeem = ask(site, owner)
    token = other.session()["session"]["token"]
    assert owner.post("/revoke-session", {"token": token}).status == 200
    assert redeem().status == 200
    assert site.address() is None


def test_the_second_link_of_a_change_is_bound_as_the_first_one(
    make_auth: MakeAuth, options: dict[str, Any]
) -> None:
    questions: list[Any] = []
    change = {"send_change_email_confirmation": lambda mail, request: questions.append(mail)}
    site = Site(make_auth, change=change, **options)
    site.browser().sign_up(ADA)
    prove = site.mail(site.browser(), "/send-verification-email", {"email": ADA})
    assert site.browser().get("/verify-email", {"token": prove.token}).status == 200
    owner, thief = site.signed_in(), site.signed_in()
    thief.post("/change-email", {"newEmail": EVE})
    site.mails()
    before = len(site.mails())
    first = {"token": questions[0].token}
    assert site.browser().get("/verify-email", first).status == 200
    again = site.browser().get("/verify-email", first)
    assert (again.status, again.code) == (401, "INVALID_TOKEN")
    (second,) = site.mails()[before:]
    owner.post("/revoke-other-sessions")
    answer = site.browser().get("/verify-email", {"token": second.token})
    assert (answer.status, answer.code) == (401, "INVALID_TOKEN")
    assert site.address() == ADA


# what was mailed to the mailbox itself


def test_reset_links_end_with_the_password_that_they_were_asked_under(site: Site) -> None:
    """Also where promises are kept in a secondary storage, which cannot be searched."""
    for take_back in (change_the_password, reset_by_link, reset_by_code, revoke_all):
        password = OLD_PASSWORD if site.address() else NEW_PASSWORD
        owner = site.signed_in(password)
        if password == NEW_PASSWORD:
            both = {"currentPassword": NEW_PASSWORD, "newPassword": OLD_PASSWORD}
            assert owner.post("/change-password", both).status == 200
        link = site.mail(site.browser(), "/request-password-reset", {"email": ADA})
        take_back(site, owner, owner)
        page = site.browser().get(f"/reset-password/{link.token}", {"callbackURL": "/reset"})
        assert str(page.header("location")).endswith("?error=INVALID_TOKEN"), take_back
        body = {"token": link.token, "newPassword": "third-12345"}
        assert site.browser().post("/reset-password", body).code == "INVALID_TOKEN", take_back


def test_reset_links_end_with_the_address_that_they_went_to(site: Site) -> None:
    link = site.mail(site.browser(), "/request-password-reset", {"email": ADA})
    owner = site.signed_in()
    moved = site.mail(owner, "/change-email", {"newEmail": "ada@new.example"})
    assert owner.get("/verify-email", {"token": moved.token}).status == 200
    body = {"token": link.token, "newPassword": NEW_PASSWORD}
    assert site.browser().post("/reset-password", body).code == "INVALID_TOKEN"


def test_links_and_codes_that_sign_in_end_with_a_reset(site: Site) -> None:
    browser = site.browser()
    link = site.mail(browser, "/sign-in/magic-link", {"email": ADA})
    send = "/email-otp/send-verification-otp"
    code = site.mail(browser, send, {"email": ADA, "type": "sign-in"}).otp
    assert site.reset().status == 200
    opened = browser.get("/magic-link/verify", {"token": link.token})
    assert str(opened.header("location")).endswith("?error=INVALID_TOKEN")
    answer = browser.post("/sign-in/email-otp", {"email": ADA, "otp": code})
    assert (answer.status, answer.code) == (400, "INVALID_OTP")
    assert browser.session() is None
    fresh = site.mail(browser, "/sign-in/magic-link", {"email": ADA})
    assert browser.get("/magic-link/verify", {"token": fresh.token}).status == 200


def test_mails_to_an_account_do_nothing_to_the_next_one_at_its_address(site: Site) -> None:
    """Within the same second, too: the clock stands still here."""
    browser, owner = site.browser(), site.signed_in()
    send = "/email-otp/send-verification-otp"
    proof = site.mail(browser, "/send-verification-email", {"email": ADA}).token
    link = site.mail(browser, "/sign-in/magic-link", {"email": ADA}).token
    moved = site.mail(owner, "/change-email", {"newEmail": EVE}).token
    kinds = ("sign-in", "email-verification", "forget-password")
    codes = {kind: site.mail(browser, send, {"email": ADA, "type": kind}).otp for kind in kinds}
    delete = site.mail(owner, "/delete-user", {})
    assert owner.get("/delete-user/callback", {"token": delete.token}).status == 200
    nobody = browser.get("/magic-link/verify", {"token": link})
    assert str(nobody.header("location")).endswith("?error=INVALID_TOKEN")
    assert site.browser().sign_up(ADA).status == 200

    assert browser.get("/verify-email", {"token": proof}).code == "INVALID_TOKEN"
    assert browser.get("/verify-email", {"token": moved}).code == "USER_NOT_FOUND"
    for path, kind, more in (
        ("/sign-in/email-otp", "sign-in", {}),
        ("/email-otp/verify-email", "email-verification", {}),
        ("/email-otp/reset-password", "forget-password", {"password": NEW_PASSWORD}),
    ):
        answer = browser.post(path, {"email": ADA, "otp": codes[kind], **more})
        assert (answer.status, answer.code) == (400, "INVALID_OTP"), path
    assert site.address() == ADA
    assert site.signed_in().session()["user"]["emailVerified"] is False


# how long


def test_what_ended_stays_ended_for_as_long_as_the_longest_link_lives(
    make_auth: MakeAuth, clock: Clock
) -> None:
    month = 30 * 86_400
    site = Site(make_auth, verification={"expires_in": month}, reset={"token_expires_in": month})
    thief = site.browser()
    thief.sign_up(ADA)
    link = site.mail(site.browser(), "/request-password-reset", {"email": ADA})
    moved = site.mail(thief, "/change-email", {"newEmail": EVE})
    both = {"currentPassword": OLD_PASSWORD, "newPassword": NEW_PASSWORD}
    clock.forward(60)
    assert thief.post("/change-password", both).status == 200
    later = site.mail(site.browser(), "/request-password-reset", {"email": ADA})
    clock.forward(month - 120)
    site.mail(site.browser(), "/sign-in/magic-link", {"email": EVE})
    body = {"newPassword": "third-12345"}
    answer = site.browser().post("/reset-password", {**body, "token": link.token})
    assert answer.code == "INVALID_TOKEN"
    assert site.browser().get("/verify-email", {"token": moved.token}).code == "INVALID_TOKEN"
    clock.forward(90)
    answer = site.browser().post("/reset-password", {**body, "token": later.token})
    assert answer.status == 200, (
        "what was mailed afterwards is not touched, nor the end of the note"
    )
