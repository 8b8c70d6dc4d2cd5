"""The tutorials, done as they stand there: from an empty folder to the protected page.

A visitor signs up, proves the address by the mail, sets up a second factor and comes back with it.
"""

from __future__ import annotations

import re
from base64 import b32decode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.services import ROOT
from tests.support.tutorial import Served, Tutorial, served
from tests.support.visitor import Page, Visitor
from watchword.plugins.two_factor.totp import totp_code, totp_step

PAGES = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
WAYS = [
    pytest.param(Tutorial(page, number), id=f"{page.stem}-{number}")
    for page in PAGES
    for number in range(len(Tutorial(page).servers))
]
"""Each page up to each command that serves something."""
PAGES_OF_ACCOUNTS = "/api/auth/pages"
ADA = {"name": "Ada", "email": "ada@example.com", "password": "correct horse"}
INSIDE = {"/diary", "/"}
"""Where one goes on to: the protected page, or the one whose script shows it."""
IN = {"email": ADA["email"], "identifier": ADA["email"], "password": ADA["password"]}


@pytest.fixture(params=WAYS)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    with served(request.param, tmp_path) as there:
        yield there


def diary(visitor: Visitor) -> Page:
    """The protected page: where it is asked for by a script, what the script goes on to."""
    page = visitor.open("/diary")
    return visitor.open(f"{PAGES_OF_ACCOUNTS}/sign-in") if page.status == 401 else page


def test_from_nothing_to_the_protected_page(site: Served) -> None:
    ada = Visitor(site.origin)
    sign_in = diary(ada)
    assert sign_in.path.endswith("/sign-in")
    sign_up = ada.open(sign_in.links["Create an account"])
    ada.submit(sign_up, sign_up.form(having="name"), **ADA)
    assert diary(ada).path.endswith("/sign-in"), "the address is not proven yet"

    verified = ada.open(site.mails.link_to(ADA["email"]))
    assert verified.path == f"{PAGES_OF_ACCOUNTS}/email-verified"
    inside = ada.open(verified.links["Continue"])
    assert (inside.status, inside.path in INSIDE) == (200, True)
    assert is_read(ada)

    secret = set_up_second_factor(ada, inside)
    leave = ada.open(f"{PAGES_OF_ACCOUNTS}/sign-out")
    ada.submit(leave, leave.forms[0])
    assert not is_read(ada)

    sign_in = diary(ada)
    asked = ada.submit(sign_in, sign_in.form(having="password"), **IN)
    assert asked.path == f"{PAGES_OF_ACCOUNTS}/second-factor"
    assert not is_read(ada)
    refused = ada.submit(asked, asked.form(having="code"), code="000000")
    assert refused.status == 401
    assert not is_read(ada)
    inside = ada.submit(refused, refused.form(having="code"), code=code_of(secret, 1))
    assert (inside.status, inside.path in INSIDE) == (200, True)
    assert is_read(ada)


def test_a_wrong_password_is_told_on_the_page(site: Served) -> None:
    eve = Visitor(site.origin)
    page = diary(eve)
    told = eve.submit(page, page.form(having="password"), **IN)
    assert told.status == 401
    assert "The e-mail address or the password is wrong" in told.text
    assert not is_read(eve)


def test_the_button_of_github_leads_there(site: Served) -> None:
    ada = Visitor(site.origin)
    page = ada.open(f"{PAGES_OF_ACCOUNTS}/sign-in")
    gone = ada.submit(page, page.form(saying="GitHub"))
    url = gone.links.get("Continue", gone.url)  # a page in between, for browsers without redirects
    assert url.startswith("https://github.com/login/oauth/authorize?")
    query = parse_qs(urlsplit(url).query)
    assert query["client_id"] == ["your-client-id"]
    assert query["redirect_uri"] == [f"{site.origin}/api/auth/callback/github"]


def is_read(visitor: Visitor) -> bool:
    """Whether the diary opens."""
    page = visitor.open("/diary")
    return page.status == 200 and page.path == "/diary"


def set_up_second_factor(visitor: Visitor, page: Page) -> str:
    """On the pages of the account; gives the secret that an authenticator app keeps."""
    account = visitor.open(page.links["Your account"])
    page = visitor.open(account.links["Two-step sign-in"])
    begin = page.form(saying="Set up an app")
    shown = visitor.submit(page, begin, password=ADA["password"])
    found = re.search(r"otpauth://[^\"]*?secret=([A-Z2-7]+)", shown.body)
    assert found is not None, shown.text
    done = visitor.submit(shown, shown.form(saying="Turn on"), code=code_of(found[1]))
    assert done.status == 200
    return found[1]


def code_of(secret: str, steps: int = 0) -> str:
    """What an authenticator app shows, or is about to."""
    key = b32decode(secret + "=" * (-len(secret) % 8))
    return totp_code(key, totp_step(datetime.now(UTC), 30) + steps, 6)
