"""The real server behind every adapter: sign up, be known, be renewed, leave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.adapters.apps import FRAMEWORKS, SERVERS
from tests.adapters.drivers import Answer, ASGIClient, Client
from tests.support.browser import Clock
from tests.support.django_project import DjangoClient
from watchword import Auth, testing
from watchword.records import User

DAY = 86_400
SIGN_UP = {"name": "Al", "email": "al@example.com", "password": "correct horse"}


@dataclass
class Visitor:
    """A cookie jar in front of a client."""

    client: Client
    jar: dict[str, str] = field(default_factory=dict[str, str])

    def send(self, method: str, target: str, data: object = None) -> Answer:
        headers = [("Origin", "http://app.example.com")]
        if self.jar:
            headers.append(("Cookie", "; ".join(f"{k}={v}" for k, v in self.jar.items())))
        if data is not None:
            headers.append(("Content-Type", "application/json"))
        body = b"" if data is None else json.dumps(data).encode()
        answer = self.client.send(method, target, headers, body=body)
        for line in answer.all("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.jar[name] = value
            if "Max-Age=0" in line:
                del self.jar[name]
        return answer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(tmp_path: Path, clock: Clock) -> Auth[User]:
    database = f"sqlite:///{tmp_path / 'app.db'}"
    return testing.auth(database=database, base_url="http://app.example.com", clock=clock)


@pytest.fixture
def loop(server: Auth[User]) -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner
        runner.run(server.close())
        server.blocking.close()


def visit(name: str, server: Auth[User], loop: asyncio.Runner) -> Visitor:
    client = SERVERS[name](server)
    if isinstance(client, ASGIClient | DjangoClient):
        client.run = loop.run
    return Visitor(client)


@pytest.mark.parametrize("name", SERVERS)
def test_sign_up_and_out(name: str, server: Auth[User], loop: asyncio.Runner) -> None:
    visitor = visit(name, server, loop)
    assert visitor.send("POST", "/api/auth/sign-up/email", SIGN_UP).status == 200
    found = visitor.send("GET", "/api/auth/get-session")
    assert json.loads(found.body)["user"]["email"] == "al@example.com"
    assert visitor.send("POST", "/api/auth/sign-out", {}).status == 200
    assert visitor.jar == {}
    assert visitor.send("GET", "/api/auth/get-session").body == b"null"


@pytest.mark.parametrize("name", SERVERS)
def test_unknown_paths_and_methods_are_an_empty_404(
    name: str, server: Auth[User], loop: asyncio.Runner
) -> None:
    visitor = visit(name, server, loop)
    for method, path in [
        ("GET", "/api/auth/nothing"),
        ("DELETE", "/api/auth/ok"),
        ("HEAD", "/api/auth/ok"),
        ("OPTIONS", "/api/auth/ok"),
        ("BREW", "/api/auth/ok"),
        ("GET", "/api/auth/ok/"),
        ("GET", "/api/auth//ok"),
        ("GET", "/api/auth/%6Fk"),
        ("GET", "/api/auth"),
    ]:
        answer = visitor.send(method, path)
        assert (answer.status, answer.headers, answer.body) == (404, [("content-length", "0")], b"")


@pytest.mark.parametrize("name", SERVERS)
def test_bad_bodies_are_the_clients_fault(
    name: str, server: Auth[User], loop: asyncio.Runner, caplog: pytest.LogCaptureFixture
) -> None:
    client = visit(name, server, loop).client
    kind = [("Content-Type", "application/json")]
    path = "/api/auth/sign-up/email"
    limit = server.body_limit
    statuses = [
        client.send("POST", path, kind, body=b"{").status,
        client.send("POST", path, [*kind, ("Content-Length", "90")], body=b"{}").status,
        client.send("POST", path, [*kind, ("Content-Length", "x")], body=b"{}").status,
        client.send("POST", path, kind, body=b"x" * (limit + 1)).status,
        client.send("POST", path, kind, chunks=[b"x" * limit, b"x"]).status,
    ]
    assert statuses == [400, 400, 400, 413, 413]
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_routes_know_the_user_renew_the_session_and_forget(
    name: str, server: Auth[User], loop: asyncio.Runner, clock: Clock
) -> None:
    visitor = visit(name, server, loop)
    assert visitor.send("GET", "/me").status == 401
    visitor.send("POST", "/api/auth/sign-up/email", SIGN_UP)

    answer = visitor.send("GET", "/me")
    assert (answer.status, answer.body) == (200, b"al@example.com")
    assert answer.all("set-cookie") == []

    clock.forward(2 * DAY)
    [renewed] = visitor.send("GET", "/me").all("set-cookie")
    assert "session_token=" in renewed
    assert "HttpOnly" in renewed
    clock.forward(6 * DAY)  # eight days after sign-up: only the renewal keeps the session alive
    assert visitor.send("GET", "/me").body == b"al@example.com"

    clock.forward(8 * DAY)
    assert visitor.send("GET", "/me").status == 401
    assert visitor.jar == {}
