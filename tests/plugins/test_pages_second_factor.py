"""Ready pages: the second factor, by an app, by codes that are sent, and by those on paper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.factor_server import (
    ADA,
    PASSWORD,
    TRUST,
    FactorServer,
    MakeFactorServer,
    Person,
    factor_server,
)
from tests.plugins.pages_visitor import PagesVisitor, Shown
from tests.support.browser import Clock
from watchword.plugins import MagicLink, Pages
from watchword.plugins.two_factor import TOTPOptions


@pytest.fixture
def make(make_auth: MakeAuth, clock: Clock, tmp_path: Path, kind: str) -> MakeFactorServer:
    return factor_server(make_auth, clock, tmp_path, kind)


@pytest.fixture
def server(make: MakeFactorServer) -> FactorServer:
    return make(plugins=[Pages()])


def after_password(server: FactorServer) -> tuple[PagesVisitor, Shown]:
    """A browser that gave the password, and what it is shown."""
    visitor = PagesVisitor(server.auth, server.kind)
    signing_in = visitor.see("sign-in", {"next": "/inbox"})
    return visitor, visitor.follow(visitor.fill(signing_in, identifier=ADA, password=PASSWORD))


def signed_in(visitor: PagesVisitor) -> bool:
    return visitor.session() is not None


def test_a_code_of_the_app_ends_the_sign_in(server: FactorServer) -> None:
    person = server.with_app()
    visitor, shown = after_password(server)
    assert shown.heading == "One more step"
    assert not signed_in(visitor)
    assert shown.field("code")["inputmode"] == "numeric"
    wrong = visitor.fill(shown, code=person.wrong())
    assert (wrong.status, wrong.error("code")) == (401, "The code is wrong, or was used already")
    done = visitor.fill(wrong, code=person.code())
    assert (done.status, done.location) == (303, "/inbox")
    assert signed_in(visitor)


def test_a_browser_that_is_trusted_is_not_asked_again(server: FactorServer) -> None:
    person = server.with_app()
    visitor, shown = after_password(server)
    visitor.fill(shown, code=person.code(), trustDevice="on")
    assert TRUST in visitor.jar
    visitor.post("/sign-out")
    shown = visitor.fill(visitor.see("sign-in"), identifier=ADA, password=PASSWORD)
    assert shown.location == "/"


def test_a_browser_is_not_trusted_unasked(server: FactorServer) -> None:
    person = server.with_app()
    visitor, shown = after_password(server)
    visitor.fill(shown, code=person.code())
    assert TRUST not in visitor.jar


def test_a_code_on_paper_does_as_well(server: FactorServer) -> None:
    person = server.with_app()
    visitor, shown = after_password(server)
    paper = visitor.open(shown.links["Use a backup code"])
    assert paper.field("code")["inputmode"] == "text"
    wrong = visitor.fill(paper, code="wrong-codes")
    assert wrong.error("code") == "The backup code is wrong, or was used"
    done = visitor.fill(wrong, code=person.paper[0])
    assert (done.status, done.location) == (303, "/inbox")
    assert signed_in(visitor)


def test_a_code_is_sent_to_who_asks_for_one(server: FactorServer) -> None:
    server.with_app()
    visitor, shown = after_password(server)
    sending = visitor.open(shown.links["Get a code sent"])
    assert server.sent == []
    asked = visitor.follow(visitor.fill(sending, "send"))
    assert asked.said["lead"] == ["We have sent you a code."]
    server.auth.blocking.runtime.drain()
    done = visitor.fill(asked, code=server.sent[-1].otp)
    assert (done.status, done.location) == (303, "/inbox")


def test_where_codes_are_all_there_is_one_is_sent_at_once(server: FactorServer) -> None:
    server.by_mail()
    visitor, shown = after_password(server)
    assert shown.said["lead"] == ["We have sent you a code."]
    assert "Use the authenticator app" not in shown.links
    server.auth.blocking.runtime.drain()
    first = server.sent[-1].otp
    again = visitor.follow(visitor.fill(shown, "send"))
    server.auth.blocking.runtime.drain()
    assert len(server.sent) == 2
    done = visitor.fill(again, code=server.sent[-1].otp)
    assert done.location == "/inbox"
    assert first != ""
    assert signed_in(visitor)


def test_only_ways_that_are_installed_are_offered(make: MakeFactorServer) -> None:
    server = make(plugins=[Pages()], otp=None)
    server.with_app()
    visitor, shown = after_password(server)
    assert list(shown.links) == ["Use a backup code", "Back to sign-in"]
    assert visitor.see("second-factor/sent-code").status == 404
    codes = make(plugins=[Pages()], totp=TOTPOptions(disable=True))
    shown = PagesVisitor(codes.auth, codes.kind).see("second-factor")
    assert shown.location.startswith("/api/auth/pages/second-factor/sent-code")


@pytest.mark.parametrize("methods", ["totp", "otp", "totp,otp", "", "sms,<b>", "x" * 1000])
def test_ways_that_a_url_names_are_known_ones(server: FactorServer, methods: str) -> None:
    visitor = PagesVisitor(server.auth, server.kind)
    shown = visitor.follow(visitor.see("second-factor", {"methods": methods}))
    assert shown.status == 200
    assert shown.forms[0].fields["methods"] in ("totp", "otp", "totp,otp")


def test_a_sign_in_that_has_ended_begins_again(server: FactorServer) -> None:
    person = server.with_app()
    visitor, shown = after_password(server)
    visitor.jar.pop("better-auth.two_factor")
    over = visitor.fill(shown, code=person.code())
    assert (over.status, over.heading) == (401, "That did not work")
    assert over.alert == "This sign-in has ended; begin again"
    assert over.links["Start again"] == "/api/auth/pages/sign-in?next=%2Finbox"
    assert not signed_in(visitor)


def test_too_many_wrong_codes_begin_again(server: FactorServer) -> None:
    person = server.with_app()
    visitor, shown = after_password(server)
    for _ in range(5):
        shown = visitor.fill(shown, code=person.wrong())
        assert shown.error("code")
    over = visitor.fill(shown, code=person.code())
    assert over.alert == "There were too many wrong codes; begin again"
    assert not signed_in(visitor)


def test_a_link_that_signs_in_asks_for_it_too(make: MakeFactorServer) -> None:
    mails: list[Any] = []
    link = MagicLink(send_magic_link=lambda mail, request: mails.append(mail))
    server = make(plugins=[Pages(), link], every_sign_in=True)
    person: Person = server.with_app()
    server.sql("update user set emailVerified = 1")
    visitor = PagesVisitor(server.auth, server.kind)
    visitor.send_form("magic-link", {"email": ADA, "next": "/inbox"})
    server.auth.blocking.runtime.drain()
    shown = visitor.follow(visitor.open(mails[-1].url))
    assert shown.heading == "One more step"
    assert not signed_in(visitor)
    assert visitor.fill(shown, code=person.code()).location == "/inbox"
    assert signed_in(visitor)


def test_who_is_signed_in_proves_himself_again(make: MakeFactorServer) -> None:
    """Guards that ask for a second factor lately given may lead here."""
    server = make(plugins=[Pages()], note_in_session=True)
    person = server.with_app()
    visitor = PagesVisitor(server.auth, server.kind)
    visitor.jar = person.browser.jar
    shown = visitor.see("second-factor", {"next": "/safe"})
    assert visitor.fill(shown, code=person.code()).location == "/safe"
