"""The applications of `own_routes` with a database, a clock and people in front of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.adapters.drivers import Answer, ASGIClient, Client
from tests.attacks.own_routes import APPLICATIONS, WIPE
from tests.core.conftest import FAST
from tests.support.browser import SECRET, Clock
from watchword import Auth, EmailAndPassword, Plugin, SignUpEmail
from watchword.plugins import ActionToken, Bearer
from watchword.plugins.action_token import ActionTokenMail, SendActionToken, VerifyActionToken
from watchword.records import User

PASSWORD = "password1234"
SITE = "http://app.example.com"
HOME = {"host": "app.example.com"}


@dataclass
class Person:
    """Somebody with a session: what a browser, or a client with a bearer token, sends for it."""

    address: str
    token: str
    cookie: str

    @property
    def by_cookie(self) -> tuple[str, str]:
        return ("cookie", self.cookie)

    @property
    def by_bearer(self) -> tuple[str, str]:
        return ("authorization", f"Bearer {self.token}")


@dataclass
class Application:
    """One application that is being attacked."""

    auth: Auth[User]
    client: Client
    clock: Clock
    sent: list[ActionTokenMail] = field(default_factory=list[ActionTokenMail])

    def person(self, name: str) -> Person:
        """Somebody who has just signed up."""
        address = f"{name}@example.com"
        given = SignUpEmail(name=name, email=address, password=PASSWORD)
        made = self.auth.blocking.api.sign_up_email(given, headers=HOME, return_headers=True)
        assert made.value.token is not None
        cookies = "; ".join(line.partition(";")[0] for line in made.cookies)
        return Person(address, made.value.token, cookies)

    def confirm(self, person: Person) -> None:
        """Give the person a grant for `data-wipe`."""
        api, headers = self.auth.blocking.api, [person.by_cookie]
        self.clock.forward(60)
        api.send_action_token(SendActionToken(type=WIPE), headers=headers)
        self.auth.blocking.runtime.drain()
        code = VerifyActionToken(token=self.sent[-1].token, type=WIPE)
        api.verify_action_token(code, headers=headers)

    def get(self, path: str, *headers: tuple[str, str], **rest: Any) -> Answer:
        return self.client.send("GET", path, headers, **rest)

    def post(self, path: str, *headers: tuple[str, str], **rest: Any) -> Answer:
        return self.client.send("POST", path, [("origin", SITE), *headers], **rest)

    def elsewhere(self, method: str, path: str, host: str, person: Person) -> Answer:
        """Ask as a person, under another host."""
        if isinstance(self.client, ASGIClient):
            pairs = [("host", host), person.by_cookie, ("origin", SITE)]
            extra: dict[str, Any] = {"headers": [(k.encode(), v.encode()) for k, v in pairs]}
        else:
            extra = {"HTTP_HOST": host, "SERVER_NAME": host}
        return self.client.send(method, path, [person.by_cookie, ("origin", SITE)], extra=extra)

    def page(self, path: str, *headers: tuple[str, str]) -> tuple[int, str]:
        """Status and text of a page; GET, but for what changes something."""
        send = self.post if path == "/wipe" else self.get
        answer = send(path, *headers)
        return answer.status, answer.body.decode() if answer.status == 200 else ""


@contextmanager
def application(
    name: str, folder: Path, *, plugins: Sequence[Plugin] | None = None, **options: Any
) -> Iterator[Application]:
    """One of `own_routes` before a new database, with bearer and action tokens."""
    sent: list[ActionTokenMail] = []
    tokens = ActionToken(
        send_token=lambda mail, request: sent.append(mail), require_verified_email=False
    )
    options.setdefault("base_url", SITE)
    clock = Clock()
    auth: Auth[User] = Auth(
        database=f"sqlite:///{folder / 'app.db'}",
        secret=SECRET,
        email_and_password=EmailAndPassword(enabled=True, argon2_cost=FAST),
        plugins=[*([Bearer()] if plugins is None else plugins), tokens],
        environ={},
        clock=clock,
        **options,
    )
    auth.blocking.migrate()
    client = APPLICATIONS[name](auth)
    with asyncio.Runner() as runner:
        if isinstance(client, ASGIClient):
            client.run = runner.run
        yield Application(auth, client, clock, sent)
        runner.run(auth.close())
        auth.blocking.close()
