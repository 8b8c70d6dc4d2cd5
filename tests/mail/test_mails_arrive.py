"""Every mail really arrives, by both worlds, and what it carries works."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.core.conftest import FAST, MakeAuth
from tests.mail.mailing_auth import MailingAuth, click, code, link, mailer, mailing_auth
from tests.support.browser import ORIGIN
from tests.support.mail_server import MailServer
from watchword import (
    ChangeEmail,
    DeleteUser,
    EmailAndPassword,
    EmailVerification,
    PasswordReset,
)
from watchword.plugins import ActionToken, EmailOTP, MagicLink, Organization, TwoFactor
from watchword.plugins.two_factor import OTPOptions

ADA = "ada@example.com"
Make = Callable[..., MailingAuth]


@pytest.fixture(params=[False, True], ids=["direct", "outbox"])
def make(make_auth: MakeAuth, mails: MailServer, kind: str, request: pytest.FixtureRequest) -> Make:
    def made(**options: Any) -> MailingAuth:
        outbox = mailer(mails, outbox=request.param)
        return mailing_auth(make_auth, mails, kind, mail=outbox, **options)

    return made


def passwords(**options: Any) -> EmailAndPassword:
    return EmailAndPassword(enabled=True, argon2_cost=FAST, **options)


def verified(server: MailingAuth, email: str = ADA) -> Any:
    """A browser of somebody whose address is proven."""
    browser = server.browser()
    assert browser.sign_up(email).status == 200
    user = server.auth.blocking.users.find(email)
    assert user is not None
    server.auth.blocking.users.update(user.id, email_verified=True)
    return browser


def test_verifying_an_address(make: Make) -> None:
    server = make(email_and_password=passwords(require_email_verification=True))
    browser = server.browser()
    assert browser.sign_up(name="Click https://evil.example").status == 200
    post = server.last()
    assert post.message["Subject"] == "Confirm your e-mail address for App"
    assert "evil" not in post.text + post.html
    assert "works for 1 hour" in post.text
    assert browser.sign_in().code == "EMAIL_NOT_VERIFIED"
    assert click(browser, post).status in (200, 302)
    assert browser.sign_in().status == 200


def test_asking_for_the_link_again(make: Make) -> None:
    server = make(email_verification=EmailVerification(answer_after=0))
    browser = server.browser()
    browser.sign_up()
    assert server.posts() == []
    for asked in (browser, server.browser()):
        assert asked.post("/send-verification-email", {"email": ADA}).status == 200
    assert len(server.posts()) == 2
    assert (
        server.browser().post("/send-verification-email", {"email": "no@b.example"}).status == 200
    )
    assert server.posts("no@b.example") == []


def test_a_new_password(make: Make) -> None:
    server = make(password_reset=PasswordReset(reset_page="/new-password"))
    server.browser().sign_up()
    browser = server.browser()
    assert browser.post("/request-password-reset", {"email": ADA}).status == 200
    sent = click(browser, server.last())
    assert sent.status == 302
    where = urlsplit(sent.header("location") or "")
    assert where.path == "/new-password"
    (token,) = parse_qs(where.query)["token"]
    body = {"newPassword": "another password", "token": token}
    assert browser.post("/reset-password", body).status == 200
    assert browser.sign_in(password="another password").status == 200
    assert server.last().message["Subject"] == "Your password for App was changed"


def test_nobody_hears_of_an_unknown_address(make: Make) -> None:
    server = make(password_reset=PasswordReset(reset_page="/new-password"))
    answer = server.browser().post("/request-password-reset", {"email": "no@b.example"})
    assert answer.status == 200
    assert server.posts("no@b.example") == []


def test_another_address(make: Make) -> None:
    server = make(change_email=ChangeEmail(enabled=True))
    browser = verified(server)
    assert browser.post("/change-email", {"newEmail": "new@example.com"}).status == 200
    question = server.last()
    assert "new@example.com" in question.text
    assert server.posts("new@example.com") == []
    assert click(browser, question).status == 302
    assert "Hello,\n" in server.last("new@example.com").text
    assert click(browser, server.last("new@example.com")).status == 302
    assert browser.session()["user"]["email"] == "new@example.com"
    assert server.last().message["Subject"] == "Your e-mail address for App was changed"


def test_a_taken_address_hears_nothing(make: Make) -> None:
    server = make(change_email=ChangeEmail(enabled=True))
    server.browser().sign_up("bob@example.com")
    browser = verified(server)
    assert browser.post("/change-email", {"newEmail": "bob@example.com"}).status == 200
    assert server.posts() == []
    assert server.posts("bob@example.com") == []


def test_deleting_an_account(make: Make) -> None:
    server = make(delete_user=DeleteUser(enabled=True))
    browser = verified(server)
    assert browser.post("/delete-user", {}).json["message"] == "Verification email sent"
    post = server.last()
    assert "works for 1 day" in post.text
    assert click(browser, post).status == 302
    assert server.auth.blocking.users.find(ADA) is None


def test_a_changed_password_is_told(make: Make) -> None:
    server = make()
    browser = verified(server)
    body = {"currentPassword": "password1234", "newPassword": "another password"}
    assert browser.post("/change-password", body).status == 200
    assert server.last().message["Subject"] == "Your password for App was changed"
    assert server.last().text.startswith("Hello Ada,\n")


def test_who_has_the_address_is_told_of_a_second_sign_up(make: Make) -> None:
    server = make(email_and_password=passwords(require_email_verification=True))
    for _ in range(2):
        assert server.browser().sign_up().status == 200
    subjects = sorted(post.message["Subject"] for post in server.posts())
    assert subjects == [
        "Confirm your e-mail address for App",
        "You have an account at App already",
    ]


def test_a_magic_link(make: Make) -> None:
    server = make(plugins=[MagicLink()])
    browser = server.browser()
    assert browser.post("/sign-in/magic-link", {"email": ADA}).status == 200
    assert "works for 5 minutes" in server.last().text
    assert click(browser, server.last()).status == 302
    assert browser.session()["user"]["email"] == ADA


@pytest.mark.parametrize(
    ("type", "subject"),
    [
        ("sign-in", "Your sign-in code for App"),
        ("email-verification", "Your confirmation code for App"),
        ("forget-password", "Your code for a new password for App"),
    ],
)
def test_codes_by_mail(make: Make, type: str, subject: str) -> None:
    server = make(plugins=[EmailOTP()])
    browser = server.browser()
    browser.sign_up()
    asked = {"email": ADA, "type": type}
    assert browser.post("/email-otp/send-verification-otp", asked).status == 200
    assert server.last().message["Subject"] == subject
    given = {"email": ADA, "otp": code(server.last())}
    if type == "sign-in":
        assert server.browser().post("/sign-in/email-otp", given).status == 200
    elif type == "email-verification":
        assert browser.post("/email-otp/verify-email", given).status == 200
    else:
        given["password"] = "another password"
        assert browser.post("/email-otp/reset-password", given).status == 200


def test_a_code_for_another_address(make: Make) -> None:
    server = make(plugins=[EmailOTP(change_email=True)])
    browser = verified(server)
    asked = {"newEmail": "new@example.com"}
    assert browser.post("/email-otp/request-email-change", asked).status == 200
    given = {**asked, "otp": code(server.last("new@example.com"))}
    assert browser.post("/email-otp/change-email", given).status == 200
    assert server.last().message["Subject"] == "Your e-mail address for App was changed"


def test_a_code_takes_the_place_of_the_link_where_that_is_wanted(make: Make) -> None:
    server = make(
        email_and_password=passwords(require_email_verification=True),
        plugins=[EmailOTP(override_default_email_verification=True)],
    )
    server.browser().sign_up()
    given = {"email": ADA, "otp": code(server.last())}
    assert server.browser().post("/email-otp/verify-email", given).status == 200


def test_a_second_factor(make: Make) -> None:
    server = make(plugins=[TwoFactor(otp=OTPOptions())])
    browser = verified(server)
    enabled = browser.post("/two-factor/enable", {"password": "password1234", "method": "otp"})
    assert enabled.status == 200
    user = server.auth.blocking.users.find(ADA)
    assert user is not None
    for _ in range(2):
        assert browser.post("/two-factor/send-otp", {}).status == 200
        given = {"code": code(server.last())}
        assert browser.post("/two-factor/verify-otp", given).status == 200
        browser = server.browser()
        assert browser.sign_in().json.get("twoFactorRedirect") is True
    assert "somebody else may know your password" in " ".join(server.last().text.split())


def test_an_action_is_confirmed(make: Make) -> None:
    server = make(plugins=[ActionToken()])
    browser = verified(server)
    assert browser.post("/one-time-token/send-token", {"type": "drop.evil"}).status == 200
    assert "action: drop·evil" in server.last().text
    given = {"type": "drop.evil", "token": code(server.last())}
    assert browser.post("/one-time-token/verify-token", given).status == 200


def test_an_invitation(make: Make) -> None:
    server = make(plugins=[Organization(invitation_page="/invitations/{id}")])
    browser = verified(server)
    organization = {"name": "Acme https://evil.example", "slug": "acme"}
    made = browser.post("/organization/create", organization)
    assert made.status == 200
    asked = {"email": "bob@example.com", "role": "member", "organizationId": made.json["id"]}
    invited = browser.post("/organization/invite-member", asked)
    assert invited.status == 200
    post = server.last("bob@example.com")
    assert link(post) == f"{ORIGIN}/invitations/{invited.json['id']}"
    assert post.message["Subject"] == "Invitation to Acme evil·example"
    assert "works for 2 days" in post.text
    guest = server.browser()
    guest.sign_up("bob@example.com")
    accepted = guest.post("/organization/accept-invitation", {"invitationId": invited.json["id"]})
    assert accepted.status == 200


def test_a_link_that_the_server_made_for_somebody(make: Make) -> None:
    server = make()
    user = server.auth.blocking.users.create(email=ADA, name="Ada", email_verified=True)
    made = server.auth.blocking.users.sign_in_link(user.id, mail=True)
    assert link(server.last()) == made.url
    browser = server.browser()
    assert click(browser, server.last()).status == 302
    assert browser.session()["user"]["email"] == ADA
