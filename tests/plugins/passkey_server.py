"""A server with passkeys, and the people who use them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.core.conftest import MakeAuth
from tests.support.authenticator import Authenticator
from tests.support.browser import Answer, Browser, Clock
from watchword import Auth
from watchword.plugins import Passkey

ADA, BOB = "ada@example.com", "bob@example.com"
NEW, MADE = "/passkey/generate-register-options", "/passkey/verify-registration"
ASK, GIVE = "/passkey/generate-authenticate-options", "/passkey/verify-authentication"
LIST, DELETE, RENAME = (
    "/passkey/list-user-passkeys",
    "/passkey/delete-passkey",
    "/passkey/update-passkey",
)
COOKIE, SESSION = "better-auth.better-auth-passkey", "better-auth.session_token"


@dataclass
class PasskeyServer:
    """With its clock and its database file."""

    auth: Auth[Any]
    clock: Clock
    file: Path
    kind: str

    def browser(self) -> Browser:
        return Browser(self.auth, self.kind)

    def signed_up(self, email: str = ADA) -> Browser:
        browser = self.browser()
        assert browser.sign_up(email).status == 200
        return browser

    def with_passkey(self, email: str = ADA, **kind: Any) -> tuple[Browser, Authenticator]:
        """Somebody signed in who has a passkey."""
        browser, authenticator = self.signed_up(email), Authenticator(**kind)
        answer = register(browser, authenticator)
        assert answer.status == 200, answer.json
        return browser, authenticator

    def sql(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.file)) as database, database:
            return database.execute(sql, values).fetchall()


MakePasskeyServer = Callable[..., PasskeyServer]


def passkey_server(make_auth: MakeAuth, clock: Clock, folder: Path, kind: str) -> MakePasskeyServer:
    """Builds servers; options of the plugin are keywords, those of `Auth` stand in `auth`."""

    def make(
        *, auth: dict[str, Any] | None = None, plugins: Any = (), **options: Any
    ) -> PasskeyServer:
        built = make_auth(plugins=[*plugins, Passkey(**options)], **(auth or {}))
        return PasskeyServer(built, clock, folder / "test.db", kind)

    return make


def begun(browser: Browser, path: str = ASK, **query: str) -> Any:
    """The options of a ceremony."""
    answer = browser.get(path, query)
    assert answer.status == 200, answer.json
    return answer.json


def register(browser: Browser, authenticator: Authenticator, **body: Any) -> Answer:
    """Have a passkey made."""
    return browser.post(MADE, {"response": authenticator.create(begun(browser, NEW)), **body})


def sign_in(browser: Browser, authenticator: Authenticator) -> Answer:
    """Sign in with a passkey."""
    return browser.post(GIVE, {"response": authenticator.get(begun(browser))})


def outcome(answer: Answer) -> tuple[int, str | None]:
    """Status and code."""
    return answer.status, answer.code
