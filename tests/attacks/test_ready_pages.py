"""Pages of plugin Pages against who sends links to them, forms from elsewhere, and odd values."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from tests.core.conftest import FAST, MakeAuth
from tests.plugins.pages_visitor import ADA, BASE, FORM, PASSWORD, PagesVisitor
from tests.support.social import World, social_auth
from watchword import Advanced, EmailAndPassword, EmailVerification, PasswordReset
from watchword.plugins import (
    Anonymous,
    EmailOTP,
    MagicLink,
    Pages,
    Passkey,
    PhoneNumber,
    TwoFactor,
    Username,
)
from watchword.plugins.two_factor import OTPOptions

SCRIPT = """"'><script>alert(1)</script>{{ 7*7 }}<img src=x onerror=alert(1)>"""
ELSEWHERE = [
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/%2fevil.example",
    "/%5cevil.example",
    "/..//evil.example",
    "/%2e%2e//evil.example",
    "/x/../..//evil.example",
    "http:evil.example",
    "https:/evil.example",
    "https://localhost:3000@evil.example",
    "http://localhost:3000\\@evil.example",
    "http:\\\\localhost:3000\\@evil.example",
    "https://localhost:3000.evil.example",
    "https://localhost:3000\\.evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "\tjavascript:alert(1)",
    "/\t/evil.example",
    "/\n/evil.example",
    "/a\r\nset-cookie: a=b",
    "/a\0b",
    "/\u2028evil",
]
PAGES = [
    "sign-in",
    "sign-up",
    "sign-out",
    "continue",
    "email-code",
    "phone-code",
    "code",
    "magic-link",
    "mail-sent",
    "forgot-password",
    "reset-password",
    "verify-email",
    "email-verified",
    "second-factor",
    "second-factor/sent-code",
    "second-factor/backup-code",
    "error",
]
FIELDS = [
    "name",
    "email",
    "identifier",
    "username",
    "phoneNumber",
    "password",
    "code",
    "token",
    "methods",
    "provider",
    "do",
    "next",
    "rememberMe",
    "trustDevice",
]


def drop(mail: object, request: object) -> None:
    """Sends nothing."""


@pytest.fixture
def visitor(make_auth: MakeAuth) -> PagesVisitor:
    """Of a server with everything."""
    auth = social_auth(
        make_auth,
        World(),
        plugins=[
            Pages(),
            Anonymous(),
            EmailOTP(send_verification_otp=drop),
            MagicLink(send_magic_link=drop),
            Passkey(),
            PhoneNumber(send_otp=drop, send_password_reset_otp=drop),
            TwoFactor(otp=OTPOptions(send_otp=drop)),
            Username(),
        ],
        email_and_password=EmailAndPassword(enabled=True, argon2_cost=FAST),
        email_verification=EmailVerification(send_verification_email=drop, answer_after=0),
        password_reset=PasswordReset(send_reset_password=drop),
    )
    return PagesVisitor(auth)


# redirects to elsewhere


@pytest.mark.parametrize("target", ELSEWHERE)
@pytest.mark.parametrize("name", ["next", "callbackURL"])
def test_no_page_leads_elsewhere(visitor: PagesVisitor, target: str, name: str) -> None:
    visitor.sign_up()
    for page in ("sign-in", "sign-up", "sign-out", "email-verified", "continue"):
        shown = visitor.see(page, {name: target})
        assert "evil" not in shown.source, page
        assert "javascript:" not in shown.source.lower()
        assert "evil" not in shown.location
        assert shown.location in ("", "/")
    for page in ("sign-in", "sign-out"):
        visitor.sign_in()
        given = {"identifier": ADA, "password": PASSWORD, name: target}
        done = visitor.send_form(page, given)
        assert (done.status, done.location) in ((303, "/"), (403, "")), done.source
        assert "evil" not in done.source


def test_nor_where_the_check_of_origins_is_switched_off(make_auth: MakeAuth) -> None:
    auth = make_auth(plugins=[Pages()], advanced=Advanced(disable_origin_check=True))
    visitor = PagesVisitor(auth)
    visitor.sign_up()
    given = {"identifier": ADA, "password": PASSWORD, "next": "https://evil.example"}
    assert visitor.send_form("sign-in", given).location == "/"


def test_trusted_sites_are_led_to_by_a_page(make_auth: MakeAuth) -> None:
    auth = make_auth(plugins=[Pages()], trusted_origins=["https://app.example.com"])
    visitor = PagesVisitor(auth)
    visitor.sign_up()
    target = "https://app.example.com/inbox?a=1&b=2"
    given = {"identifier": ADA, "password": PASSWORD, "next": target}
    done = visitor.send_form("sign-in", given)
    assert done.status == 200
    assert done.links["Continue"] == target
    assert visitor.see("sign-in", {"next": target}).links["Continue"] == target


@pytest.mark.parametrize(
    "target", ["/" + "a" * 2040, "/?q=" + "&" * 1500, "/" + "ä" * 600], ids=len
)
def test_a_long_address_to_go_on_to_keeps_nobody_out(visitor: PagesVisitor, target: str) -> None:
    """It grows with every page that is told of it, and endpoints take URLs of a length only."""
    visitor.sign_up()
    visitor.jar.clear()
    entered = {"identifier": ADA, "password": PASSWORD, "next": target}
    done = visitor.send_form("sign-in", entered)
    assert (done.status, done.location) == (303, quote(target, safe="/?=&"))
    for page in ("magic-link", "forgot-password", "verify-email"):
        sent = visitor.send_form(page, {"email": ADA, "identifier": ADA, "next": target})
        assert sent.status == 303, (page, sent.alert)
    up = {"name": "Bob", "email": "bob@example.com", "password": PASSWORD, "next": target}
    assert visitor.send_form("sign-up", up).status == 303
    away = visitor.send_form("sign-in", {"do": "provider", "provider": "google", "next": target})
    assert away.links["Continue"].startswith("https://accounts.google.com/")
    visitor.jar.clear()
    asked = visitor.see("account", {"next": target})
    back = visitor.send_form(
        "sign-in", {**entered, **dict(parse_qsl(urlsplit(asked.location).query))}
    )
    assert back.location.startswith(f"{BASE}/account")


# scripts in values


@pytest.mark.parametrize("page", PAGES)
def test_what_a_url_says_is_not_shown(visitor: PagesVisitor, page: str) -> None:
    names = ["error", "error_description", "notice", "about", "methods", "sent", "token", "next"]
    shown = visitor.follow(visitor.see(page, dict.fromkeys(names, SCRIPT)))
    assert shown.status == 200
    assert "<script>alert" not in shown.source
    assert "<img src=x" not in shown.source
    assert ">49" not in shown.source


@pytest.mark.parametrize("page", PAGES)
def test_what_a_form_says_is_shown_as_text(visitor: PagesVisitor, page: str) -> None:
    for name in FIELDS:
        given = {
            "name": "Ada",
            "email": "ada@",
            "identifier": "ada@",
            "password": "x",
            name: SCRIPT,
        }
        shown = visitor.send_form(page, given)
        assert shown.status < 500
        assert "<script>alert" not in shown.source, name
        assert "<img src=x" not in shown.source, name


def test_names_of_people_are_shown_as_text(visitor: PagesVisitor) -> None:
    visitor.post("/sign-up/email", {"name": SCRIPT, "email": ADA, "password": PASSWORD})
    for page in ("sign-in", "sign-out"):
        shown = visitor.see(page)
        assert "&lt;script&gt;alert(1)" in shown.source
        assert "<script>alert" not in shown.source


# forms from elsewhere


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "https://evil.example", "sec_fetch_site": "cross-site"},
        {"origin": "", "sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"},
    ],
)
@pytest.mark.parametrize("with_session", [False, True])
def test_forms_of_other_sites_are_refused(
    visitor: PagesVisitor, page: str, headers: dict[str, str], with_session: bool
) -> None:
    visitor.sign_up()
    if not with_session:
        visitor.jar.clear()
    fields = {"identifier": ADA, "password": PASSWORD, "email": ADA, "do": "guest"}
    shown = visitor.send_form(page, fields, **headers)
    assert shown.status == 403, shown.source
    assert shown.heading == "That did not work"
    assert shown.answer.cookies == ()
    assert (visitor.session() is not None) is with_session


def test_a_link_changes_nothing(visitor: PagesVisitor) -> None:
    """Whatever loads it: an image, a mail program, a browser that looks ahead."""
    visitor.sign_up()
    for page in PAGES:
        visitor.see(page, {"do": "guest", "provider": "google", "code": "1"})
    assert visitor.session()["user"]["email"] == ADA


# odd values


@pytest.mark.parametrize("page", PAGES)
def test_a_megabyte_in_a_field_is_refused_and_not_sent_back(
    visitor: PagesVisitor, page: str
) -> None:
    large = "x" * 900_000
    for name in ("email", "identifier", "password", "next", "code", "methods", "token"):
        given = {"name": "A", "email": "e", "identifier": "i", "password": "p", name: large}
        shown = visitor.send_form(page, given)
        assert shown.status < 500
        assert len(shown.source) < 60_000, name


def test_more_than_is_read_is_told_by_a_page(visitor: PagesVisitor) -> None:
    shown = visitor.send_form("sign-in", {"identifier": "x" * 3_000_000})
    assert (shown.status, shown.alert) == (413, "This is too large")
    many = {f"field{number}": "x" for number in range(5000)}
    assert visitor.send_form("sign-in", many).status == 413
    shown = visitor.see("sign-in", {"next": "/" + "x" * 20_000})
    assert shown.status == 400
    assert shown.heading == "That did not work"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"identifier": {"$ne": ""}, "password": ["x"], "next": 7}'),
        ("application/json", b"[1, 2]"),
        ("application/json", b'"text"'),
        ("application/json", b"{"),
        (FORM, b"identifier=%ff%fe%00&password=%f0%28%8c%28"),
        (FORM, b"identifier=a&identifier=b&password=x&next=/a&next=//evil.example"),
        (FORM, b"=&&=&;"),
        ("multipart/form-data; boundary=x", b"--x--"),
        ("", b"identifier=a"),
    ],
)
def test_bodies_of_any_form_are_answered(visitor: PagesVisitor, kind: str, body: bytes) -> None:
    for page in PAGES:
        headers = {"content-type": kind} if kind else {}
        answer = visitor.send("POST", f"/pages/{page}", data=body, headers=headers)
        assert 200 <= answer.status < 500, (page, answer.status)
        assert b"evil" not in answer.response.body


def test_a_header_cannot_be_written_by_a_url(visitor: PagesVisitor) -> None:
    visitor.sign_up()
    for odd in ("/a\r\nx: y", "/a%0d%0ax: y", "/ä", "/a b", "/\x7f"):
        shown = visitor.see("continue", {"next": odd})
        assert shown.location.isascii()
        assert not {"\r", "\n"} & set(shown.location)


# what is signed for something else


def test_a_cookie_of_another_kind_is_not_whom_a_code_went_to(visitor: PagesVisitor) -> None:
    visitor.sign_up()
    other: dict[str, Any] = dict(visitor.jar)
    visitor.jar["better-auth.pages_asked"] = other["better-auth.session_token"]
    assert visitor.see("code").location == f"{BASE}/sign-in"
