"""From a letter to a message: headers that nobody else can write, texts in two forms."""

from __future__ import annotations

import email
import re
from datetime import UTC, datetime, timedelta
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from watchword.features.letters import Letter
from watchword.mail import MailRefused
from watchword.mail.drafts import Draft, draft
from watchword.mail.layout import laid_out
from watchword.mail.message import message_of
from watchword.mail.words import Dictionary
from watchword.plugins.i18n import SHIPPED

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
URL = "https://app.example/api/auth/reset-password/abc?callbackURL=%2Fnew&x=1"
DICTIONARY = Dictionary({})
HEADERS = {
    *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version"),
    *("X-Auto-Response-Suppress", "Content-Type", "Content-Language"),
}


def letter(**changes: Any) -> Letter:
    given: dict[str, Any] = {
        "kind": "reset-password",
        "to": "ada@example.com",
        "name": "Ada",
        "url": URL,
        "expires_at": NOW + timedelta(hours=1),
    }
    return Letter(**{**given, **changes})


def drafted(one: Letter, language: str = "en", site: str = "App") -> Draft:
    return draft(one, language, DICTIONARY.of(language), site, NOW)


def sent(one: Letter, language: str = "en", site: str = "App") -> EmailMessage:
    """The message as the other side reads it."""
    made = message_of(
        laid_out(drafted(one, language, site)),
        sender=Address("The App", "no-reply", "app.example"),
        reply_to=None,
        to=one.to,
        message_id="abc",
        language=language,
        now=NOW,
    )
    return email.message_from_bytes(made.as_bytes(), policy=policy.default)


def part(message: EmailMessage, form: str) -> str:
    found = message.get_body((form,))
    assert found is not None
    return found.get_content().replace("\r\n", "\n")


class Links(HTMLParser):
    """What a document loads and leads to, and the elements that it has."""

    def __init__(self) -> None:
        super().__init__()
        self.hrefs: list[str | None] = []
        self.loads: list[str | None] = []
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        found = dict(attrs)
        if tag == "a":
            self.hrefs.append(found["href"])
        self.loads += [value for name, value in attrs if name in ("src", "srcset", "background")]
        assert not any(name.startswith("on") for name in found)

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> Links:
    found = Links()
    found.feed(html)
    return found


def test_a_mail_in_plain_text() -> None:
    assert part(sent(letter()), "plain") == (
        "Hello Ada,\n\n"
        "Somebody asked for a new password for your account at App. If it was\n"
        "you, choose one here:\n\n"
        f"{URL}\n\n"
        "The link works for 1 hour.\n\n"
        "If it was not you, ignore this mail: your password stays as it is.\n\n"
        "-- \nApp sent this mail to ada@example.com.\n"
    )


def test_headers_say_who_wrote_it_and_that_it_was_a_machine() -> None:
    message = sent(letter())
    assert set(message.keys()) == HEADERS
    assert message["From"] == "The App <no-reply@app.example>"
    assert message["To"] == "ada@example.com"
    assert message["Subject"] == "Choose a new password for App"
    assert message["Date"].datetime == NOW
    assert message["Message-ID"] == "<abc@app.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "en"


def test_links_and_codes_stand_in_the_body_alone() -> None:
    for one in (letter(), letter(kind="sign-in-code", url="", code="739204")):
        headers = "".join(f"{name}: {value}" for name, value in sent(one).items())
        assert "739204" not in headers
        assert "reset-password/abc" not in headers


@pytest.mark.parametrize("language", SHIPPED)
@pytest.mark.parametrize("kind", sorted(DICTIONARY.kinds))
def test_every_mail_in_every_language_is_whole(kind: str, language: str) -> None:
    mail = DICTIONARY.of(language).mails[kind]
    code = "739204" if kind.endswith("-code") else ""
    told = {
        "organization": "Acme",
        "inviter": "Bob",
        "action": "delete",
        "new_email": "n@e.example",
    }
    one = letter(kind=kind, url=URL if mail.button else "", code=code, values=told)
    message = sent(one, language)
    plain, page = part(message, "plain"), read(part(message, "html"))
    for text in (message["Subject"], plain, page.text):
        assert not re.search(r"[{}]", text.replace(page.text, "")), text
        assert text.strip()
    assert (URL in plain) == bool(mail.button)
    assert page.hrefs == ([URL] * 2 if mail.button else [])
    assert page.loads == []
    assert not page.tags & {"script", "img", "iframe", "link", "form", "object"}
    assert code in plain
    assert code in page.text
    assert len(message.as_bytes()) < 20_000


def test_values_are_escaped_in_html() -> None:
    hostile = "<script>alert(1)</script>"
    one = letter(
        kind="invitation", values={"organization": hostile, "inviter": '"><img src=x onerror=y>'}
    )
    page = read(part(sent(one, site="A & B <b>"), "html"))
    assert not page.tags & {"script", "img", "b"}
    assert hostile in page.text
    assert page.loads == []


def test_a_link_with_quotes_stays_one_attribute() -> None:
    hostile = 'https://app.example/?a="><script>alert(1)</script>&b=1'
    page = read(part(sent(letter(url=hostile)), "html"))
    assert page.hrefs == [hostile, hostile]
    assert "script" not in page.tags


@pytest.mark.parametrize(
    "hostile",
    [
        "Acme\r\nBcc: eve@evil.example",
        "Acme\nBcc: eve@evil.example\n\nbody",
        "Acme\x00",
        "Ac\x85me",
    ],
)
def test_nobody_writes_headers_by_a_name(hostile: str) -> None:
    one = letter(kind="invitation", values={"organization": hostile, "inviter": hostile})
    message = sent(one, site=hostile)
    assert set(message.keys()) == HEADERS
    assert message["Bcc"] is None


@pytest.mark.parametrize(
    "hidden",
    [
        "=?utf-8?q?https=3A//evil=2Eexample?=",
        "=?utf-8?b?aHR0cHM6Ly9ldmlsLmV4YW1wbGU=?=",
        "=?utf-8?q?=0D=0ABcc=3A_eve?=",
        "=?utf-8?q?=00=E2=80=AE?=",
        "=\u200b?utf-8?q?https=3A//evil=2Eexample?=",
        "\uff1d\uff1futf-8?q?https=3A//evil=2Eexample?=",
    ],
)
def test_nor_does_anybody_hide_a_link_in_a_subject(hidden: str) -> None:
    one = letter(kind="invitation", values={"organization": hidden, "inviter": "Bob"})
    raw = sent(one).as_bytes()
    for subject in (
        sent(one)["Subject"],
        email.message_from_bytes(raw, policy=policy.default)["Subject"],
    ):
        assert subject.startswith("Invitation to = ?utf-8?")
        assert subject.isprintable()


@pytest.mark.parametrize(
    "to",
    [
        "ada@example.com\r\nBcc: eve@evil.example",
        "ada@example.com\nRCPT TO:<eve@evil.example>",
        "ada@example.com, eve@evil.example",
        "ada@example.com;eve@evil.example",
        "Ada <ada@example.com>",
        "ada example.com",
        "ada@",
        "@example.com",
        "a@b@c",
        '"a b"@example.com',
        "ada@example.com\x00",
        "",
        "=?utf-8?q?=61dmin?=@example.com",
        "=?utf-8?q?eve=40evil.example=3e?=@example.com",
        "ada\x9b1m@example.com",
        "a" * 400 + "@example.com",
    ],
)
def test_what_is_no_address_is_refused_for_ever(to: str) -> None:
    with pytest.raises(MailRefused) as told:
        sent(letter(to=to))
    assert told.value.reason == "no address"


def test_a_domain_in_any_script_goes_as_servers_know_it() -> None:
    assert sent(letter(to="ada@bücher.example"))["To"] == "ada@xn--bcher-kva.example"
    with pytest.raises(MailRefused, match="no domain"):
        sent(letter(to="ada@\u200d.example"))


@given(
    some.text(max_size=300), some.text(max_size=300), some.sampled_from(["en", "ja"]), some.text()
)
def test_whatever_people_are_called_the_mail_is_whole(
    organization: str, inviter: str, language: str, name: str
) -> None:
    told = {"organization": organization, "inviter": inviter}
    message = sent(letter(kind="invitation", name=name, values=told), language)
    assert set(message.keys()) == HEADERS
    assert read(part(message, "html")).hrefs == [URL, URL]
    assert re.findall(r"https?://\S+", part(message, "plain")) == [URL]


def test_a_megabyte_in_a_name_makes_no_large_mail() -> None:
    big = "x" * 1_000_000
    one = letter(kind="invitation", name=big, values={"organization": big, "inviter": big})
    message = sent(one)
    assert len(message.as_bytes()) < 20_000
    assert len(message["Subject"]) <= 200


def test_an_invitation_without_a_page_has_no_link() -> None:
    told = {"organization": "Acme", "inviter": "Bob"}
    one = letter(kind="invitation", url="", values=told)
    plain = part(sent(one), "plain")
    assert "http" not in plain
    assert "works for" not in plain
    assert "Sign in there with this e-mail address" in " ".join(plain.split())


def test_drafts_print_nothing_secret() -> None:
    one = letter(kind="sign-in-code", code="739204")
    printed = repr(drafted(one)) + repr(one) + repr(laid_out(drafted(one)))
    for secret in ("739204", URL, "ada@example.com"):
        assert secret not in printed
