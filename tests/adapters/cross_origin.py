"""A page of one origin that calls a server on another one, as browsers let it (Fetch, 4.8 and 4.9).

It asks first where a browser would, keeps and sends cookies by their SameSite, and hides answers
that no CORS header shows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.adapters.drivers import Answer, Client

_SIMPLE_METHODS = {"GET", "HEAD", "POST"}
_READABLE = {"cache-control", "content-language", "content-length", "content-type", "expires"}


class Blocked(Exception):
    """The browser does not let the script send this, or see the answer."""


@dataclass
class Seen:
    """What the script sees of an answer."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


@dataclass
class Page:
    """A script that calls with `credentials: "include"`."""

    client: Client
    origin: str = "http://localhost:5173"
    scheme: str = "http"
    """That of the server."""
    cross_site: bool = False
    """Whether the server is another site: one of another registrable domain or scheme."""
    shares_cache: bool = True
    """Whether there is a cache that other origins ask, too."""
    jar: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """Cookies of the server: value and SameSite."""
    asked: int = 0
    """How many preflights were sent."""

    def fetch(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> Seen:
        sent = dict(headers or {})
        if body is not None:
            sent["content-type"] = "application/json"
        if method not in _SIMPLE_METHODS or sent:
            self._ask(method, path, sorted(sent))
        pairs = [("Origin", self.origin), *sent.items()]
        cookies = [
            f"{name}={value}"
            for name, (value, same_site) in self.jar.items()
            if not self.cross_site or same_site == "none"
        ]
        if cookies:
            pairs.append(("Cookie", "; ".join(cookies)))
        data = b"" if body is None else json.dumps(body).encode()
        answer = self.client.send(method, path, pairs, body=data, scheme=self.scheme)
        # Cookies are kept whether or not the script may see the answer.
        for line in answer.all("set-cookie"):
            self._keep(line)
        self._require(answer)
        shown = _READABLE | set(_list(answer, "expose-headers"))
        seen = {name.lower(): text for name, text in answer.headers if name.lower() in shown}
        return Seen(answer.status, answer.body, seen)

    def _ask(self, method: str, path: str, names: list[str]) -> None:
        self.asked += 1
        headers = [("Origin", self.origin), ("Access-Control-Request-Method", method)]
        if names:
            headers.append(("Access-Control-Request-Headers", ",".join(names)))
        answer = self.client.send("OPTIONS", path, headers, scheme=self.scheme)
        if not 200 <= answer.status <= 299:
            raise Blocked(f"the preflight was answered {answer.status}")
        self._require(answer)
        if method not in _SIMPLE_METHODS | {one.upper() for one in _list(answer, "allow-methods")}:
            raise Blocked(f"{method} is not allowed")
        if missing := set(names) - set(_list(answer, "allow-headers")):
            raise Blocked(f"{missing} are not allowed")

    def _require(self, answer: Answer) -> None:
        # With credentials a wildcard is no origin, and two fields are none either.
        if answer.all("access-control-allow-origin") != [self.origin]:
            raise Blocked("the origin is not allowed")
        if answer.all("access-control-allow-credentials") != ["true"]:
            raise Blocked("credentials are not allowed")
        if self.shares_cache and "origin" not in _items(answer.all("vary")):
            raise Blocked("a cache would give the answer to another origin")

    def _keep(self, line: str) -> None:
        pair, *rest = line.split("; ")
        name, _, value = pair.partition("=")
        fields = (one.lower().partition("=") for one in rest)
        attributes = {key: text for key, _, text in fields}
        same_site = attributes.get("samesite", "lax")
        if "secure" in attributes and self.scheme != "https":
            return
        if same_site == "none" and "secure" not in attributes:
            return
        if self.cross_site and same_site != "none":
            return
        if attributes.get("max-age") == "0":
            self.jar.pop(name, None)
        else:
            self.jar[name] = (value, same_site)


def _list(answer: Answer, name: str) -> list[str]:
    return _items(answer.all(f"access-control-{name}"))


def _items(values: list[str]) -> list[str]:
    return [one.strip().lower() for value in values for one in value.split(",")]
