"""Somebody with one browser who goes to either of two servers: ours and the reference."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.support.browser import ORIGIN, Browser
from tests.support.databases import fresh_name
from watchword import Auth

CLIENT = "203.0.113.7"
PASSWORD = "password1234"


@dataclass(frozen=True)
class Pair:
    """Two servers that share what they keep: ours, and the origin of the reference."""

    auth: Auth[Any]
    reference: str


class Visitor:
    """One browser that goes to either server: `ours` or `reference`, with the same cookies."""

    def __init__(self, servers: Pair, kind: str = "blocking") -> None:
        self.servers = servers
        self.browser = Browser(servers.auth, kind)

    def ask(self, server: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        status, _, text = self._ask(server, method, path, body)
        return status, json.loads(text) if text else None

    def open(self, server: str, path: str) -> tuple[int, str]:
        """Go to a page, as by a link from elsewhere: the status, and where it leads."""
        status, location, _ = self._ask(server, "GET", path, None)
        return status, location

    def sign_up(self, server: str) -> str:
        """A new user; his address."""
        email = f"{fresh_name()}@example.com"
        body = {"name": "Ada", "email": email, "password": PASSWORD}
        status, answer = self.ask(server, "POST", "/sign-up/email", body)
        assert status == 200, answer
        return email

    def sign_in(self, server: str, email: str) -> str:
        """Sign in; the session's token."""
        body = {"email": email, "password": PASSWORD}
        status, answer = self.ask(server, "POST", "/sign-in/email", body)
        assert status == 200, answer
        return answer["token"]

    def session(self, server: str) -> Any:
        """What /get-session says."""
        status, answer = self.ask(server, "GET", "/get-session")
        assert status == 200, answer
        return answer

    def _ask(self, server: str, method: str, path: str, body: Any) -> tuple[int, str, bytes]:
        """Status, `Location` and body."""
        if server != "ours":
            return self._ask_reference(method, path, body)
        data = b"" if body is None else json.dumps(body).encode()
        headers = {"x-forwarded-for": CLIENT}
        headers |= {"content-type": "application/json"} if data else {}
        path, _, query = path.partition("?")
        pairs = dict(parse_qsl(query, keep_blank_values=True))
        answer = self.browser.send(method, path, query=pairs, data=data, headers=headers)
        return answer.status, answer.header("location") or "", answer.response.body

    def _ask_reference(self, method: str, path: str, body: Any) -> tuple[int, str, bytes]:
        headers = {"origin": ORIGIN, "x-forwarded-for": CLIENT}
        if self.browser.jar:
            pairs = (f"{name}={value}" for name, value in self.browser.jar.items())
            headers["cookie"] = "; ".join(pairs)
        data = None if body is None else json.dumps(body)
        if data is not None:
            headers["content-type"] = "application/json"
        address = urlsplit(self.servers.reference)
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=20)
        try:
            connection.request(method, f"/api/auth{path}", data, headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        lines = [value for name, value in answer.getheaders() if name.lower() == "set-cookie"]
        self.browser.keep(lines)
        return answer.status, answer.getheader("location") or "", text
