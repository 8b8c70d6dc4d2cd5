"""Tables and columns under other names than the logical ones."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser
from watchword import ConfigurationError, ModelHooks, Names, RateLimit
from watchword.plugins import OneTimeToken


def shape(folder: Path) -> dict[str, set[str]]:
    with closing(sqlite3.connect(folder / "test.db")) as database:
        tables = [
            row[0]
            for row in database.execute("select name from sqlite_master where type = 'table'")
        ]
        return {
            table: {row[1] for row in database.execute(f'pragma table_info("{table}")')}
            for table in tables
        }


RENAMED = Names(
    tables={"user": "members"},
    columns={"user": {"email": "mail address"}},
    snake_case=True,
    plural=True,
)


def test_names_are_those_of_the_database(make_auth: MakeAuth, tmp_path: Path) -> None:
    make_auth(names=RENAMED, rate_limit=RateLimit(storage="database"))
    found = shape(tmp_path)
    assert set(found) == {"members", "sessions", "accounts", "verifications", "rate_limits"}
    assert {"id", "mail address", "email_verified", "created_at"} <= found["members"]
    assert {"expires_at", "user_id", "ip_address"} <= found["sessions"]
    assert "last_request" in found["rate_limits"]


def test_the_wire_and_hooks_do_not_see_them(make_auth: MakeAuth, kind: str) -> None:
    heard: list[Any] = []
    hooks = {"user": ModelHooks(create_before=lambda values, call: heard.append(dict(values)))}
    auth = make_auth(names=RENAMED, plugins=[OneTimeToken()], database_hooks=hooks)
    ada, phone = Browser(auth, kind), Browser(auth, kind)
    user = ada.sign_up().json["user"]
    assert user["email"] == "ada@example.com"
    assert heard[0]["email"] == "ada@example.com"
    token = ada.get("/one-time-token/generate").json["token"]
    assert phone.post("/one-time-token/verify", {"token": token}).status == 200
    assert phone.session()["user"] == user
    assert ada.post("/update-user", {"name": "Countess"}).status == 200
    assert ada.post("/sign-out", {}).status == 200
    assert ada.sign_in().json["user"]["name"] == "Countess"


def test_a_schema_under_other_names_is_migrated_once(make_auth: MakeAuth) -> None:
    assert make_auth(names=RENAMED).blocking.migrate() == []


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (Names(tables={"users": "members"}), "names.tables: there is no model 'users'"),
        (Names(columns={"usr": {}}), "names.columns: there is no model 'usr'"),
        (Names(columns={"user": {"mail": "x"}}), "user has no field 'mail'"),
        (Names(tables={"user": "Session"}), "'session' is used twice"),
        (Names(columns={"user": {"email": "name"}}), "'name' is used twice"),
        (Names(columns={"user": {"email": "ID"}}), "'id' is used twice"),
        (Names(tables={"user": "x" * 64}), "is no name"),
    ],
)
def test_names_that_cannot_be_are_refused(make_auth: MakeAuth, names: Names, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        make_auth(names=names)
