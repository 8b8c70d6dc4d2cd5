"""Links that ask first: whatever opens them, nothing happens before the button is pressed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import msgspec
import pytest

from tests.attacks.mailing_site import ADA, NEW, Site
from tests.core.conftest import MakeAuth
from tests.support.browser import ORIGIN, Browser
from tests.support.link_pages import hidden_fields, look, press, send_form
from watchword import APIError, RateLimit, SignInLinks
from watchword.plugin import (
    Call,
    Confirmation,
    ConfirmationPages,
    Discreet,
    Endpoint,
    Plugin,
    Question,
    Response,
    Status,
    Token,
    asking_first,
    get,
)
from watchword.plugins import I18n
from watchword.plugins.magic_link import VerifyMagicLink

SCANNED = 20
ASKING: dict[str, Any] = {
    "verification": {"confirm": True},
    "deletion": {"confirm": True},
    "links": {"confirm": True},
    "sign_in_links": SignInLinks(confirm=True),
}
LINKS: list[tuple[str, dict[str, str], str, str]] = [
    ("/send-verification-email", {"email": ADA}, "/verify-email", "Confirm the address"),
    ("/change-email", {"newEmail": NEW}, "/verify-email", "Change the address"),
    ("/sign-in/magic-link", {"email": ADA}, "/magic-link/verify", "Sign in"),
    ("/delete-user", {}, "/delete-user/callback", "Delete the account"),
]


@pytest.fixture
def site(make_auth: MakeAuth, kind: str) -> Site:
    site = Site(make_auth, kind, **ASKING)
    site.browser().sign_up(ADA)
    return site


@pytest.mark.parametrize(("ask", "body", "path", "button"), LINKS)
def test_scanners_use_nothing_up_and_the_button_does_once(
    site: Site, ask: str, body: dict[str, str], path: str, button: str
) -> None:
    owner = site.signed_in()
    mail = site.mail(owner, ask, {**body, "callbackURL": "/done?a=1"})
    for _ in range(SCANNED):
        page = look(owner, mail.url)
        assert (page.status, page.cookies) == (200, ())
        assert f'<button type="submit">{button}</button>' in page.response.body.decode()
        assert look(owner, mail.url, **{"sec-purpose": "prefetch"}).status == 200
        assert owner.send("HEAD", path, query={"token": mail.token}).status == 404
    assert site.signed_in().session()["user"]["email"] == ADA
    page = look(owner, mail.url)
    assert hidden_fields(page) == {"token": mail.token, "callbackURL": "/done?a=1"}
    done = press(owner, mail.url, page)
    assert (done.status, done.response.body) == (302, b"")
    assert str(done.header("location")).removeprefix(ORIGIN) == "/done?a=1"
    again = press(owner, mail.url, page)
    failed = again.status >= 400 or "error=" in str(again.header("location"))
    # A click that verifies an address may be made again: there is nothing left to do.
    assert failed == (ask != "/send-verification-email")


def test_what_each_button_does(site: Site) -> None:
    owner = site.signed_in()
    verify = site.mail(owner, "/send-verification-email", {"email": ADA})
    press(owner, verify.url, look(owner, verify.url))
    assert site.signed_in().session()["user"]["emailVerified"] is True

    stranger = site.browser()
    signs_in = site.mail(stranger, "/sign-in/magic-link", {"email": ADA})
    assert press(stranger, signs_in.url, look(stranger, signs_in.url)).cookies
    assert stranger.session()["user"]["email"] == ADA

    change = site.mail(owner, "/change-email", {"newEmail": NEW})
    page = look(owner, change.url)
    assert NEW in page.response.body.decode()
    press(owner, change.url, page)
    assert site.address() is None
    assert owner.session()["user"]["email"] == NEW

    gone = site.mail(owner, "/delete-user", {})
    press(owner, gone.url, look(owner, gone.url))
    assert owner.session() is None


def test_a_link_of_the_server_signs_in_by_its_button(site: Site) -> None:
    ada = site.signed_in().session()["user"]["id"]
    link = site.auth.blocking.users.sign_in_link(ada, callback_url="/welcome")
    visitor = site.browser()
    for _ in range(SCANNED):
        assert look(visitor, link.url).status == 200
    assert visitor.session() is None
    done = press(visitor, link.url, look(visitor, link.url))
    assert (done.status, done.header("location")) == (302, f"{ORIGIN}/welcome")
    assert visitor.session()["user"]["id"] == ada
    assert site.browser().session() is None


def test_a_deletion_is_still_for_who_asked_signed_in(site: Site) -> None:
    owner = site.signed_in()
    mail = site.mail(owner, "/delete-user", {})
    page = look(site.browser(), mail.url)
    assert press(site.browser(), mail.url, page).code == "FAILED_TO_GET_USER_INFO"
    assert press(owner, mail.url, page).status == 302


def test_links_of_a_change_alone_ask_first(make_auth: MakeAuth, kind: str) -> None:
    site = Site(make_auth, kind, change={"confirm": True})
    owner = site.browser()
    owner.sign_up(ADA)
    change = site.mail(owner, "/change-email", {"newEmail": NEW})
    assert look(owner, change.url).status == 200
    assert look(owner, change.url, **{"sec-purpose": "prefetch"}).status == 503
    assert owner.session()["user"]["email"] == ADA
    verify = site.mail(owner, "/send-verification-email", {"email": ADA})
    assert look(owner, verify.url).status == 302, "it verifies at once, as ever"
    assert site.signed_in().session()["user"]["emailVerified"] is True
    assert press(owner, change.url, look(owner, change.url)).status == 302
    assert owner.session()["user"]["email"] == NEW


def test_nothing_asks_first_unless_it_is_told_to(make_auth: MakeAuth, kind: str) -> None:
    site = Site(make_auth, kind)
    owner = site.browser()
    owner.sign_up(ADA)
    for ask, body, path, _ in LINKS:
        mail = site.mail(owner, ask, body)
        assert send_form(owner, path, {"token": mail.token}).status == 404
        assert "html" not in str(look(owner, mail.url).header("content-type"))


@pytest.mark.parametrize(
    "headers",
    [
        {"accept": "application/json", "sec-fetch-mode": ""},
        {"accept": "*/*", "sec-fetch-mode": "cors"},
        {"accept": "image/avif,image/webp", "sec-fetch-mode": "no-cors"},
    ],
    ids=str,
)
def test_programs_are_told_to_post_and_can(site: Site, headers: dict[str, str]) -> None:
    """A page would look like success to a program that asked for data."""
    visitor = site.browser()
    mail = site.mail(visitor, "/sign-in/magic-link", {"email": ADA})
    for _ in range(SCANNED):
        refused = look(visitor, mail.url, **headers)
        assert (refused.status, refused.code) == (405, "CONFIRMATION_REQUIRED")
        assert refused.header("allow") == "POST"
    answer = visitor.post("/magic-link/verify", {"token": mail.token})
    assert (answer.status, answer.json["user"]["email"]) == (200, ADA)


def test_the_server_itself_calls_the_function_that_redeems(site: Site) -> None:
    mail = site.mail(site.browser(), "/sign-in/magic-link", {"email": ADA})
    api = site.auth.blocking.api
    assert api.magic_link_verify(VerifyMagicLink(token=mail.token)).user.email == ADA


def test_the_function_asks_the_browser_for_its_origin_where_it_acts_for_one(site: Site) -> None:
    """A view of the application that a link leads to would be opened by scanners as well."""
    mail = site.mail(site.browser(), "/sign-in/magic-link", {"email": ADA})
    opened = Browser(site.auth, origin="https://evil.example").request("GET", "/view")
    with pytest.raises(APIError) as refused:
        site.auth.blocking.api.magic_link_verify(VerifyMagicLink(token=mail.token), request=opened)
    assert refused.value.code == "INVALID_ORIGIN"


def test_who_looks_often_takes_no_attempt_from_who_presses(make_auth: MakeAuth, kind: str) -> None:
    """A scanner may come from the address of the person: it counts in a bucket of its own."""
    site = Site(make_auth, kind, rate_limit=RateLimit(enabled=True), **ASKING)
    visitor = site.browser()
    mail = site.mail(visitor, "/sign-in/magic-link", {"email": ADA})
    page = look(visitor, mail.url)
    looked = [look(visitor, mail.url).status for _ in range(150)]
    assert (looked.count(200), looked.count(429)) == (99, 51), "the general limit is 100"
    assert press(visitor, mail.url, page).status == 302
    pressed = [press(visitor, mail.url, page).status for _ in range(5)]
    assert pressed == [302, 302, 302, 302, 429], "guesses are limited as ever"


class Unsubscribe(Discreet, msgspec.Struct, frozen=True):
    token: Token


@dataclass(frozen=True, kw_only=True)
class Newsletter(Plugin):
    """A plugin of somebody's, whose links ask first, in its own words and on its own page."""

    id: ClassVar[str] = "newsletter"
    gone: list[str] = field(default_factory=list[str])

    def endpoints(self) -> Iterator[Endpoint[Any, Any]]:
        question = Question(title="Leave?", text="No more <letters>.", button="Leave")
        return asking_first(super().endpoints(), Newsletter.unsubscribe, question)

    def adapt(self, feature: Plugin) -> Plugin:
        return (
            replace(feature, draw=self._draw) if isinstance(feature, ConfirmationPages) else feature
        )

    async def _draw(self, call: Call, page: Confirmation) -> Response:
        html = f"{page.language} {page.title} {page.text} {page.button} {page.warning}"
        return Response(200, (("content-type", "text/html"),), html.encode())

    @get("/newsletter/leave", redeems=True)
    async def unsubscribe(self, call: Call, query: Unsubscribe) -> Status:
        """Leave."""
        self.gone.append(query.token)
        return Status()


def test_plugins_of_others_ask_first_in_their_own_words(make_auth: MakeAuth, kind: str) -> None:
    newsletter = Newsletter()
    visitor = Browser(make_auth(plugins=[newsletter]), kind)
    page = visitor.send(
        "GET", "/newsletter/leave", query={"token": "t"}, headers={"accept": "text/html"}
    )
    told = "en Leave? No more <letters>. Leave If you did not ask for this, close this page."
    assert page.response.body.decode() == told
    assert newsletter.gone == []
    assert send_form(visitor, "/newsletter/leave", {"token": "t"}).json == {"status": True}
    assert newsletter.gone == ["t"]


@pytest.mark.parametrize(
    ("accepted", "lang", "said"),
    [("de-CH, en;q=0.5", "de", "Anmelden"), ("ja", "ja", "サインイン"), ("it", "en", "Sign in")],
)
def test_pages_speak_the_language_of_who_reads_them(
    make_auth: MakeAuth, accepted: str, lang: str, said: str
) -> None:
    site = Site(make_auth, links={"confirm": True}, more=[I18n()])
    mail = site.mail(site.browser(), "/sign-in/magic-link", {"email": ADA})
    text = look(site.browser(), mail.url, **{"accept-language": accepted}).response.body.decode()
    assert f'<html lang="{lang}">' in text
    assert f"<h1>{said}</h1>" in text


def test_an_application_may_word_its_pages(make_auth: MakeAuth) -> None:
    own = {"en": {"CONFIRM_SIGN_IN_TITLE": "Welcome <back>"}}
    site = Site(make_auth, links={"confirm": True}, more=[I18n(translations=own)])
    mail = site.mail(site.browser(), "/sign-in/magic-link", {"email": ADA})
    text = look(site.browser(), mail.url).response.body.decode()
    assert "<h1>Welcome &lt;back&gt;</h1>" in text
