"""Mails in an application's own form: templates in a folder, and functions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.mail.mailing_auth import ADA, MailingAuth, mailer, mailing_auth
from tests.support.mail_server import MailServer
from watchword import ConfigurationError
from watchword.mail import Console, Content, Draft, Mailer
from watchword.plugins import I18n, MagicLink, Organization

LAYOUT = """<html lang="{{ language }}"><h1>{{ site }}</h1>
{% for line in lines %}<p>{{ line }}</p>{% endfor %}
<a href="{{ url }}">{{ button }}</a>{% include "_foot.html" %}</html>"""


def send(server: MailingAuth, **headers: str) -> None:
    browser = server.browser()
    assert browser.post("/sign-in/magic-link", {"email": ADA}, **headers).status == 200


def served(make_auth: MakeAuth, mails: MailServer, kind: str, **options: Any) -> MailingAuth:
    installed = [I18n(), MagicLink(), Organization(invitation_page="/i")]
    return mailing_auth(make_auth, mails, kind, mail=mailer(mails, **options), plugins=installed)


def test_a_layout_is_that_of_all_mails(
    make_auth: MakeAuth, mails: MailServer, kind: str, tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "layout.html").write_text(LAYOUT)
    (tmp_path / "own" / "_foot.html").write_text("<i>Bye</i>")
    server = served(make_auth, mails, kind, templates=tmp_path / "own")
    send(server)
    assert server.last().html.startswith('<html lang="en"><h1>App</h1>')
    assert "<p>Here is your link to sign in to App.</p>" in server.last().html
    assert "<i>Bye</i>" in server.last().html
    assert "Here is your link" in server.last().text


def test_values_are_escaped_and_disarmed_there_too(
    make_auth: MakeAuth, mails: MailServer, kind: str, tmp_path: Path
) -> None:
    (tmp_path / "layout.html").write_text("{% for line in lines %}{{ line }}{% endfor %}")
    server = served(make_auth, mails, kind, templates=str(tmp_path))
    browser = server.browser()
    browser.sign_up(name="<b>Ada</b> https://evil.example")
    made = browser.post("/organization/create", {"name": "<script>x</script>", "slug": "acme"})
    asked = {"email": "bob@example.com", "role": "member", "organizationId": made.json["id"]}
    assert browser.post("/organization/invite-member", asked).status == 200
    html = server.last("bob@example.com").html
    assert "&lt;script&gt;x&lt;/script&gt;" in html
    assert "&lt;b&gt;Ada&lt;/b&gt; evil·example" in html


def test_one_kind_one_language_and_the_subject(
    make_auth: MakeAuth, mails: MailServer, kind: str, tmp_path: Path
) -> None:
    (tmp_path / "magic-link.txt").write_text("Subject: In with {{ site }}\n\nGo to {{ url }}\n")
    (tmp_path / "magic-link.de.txt").write_text("Auf {{ url }}")
    (tmp_path / "de.json").write_text('{"mails": {"magic-link": {"subject": "Komm rein"}}}')
    server = served(make_auth, mails, kind, templates=tmp_path)
    send(server)
    assert server.last().message["Subject"] == "In with App"
    assert server.last().text.startswith("Go to http://localhost:3000/api/auth/magic-link")
    assert "Your sign-in link for App" in server.last().html
    send(server, accept_language="de")
    assert server.last().message["Subject"] == "Komm rein"
    assert server.last().text.startswith("Auf http://localhost:3000")


def test_a_template_writes_no_headers(
    make_auth: MakeAuth, mails: MailServer, kind: str, tmp_path: Path
) -> None:
    (tmp_path / "magic-link.txt").write_text("Subject: {{ 'a\r\nBcc: x@y.example' }}\n\nx")
    server = served(make_auth, mails, kind, templates=tmp_path)
    send(server)
    assert server.last().message["Bcc"] is None


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("magic-lnik.html", "x", "magic-lnik.html is the template of no mail"),
        ("layout.txt", "{% if %}", "layout.txt: "),
        ("layout.html", "{{ unfinished", "layout.html: "),
        ("en.json", "{", "en.json: "),
    ],
)
def test_templates_that_cannot_work_are_refused_at_the_start(
    tmp_path: Path, name: str, text: str, told: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        Mailer(Console(), sender="a@app.example", templates=tmp_path)
    assert refused.value.option == "Mailer.templates"
    assert told in str(refused.value)


def test_without_jinja_words_alone_will_do_and_templates_name_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    monkeypatch.delitem(sys.modules, "watchword.mail.jinja_templates", raising=False)
    (tmp_path / "it.json").write_text('{"phrases": {"hello": "Ciao,"}}')
    Mailer(Console(), sender="a@app.example", templates=tmp_path, language="it")
    (tmp_path / "layout.html").write_text("x")
    with pytest.raises(ConfigurationError, match=r"watchword\[mail\]"):
        Mailer(Console(), sender="a@app.example", templates=tmp_path)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_functions_make_mails_of_drafts(
    make_auth: MakeAuth, mails: MailServer, kind: str, asynchronous: bool
) -> None:
    def own(draft: Draft) -> Content | None:
        if draft.language != "en":
            return None
        return Content(subject=f"In, {draft.letter.to}", text=f"{draft.url}\n")

    async def awaited(draft: Draft) -> Content | None:
        return own(draft)

    writers = {"magic-link": awaited if asynchronous else own}
    server = served(make_auth, mails, kind, write=writers)
    send(server)
    assert server.last().message["Subject"] == f"In, {ADA}"
    assert not server.last().message.is_multipart()
    send(server, accept_language="de")
    assert server.last().message["Subject"] == "Ihr Anmeldelink für App"


def test_a_function_that_fails_is_told_without_its_text(
    make_auth: MakeAuth, mails: MailServer, kind: str, logged: pytest.LogCaptureFixture
) -> None:
    def broken(draft: Draft) -> Content:
        raise ValueError(draft.url)

    server = served(make_auth, mails, kind, write={"magic-link": broken}, retry_after=())
    send(server)
    assert server.posts() == []
    (line,) = [one.getMessage() for one in logged.records if one.name == "watchword.mail"]
    assert "ValueError at tests.mail.test_templates" in line
    assert "magic-link/verify" not in line
