"""An application to import into, and a look at what came of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import SECRET, Ran, Workplace, bare, work
from watchword import Auth, EmailAndPassword, SignInEmail
from watchword.crypto.passwords import Argon2Cost

__all__ = ["bare", "work"]

PASSWORD = "correct horse"


@dataclass(frozen=True)
class Target:
    """An application with empty tables, and the command line in its folder."""

    work: Workplace
    auth: Auth[Any]

    @property
    def folder(self) -> Path:
        return self.work.folder

    def run(self, *tokens: str, piped: str = "") -> Ran:
        """`watchword import`, which must work."""
        ran = self.work("import", *tokens, piped=piped)
        assert ran.status == 0, ran.text
        assert "$2b$" not in ran.text
        return ran

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.folder / "app.db")
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def user(self, email: str) -> dict[str, Any]:
        names = "name, emailVerified, image, createdAt, updatedAt"
        (row,) = self.rows(f"""SELECT {names} FROM "user" WHERE email = '{email}'""")
        return dict(zip(names.split(", "), row, strict=True))

    def accounts(self, email: str) -> list[tuple[str, str]]:
        """Provider and account id of a user's accounts, but not the one with the password."""
        return self.rows(
            'SELECT providerId, accountId FROM account JOIN "user" u ON u.id = userId '
            f"WHERE email = '{email}' AND providerId <> 'credential' ORDER BY 1, 2"
        )

    def hash_of(self, email: str) -> str | None:
        found = self.rows(
            'SELECT password FROM account JOIN "user" u ON u.id = userId '
            f"WHERE email = '{email}' AND providerId = 'credential' AND accountId = u.id"
        )
        return found[0][0] if found else None

    def emails(self) -> list[str]:
        return [email for (email,) in self.rows('SELECT email FROM "user" ORDER BY 1')]

    def signs_in(self, email: str, password: str = PASSWORD) -> None:
        """The old password works, no other does, and the hash is argon2id afterwards."""
        before = self.hash_of(email)
        assert before is not None
        assert not before.startswith("$argon2id$v=19$m=64,t=1,p=1")
        api = self.auth.blocking.api
        with pytest.raises(Exception, match="INVALID_EMAIL_OR_PASSWORD"):
            api.sign_in_email(SignInEmail(email=email, password=password + "x"))
        assert self.hash_of(email) == before
        assert api.sign_in_email(SignInEmail(email=email, password=password)).user.email == email
        after = self.hash_of(email)
        assert after is not None
        assert after.startswith("$argon2id$v=19$m=64,t=1,p=1")
        api.sign_in_email(SignInEmail(email=email, password=password))


@pytest.fixture
def target(work: Workplace) -> Iterator[Target]:
    """The application of `work`, migrated."""
    auth = Auth(
        database=f"sqlite:///{work.folder}/app.db",
        base_url="https://app.example.com",
        secret=SECRET,
        email_and_password=EmailAndPassword(
            enabled=True, argon2_cost=Argon2Cost(memory=64, passes=1, lanes=1)
        ),
    )
    auth.blocking.migrate()
    yield Target(work, auth)
    auth.blocking.close()


def filled(file: Path, script: str) -> str:
    """The URL of an SQLite database made by a script."""
    connection = sqlite3.connect(file)
    connection.executescript(script)
    connection.commit()
    connection.close()
    return f"sqlite:///{file}"
