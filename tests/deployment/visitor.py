"""A visitor over HTTP: sees the public site, and keeps cookies as a browser does."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

SITE = "https://app.example.com"
"""What browsers see, whatever stands in between."""
PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Answer:
    """A response."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

    def all(self, name: str) -> list[str]:
        return [value for found, value in self.headers if found.lower() == name]


@dataclass
class Visitor:
    """Talks to `address` as if it were at `site`; `headers` go with every request."""

    address: str
    """Where it connects to: `http://127.0.0.1:8000`."""
    site: str = SITE
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    prefix: str = ""
    trust: ssl.SSLContext | None = None
    source: str = ""
    """The address of this machine that it comes from; any in 127.0.0.0/8."""
    jar: dict[str, str] = field(default_factory=dict[str, str])

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """One request to any path of the site."""
        sent = {"host": urlsplit(self.site).netloc, **self.headers, **headers}
        if self.jar:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            sent |= {"content-type": "application/json", "origin": self.site}
        with closing(self._connection()) as link:
            link.request(method, self.prefix + path, data, sent)
            found = link.getresponse()
            answer = Answer(found.status, found.getheaders(), found.read())
        self._keep(answer)
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        """Ask an endpoint of the server."""
        return self.ask("GET", f"/api/auth{path}", **headers)

    def post(self, path: str, body: object = None, **headers: str) -> Answer:
        """The same with POST."""
        return self.ask("POST", f"/api/auth{path}", {} if body is None else body, **headers)

    def sign_up(self, email: str = "ada@example.com") -> Answer:
        return self.post("/sign-up/email", {"email": email, "password": PASSWORD, "name": "Ada"})

    def sign_in(self, email: str = "ada@example.com", password: str = PASSWORD) -> Answer:
        return self.post("/sign-in/email", {"email": email, "password": password})

    def session(self) -> Any:
        """Who is signed in; None if nobody is."""
        answer = self.get("/get-session")
        assert answer.status == 200, answer
        return answer.json

    def lives_through(self, email: str = "ada@example.com") -> None:
        """What a server must be able to do: sign up, sign out, sign in, and say who is there."""
        made = self.sign_up(email)
        assert made.status == 200, made
        assert self.session()["user"]["email"] == email
        assert self.post("/sign-out").status == 200
        assert self.jar == {}
        assert self.session() is None
        entered = self.sign_in(email)
        assert entered.status == 200, entered
        assert self.session()["user"]["email"] == email

    def _connection(self) -> http.client.HTTPConnection:
        where = urlsplit(self.address)
        source = (self.source, 0) if self.source else None
        if where.scheme != "https":
            return http.client.HTTPConnection(where.netloc, timeout=20, source_address=source)
        name, trust = urlsplit(self.site).hostname, self.trust or ssl.create_default_context()
        return _NamedTLS(where.netloc, name or "", trust, source)

    def _keep(self, answer: Answer) -> None:
        for line in answer.all("set-cookie"):
            pair, *attributes = line.split("; ")
            name, _, value = pair.partition("=")
            if "Max-Age=0" in attributes:
                self.jar.pop(name, None)
            else:
                self.jar[name] = value


class _NamedTLS(http.client.HTTPSConnection):
    """TLS to this machine, under the name of the site."""

    def __init__(
        self, address: str, name: str, trust: ssl.SSLContext, source: tuple[str, int] | None
    ) -> None:
        self._trust, self._name = trust, name
        super().__init__(address, timeout=20, context=trust, source_address=source)

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        self.sock = self._trust.wrap_socket(self.sock, server_hostname=self._name)
