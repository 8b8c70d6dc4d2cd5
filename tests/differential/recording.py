"""Scripted browsers that talk to a real server over HTTP and note what they get."""

from __future__ import annotations

import http.client
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode, urlsplit

PASSWORD = "correct horse"
FORM = "application/x-www-form-urlencoded"
_CODE = re.compile(r'"(\d{4,})"')


@dataclass(frozen=True)
class Exchange:
    """One answer, under the name that the script gave to the request."""

    name: str
    status: int
    headers: list[tuple[str, str]]
    text: str

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.text)

    @property
    def cookies(self) -> list[str]:
        """The Set-Cookie lines, in their order."""
        return [value for name, value in self.headers if name == "set-cookie"]

    def header(self, name: str) -> str | None:
        """The first header of a (lower-case) name."""
        return next((value for found, value in self.headers if found == name), None)


@dataclass
class Recorder:
    """One server, and everything that it answered so far."""

    origin: str
    provider: str = ""
    """Base URL of the fake identity provider, for the profiles that have one."""
    exchanges: list[Exchange] = field(default_factory=list[Exchange])
    taken: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    """Messages that `mail` gave out, by kind and address."""

    def browser(self) -> Browser:
        """A browser without cookies."""
        return Browser(self)

    def note(self, exchange: Exchange) -> Exchange:
        """Keep an exchange; the second of a name is called `name (2)`."""
        names = [kept.name.partition(" (")[0] for kept in self.exchanges]
        if before := names.count(exchange.name):
            exchange = replace(exchange, name=f"{exchange.name} ({before + 1})")
        self.exchanges.append(exchange)
        return exchange

    def mail(self, kind: str, to: str) -> dict[str, Any]:
        """Wait for the next message of a kind to an address, and note it."""
        nobody, end = Browser(self), time.monotonic() + 5
        taken = self.taken.get((kind, to), 0)
        while time.monotonic() < end:
            messages = json.loads(nobody.fetch("GET", "/__outbox", None, {})[2])
            found = [one for one in messages if (one["kind"], one["to"]) == (kind, to)]
            if len(found) > taken:
                self.taken[kind, to] = taken + 1
                self.note(Exchange(f"mail {kind} to {to}", 200, [], _noted(found[taken])))
                return found[taken]
            time.sleep(0.02)
        raise AssertionError(f"{self.origin} sent no {kind} to {to}")

    def rows(self, table: str, column: str, value: str) -> list[dict[str, Any]]:
        """The rows of a table with a value in a column, as they are stored, and note them."""
        query = urlencode({"table": table, "column": column, "value": value})
        text = Browser(self).fetch("GET", f"/__rows?{query}", None, {})[2]
        self.note(Exchange(f"rows of {table}", 200, [], text))
        return json.loads(text)

    def call(self, name: str, **given: Any) -> Any:
        """Call a function of the server-side API with a body or a query, and note its answer."""
        data = json.dumps({"name": name, **given}).encode()
        text = Browser(self).fetch("POST", "/__call", data, {})[2]
        self.note(Exchange(f"call {name}", 200, [], _noted(json.loads(text))))
        return json.loads(text).get("data")

    @contextmanager
    def later(self, seconds: int) -> Iterator[None]:
        """Let the server's clock be ahead by so many seconds."""
        nobody = Browser(self)
        nobody.fetch("POST", "/__clock", json.dumps({"offset": seconds}).encode(), {})
        try:
            yield
        finally:
            nobody.fetch("POST", "/__clock", b'{"offset": 0}', {})


@dataclass
class Browser:
    """A cookie jar. Every request but `fetch` is noted under its name."""

    recorder: Recorder
    jar: dict[str, str] = field(default_factory=dict[str, str])

    def get(self, name: str, path: str, **headers: str) -> Exchange:
        """GET below the base path."""
        return self.send(name, "GET", path, None, **headers)

    def post(self, name: str, path: str, body: Any = None, **headers: str) -> Exchange:
        """POST JSON below the base path; no body when it is None."""
        data = None if body is None else json.dumps(body).encode()
        return self.send(name, "POST", path, data, **headers)

    def post_form(self, name: str, path: str, fields: dict[str, str], **headers: str) -> Exchange:
        """POST an HTML form."""
        return self.send(
            name, "POST", path, urlencode(fields).encode(), **{"content_type": FORM, **headers}
        )

    def follow(self, name: str, url: str) -> Exchange:
        """Open a link of this server, as somebody who clicks it in a mail."""
        base = f"{self.recorder.origin}/api/auth"
        assert url.startswith(base), url
        return self.send(name, "GET", url.removeprefix(base), None, origin="")

    def send(
        self, name: str, method: str, path: str, data: bytes | None, **headers: str
    ) -> Exchange:
        """Send a request and note its answer. Header names with `_` for `-`; an empty one is left
        out, `{origin}` in a value is this server's origin."""
        given = {"origin": "{origin}", "user-agent": "differential"}
        if data is not None:
            given["content-type"] = "application/json"
        given.update({key.replace("_", "-"): value for key, value in headers.items()})
        status, pairs, text = self.fetch(method, f"/api/auth{path}", data, given)
        return self.recorder.note(Exchange(name, status, pairs, text))

    def fetch(
        self, method: str, target: str, data: bytes | None, headers: dict[str, str]
    ) -> tuple[int, list[tuple[str, str]], str]:
        """Send a request with the cookies of the jar, follow no redirect."""
        origin = self.recorder.origin
        sent = {name: text.replace("{origin}", origin) for name, text in headers.items() if text}
        if self.jar:
            cookie = "; ".join(f"{name}={value}" for name, value in self.jar.items())
            sent.setdefault("cookie", cookie)
        where = urlsplit(origin)
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
        try:
            connection.request(method, target.replace("{origin}", origin), data, sent)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        pairs = [(name.lower(), value) for name, value in response.getheaders()]
        self._keep([value for name, value in pairs if name == "set-cookie"])
        return response.status, pairs, text

    def sign_up(self, email: str, **extra: Any) -> Exchange:
        """Sign up as "Ada", noted as `sign up`."""
        body = {"name": "Ada", "email": email, "password": PASSWORD, **extra}
        return self.post("sign up", "/sign-up/email", body)

    def sign_in(self, email: str, **extra: Any) -> Exchange:
        """Sign in, noted as `sign in`."""
        body = {"email": email, "password": PASSWORD, **extra}
        return self.post("sign in", "/sign-in/email", body)

    def _keep(self, lines: list[str]) -> None:
        for line in lines:
            pair, *attributes = line.split("; ")
            name, _, value = pair.partition("=")
            if "Max-Age=0" in attributes:
                self.jar.pop(name, None)
            else:
                self.jar[name] = value


def _noted(message: dict[str, Any]) -> str:
    token = message.get("token")
    if token is None:
        return _CODE.sub(lambda found: f'"<code of {len(found[1])}>"', json.dumps(message))
    return json.dumps({**message, "url": message["url"].replace(token, "{token}")})
