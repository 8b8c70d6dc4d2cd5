"""Ready pages: signing up, with the fields of one's own users, and proving an address."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
import pytest

from tests.core.conftest import FAST, MakeAuth
from tests.plugins.pages_visitor import ADA, BASE, PASSWORD, Mailbox, PagesVisitor, Shown
from watchword import Auth, Column, EmailAndPassword, EmailVerification, User
from watchword.plugins import EmailOTP, Pages, Username


class Member(User, kw_only=True):
    """Fields of all kinds."""

    city: str
    favourite_color: Literal["red", "dark-blue"] = "dark-blue"
    nickname: Annotated[str, msgspec.Meta(max_length=20)] | None = None
    age: int | None = None
    newsletter: bool = False
    born: datetime | None = None
    tags: list[str] = msgspec.field(default_factory=list[str])
    points: Annotated[int, Column(input=False)] = 0


def fill_in(visitor: PagesVisitor, **typed: str) -> Shown:
    given = {"name": "Ada", "email": ADA, "password": PASSWORD, **typed}
    return visitor.fill(visitor.see("sign-up", {"next": "/inbox"}), **given)


def strict(**options: Any) -> EmailAndPassword:
    return EmailAndPassword(enabled=True, argon2_cost=FAST, **options)


@pytest.fixture
def mails() -> Mailbox:
    return Mailbox()


# signing up


def test_whoever_signs_up_is_signed_in_and_led_on(visit: Any) -> None:
    visitor = visit()
    done = fill_in(visitor)
    assert (done.status, done.location) == (303, "/inbox")
    assert visitor.session()["user"]["name"] == "Ada"


def test_browsers_know_what_the_fields_are(visit: Any) -> None:
    shown = visit(Username()).see("sign-up")
    assert {name: one.get("autocomplete") for name, one in shown.form().attributes.items()} == {
        "name": "name",
        "email": "email",
        "username": "username",
        "password": "new-password",
    }
    assert shown.field("email")["type"] == shown.field("email")["inputmode"] == "email"
    assert "required" not in shown.field("username")


def test_all_that_is_wrong_is_told_beside_the_fields(visit: Any) -> None:
    shown = visit().send_form("sign-up", {"name": "Ada", "email": "ada", "password": ""})
    assert shown.status == 400
    assert shown.error("email") == "This is not an e-mail address"
    assert shown.error("password") == "This is missing"
    assert shown.error("name") == ""
    assert "autofocus" in shown.field("email")
    assert "autofocus" not in shown.field("password")
    assert shown.field("email")["value"] == "ada"


def test_a_password_that_is_refused_is_not_shown_again(visit: Any) -> None:
    shown = fill_in(visit(), password="sh0rt!")
    assert shown.error("password") == "The password is too short: at least 8 characters"
    assert "sh0rt!" not in shown.source
    assert shown.field("name")["value"] == "Ada"


def test_an_address_that_is_taken(visit: Any) -> None:
    visitor = visit()
    visitor.sign_up()
    shown = fill_in(visitor)
    assert shown.error("email") == "There is an account with this address"


def test_a_username_is_taken_along(visit: Any) -> None:
    visitor = visit(Username())
    refused = fill_in(visitor, username="a")
    assert refused.error("username") == "The username is too short"
    assert fill_in(visitor, username="ada_l").status == 303
    assert visitor.session()["user"]["username"] == "ada_l"


# fields of the application's own


def test_fields_of_ones_own_users_are_asked_for(make_auth: MakeAuth, kind: str) -> None:
    visitor = PagesVisitor(make_auth(plugins=[Pages()], user_type=Member), kind)
    form = visitor.see("sign-up").form()
    kinds = {name: one.get("type", "select") for name, one in form.attributes.items()}
    assert kinds == {
        "name": "text",
        "email": "email",
        "password": "password",
        "city": "text",
        "favouriteColor": "select",
        "nickname": "text",
        "age": "text",
        "newsletter": "checkbox",
        "born": "date",
    }
    assert "required" in form.attributes["city"]
    assert "required" not in form.attributes["nickname"]
    assert form.attributes["nickname"]["maxlength"] == "20"
    assert "tags" not in form.attributes
    assert "points" not in form.attributes


def test_what_is_typed_there_is_kept(make_auth: MakeAuth, kind: str) -> None:
    visitor = PagesVisitor(make_auth(plugins=[Pages()], user_type=Member), kind)
    typed = {"city": "London", "favouriteColor": "red", "age": "36", "newsletter": "on"}
    done = fill_in(visitor, **typed, born="1815-12-10")
    assert done.status == 303, done.source
    user = visitor.session()["user"]
    assert (user["city"], user["favouriteColor"], user["age"]) == ("London", "red", 36)
    assert (user["newsletter"], user["nickname"]) == (True, None)
    assert user["born"].startswith("1815-12-10")


def test_what_is_wrong_there_is_told_there(make_auth: MakeAuth, kind: str) -> None:
    visitor = PagesVisitor(make_auth(plugins=[Pages()], user_type=Member), kind)
    shown = fill_in(visitor, city="London", age="very", newsletter="on")
    assert shown.status == 400
    assert shown.error("age") == "This must be a number"
    assert shown.field("city")["value"] == "London"
    assert shown.form().fields["newsletter"] == "on"


def test_they_are_called_by_their_names_or_by_texts(make_auth: MakeAuth) -> None:
    texts = {"en": {"field.favouriteColor": "Colour"}, "de": {"field.city": "Stadt"}}
    visitor = PagesVisitor(make_auth(plugins=[Pages(texts=texts)], user_type=Member))
    source = visitor.see("sign-up").source
    assert '<label for="city">City</label>' in source
    assert '<label for="favouriteColor">Colour</label>' in source
    assert '<option value="dark-blue" selected>Dark blue</option>' in source
    german = visitor.see("sign-up", accept_language="de").source
    assert '<label for="city">Stadt</label>' in german


# proving the address


def by_link(make_auth: MakeAuth, mails: Mailbox, **options: Any) -> Auth[Any]:
    return make_auth(
        plugins=[Pages()],
        email_and_password=strict(require_email_verification=True),
        email_verification=EmailVerification(
            send_verification_email=mails, answer_after=0, **options
        ),
    )


def test_a_link_proves_the_address(make_auth: MakeAuth, mails: Mailbox, kind: str) -> None:
    auth = by_link(make_auth, mails)
    visitor = PagesVisitor(auth, kind)
    sent = visitor.follow(fill_in(visitor))
    assert sent.heading == "Check your e-mail"
    assert "a link that verifies your e-mail address" in sent.said["lead"][0]
    verified = visitor.follow(visitor.open(mails.newest(auth).url))
    assert verified.heading == "E-mail address verified"
    signing_in = visitor.open(verified.links["Sign in"])
    done = visitor.fill(signing_in, identifier=ADA, password=PASSWORD)
    assert done.location == "/inbox", "where one was going is in the mailed link, too"


def test_whoever_is_signed_in_by_the_link_goes_on(
    make_auth: MakeAuth, mails: Mailbox, kind: str
) -> None:
    auth = by_link(make_auth, mails, auto_sign_in_after_verification=True)
    visitor = PagesVisitor(auth, kind)
    fill_in(visitor)
    verified = visitor.follow(visitor.open(mails.newest(auth).url))
    assert verified.links["Continue"] == "/inbox"


def test_a_dead_link_leads_to_a_new_one(make_auth: MakeAuth, mails: Mailbox, kind: str) -> None:
    auth = by_link(make_auth, mails)
    visitor = PagesVisitor(auth, kind)
    fill_in(visitor)
    dead = mails.newest(auth).url.replace("token=", "token=x")
    failed = visitor.follow(visitor.open(dead))
    assert failed.heading == "The link did not work"
    assert failed.alert.startswith("The link is not valid")
    asking = visitor.open(failed.links["Ask for a new link"])
    sent = visitor.follow(visitor.fill(asking, email=ADA))
    assert sent.heading == "Check your e-mail"
    verified = visitor.follow(visitor.open(mails.newest(auth).url))
    assert verified.heading == "E-mail address verified"


def test_the_answer_tells_nobody_whose_address_it_is(
    make_auth: MakeAuth, mails: Mailbox, kind: str
) -> None:
    visitor = PagesVisitor(by_link(make_auth, mails), kind)
    fill_in(visitor)
    known, unknown = (
        visitor.send_form("verify-email", {"email": email}) for email in (ADA, "eve@example.com")
    )
    assert (known.status, known.location) == (unknown.status, unknown.location)
    taken, free = fill_in(visitor), fill_in(visitor, email="eve@example.com")
    assert (taken.status, taken.location) == (free.status, free.location)


def test_a_code_proves_the_address(make_auth: MakeAuth, mails: Mailbox, kind: str) -> None:
    auth = make_auth(
        plugins=[
            Pages(),
            EmailOTP(send_verification_otp=mails, override_default_email_verification=True),
        ],
        email_and_password=strict(require_email_verification=True),
    )
    visitor = PagesVisitor(auth, kind)
    code = visitor.follow(fill_in(visitor))
    assert code.heading == "Enter the code"
    assert ADA in code.said["lead"][0]
    wrong = visitor.fill(code, code="000000x")
    assert wrong.error("code") == "The code is wrong, or there is none"
    done = visitor.follow(visitor.fill(wrong, code=f" {mails.newest(auth).otp} "))
    assert (done.heading, done.notice) == ("Sign in", "Your e-mail address is verified.")
    assert visitor.fill(done, identifier=ADA, password=PASSWORD).location == "/inbox"


def test_without_a_session_and_a_mail_one_signs_in(make_auth: MakeAuth, kind: str) -> None:
    auth = make_auth(plugins=[Pages()], email_and_password=strict(auto_sign_in=False))
    visitor = PagesVisitor(auth, kind)
    shown = visitor.follow(fill_in(visitor))
    assert shown.notice == "Your account is ready. You can sign in now."
    assert shown.form().fields["next"] == "/inbox"


def test_notices_are_known_codes_and_nothing_else(visit: Any) -> None:
    visitor = visit()
    for notice in ("Send+your+password+to+evil.example", "<b>x</b>", "sign_in.title", "x" * 2000):
        shown = visitor.see("sign-in", {"notice": notice})
        assert (shown.status, shown.notice) == (200, "")
        assert notice not in shown.source or notice == "sign_in.title"
    assert visitor.see("mail-sent", {"about": "<b>"}).said["lead"][0].startswith("If the address")
    assert f"{BASE}/sign-in" in visitor.see("mail-sent").links.values()
