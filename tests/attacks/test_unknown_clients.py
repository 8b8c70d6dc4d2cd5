"""Nobody's wrong passwords lock out everybody else, whatever stands between client and server.

Clients whose address no header names used to stand in one bucket of the rate limits: three bad
sign-ins by anybody were 429 for all.
"""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from watchword import Auth, RateLimit
from watchword.adapters.asgi import ASGIApp
from watchword.adapters.wsgi import WSGIApp

PATH = "/api/auth/sign-in/email"
BODY = json.dumps({"email": "ada@example.com", "password": "wrong-password"}).encode()
FIELDS = {"content-type": "application/json", "content-length": str(len(BODY))}


def over_asgi(auth: Auth[Any], peer: str | None, fields: dict[str, str]) -> int:
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http",
        "method": "POST",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "scheme": "http",
        "headers": [(name.encode(), text.encode()) for name, text in (FIELDS | fields).items()],
        "client": None if peer is None else (peer, 40001),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": BODY}

    async def send(message: Any) -> None:
        sent.append(message)

    async def serve() -> None:
        await ASGIApp(auth)(scope, receive, send)
        await auth.close()

    asyncio.run(serve())
    return sent[0]["status"]


def over_wsgi(auth: Auth[Any], peer: str | None, fields: dict[str, str]) -> int:
    statuses: list[str] = []
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": PATH,
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(BODY)),
        "REMOTE_ADDR": peer or "",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(BODY),
    }
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": text for name, text in fields.items()}
    WSGIApp(auth)(environ, lambda status, headers, *_: statuses.append(status))  # type: ignore[arg-type]
    return int(statuses[0].partition(" ")[0])


@pytest.fixture(params=[over_asgi, over_wsgi])
def sign_in(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def auth(make_auth: MakeAuth) -> Auth[Any]:
    return make_auth(rate_limit=RateLimit(enabled=True))


def test_without_a_proxy_each_connection_counts_for_itself(auth: Auth[Any], sign_in: Any) -> None:
    attempts = [sign_in(auth, "198.51.100.66", {}) for _ in range(4)]
    assert attempts == [401, 401, 401, 429]
    assert sign_in(auth, "198.51.100.7", {}) == 401


@pytest.mark.parametrize(
    "template",
    ["{client}:40001", "[2001:db8:{number}::1]:40001", "6.6.6.6, {client}", "6.6.6.6, {client}:80"],
)
def test_behind_a_proxy_that_nobody_named_clients_are_told_apart(
    auth: Auth[Any], sign_in: Any, template: str
) -> None:
    """Ports, and lists that the proxy on the private network appended to."""

    def attempt(number: int) -> int:
        value = template.format(client=f"203.0.113.{number}", number=number)
        return sign_in(auth, "10.0.0.1", {"x-forwarded-for": value})

    assert [attempt(1) for _ in range(4)] == [401, 401, 401, 429]
    assert attempt(2) == 401


def test_a_list_from_the_open_network_opens_no_bucket(auth: Auth[Any], sign_in: Any) -> None:
    statuses = [
        sign_in(auth, "198.51.100.66", {"x-forwarded-for": f"6.6.6.{n}, 7.7.7.{n}"})
        for n in range(4)
    ]
    assert statuses == [401, 401, 401, 429]


def test_no_port_opens_another_bucket(auth: Auth[Any], sign_in: Any) -> None:
    statuses = [
        sign_in(auth, "10.0.0.1", {"x-forwarded-for": f"203.0.113.7:{40_000 + n}"})
        for n in range(4)
    ]
    assert statuses == [401, 401, 401, 429]
