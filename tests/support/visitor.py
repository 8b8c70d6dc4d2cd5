"""Somebody with a browser before a server that really listens: links, forms, redirects, cookies."""

from __future__ import annotations

import http.client
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

_MOST_REDIRECTS = 8


@dataclass
class Form:
    """One form of a page: where it goes, and what it holds."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict[str, str])
    names: set[str] = field(default_factory=set[str])
    """Those of all inputs, also of boxes that are not ticked."""
    label: str = ""


class _Reader(HTMLParser):
    """The forms and links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self.text: list[str] = []
        self._link: str | None = None
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = True
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").upper()))
        elif tag == "a":
            self._link = given.get("href", "")
        elif self._inside and tag == "input" and "name" in given:
            self.forms[-1].names.add(given["name"])
            ticked = given.get("type") not in {"checkbox", "radio"} or "checked" in given
            if ticked:
                self.forms[-1].fields[given["name"]] = given.get("value", "")
        elif self._inside and tag == "button" and given.get("name"):
            self.forms[-1].fields[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "form"
        self._link = None if tag == "a" else self._link

    def handle_data(self, data: str) -> None:
        said = " ".join(data.split())
        if said:
            self.text.append(said)
            if self._link is not None:
                self.links[said] = self._link
            if self._inside:
                self.forms[-1].label = f"{self.forms[-1].label} {said}".strip()


@dataclass
class Page:
    """What a browser shows. `status` is 0 where a redirect led to another site."""

    url: str
    status: int
    body: str
    links: dict[str, str]
    forms: list[Form]
    text: str

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    def form(self, *, having: str = "", saying: str = "") -> Form:
        """The form with a field, or with a text in it."""
        found = [
            form
            for form in self.forms
            if (not having or having in form.names) and saying.casefold() in form.label.casefold()
        ]
        assert found, f"{self.url} has no form with {having or saying!r}: {self.text[:500]}"
        return found[0]


class Visitor:
    """Keeps cookies, follows redirects on the same site, and says where others lead."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.cookies: dict[str, str] = {}

    def open(self, url: str) -> Page:
        """Follow a link."""
        return self._ask("GET", urljoin(self.origin, url), None)

    def submit(self, page: Page, form: Form, **typed: str) -> Page:
        """Send a form, with what somebody typed into it."""
        target = urljoin(page.url, form.action or page.url)
        return self._ask(form.method, target, urlencode({**form.fields, **typed}))

    def _ask(self, method: str, url: str, body: str | None) -> Page:
        for _ in range(_MOST_REDIRECTS):
            if not url.startswith(f"{self.origin}/"):
                return Page(url, 0, "", {}, [], "")
            status, headers, text = self._send(method, url, body)
            moved = headers.get("location")
            if status not in {301, 302, 303, 307, 308} or moved is None:
                reader = _Reader()
                reader.feed(text)
                told = " ".join(reader.text)
                return Page(url, status, text, reader.links, reader.forms, told)
            url = urljoin(url, moved)
            method, body = ("GET", None) if status not in {307, 308} else (method, body)
        raise AssertionError(f"{url} redirects without end")

    def _send(
        self, method: str, url: str, body: str | None
    ) -> tuple[int, http.client.HTTPMessage, str]:
        parts = urlsplit(url)
        headers = {"Accept": "text/html"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={it}" for name, it in self.cookies.items())
        if method != "GET":
            headers["Origin"] = self.origin
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        for line in answer.headers.get_all("set-cookie", []):
            self._keep(line)
        return answer.status, answer.headers, text

    def _keep(self, line: str) -> None:
        pair, _, attributes = line.partition(";")
        name, _, value = pair.partition("=")
        if re.search(r"max-age=0\b", attributes, re.IGNORECASE):
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = value
