"""Databases that are not what the application takes them for: older, newer, or in a schema."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.cli.conftest import APP, Workplace
from tests.core.conftest import FAST
from tests.support.browser import ORIGIN, SECRET, Browser
from tests.support.databases import mysql_connection, mysql_database, postgres_schemas
from watchword import Auth, EmailAndPassword, User

DATABASES = ["sqlite", "postgres", "mysql"]


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """The URL of an empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/app.db"
    elif request.param == "mysql":
        with mysql_database() as found:
            yield found
    else:
        with postgres_schemas() as fresh:
            yield fresh()


class Member(User):
    """With a field that goes away, one that may be empty, and one with a default."""

    plan: str
    nick: str | None = None
    lang: str = "en"
    points: int = 0
    active: bool = True


def auth_on(url: str, **options: Any) -> Auth[Any]:
    passwords = EmailAndPassword(enabled=True, argon2_cost=FAST)
    return Auth(
        database=url,
        secret=SECRET,
        base_url=ORIGIN,
        environ={},
        email_and_password=passwords,
        **options,
    )


def test_a_field_that_must_be_given_and_is_gone_from_the_code_is_named(
    work: Workplace, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    wide = auth_on(url, user_type=Member)
    wide.blocking.migrate()
    wide.blocking.close()
    work.write("app.py", APP.replace("sqlite:///app.db", url))
    migrated, checked = work("migrate", "--yes"), work("doctor")
    for ran in (migrated, checked):
        assert ran.text.count("the column user.plan must have a value") == 1
        assert "Drop it, let it be null" in ran.text
        for spared in ("user.nick", "user.lang", "user.points", "user.active", "user.id"):
            assert spared not in ran.text
    assert (migrated.status, checked.status) == (0, 1)
    narrow = auth_on(url)
    assert Browser(narrow).sign_up().status == 500
    narrow.blocking.close()
    assert "plan must have a value and got none" in caplog.text
    assert "ada@example.com" not in caplog.text


def test_a_field_with_a_default_can_go_from_the_code(url: str) -> None:
    class Plain(User):
        lang: str = "en"
        points: int = 7
        active: bool = True

    wide = auth_on(url, user_type=Plain)
    wide.blocking.migrate()
    wide.blocking.close()
    narrow = auth_on(url)
    assert Browser(narrow).sign_up().status == 200, "new tables have the defaults that old ones got"
    narrow.blocking.close()
    again = auth_on(url, user_type=Plain)
    user = Browser(again).sign_in().json["user"]
    again.blocking.close()
    assert (user["lang"], user["points"], user["active"]) == ("en", 7, True)


def test_tables_of_the_application_are_nobodys_business(work: Workplace) -> None:
    assert work("migrate", "--yes").status == 0
    with sqlite3.connect(work.folder / "app.db") as connection:
        connection.execute("CREATE TABLE team (id text PRIMARY KEY, name text NOT NULL)")
    connection.close()
    assert "must have a value" not in work("migrate").text


@pytest.mark.parametrize("kind", ["blocking", "async"])
def test_a_forgotten_migrate_is_503_and_the_log_says_what_to_run(
    url: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    auth = auth_on(url)
    answer = Browser(auth, kind).sign_up()
    auth.blocking.close()
    assert (answer.status, answer.code) == (503, "SERVICE_UNAVAILABLE")
    (record,) = [one for one in caplog.records if one.name == "watchword.database"]
    assert record.levelname == "ERROR"
    assert "migrate it (`watchword migrate`" in record.getMessage()
    assert "user" in record.getMessage()
    assert "ada@example.com" not in caplog.text


def test_a_missing_column_is_the_same(url: str, caplog: pytest.LogCaptureFixture) -> None:
    old = auth_on(url)
    old.blocking.migrate()
    old.blocking.close()
    new = auth_on(url, user_type=Member)
    assert Browser(new).sign_up(plan="free").status == 503
    new.blocking.close()
    assert "migrate it (`watchword migrate`" in caplog.text


def test_generated_sql_makes_its_tables_in_the_schema_of_the_application(work: Workplace) -> None:
    with postgres_schemas() as fresh:
        url = fresh()
        plain, schema = urlsplit(url)._replace(query="").geturl(), url.rpartition("=")[2]
        work.write("app.py", APP.replace("sqlite:///app.db", url))
        for tokens in (["generate", "-o", "-"], ["migrate", "--dry-run"]):
            assert f'SET search_path TO "{schema}";' in work(*tokens).out
        sql = work("generate", "-o", "-", "--all").out
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(sql.encode())
            rows = connection.execute(
                "SELECT table_schema FROM information_schema.tables WHERE table_name = 'session'"
            ).fetchall()
        assert rows == [(schema,)]
        assert "up to date" in work("migrate").out
        work.write("app.py", APP.replace("sqlite:///app.db", plain))
        assert "search_path" not in work("generate", "-o", "-").out


def test_columns_that_the_database_fills_need_no_value(work: Workplace) -> None:
    with mysql_database() as url:
        work.write("app.py", APP.replace("sqlite:///app.db", url))
        assert work("migrate", "--yes").status == 0
        with mysql_connection(url) as maria, maria.cursor() as cursor:
            cursor.execute("ALTER TABLE user ADD n bigint NOT NULL AUTO_INCREMENT UNIQUE")
            cursor.execute("ALTER TABLE user ADD since datetime NOT NULL DEFAULT now()")
        assert "must have a value" not in work("migrate").text
    with postgres_schemas() as fresh:
        url = fresh()
        work.write("app.py", APP.replace("sqlite:///app.db", url))
        assert work("migrate", "--yes").status == 0
        plain, schema = urlsplit(url)._replace(query="").geturl(), url.rpartition("=")[2]
        with psycopg.connect(plain, autocommit=True) as connection:
            table = f'ALTER TABLE {schema}."user" ADD'
            connection.execute(f"{table} n bigint NOT NULL GENERATED ALWAYS AS IDENTITY".encode())
            connection.execute(f"{table} since timestamptz NOT NULL DEFAULT now()".encode())
            connection.execute(
                f"{table} two text NOT NULL GENERATED ALWAYS AS (name || name) STORED".encode()
            )
        assert "must have a value" not in work("migrate").text
