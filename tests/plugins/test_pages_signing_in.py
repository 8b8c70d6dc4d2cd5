"""Ready pages: signing in by a password, with a provider, as a guest; signing out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.pages_visitor import ADA, BASE, PASSWORD, Mailbox, PagesVisitor
from tests.support.social import World, come_back, parameters, social_auth
from watchword import EmailAndPassword, EmailVerification, RateLimit
from watchword.plugins import Anonymous, I18n, Pages, PhoneNumber, Username
from watchword.providers import LinkedIn

SESSION = "better-auth.session_token"


def drop(mail: object, request: object) -> None:
    """Sends nothing."""


def signed_up(visitor: PagesVisitor, **extra: Any) -> PagesVisitor:
    """The server has Ada; the browser is nobody's."""
    assert visitor.sign_up(**extra).status == 200
    visitor.jar.clear()
    return visitor


# by a password


def test_a_password_signs_in_and_leads_on(visit: Any) -> None:
    visitor = signed_up(visit())
    shown = visitor.fill(visitor.see("sign-in"), identifier=ADA, password=PASSWORD)
    assert (shown.status, shown.location) == (303, "/")
    assert visitor.session()["user"]["email"] == ADA


def test_the_first_page_after_it_is_an_option(visit: Any) -> None:
    visitor = signed_up(visit(after_sign_in="/welcome"))
    shown = visitor.fill(visitor.see("sign-in"), identifier=ADA, password=PASSWORD)
    assert shown.location == "/welcome"


@pytest.mark.parametrize("name", ["next", "callbackURL"])
def test_where_one_was_going_is_carried_through(visit: Any, name: str) -> None:
    visitor = signed_up(visit())
    shown = visitor.see("sign-in", {name: "/inbox?page=2#top"})
    assert "next=%2Finbox%3Fpage%3D2%23top" in shown.links["Create an account"]
    refused = visitor.fill(shown, identifier=ADA, password="wrong")
    assert refused.status == 401
    done = visitor.fill(refused, password=PASSWORD)
    assert (done.status, done.location) == (303, "/inbox?page=2#top")


def test_a_wrong_password_is_told_beside_its_field_and_the_rest_stays(visit: Any) -> None:
    visitor = signed_up(visit())
    shown = visitor.fill(visitor.see("sign-in"), identifier=ADA, password="wrong horse")
    assert shown.status == 401
    assert shown.error("password") == "The e-mail address or the password is wrong"
    assert "autofocus" in shown.field("password")
    assert shown.title.startswith("Error:")
    assert shown.field("identifier")["value"] == ADA
    assert "wrong horse" not in shown.source


def test_nobody_is_remembered_who_does_not_want_to(visit: Any) -> None:
    visitor = signed_up(visit())
    form = visitor.see("sign-in").form()
    assert form.fields["rememberMe"] == "on"
    unticked = {name: text for name, text in form.fields.items() if name != "rememberMe"}
    shown = visitor.send_form("sign-in", {**unticked, "identifier": ADA, "password": PASSWORD})
    assert "Max-Age" not in (shown.answer.cookie(SESSION) or "")
    again = visitor.send_form("sign-in", {**unticked, "identifier": ADA, "password": "wrong"})
    assert "rememberMe" not in again.form().fields


@pytest.mark.parametrize("known_as", [ADA, "ada_l", "ADA_L"])
def test_one_field_takes_whatever_people_are_known_by(visit: Any, known_as: str) -> None:
    visitor = signed_up(visit(Username()), username="ada_l")
    shown = visitor.see("sign-in")
    assert shown.field("identifier")["type"] == "text"
    done = visitor.fill(shown, identifier=f" {known_as} ", password=PASSWORD)
    assert done.status == 303, done.source


def test_a_phone_number_is_told_from_a_name(visit: Any) -> None:
    visitor = signed_up(visit(Username(), PhoneNumber(send_otp=drop)))
    by_number = visitor.send_form("sign-in", {"identifier": "+49 170 1234", "password": "wrong"})
    assert by_number.error("password") == "The phone number or the password is wrong"
    by_name = visitor.send_form("sign-in", {"identifier": "nobody", "password": "wrong"})
    assert by_name.error("password") == "The username or the password is wrong"


def test_who_is_signed_in_already_is_told_so_and_may_go_on(visit: Any) -> None:
    visitor = visit()
    visitor.sign_up()
    shown = visitor.see("sign-in", {"next": "/inbox"})
    assert "You are signed in as Ada." in shown.notice
    assert shown.links["Continue"] == "/inbox"
    assert shown.form().attributes.keys() >= {"identifier", "password"}


def test_an_address_that_is_not_verified_gets_another_mail(make_auth: MakeAuth, kind: str) -> None:
    mails = Mailbox()
    auth = make_auth(
        plugins=[Pages()],
        email_and_password=EmailAndPassword(enabled=True, require_email_verification=True),
        email_verification=EmailVerification(send_verification_email=mails, answer_after=0),
    )
    visitor = PagesVisitor(auth, kind)
    visitor.sign_up()
    shown = visitor.fill(visitor.see("sign-in"), identifier=ADA, password=PASSWORD)
    assert shown.status == 403
    asking = visitor.open(shown.links["Send the verification link again"])
    assert asking.field("email")["value"] == ADA
    sent = visitor.follow(visitor.fill(asking))
    assert sent.heading == "Check your e-mail"
    verified = visitor.follow(visitor.open(mails.newest(auth).url))
    assert verified.heading == "E-mail address verified"
    done = visitor.fill(visitor.open(verified.links["Sign in"]), identifier=ADA, password=PASSWORD)
    assert done.status == 303


def test_limits_hold_and_are_told_with_the_time_to_wait(make_auth: MakeAuth, kind: str) -> None:
    auth = make_auth(plugins=[Pages(), I18n()], rate_limit=RateLimit(enabled=True))
    visitor = PagesVisitor(auth, kind)
    for _ in range(3):
        assert visitor.send_form("sign-in", {"identifier": ADA, "password": "x"}).status == 401
    shown = visitor.send_form("sign-in", {"identifier": ADA, "password": "x"})
    assert shown.status == 429
    assert shown.alert.endswith("Try again in 10 seconds.")
    assert shown.answer.header("retry-after") == "10"
    assert shown.field("identifier")["value"] == ADA


# with a provider


def test_a_provider_is_a_button_and_the_way_back_leads_on(make_auth: MakeAuth, kind: str) -> None:
    visitor = PagesVisitor(social_auth(make_auth, World(), plugins=[Pages()]), kind)
    shown = visitor.see("sign-in", {"next": "/inbox"})
    labels = [one.buttons[0]["value"] for one in shown.forms if one.fields.get("do") == "provider"]
    assert labels == ["google", "github"]
    away = visitor.send_form("sign-in", {"do": "provider", "provider": "google", "next": "/inbox"})
    assert (away.status, away.heading) == (200, "One moment")
    url = away.links["Continue"]
    assert url.startswith("https://accounts.google.com/")
    back = come_back(visitor, parameters(url)["state"])
    done = visitor.open(back.header("location") or "")
    assert (done.status, done.location) == (303, "/inbox")
    assert visitor.session()["user"]["email"] == ADA


def test_the_page_with_which_one_leaves_needs_no_script(make_auth: MakeAuth) -> None:
    visitor = PagesVisitor(social_auth(make_auth, World(), plugins=[Pages()]))
    away = visitor.send_form("sign-in", {"do": "provider", "provider": "github"})
    assert f'content="0; url={away.links["Continue"]}"'.replace("&", "&amp;") in away.source
    assert away.source.count("<script") == 1  # the one of every page
    assert "form-action 'self'" in (away.answer.header("content-security-policy") or "")


def test_what_a_provider_refuses_is_told_where_one_began(make_auth: MakeAuth, kind: str) -> None:
    visitor = PagesVisitor(social_auth(make_auth, World(), plugins=[Pages()]), kind)
    away = visitor.send_form("sign-in", {"do": "provider", "provider": "google", "next": "/x"})
    state = parameters(away.links["Continue"])["state"]
    back = visitor.get("/callback/google", {"state": state, "error": "access_denied"})
    shown = visitor.open(back.header("location") or "")
    assert shown.heading == "Sign in"
    assert shown.alert == "The sign-in was cancelled at the provider."
    assert shown.form().fields["next"] == "/x"


def test_a_provider_that_is_not_there_is_refused(make_auth: MakeAuth) -> None:
    visitor = PagesVisitor(social_auth(make_auth, World(), plugins=[Pages()]))
    shown = visitor.send_form("sign-in", {"do": "provider", "provider": "nobody"})
    assert (shown.status, shown.alert) == (404, "There is no such provider here")


def test_signing_up_with_a_provider_says_so(make_auth: MakeAuth, kind: str) -> None:
    """Where options ask that new users come by the page for these."""
    auth = social_auth(
        make_auth, World(), provider={"disable_implicit_sign_up": True}, plugins=[Pages()]
    )
    visitor = PagesVisitor(auth, kind)
    for page, ends in (("sign-in", "signup_disabled"), ("sign-up", None)):
        form = visitor.see(page).form("provider")
        away = visitor.send_form("sign-in", {**form.fields, "provider": "google"})
        back = come_back(visitor, parameters(away.links["Continue"])["state"])
        assert parameters(back.header("location")).get("error") == ends


def test_many_providers_have_their_names_alone(make_auth: MakeAuth) -> None:
    world = World()
    given: dict[str, Any] = {"client_id": "client", "client_secret": "secret"}
    auth = social_auth(make_auth, world, plugins=[Pages()])
    few = PagesVisitor(auth).see("sign-in").source
    assert "Continue with Google" in few
    assert "icon letter" not in few
    auth = make_auth(plugins=[Pages()], social_providers=[LinkedIn(**given)])
    assert '<span class="icon letter" aria-hidden="true">L</span>' in (
        PagesVisitor(auth).see("sign-in").source
    )


# as a guest


def test_a_guest_is_signed_in_by_a_button(visit: Any) -> None:
    visitor = visit(Anonymous())
    done = visitor.fill(visitor.see("sign-in", {"next": "/cart"}), "guest")
    assert (done.status, done.location) == (303, "/cart")
    assert visitor.session()["user"]["isAnonymous"] is True
    refused = visitor.send_form("sign-in", {"do": "guest"})
    assert (refused.status, refused.alert) == (400, "You are a guest already")


# out again


def test_signing_out_takes_a_button(visit: Any) -> None:
    visitor = visit()
    visitor.sign_up()
    shown = visitor.see("sign-out")
    assert "You are signed in as Ada." in shown.said["lead"]
    assert visitor.session() is not None
    done = visitor.fill(shown)
    assert (done.status, done.location) == (303, "/")
    assert visitor.session() is None
    assert visitor.see("sign-out").said["lead"] == ["You are not signed in."]


def test_signing_out_leads_where_options_or_the_form_say(visit: Any) -> None:
    visitor = visit(after_sign_out=f"{BASE}/sign-in?notice=signed_out")
    visitor.sign_up()
    shown = visitor.follow(visitor.send_form("sign-out", {}))
    assert shown.notice == "You are signed out."
    assert visitor.send_form("sign-out", {"next": "/bye"}).location == "/bye"


def test_a_database_that_is_down_is_told_by_a_page(make_auth: MakeAuth, tmp_path: Path) -> None:
    auth = make_auth(plugins=[Pages()])
    visitor = signed_up(PagesVisitor(auth))
    auth.blocking.close()
    for file in tmp_path.glob("test.db*"):
        file.unlink()
    (tmp_path / "test.db").mkdir()
    shown = visitor.send_form("sign-in", {"identifier": ADA, "password": PASSWORD})
    assert shown.status == 503
    assert shown.alert.startswith("Try again in a moment")
