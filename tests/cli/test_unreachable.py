"""A database that cannot be reached is one line, at once."""

from __future__ import annotations

import os
import subprocess
import sys
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.cli.conftest import SECRET, Workplace

APP = """
import psycopg_pool
from watchword import Auth

def never(*args, **kwargs):
    raise AssertionError("a pool would go on trying")

psycopg_pool.ConnectionPool.__init__ = never
auth = Auth(database={url!r}, base_url="https://app.example.com")
"""


def ended(work: Workplace, url: str, *command: str) -> tuple[int, str, str]:
    """Status, standard output and standard error of a command in a process of its own."""
    work.write("app.py", APP.format(url=url))
    environ = {**os.environ, "BETTER_AUTH_SECRET": SECRET, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-m", "watchword", *command],
        cwd=work.folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def changed(url: str, *, name: str = "", password: str = "") -> str:
    """A URL with another database or password."""
    parts = urlsplit(url)
    place = parts.netloc
    if password:
        place = f"{parts.username}:{password}@{parts.hostname}:{parts.port or 3306}"
    return urlunsplit(parts._replace(netloc=place, path=f"/{name}" if name else parts.path))


@pytest.mark.parametrize("command", [("migrate", "--yes"), ("cleanup",), ("generate", "-o", "-")])
def test_a_postgresql_database_that_does_not_exist(
    bare: Workplace, postgres: str, command: tuple[str, ...]
) -> None:
    status, out, err = ended(bare, changed(postgres, name="no_such_database"), *command)
    assert (status, out) == (1, "")
    assert err.count("\n") == 1
    assert err.startswith("watchword: no connection to PostgreSQL")
    assert 'database "no_such_database" does not exist' in err


def test_doctor_says_the_same(bare: Workplace, postgres: str) -> None:
    status, out, err = ended(bare, changed(postgres, name="no_such_database"), "doctor")
    assert status == 1
    assert "database: it cannot be reached: no connection to PostgreSQL" in out
    assert "pool" not in err


def test_a_mysql_password_that_is_wrong(bare: Workplace, mysql: str) -> None:
    url = changed(mysql, password="wrong-password")
    status, out, err = ended(bare, url, "migrate", "--yes")
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert "refuses the user or the password" in err
    assert "wrong-password" not in err
    assert "busy" not in err


def test_a_mysql_database_that_does_not_exist(bare: Workplace, mysql: str) -> None:
    status, _, err = ended(bare, changed(mysql, name="no_such_database"), "migrate", "--yes")
    assert (status, err.count("\n")) == (1, 1)
    assert "has no database of this name" in err
