"""W12: templates of an application's own that fail with what they show. Pages show codes and mails
carry links that let people in: no log at any level has them, and nobody is kept out."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.conftest import MakeAuth
from tests.mail.mailing_auth import rows
from tests.plugins.account_site import AccountSite
from tests.plugins.pages_visitor import PASSWORD, PagesVisitor, Shown
from tests.support.browser import Browser
from watchword.mail import Mailer
from watchword.plugins import MagicLink, Pages
from watchword.plugins.pages import rendering
from watchword.testing import Outbox

APP = "account-two-factor-app.html"
QUOTING = {
    "a key that is not there": "\n\n{{ {}[%s] }}",
    "a template that is not there": "\n\n{%% include %s %%}",
    "a filter that cannot use it": "\n\n{{ %s | dictsort }}",
    "a macro": "\n\n{%% macro m(x) %%}{{ {}[x] }}{%% endmacro %%}{{ m(%s) }}",
}

CLASSES = {"UndefinedError", "TemplateNotFound", "AttributeError"}


@pytest.fixture(params=QUOTING, ids=lambda name: name.replace(" ", "-"))
def quoting(request: pytest.FixtureRequest) -> str:
    """A template that fails in its third line."""
    return QUOTING[request.param]


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG, "watchword"):
        yield caplog


def told(logged: pytest.LogCaptureFixture) -> str:
    """All that a handler could write: texts, stack traces, and fields."""
    return logged.text + str([vars(one) for one in logged.records])


def new_codes(visitor: PagesVisitor) -> Shown:
    return visitor.send_form("account/two-factor", {"do": "app", "password": PASSWORD})


def test_a_page_that_fails_is_told_by_template_line_and_class(
    make_auth: MakeAuth, kind: str, tmp_path: Path, quoting: str, logged: pytest.LogCaptureFixture
) -> None:
    (tmp_path / APP).write_text(quoting % "codes[0]")
    visitor = own_pages(make_auth, kind, Pages(templates=tmp_path)).signed_up()
    shown = new_codes(visitor)
    codes = shown.form("verify").fields["codes"].split()
    assert (shown.status, len(codes)) == (200, 10), "ours stands in"
    (line,) = [one.getMessage() for one in logged.records if one.name == "watchword.pages"]
    start, place = f"the template {APP} cannot be rendered: ", f" at {tmp_path / APP}, line 3"
    assert line.removeprefix(start).removesuffix(place) in CLASSES
    assert not any(code in told(logged) for code in codes)


def test_a_page_of_ours_that_fails_is_an_error_page(
    make_auth: MakeAuth,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
    logged: pytest.LogCaptureFixture,
) -> None:
    ours = {**rendering._ours(), APP: "\n\n{{ {}[codes[0] ~ secret] }}"}
    monkeypatch.setattr(rendering, "_ours", lambda: ours)
    pages = Pages()
    object.__setattr__(pages, "_renderer", rendering.Renderer(None))
    visitor = own_pages(make_auth, kind, pages).signed_up()
    shown = new_codes(visitor)
    assert shown.status == 500
    assert shown.title == "Error: That did not work · watchword"
    assert f"templates/{APP}, line 3" in logged.text
    assert "CannotRender" in logged.text
    assert "has no attribute" not in told(logged) + shown.source


@pytest.mark.parametrize("outbox", [False, True])
def test_a_mail_that_fails_is_told_by_template_line_and_class(
    make_auth: MakeAuth,
    kind: str,
    tmp_path: Path,
    quoting: str,
    outbox: bool,
    logged: pytest.LogCaptureFixture,
) -> None:
    folder = tmp_path / "mails"
    folder.mkdir()
    (folder / "magic-link.html").write_text(quoting % "(url ~ letter.to)")
    mail = Mailer(Outbox(), sender="a@app.example", templates=folder, outbox=outbox, retry_after=())
    made = make_auth(mail=mail, plugins=[MagicLink(generate_token=lambda email: "tell-nobody")])
    answer = Browser(made, kind).post("/sign-in/magic-link", {"email": "ada@example.com"})
    made.blocking.runtime.drain()
    assert answer.status == 200
    place = f"at {folder / 'magic-link.html'}, line 3"
    (line,) = [one.getMessage() for one in logged.records if one.name == "watchword.mail"]
    assert place in line
    secrets = ("tell-nobody", "ada@example.com")
    assert not any(secret in told(logged) for secret in secrets)
    if outbox:
        (row,) = rows(tmp_path)
        assert place in row["lastError"]
        assert not any(secret in str(row) for secret in secrets)


def own_pages(make_auth: MakeAuth, kind: str, pages: Pages) -> AccountSite:
    """A server whose pages have options of their own."""
    return AccountSite(make_auth, kind, without=("pages",), more=(pages,))
