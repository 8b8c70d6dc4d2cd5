"""Somebody who visits the pages with a browser that runs no scripts, and reads what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.support.browser import ORIGIN, Answer, Browser
from watchword import Auth

BASE = "/api/auth/pages"
FORM = "application/x-www-form-urlencoded"
ADA, PASSWORD = "ada@example.com", "password1234"


@dataclass
class Form:
    """A form: where it goes, what it holds, and its buttons with their values."""

    action: str
    fields: dict[str, str] = field(default_factory=dict[str, str])
    attributes: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    buttons: list[dict[str, str]] = field(default_factory=list[dict[str, str]])


class Shown(HTMLParser):
    """A page as it is read."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.status = answer.status
        self.answer = answer
        self.source = answer.response.body.decode()
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self.said: dict[str, list[str]] = {}
        """Texts by the class of their element."""
        self.described: dict[str, str] = {}
        """Texts by the id of their element."""
        self.lang = ""
        self.title = ""
        self.heading = ""
        self._open: list[tuple[str, dict[str, str]]] = []
        self.feed(self.source)

    def form(self, do: str = "") -> Form:
        """The form that says so of itself."""
        return next(one for one in self.forms if one.fields.get("do", "") == do)

    def field(self, name: str) -> dict[str, str]:
        """The attributes of the one field with a name."""
        (found,) = [one.attributes[name] for one in self.forms if name in one.attributes]
        return found

    @property
    def alert(self) -> str:
        """What is wrong, on top of the page."""
        return " ".join(self.said.get("alert", []))

    @property
    def notice(self) -> str:
        return " ".join(self.said.get("notice", []))

    def error(self, name: str) -> str:
        """What is wrong with a field; the field says where that stands."""
        attributes = self.field(name)
        if "aria-invalid" not in attributes:
            return ""
        return self.described[attributes["aria-describedby"].split()[0]]

    @property
    def location(self) -> str:
        return self.answer.header("location") or ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.lang = given.get("lang", "")
        if tag == "form":
            self.forms.append(Form(given.get("action", "")))
        elif tag in ("input", "select") and self.forms:
            self._field(given)
        elif tag == "button" and self.forms and given.get("type") == "submit":
            self.forms[-1].buttons.append(given)
        if tag not in ("input", "meta", "img", "path", "link"):
            self._open.append((tag, given))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        text = data.strip()
        if not self._open or not text:
            return
        tag, given = self._open[-1]
        if tag == "title":
            self.title += text
        elif tag == "h1":
            self.heading += text
        elif tag == "a":
            self.links[text] = given.get("href", "")
        for name in given.get("class", "").split():
            self.said.setdefault(name, []).append(text)
        if "id" in given:
            self.described[given["id"]] = self.described.get(given["id"], "") + text

    def _field(self, given: dict[str, str]) -> None:
        name, form = given.get("name", ""), self.forms[-1]
        form.attributes[name] = given
        if given.get("type") not in ("checkbox", "radio") or "checked" in given:
            form.fields[name] = given.get("value", "")


class PagesVisitor(Browser):
    """Follows links and sends forms."""

    def see(self, page: str, query: Mapping[str, str] | None = None, **headers: str) -> Shown:
        return Shown(self.get(f"/pages/{page}", dict(query or {}), **headers))

    def open(self, url: str) -> Shown:
        """A link, of a mail or a redirect."""
        path, _, query = url.removeprefix(ORIGIN).removeprefix("/api/auth").partition("?")
        return Shown(self.get(path, dict(parse_qsl(query))))

    def send_form(self, page: str, fields: Mapping[str, str], **headers: str) -> Shown:
        """A form, whatever the page looks like."""
        data = urlencode(fields).encode()
        sent = {"content-type": FORM, **headers}
        return Shown(self.send("POST", f"/pages/{page}", data=data, headers=sent))

    def fill(self, shown: Shown, do: str = "", **typed: str) -> Shown:
        """A form of a page, with what it holds and what is typed. Fields have to be there."""
        form = shown.form(do)
        assert typed.keys() <= form.attributes.keys(), form.attributes
        page = form.action.removeprefix(f"{BASE}/")
        return self.send_form(page, {**form.fields, **typed})

    def follow(self, shown: Shown) -> Shown:
        """Where an answer sends the browser, as long as that is a page."""
        while shown.status in (302, 303) and path_of(shown.location).startswith(BASE):
            shown = self.open(shown.location)
        return shown


def path_of(url: str) -> str:
    return urlsplit(url).path


@dataclass
class Mailbox:
    """What was sent."""

    mails: list[Any] = field(default_factory=list[Any])

    def __call__(self, mail: Any, request: object) -> None:
        self.mails.append(mail)

    def newest(self, auth: Auth[Any]) -> Any:
        """The newest mail; they are sent behind the answers."""
        auth.blocking.close()
        return self.mails[-1]
