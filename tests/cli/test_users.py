"""`watchword users`: looking at users, and changing them, from the shell."""

from __future__ import annotations

import json
import re
import sqlite3
from typing import Any

import pytest

from tests.cli.conftest import APP, Workplace, refused

PASSWORD = "correct horse battery"
ADMIN = APP.replace(
    "auth = Auth(",
    """from watchword import User
from watchword.plugins import Admin

class Member(User):
    lang: str = "en"

auth = Auth(user_type=Member, plugins=[Admin(roles=Admin().known_roles)],""",
)
ADA = "ada@example.com"


@pytest.fixture
def site(work: Workplace) -> Workplace:
    """An application with administrators and one user, Ada."""
    work.write("app.py", ADMIN)
    assert work("migrate", "--yes").status == 0
    made = work("users", "create", ADA, "--name", "Ada", "--password-stdin", piped=PASSWORD)
    assert (made.status, made.err) == (0, "")
    return work


def shown(site: Workplace, *tokens: str, **given: Any) -> Any:
    ran = site("users", *tokens, "--json", **given)
    assert (ran.status, ran.err) == (0, ""), ran.text
    return json.loads(ran.out)


def sql(site: Workplace, statement: str, *values: object) -> list[Any]:
    connection = sqlite3.connect(site.folder / "app.db")
    try:
        with connection:
            return connection.execute(statement, values).fetchall()
    finally:
        connection.close()


def sign_in(site: Workplace, password: str = PASSWORD) -> bool:
    site.write(
        "sign_in.py",
        "import sys\nfrom app import auth\nfrom watchword import APIError, SignInEmail\n"
        f"body = SignInEmail(email={ADA!r}, password={password!r})\n"
        "try:\n    auth.blocking.api.sign_in_email(body); print('in', file=sys.stderr)\n"
        "except APIError:\n    print('out', file=sys.stderr)\n",
    )
    return "in\n" in site("info", "--auth", "sign_in").err


def test_a_user_is_made_with_all_that_is_said(site: Workplace) -> None:
    options = ("--role", "user,admin", "--email-verified", "--data", '{"lang": "de"}')
    made = shown(site, "create", "Bob@example.com", *options, "--no-password")
    assert made["email"] == "bob@example.com"
    assert (made["role"], made["lang"], made["emailVerified"]) == ("user,admin", "de", True)
    assert sql(site, "select count(*) from account") == [(1,)]
    assert sign_in(site)


def test_users_are_shown_by_id_and_address(site: Workplace) -> None:
    found = shown(site, "show", ADA)
    assert shown(site, "show", found["id"]) == found
    assert "password" not in found
    lines = site("users", "show", ADA).out.splitlines()
    assert f"id: {found['id']}" in lines
    assert "emailVerified: false" in lines


def test_users_are_listed_page_by_page(site: Workplace) -> None:
    for name in ("bob", "eve"):
        shown(site, "create", f"{name}@example.com", "--no-password", "--name", name)
    first = shown(site, "list", "--sort", "email", "--ascending", "--limit", "2")
    assert [user["email"] for user in first["users"]] == [ADA, "bob@example.com"]
    options = ("--sort", "email", "--ascending", "--cursor", first["next"])
    assert [user["name"] for user in shown(site, "list", *options)["users"]] == ["eve"]
    assert len(shown(site, "list", "--search", "OB")["users"]) == 1
    assert shown(site, "list", "--role", "admin") == {"users": [], "next": None}
    ran = site("users", "list", "--limit", "2")
    assert len(ran.out.splitlines()) == 2
    assert "--cursor" in ran.err


def test_fields_are_changed(site: Workplace) -> None:
    options = ("--name", "Ada L.", "--email-verified", "--data", '{"lang": "fr"}')
    changed = shown(site, "update", ADA, *options)
    assert (changed["name"], changed["emailVerified"], changed["lang"]) == ("Ada L.", True, "fr")
    moved = shown(site, "update", ADA, "--email", "ada@other.example")
    assert (moved["email"], moved["emailVerified"]) == ("ada@other.example", False)
    refused(site("users", "update", "ada@other.example"), "nothing to change")


def test_a_new_password_ends_the_sessions(site: Workplace) -> None:
    assert sign_in(site)
    set_it = ("users", "set-password", ADA, "--password-stdin")
    kept = site(*set_it, "--keep-sessions", piped="horse 12")
    assert kept.out == f"The password of {ADA} is set.\n"
    assert len(shown(site, "sessions", ADA)) == 1
    assert site(*set_it, piped="horse 123").status == 0
    assert shown(site, "sessions", ADA) == []
    assert sign_in(site, "horse 123")
    assert not sign_in(site)


@pytest.mark.parametrize("command", [("create", "bob@example.com"), ("set-password", ADA)])
def test_a_password_is_never_taken_from_the_command_line(
    site: Workplace, command: tuple[str, ...]
) -> None:
    refused(site("users", *command, "--password", PASSWORD), "--password")
    refused(site("users", *command), "no terminal", "--password-stdin")
    refused(site("users", *command, "--password-stdin", piped="tiny\n"), "too short")


def test_roles_are_given(site: Workplace) -> None:
    assert shown(site, "set-role", ADA, "admin")["role"] == "admin"
    refused(site("users", "set-role", ADA, "king"), "'king'", "admin, user")


def test_whoever_is_disabled_is_out(site: Workplace) -> None:
    locked = shown(site, "disable", ADA, "--reason", "spam", "--expires-in", "3600")
    assert (locked["banned"], locked["banReason"]) == (True, "spam")
    assert "disabled" in site("users", "list").out
    assert not sign_in(site)
    assert shown(site, "enable", ADA)["banned"] is False
    assert sign_in(site)


def test_a_deletion_is_asked_for(site: Workplace) -> None:
    refused(site("users", "delete", ADA), "no terminal", "--yes")
    declined = site("users", "delete", ADA, typed="n\n")
    assert (declined.status, declined.out) == (0, "Nothing was deleted.\n")
    assert sql(site, "select count(*) from user") == [(1,)]
    assert site("users", "delete", ADA, "--yes").out == f"{ADA} is deleted.\n"
    for table in ("user", "account", "session"):
        assert sql(site, f"select count(*) from {table}") == [(0,)]


def test_sessions_are_shown_without_their_tokens_and_ended(site: Workplace) -> None:
    for _ in range(3):
        assert sign_in(site)
    tokens = [token for (token,) in sql(site, "select token from session")]
    listed, plain = shown(site, "sessions", ADA), site("users", "sessions", ADA)
    assert len(listed) == len(plain.out.splitlines()) == 3
    for token in tokens:
        assert token not in json.dumps(listed) + plain.text
    ended = site("users", "revoke-sessions", ADA, "--session", listed[0]["id"])
    assert ended.out == f"The session of {ADA} ended.\n"
    refused(site("users", "revoke-sessions", ADA, "--session", listed[0]["id"]), "no session")
    assert site("users", "revoke-sessions", ADA).status == 0
    assert sql(site, "select count(*) from session") == [(0,)]


@pytest.mark.parametrize(
    "command",
    ["show", "sessions", "update --name x", "set-role", "disable", "enable", "delete --yes"],
)
def test_a_user_that_is_none_is_told(site: Workplace, command: str) -> None:
    name, *options = command.split()
    role = ["admin"] if name == "set-role" else []
    for who in ("nobody", "nobody@example.com"):
        refused(site("users", name, who, *role, *options), "there is no user", who)


def test_without_the_plugin_it_says_what_is_missing(work: Workplace) -> None:
    work("migrate", "--yes")
    work("users", "create", ADA, "--no-password")
    refused(work("users", "disable", ADA), "Admin()")
    refused(work("users", "set-role", ADA, "admin"), "users have no role")


def test_names_that_give_orders_to_a_terminal_do_not(site: Workplace) -> None:
    sql(site, "update user set name = ?", "Ada\x1b[31m\nid: forged")
    for command in (("list",), ("show", ADA), ("show", ADA, "--json")):
        out = site("users", *command).out
        assert "\x1b" not in out
        assert not re.search(r"(?m)^id: forged", out)


def test_every_command_explains_itself(bare: Workplace) -> None:
    ran = bare("users", "--help")
    for command in ("list", "show", "create", "set-password", "revoke-sessions", "delete"):
        assert re.search(rf"│ {command} +[A-Z]\w+ ", ran.out), command
        assert bare("users", command, "--help").status == 0
