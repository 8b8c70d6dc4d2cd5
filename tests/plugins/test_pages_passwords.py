"""Ready pages: a password that was forgotten, links and codes that sign in."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.pages_visitor import ADA, PASSWORD, Mailbox, PagesVisitor
from watchword import Auth, PasswordReset
from watchword.plugins import EmailOTP, MagicLink, Pages, PhoneNumber
from watchword.plugins.phone_number import SignUpOnVerification

NEW = "another password"
NUMBER = "+491701234567"


@pytest.fixture
def mails() -> Mailbox:
    return Mailbox()


def ada_of(auth: Auth[Any], kind: str) -> PagesVisitor:
    """A browser of Ada's that is not signed in."""
    visitor = PagesVisitor(auth, kind)
    visitor.sign_up()
    visitor.jar.clear()
    return visitor


def signs_in(visitor: PagesVisitor, password: str) -> bool:
    return visitor.sign_in(password=password).status == 200


# a new password by a link


def with_links(make_auth: MakeAuth, mails: Mailbox) -> Auth[Any]:
    return make_auth(plugins=[Pages()], password_reset=PasswordReset(send_reset_password=mails))


def test_a_link_leads_to_a_new_password(make_auth: MakeAuth, mails: Mailbox, kind: str) -> None:
    auth = with_links(make_auth, mails)
    visitor = ada_of(auth, kind)
    asking = visitor.open(visitor.see("sign-in", {"next": "/inbox"}).links["Forgot password?"])
    sent = visitor.follow(visitor.fill(asking, email=ADA))
    assert sent.heading == "Check your e-mail"
    choosing = visitor.follow(visitor.open(mails.newest(auth).url))
    assert choosing.heading == "Choose a new password"
    short = visitor.fill(choosing, password="short")
    assert short.error("password") == "The password is too short: at least 8 characters"
    done = visitor.follow(visitor.fill(short, password=NEW))
    assert done.notice == "Your password is changed. Sign in with the new one."
    assert visitor.fill(done, identifier=ADA, password=NEW).location == "/inbox"
    assert not signs_in(visitor, PASSWORD)


def test_looking_at_the_page_uses_nothing_up(
    make_auth: MakeAuth, mails: Mailbox, kind: str
) -> None:
    """Mail programs and scanners follow links, too."""
    auth = with_links(make_auth, mails)
    visitor = ada_of(auth, kind)
    visitor.send_form("forgot-password", {"email": ADA})
    url = mails.newest(auth).url
    for _ in range(3):
        choosing = visitor.follow(visitor.open(url))
    assert visitor.fill(choosing, password=NEW).status == 303


def test_a_link_that_is_dead_leads_to_another_one(
    make_auth: MakeAuth, mails: Mailbox, kind: str
) -> None:
    auth = with_links(make_auth, mails)
    visitor = ada_of(auth, kind)
    visitor.send_form("forgot-password", {"email": ADA})
    url = mails.newest(auth).url
    choosing = visitor.follow(visitor.open(url))
    visitor.fill(choosing, password=NEW)
    again = visitor.fill(choosing, password="a third password")
    assert again.status == 400
    assert again.alert.startswith("The link is not valid")
    assert again.forms == []
    followed = visitor.follow(visitor.open(url))
    assert followed.alert.startswith("The link is not valid")
    assert visitor.open(followed.links["Ask for a new link"]).heading == "Forgot your password?"
    assert signs_in(visitor, NEW)


def test_nobody_learns_who_has_an_account(make_auth: MakeAuth, mails: Mailbox, kind: str) -> None:
    visitor = ada_of(with_links(make_auth, mails), kind)
    answers = [
        visitor.send_form("forgot-password", {"email": email})
        for email in (ADA, "nobody@example.com")
    ]
    assert len({(one.status, one.location) for one in answers}) == 1


def test_the_page_for_a_new_password_needs_a_link(make_auth: MakeAuth, mails: Mailbox) -> None:
    visitor = ada_of(with_links(make_auth, mails), "blocking")
    assert visitor.see("reset-password").location.endswith("/forgot-password")
    assert visitor.send_form("reset-password", {"password": NEW}).location.endswith(
        "/forgot-password"
    )


# by a code


def test_a_code_by_mail_sets_a_new_password(make_auth: MakeAuth, mails: Mailbox, kind: str) -> None:
    auth = make_auth(plugins=[Pages(), EmailOTP(send_verification_otp=mails)])
    visitor = ada_of(auth, kind)
    choosing = visitor.follow(visitor.send_form("forgot-password", {"email": ADA}))
    assert set(choosing.form().attributes) == {"code", "password"}
    wrong = visitor.fill(choosing, code="nonsense", password=NEW)
    assert wrong.error("code") == "The code is wrong, or there is none"
    done = visitor.fill(wrong, code=mails.newest(auth).otp, password=NEW)
    assert done.status == 303
    assert signs_in(visitor, NEW)


def test_a_code_by_phone_sets_a_new_password(
    make_auth: MakeAuth, mails: Mailbox, kind: str
) -> None:
    auth = make_auth(plugins=[Pages(), PhoneNumber(send_otp=mails, send_password_reset_otp=mails)])
    visitor = PagesVisitor(auth, kind)
    visitor.sign_up()
    visitor.post("/phone-number/send-otp", {"phoneNumber": NUMBER})
    proof = {"phoneNumber": NUMBER, "code": mails.newest(auth).code, "updatePhoneNumber": True}
    assert visitor.post("/phone-number/verify", proof).status == 200
    visitor.jar.clear()
    asking = visitor.see("forgot-password")
    choosing = visitor.follow(visitor.fill(asking, phoneNumber=NUMBER))
    assert NUMBER in choosing.said["lead"][0]
    done = visitor.fill(choosing, code=mails.newest(auth).code, password=NEW)
    assert done.status == 303, done.source
    assert signs_in(visitor, NEW)


def test_mail_and_phone_share_one_field(make_auth: MakeAuth, mails: Mailbox, kind: str) -> None:
    phone = PhoneNumber(send_otp=mails, send_password_reset_otp=mails)
    auth = make_auth(
        plugins=[Pages(), phone], password_reset=PasswordReset(send_reset_password=mails)
    )
    visitor = ada_of(auth, kind)
    asking = visitor.see("forgot-password")
    assert visitor.fill(asking, identifier=ADA).location.endswith("mail-sent?about=reset")
    assert visitor.fill(asking, identifier=NUMBER).location.endswith("/reset-password")
    wrong = visitor.fill(asking, identifier="ada@")
    assert wrong.error("identifier") == "This is not an e-mail address"
    assert wrong.field("identifier")["value"] == "ada@"


# links that sign in


def test_a_link_signs_in(make_auth: MakeAuth, mails: Mailbox, kind: str) -> None:
    auth = make_auth(plugins=[Pages(), MagicLink(send_magic_link=mails)])
    visitor = ada_of(auth, kind)
    asking = visitor.open(visitor.see("sign-in", {"next": "/inbox"}).links["E-mail me a link"])
    sent = visitor.follow(visitor.fill(asking, email=ADA))
    assert sent.heading == "Check your e-mail"
    opened = visitor.open(mails.newest(auth).url)
    done = visitor.open(opened.location)
    assert (done.status, done.location) == (303, "/inbox")
    assert visitor.session()["user"]["email"] == ADA


def test_a_dead_link_is_told_where_one_signs_in(
    make_auth: MakeAuth, mails: Mailbox, kind: str
) -> None:
    auth = make_auth(plugins=[Pages(), MagicLink(send_magic_link=mails)])
    visitor = ada_of(auth, kind)
    visitor.send_form("magic-link", {"email": ADA})
    url = mails.newest(auth).url
    visitor.open(url)
    shown = visitor.follow(visitor.open(url))
    assert shown.heading == "Sign in"
    assert shown.alert.startswith("The link is not valid, or has been used already")


def test_what_is_no_address_is_told_before_anything_is_mailed(
    make_auth: MakeAuth, mails: Mailbox, kind: str
) -> None:
    auth = make_auth(
        plugins=[Pages(), MagicLink(send_magic_link=mails), EmailOTP(send_verification_otp=mails)]
    )
    visitor = PagesVisitor(auth, kind)
    for page in ("magic-link", "email-code"):
        shown = visitor.send_form(page, {"email": "ada@"})
        assert (shown.status, shown.error("email")) == (400, "This is not an e-mail address")
        assert shown.field("email")["value"] == "ada@"
    auth.blocking.close()
    assert mails.mails == []


# codes that sign in


def test_a_code_by_mail_signs_in(make_auth: MakeAuth, mails: Mailbox, kind: str) -> None:
    auth = make_auth(plugins=[Pages(), EmailOTP(send_verification_otp=mails)])
    visitor = ada_of(auth, kind)
    code = visitor.follow(visitor.send_form("email-code", {"email": ADA, "next": "/inbox"}))
    assert code.field("code")["autocomplete"] == "one-time-code"
    assert "autofocus" in code.field("code")
    assert ADA not in str(visitor.jar.keys())
    again = visitor.follow(visitor.fill(code, "again"))
    assert again.notice == "We have sent you a new code."
    otp = mails.newest(auth).otp
    done = visitor.fill(again, code=f"{otp[:3]} {otp[3:]}")
    assert (done.status, done.location) == (303, "/inbox")
    assert "better-auth.pages_asked" not in visitor.jar
    assert visitor.session()["user"]["email"] == ADA


def test_a_code_by_phone_signs_in(make_auth: MakeAuth, mails: Mailbox, kind: str) -> None:
    new = SignUpOnVerification(get_temp_email=lambda number: f"{number[1:]}@phones.example.com")
    auth = make_auth(plugins=[Pages(), PhoneNumber(send_otp=mails, sign_up_on_verification=new)])
    visitor = PagesVisitor(auth, kind)
    code = visitor.follow(visitor.send_form("phone-code", {"phoneNumber": NUMBER}))
    assert NUMBER in code.said["lead"][0]
    wrong = visitor.fill(code, code="nonsense")
    assert wrong.status == 400
    assert wrong.error("code")
    assert visitor.fill(wrong, code=mails.newest(auth).code).status == 303
    assert visitor.session()["user"]["phoneNumber"] == NUMBER


def test_a_code_that_nobody_asked_for_leads_to_signing_in(
    make_auth: MakeAuth, mails: Mailbox
) -> None:
    auth = make_auth(plugins=[Pages(), EmailOTP(send_verification_otp=mails)])
    visitor = ada_of(auth, "blocking")
    assert visitor.see("code").location.endswith("/sign-in")
    assert visitor.send_form("code", {"code": "123456"}).location.endswith("/sign-in")
    visitor.jar["better-auth.pages_asked"] = '{"purpose":"email-code","to":"eve@example.com"}.x'
    assert visitor.see("code").location.endswith("/sign-in")
