"""A server with all e-mail features on, and an outbox that catches what it mails."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.core.conftest import FAST, MakeAuth
from tests.support.browser import Answer, Browser
from tests.support.social import World
from watchword import (
    Auth,
    ChangeEmail,
    DeleteUser,
    EmailAndPassword,
    EmailVerification,
    Mail,
    PasswordReset,
    Request,
    VerificationOptions,
)


@dataclass
class Outbox:
    """The mails that were sent, as `(what, mail)`."""

    sent: list[tuple[str, Mail]] = field(default_factory=list[tuple[str, Mail]])

    def sender(self, what: str) -> Callable[[Mail, Request | None], None]:
        def send(mail: Mail, request: Request | None) -> None:
            self.sent.append((what, mail))

        return send

    @property
    def last(self) -> Mail:
        return self.sent[-1][1]

    @property
    def kinds(self) -> list[str]:
        return [what for what, _ in self.sent]


@dataclass
class Server:
    """A server with its outbox and its database file."""

    auth: Auth[Any]
    outbox: Outbox
    file: Path
    kind: str

    def browser(self) -> Browser:
        return Browser(self.auth, self.kind)

    def mails(self) -> Outbox:
        """The outbox, once all background work is done."""
        self.auth.blocking.runtime.drain()
        return self.outbox

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        database = sqlite3.connect(self.file)
        try:
            found = database.execute(sql, values).fetchall()
            database.commit()
            return found
        finally:
            database.close()


MakeServer = Callable[..., Server]


@pytest.fixture
def make_server(make_auth: MakeAuth, tmp_path: Path, kind: str) -> MakeServer:
    """Builds servers; groups of options are given as dicts and lie over the test's defaults."""
    return server_maker(make_auth, tmp_path, kind)


@pytest.fixture
def server(make_server: MakeServer) -> Server:
    return make_server()


@pytest.fixture
def threaded(make_auth: MakeAuth, tmp_path: Path) -> MakeServer:
    """Builds servers that many threads use at once."""
    return server_maker(make_auth, tmp_path, "blocking")


def server_maker(make_auth: MakeAuth, tmp_path: Path, kind: str) -> MakeServer:
    def make(
        *,
        passwords: dict[str, Any] | None = None,
        verification: dict[str, Any] | None = None,
        reset: dict[str, Any] | None = None,
        change: dict[str, Any] | None = None,
        delete: dict[str, Any] | None = None,
        verification_rows: VerificationOptions | None = None,
        **options: Any,
    ) -> Server:
        outbox = Outbox()
        auth = make_auth(
            email_and_password=EmailAndPassword(
                **{"enabled": True, "argon2_cost": FAST, **(passwords or {})}
            ),
            email_verification=EmailVerification(
                **{
                    "send_verification_email": outbox.sender("verify"),
                    "answer_after": 0,
                    **(verification or {}),
                }
            ),
            password_reset=PasswordReset(
                **{"send_reset_password": outbox.sender("reset"), **(reset or {})}
            ),
            change_email=ChangeEmail(**{"enabled": True, **(change or {})}),
            delete_user=DeleteUser(**{"enabled": True, **(delete or {})}),
            verification=verification_rows,
            **options,
        )
        return Server(auth, outbox, tmp_path / "test.db", kind)

    return make


def follow(browser: Browser, url: str, **extra: str) -> Answer:
    """Click a mailed link; `extra` parameters replace those of the link, empty ones drop them."""
    parts = urlsplit(url)
    query = {name: texts[-1] for name, texts in parse_qs(parts.query).items()}
    query = {name: text for name, text in {**query, **extra}.items() if text}
    return browser.get(parts.path.removeprefix("/api/auth"), query)


def at_once(work: Callable[[int], Any], times: int = 50) -> list[Any]:
    """The results of that many calls in parallel threads."""
    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(work, range(times)))


@pytest.fixture
def world() -> World:
    """The servers of providers."""
    return World()


@pytest.fixture
def rows(tmp_path: Path) -> Any:
    """Runs SQL on the database file."""

    def read(sql: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(tmp_path / "test.db")) as database, database:
            return database.execute(sql, values).fetchall()

    return read
