"""A browser without a network: it keeps cookies and talks to `Auth` directly."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from watchword import Auth, BytesBody, Headers, Request, Response

ORIGIN = "http://localhost:3000"
SECRET = "test-secret-0123456789-abcdefghijKLMNOP"


class Clock:
    """A clock that tests move by hand."""

    def __init__(self) -> None:
        self.time = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def forward(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@dataclass
class Answer:
    """A response as a test reads it."""

    response: Response

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def json(self) -> Any:
        return json.loads(self.response.body) if self.response.body else None

    @property
    def code(self) -> str | None:
        return (self.json or {}).get("code")

    @property
    def cookies(self) -> tuple[str, ...]:
        return self.response.cookies

    def header(self, name: str) -> str | None:
        return self.response.header(name)

    def cookie(self, name: str) -> str | None:
        """The last Set-Cookie line of a name."""
        lines = [line for line in self.cookies if line.startswith(name + "=")]
        return lines[-1] if lines else None


class Browser:
    """One cookie jar before one server; `kind` says through which entrance."""

    def __init__(self, auth: Auth[Any], kind: str = "blocking", *, origin: str = ORIGIN) -> None:
        self.auth = auth
        self.kind = kind
        self.origin = origin
        self.jar: dict[str, str] = {}

    def get(self, path: str, query: dict[str, Any] | None = None, **headers: str) -> Answer:
        return self.send("GET", path, query=query, headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        data = b"" if body is None else json.dumps(body).encode()
        given = {"content-type": "application/json"} if data else {}
        return self.send("POST", path, data=data, headers={**given, **headers})

    def send(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, Any] | None = None,
        data: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        request = self._made(method, path, query=query, data=data, headers=headers)
        answer = Answer(handle(self.auth, request, self.kind))
        self.keep(answer.cookies)
        return answer

    def request(
        self, method: str, path: str, body: Any = None, *, query: dict[str, Any] | None = None
    ) -> Request:
        """A request with this browser's cookies, for whoever sends it in another way."""
        data = b"" if body is None else json.dumps(body).encode()
        given = {"content-type": "application/json"} if data else {}
        return self._made(method, path, query=query, data=data, headers=given)

    def sign_up(self, email: str = "ada@example.com", **extra: Any) -> Answer:
        body = {"name": "Ada", "email": email, "password": "password1234", **extra}
        return self.post("/sign-up/email", body)

    def sign_in(self, email: str = "ada@example.com", **extra: Any) -> Answer:
        return self.post("/sign-in/email", {"email": email, "password": "password1234", **extra})

    def session(self) -> Any:
        return self.get("/get-session").json

    def _made(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, Any] | None = None,
        data: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> Request:
        sent = {"host": "localhost:3000", "origin": self.origin}
        sent.update({name.replace("_", "-"): text for name, text in (headers or {}).items()})
        if self.jar:
            cookie = "; ".join(f"{name}={value}" for name, value in self.jar.items())
            sent.setdefault("cookie", cookie)
        return Request(
            method=method,
            path=f"/api/auth{path}",
            query=urlencode(query or {}, doseq=True),
            host="localhost:3000",
            headers=Headers((name, text) for name, text in sent.items() if text),
            body=BytesBody(data),
            client="203.0.113.7",
        )

    def keep(self, lines: Iterable[str]) -> None:
        """Do what Set-Cookie lines say."""
        for line in lines:
            pair, *attributes = line.split("; ")
            name, _, value = pair.partition("=")
            if "Max-Age=0" in attributes:
                self.jar.pop(name, None)
            else:
                self.jar[name] = value


def handle(auth: Auth[Any], request: Request, kind: str = "blocking") -> Response:
    """Answer a request through one of the two entrances."""
    if kind == "blocking":
        return auth.blocking.handle(request)

    async def run() -> Response:
        try:
            return await auth.handle(request)
        finally:
            await auth.close()

    return asyncio.run(run())
