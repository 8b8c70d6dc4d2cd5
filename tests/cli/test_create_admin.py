"""`watchword create-admin`: the first administrator."""

from __future__ import annotations

import sqlite3
import sys
import warnings
from getpass import GetPassWarning
from typing import Any

import pytest

from tests.cli.conftest import APP, Workplace, refused

PASSWORD = "correct horse battery"
ADMIN = APP.replace(
    "auth = Auth(",
    """from typing import Annotated, Literal
from datetime import datetime
from watchword import APIError, Column, ModelHooks, User

def positive(value):
    if value < 0:
        raise ValueError("must not be negative")
    return value

class Member(User):
    role: Annotated[Literal["admin", "editor"] | None, Column(input=False)] = None
    lang: str = "en"
    level: Annotated[int, Column(validator=positive)] = 0
    since: datetime | None = None

def refuse(user, source, call):
    return "not_here" if user["email"].endswith("@elsewhere.org") else None

def hook(values, call):
    return {"name": values["name"].title()}

auth = Auth(
    user_type=Member,
    validate_user_info=refuse,
    database_hooks={"user": ModelHooks(create_before=hook)},""",
)
MAIL = ("--email", "Ada@Example.com")


@pytest.fixture
def admin(work: Workplace) -> Workplace:
    """An application whose users have a role, migrated."""
    work.write("app.py", ADMIN)
    assert work("migrate", "--yes").status == 0
    return work


def users(work: Workplace) -> list[dict[str, Any]]:
    connection = sqlite3.connect(work.folder / "app.db")
    connection.row_factory = sqlite3.Row
    rows = [dict(row) for row in connection.execute('SELECT * FROM "user" ORDER BY email')]
    connection.close()
    return rows


def signed_in(work: Workplace, email: str, password: str) -> bool:
    work.write(
        "sign_in.py",
        "import sys\nfrom app import auth\nfrom watchword import APIError, SignInEmail\n"
        f"body = SignInEmail(email={email!r}, password={password!r})\n"
        "try:\n    auth.blocking.api.sign_in_email(body); print('in', file=sys.stderr)\n"
        "except APIError:\n    print('out', file=sys.stderr)\n",
    )
    return "in\n" in work("info", "--auth", "sign_in").err


def test_the_administrator_can_sign_in(admin: Workplace) -> None:
    ran = admin("create-admin", *MAIL, "--password-stdin", piped=f"{PASSWORD}\n")
    assert (ran.status, ran.err) == (0, "")
    (row,) = users(admin)
    assert ran.out == f"User ID: {row['id']}\nEmail: ada@example.com\nRole: admin\n"
    assert (row["role"], row["emailVerified"], row["lang"]) == ("admin", 1, "en")
    assert row["name"] == "Admin"
    assert signed_in(admin, "ada@example.com", PASSWORD)
    assert not signed_in(admin, "ada@example.com", PASSWORD + "x")


def test_the_password_is_asked_for_twice_without_echo(
    admin: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [PASSWORD, PASSWORD]

    def hidden(*_: object, stream: object = None) -> str:
        print(file=sys.stderr)  # what the Enter key does to the line
        return answers.pop(0)

    monkeypatch.setattr("getpass.getpass", hidden)
    ran = admin("create-admin", typed="ada@example.com\n")
    assert ran.status == 0
    assert PASSWORD not in ran.text
    assert signed_in(admin, "ada@example.com", PASSWORD)
    answers[:] = [PASSWORD, "another one"]
    refused(admin("create-admin", "--email", "b@example.com", "--yes", typed=""), "differ")
    assert len(users(admin)) == 1


def test_a_password_that_would_be_seen_is_not_asked_for(
    admin: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown(*_: object, stream: object = None) -> str:
        warnings.warn("Can not control echo on the terminal.", GetPassWarning, stacklevel=2)
        raise AssertionError("went on")

    monkeypatch.setattr("getpass.getpass", shown)
    refused(admin("create-admin", *MAIL, typed=PASSWORD), "cannot hide", "--password-stdin")


def test_a_password_is_never_taken_from_the_command_line(admin: Workplace) -> None:
    refused(admin("create-admin", *MAIL, "--password", PASSWORD), "--password")
    assert users(admin) == []


def test_more_fields_are_given_as_json_and_checked(admin: Workplace) -> None:
    given = '{"lang": "de", "level": 3, "since": "2026-01-02T03:04:05Z"}'
    options = (
        *MAIL,
        "--password-stdin",
        "--name",
        "ada",
        "--role",
        "editor",
        "--no-email-verified",
    )
    assert admin("create-admin", *options, "--data", given, piped=PASSWORD).status == 0
    (row,) = users(admin)
    assert (row["role"], row["lang"], row["level"]) == ("editor", "de", 3)
    assert row["since"] == "2026-01-02T03:04:05.000Z"
    assert (row["name"], row["emailVerified"]) == ("Ada", 0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--data", "[1]"), ["--data is no JSON object"]),
        (("--data", "{"), ["--data is no JSON object"]),
        (("--data", '{"nothing": 1}'), ["no own field 'nothing'", "lang"]),
        (("--data", '{"email": "x@example.com"}'), ["no own field 'email'"]),
        (("--data", '{"role": "admin"}'), ["--role"]),
        (("--data", '{"level": "high"}'), ["[fields.level]", "whole number"]),
        (("--data", '{"level": -1}'), ["must not be negative"]),
        (("--role", "king"), ["[role]"]),
        (("--email", "nobody"), ["email:", "not an e-mail address"]),
        (("--email", "x@google.placeholder.invalid"), ["email:", "not an e-mail address"]),
        (("--email", "ada@elsewhere.org"), ["not_here"]),
    ],
)
def test_wrong_input_creates_nothing(
    admin: Workplace, options: tuple[str, ...], words: list[str]
) -> None:
    mail = () if "--email" in options else MAIL
    ran = admin("create-admin", *mail, *options, "--password-stdin", piped=PASSWORD)
    refused(ran, *words)
    assert users(admin) == []


def test_an_administrator_has_a_role(work: Workplace) -> None:
    plugin = "from watchword.plugins import Admin\nauth = Auth(plugins=[Admin()],"
    work.write("app.py", APP.replace("auth = Auth(", plugin))
    work("migrate", "--yes")
    ran = work("create-admin", *MAIL, "--role", " , ", "--password-stdin", piped=PASSWORD)
    refused(ran, "--role names no role")
    assert users(work) == []


@pytest.mark.parametrize(
    ("password", "word"), [("tiny-pw", "too short"), ("x" * 129, "too long"), ("", "no password")]
)
def test_a_bad_password_is_refused_and_not_shown(
    admin: Workplace, password: str, word: str
) -> None:
    ran = admin("create-admin", *MAIL, "--password-stdin", piped=password + "\n")
    refused(ran, word)
    assert not password or password not in ran.text
    assert users(admin) == []


def test_when_there_are_users_it_asks_first(admin: Workplace) -> None:
    stdin = ("--password-stdin",)
    assert admin("create-admin", *MAIL, *stdin, piped=PASSWORD).status == 0
    other = ("--email", "bob@example.com")
    declined = admin("create-admin", *other, typed="n\n")
    assert (declined.status, declined.out) == (0, "Nothing was created.\n")
    refused(admin("create-admin", *other, *stdin, piped=PASSWORD), "no terminal")
    assert len(users(admin)) == 1
    assert admin("create-admin", *other, *stdin, "--force", piped=PASSWORD).status == 0
    taken = admin("create-admin", *MAIL, *stdin, "--yes", piped=PASSWORD)
    refused(taken, "There is an account with this address")
    assert len(users(admin)) == 2


def test_users_without_a_role_are_explained(work: Workplace) -> None:
    work("migrate", "--yes")
    ran = work("create-admin", *MAIL, "--password-stdin", piped=PASSWORD)
    refused(ran, "no field 'role'", "Column(input=False)", "watchword migrate")


def test_a_role_that_anybody_may_take_is_warned_of(admin: Workplace) -> None:
    open_to_all = ADMIN.replace(
        'Annotated[Literal["admin", "editor"] | None, Column(input=False)]', "str | None"
    )
    admin.write("app.py", open_to_all)
    ran = admin("create-admin", *MAIL, "--password-stdin", piped=PASSWORD)
    assert ran.status == 0
    assert "anybody may set `role`" in ran.err
    assert "anybody may set 'role'" in admin("doctor").out


def test_it_works_where_signing_up_is_closed_but_not_without_passwords(admin: Workplace) -> None:
    closed = ADMIN.replace("enabled=True,", "enabled=True, disable_sign_up=True,")
    admin.write("app.py", closed)
    assert admin("create-admin", *MAIL, "--password-stdin", piped=PASSWORD).status == 0
    admin.write("app.py", ADMIN.replace("enabled=True,", "enabled=False,"))
    refused(
        admin("create-admin", *MAIL, "--password-stdin", piped=PASSWORD),
        "signing in by e-mail and password is switched off",
    )
