"""A server whose plugin mails something, with the mailbox and the database file beside it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from tests.support.browser import Browser
from watchword import Auth

M = TypeVar("M")


@dataclass
class MailingServer(Generic[M]):
    """A server with a plugin, its mails and its database file."""

    auth: Auth[Any]
    file: Path
    kind: str
    sent: list[M] = field(default_factory=list[M])

    def browser(self) -> Browser:
        return Browser(self.auth, self.kind)

    def signed_up(self, email: str = "ada@example.com") -> Browser:
        browser = self.browser()
        assert browser.sign_up(email).status == 200
        return browser

    def mails(self) -> list[M]:
        """What was mailed, once all background work is done."""
        self.auth.blocking.runtime.drain()
        return self.sent

    def rows(self) -> list[tuple[str, str, str]]:
        """Identifier, value and end of all verification rows but the notes beside them."""
        return self.sql(
            "select identifier, value, expiresAt from verification "
            "where identifier not like 'promise:%' "
            "and identifier not like 'credential-generation:%' order by rowid"
        )

    def notes(self) -> list[tuple[str, str]]:
        """Identifier and value of the notes of what mails are bound to."""
        return self.sql(
            "select identifier, value from verification where identifier like 'promise:%'"
        )

    def sql(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.file)) as database, database:
            return database.execute(sql, values).fetchall()
