"""What changes a server, or makes hashes that anybody undoes, starts in tests and nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.testing.conftest import ADDRESS
from tests.testing.pasted import environment
from watchword import Auth, ConfigurationError, EmailAndPassword, SignInEmail, testing

ADA = SignInEmail(email="ada@example.com", password="correct horse")

PROGRAM = """
from watchword import Auth, ConfigurationError, testing

auth = Auth(database="sqlite://")
for start in (
    testing.auth,
    lambda: testing.frozen(auth).__enter__(),
    lambda: testing.captured(auth).__enter__(),
    lambda: testing.cheap_passwords(auth).__enter__(),
):
    try:
        start()
    except ConfigurationError as error:
        print(error)
    else:
        print("started")
"""


def told(folder: Path, **variables: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment(folder) | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_a_program_that_is_no_test_is_refused(tmp_path: Path) -> None:
    lines = told(tmp_path)
    names = ("auth", "frozen", "captured", "cheap_passwords")
    assert len(lines) == len(names)
    for line, name in zip(lines, names, strict=True):
        assert f"testing.{name} is for tests alone" in line
        assert "WATCHWORD_ENV=test" in line


def test_a_program_that_says_so_is_one(tmp_path: Path) -> None:
    assert told(tmp_path, WATCHWORD_ENV="test") == ["started"] * 4


@pytest.mark.parametrize("variable", ["WATCHWORD_ENV", "NODE_ENV"])
def test_nobody_hashes_cheaply_in_production(
    variable: str, auth: Auth[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "production")
    with pytest.raises(ConfigurationError, match=rf"testing\.auth under {variable}=production"):
        testing.auth()
    with pytest.raises(ConfigurationError, match=f"{variable}=production"):
        testing.cheap_passwords(auth).__enter__()


def test_nor_does_a_server_that_is_in_production() -> None:
    secret = os.urandom(20).hex()
    ways: list[dict[str, Any]] = [{"production": True}, {"environ": {"NODE_ENV": "production"}}]
    for told in ways:
        with pytest.raises(ConfigurationError, match=r"testing\.auth under Auth\(production=True"):
            testing.auth(secret=secret, base_url=ADDRESS, **told)
    told_so = Auth(database="sqlite://", secret=secret, production=True, environ={})
    with pytest.raises(ConfigurationError, match="production=True"):
        testing.cheap_passwords(told_so).__enter__()


def test_a_servers_own_hashes_are_verified_and_come_back() -> None:
    made = Auth(
        database="sqlite://",
        secret=os.urandom(20).hex(),
        email_and_password=EmailAndPassword(enabled=True),
        environ={},
    )
    made.blocking.migrate()
    before = made.config.passwords
    testing.make_user(made, email=ADA.email, password=ADA.password)
    with testing.cheap_passwords(made):
        assert made.config.passwords.hash("x").startswith("$argon2id$v=19$m=8,t=1,p=1$")
        assert made.blocking.api.sign_in_email(ADA).user.email == ADA.email
        bob = testing.make_user(made, password="correct horse")
    assert made.config.passwords is before
    entered = SignInEmail(email=bob.email, password="correct horse")
    assert made.blocking.api.sign_in_email(entered).user.id == bob.id
    made.blocking.close()


def test_a_server_in_memory_hashes_cheaply_whatever_it_is_told() -> None:
    told_so = EmailAndPassword(enabled=True, password_hash="scrypt", min_password_length=4)
    made = testing.auth(email_and_password=told_so)
    assert made.config.passwords.hash("x").startswith("$argon2id$v=19$m=8,t=1,p=1$")
    testing.make_user(made, email=ADA.email, password="abcd")
    entered = SignInEmail(email=ADA.email, password="abcd")
    assert made.blocking.api.sign_in_email(entered).user.email == ADA.email
