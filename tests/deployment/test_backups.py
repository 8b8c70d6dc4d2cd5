"""Backups as docs/deploying/backups.md takes them: made while the server runs, and what comes back
with them.
"""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from tests.core.conftest import FAST
from tests.deployment.processes import installed
from tests.support.browser import ORIGIN, Browser
from tests.support.databases import mysql_connection, mysql_database, postgres_database
from watchword import Auth, EmailAndPassword

SECRET = "backups-K7pQ2vX9mB4tR8wZ1cY6nH3jL5sD0fGa"
ENDING = ("DELETE FROM session", "DELETE FROM verification")
"""What the page has run on a restored database."""


def served(database: str) -> Auth[Any]:
    return Auth(
        database=database,
        secret=SECRET,
        base_url=ORIGIN,
        environ={},
        email_and_password=EmailAndPassword(enabled=True, argon2_cost=FAST),
    )


def told(*command: str, into: Path | None = None, source: Path | None = None) -> None:
    """Run a program of the database."""
    data = None if source is None else source.read_bytes()
    done = subprocess.run(command, input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    if into is not None:
        into.write_bytes(done.stdout)


def sqlite_copy(database: str, folder: Path) -> str:
    with closing(sqlite3.connect(database.removeprefix("sqlite:///"))) as source:
        source.execute(f"VACUUM INTO '{folder}/copy.db'")
    return f"sqlite:///{folder}/copy.db"


def postgres_copy(database: str, folder: Path, empty: str) -> str:
    dump = str(folder / "app.dump")
    told(installed("pg_dump", "postgresql-client"), "--format=custom", f"--file={dump}", database)
    restore = installed("pg_restore", "postgresql-client")
    told(restore, "--single-transaction", "--no-owner", f"--dbname={empty}", dump)
    return empty


def mysql_copy(database: str, folder: Path, empty: str) -> str:
    dump = folder / "app.sql"
    told(installed("mariadb-dump", "mariadb-client"), *client_options(database), into=dump)
    told(installed("mariadb", "mariadb-client"), *client_options(empty)[1:], source=dump)
    return empty


def client_options(database: str) -> list[str]:
    address = urlsplit(database)
    login = [f"--host={address.hostname}", f"--port={address.port or 3306}"]
    login += [f"--user={address.username or 'root'}", "--protocol=tcp"]
    if address.password:
        login.append(f"--password={address.password}")
    return ["--single-transaction", *login, address.path[1:]]


def lives_again(database: str, copied: Callable[[str], str]) -> Auth[Any]:
    """Somebody's day, a backup in the middle of it, and the server on what was restored."""
    auth = served(database)
    auth.blocking.migrate()
    ada, phone = Browser(auth), Browser(auth)
    assert ada.sign_up().status == 200
    assert phone.sign_in().status == 200
    copy, stolen = copied(database), dict(phone.jar)
    # Afterwards: one session is revoked, one person comes.
    assert ada.post("/revoke-other-sessions", {}).status == 200
    assert phone.session() is None
    assert Browser(auth).sign_up("late@example.com").status == 200
    auth.blocking.close()

    phone.jar = stolen  # whoever has the cookie keeps it
    restored = served(copy)
    assert restored.blocking.migrate() == []
    for browser in (ada, phone):
        browser.auth = restored
        # What was revoked since the backup is back as well.
        assert browser.session()["user"]["email"] == "ada@example.com"
    assert Browser(restored).sign_in("late@example.com").status == 401
    restored.blocking.close()
    return restored


def nobody_is_signed_in(restored: Auth[Any]) -> None:
    ada = Browser(restored)
    assert ada.sign_in().status == 200
    assert len(ada.get("/list-sessions").json) == 1
    restored.blocking.close()


def test_a_file_is_copied_under_a_running_server(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/app.db"
    restored = lives_again(database, lambda database: sqlite_copy(database, tmp_path))
    with closing(sqlite3.connect(tmp_path / "copy.db", isolation_level=None)) as rows:
        for statement in ENDING:
            rows.execute(statement)
    nobody_is_signed_in(restored)


def test_postgres_is_dumped_and_restored(postgres: str, tmp_path: Path) -> None:
    with postgres_database() as empty:
        restored = lives_again(postgres, lambda database: postgres_copy(database, tmp_path, empty))
        with psycopg.connect(empty, autocommit=True) as rows:
            for statement in ENDING:
                rows.execute(statement)
        nobody_is_signed_in(restored)


def test_mariadb_is_dumped_and_restored(mysql: str, tmp_path: Path) -> None:
    with mysql_database() as empty:
        restored = lives_again(mysql, lambda database: mysql_copy(database, tmp_path, empty))
        with mysql_connection(empty) as connection, connection.cursor() as rows:
            for statement in ENDING:
                rows.execute(statement)
        nobody_is_signed_in(restored)
