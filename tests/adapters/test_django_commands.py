"""Commands of `manage.py`, and the tables that come with `migrate`."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import override_settings

from tests.support.django_project import database, project, sqlite_settings
from watchword import Auth, testing
from watchword.adapters.django.management.commands.watchword import Command
from watchword.storage.django import DjangoStorage


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WATCHWORD_AUTH", "another.project:auth")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def alias(tmp_path: Path) -> Iterator[str]:
    with database(sqlite_settings(tmp_path / "app.db")) as made:
        yield made


def server(alias: str, **storage: Any) -> Auth[Any]:
    return Auth(
        database=DjangoStorage(alias, **storage),
        secret="a-secret-for-tests-0123456789-ABCDEFGHIJ",
        base_url="http://localhost",
        environ={},
    )


def tables(alias: str) -> set[str]:
    return set(connections[alias].introspection.table_names())


def said(name: str, *arguments: str, **options: Any) -> str:
    output = io.StringIO()
    call_command(name, *arguments, stdout=output, **options)
    return output.getvalue()


class TestMigrate:
    def test_tables_come_with_those_of_applications(self, alias: str) -> None:
        auth = server(alias)
        with project(auth):
            told = said("migrate", database=alias, run_syncdb=True)
        assert "watchword: table user: id, name, email" in told
        assert {"user", "session", "account", "auth_user"} <= tables(alias)
        assert auth.blocking.migrate() == []

    def test_not_in_another_database(self, alias: str, tmp_path: Path) -> None:
        with database(sqlite_settings(tmp_path / "b.db")) as other, project(server(other)):
            said("migrate", database=alias, verbosity=0)
            assert "user" not in tables(other)
            assert "user" not in tables(alias)

    def test_not_where_the_projects_own_migrations_make_them(self, alias: str) -> None:
        with project(server(alias, migrates=False)):
            said("migrate", database=alias, verbosity=0)
        assert "user" not in tables(alias)

    def test_a_project_that_has_no_server_yet_is_left_alone(self, alias: str) -> None:
        with override_settings(WATCHWORD=None):
            said("migrate", database=alias, verbosity=0)


class TestOwnMigrate:
    def test_it_makes_what_is_missing(self, alias: str) -> None:
        with project(server(alias, migrates=False)):
            assert 'CREATE TABLE IF NOT EXISTS "user"' in said("watchword_migrate", "--dry-run")
            with pytest.raises(CommandError, match="lacks"):
                said("watchword_migrate", "--check")
            assert tables(alias) == set()
            assert "watchword: table session" in said("watchword_migrate")
            assert said("watchword_migrate") == "The database is up to date.\n"
            assert said("watchword_migrate", "--check") == "The database is up to date.\n"

    def test_a_database_that_refuses_is_one_line(self, tmp_path: Path) -> None:
        given = {**sqlite_settings(tmp_path / "no" / "folder.db")}
        refused = pytest.raises(CommandError, match="SQLite")
        with database(given) as alias, project(server(alias)), refused:
            said("watchword_migrate")

    def test_a_server_without_a_database_says_so(self) -> None:
        with project(testing.auth(database=None)), pytest.raises(CommandError, match="no database"):
            said("watchword_migrate")


class TestCommandLine:
    def run(self, *arguments: str) -> int | str | None:
        with pytest.raises(SystemExit) as ended:
            Command().run_from_argv(["manage.py", "watchword", *arguments])
        return ended.value.code

    def test_commands_work_on_the_server_of_the_settings(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        auth = testing.auth(database=f"sqlite:///{tmp_path}/app.db")
        testing.make_user(auth, email="ada@example.com")
        with project(auth):
            assert self.run("users", "list", "--json", "--settings", "x", "--pythonpath=.") == 0
            assert json.loads(capsys.readouterr().out)["users"][0]["email"] == "ada@example.com"
            assert self.run("users", "show", "nobody@example.com") == 1
            assert "nobody@example.com" in capsys.readouterr().err
            assert self.run("doctor") == 1
            assert self.run("--help") == 0
            assert "create-admin" in capsys.readouterr().out

    def test_django_helps_with_it(self, capsys: pytest.CaptureFixture[str]) -> None:
        with project(testing.auth()):
            Command().print_help("manage.py", "watchword")
        assert "doctor" in capsys.readouterr().out

    def test_programs_may_call_it(self, capsys: pytest.CaptureFixture[str]) -> None:
        with project(testing.auth()):
            call_command("watchword", "info", "--json")
            with pytest.raises(CommandError, match="ended with 1"):
                call_command("watchword", "doctor")
        assert '"watchword"' in capsys.readouterr().out

    def test_a_setting_that_names_nothing_is_one_line(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with override_settings(WATCHWORD="no.where.auth"):
            assert self.run("doctor") == 1
        assert "no module no.where" in capsys.readouterr().out

    def test_without_the_extra_it_says_what_to_install(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setitem(__import__("sys").modules, "cyclopts", None)
        monkeypatch.delitem(__import__("sys").modules, "watchword.cli.program", raising=False)
        with project(testing.auth()):
            assert self.run("doctor") == 1
        assert 'pip install "watchword[cli]"' in capsys.readouterr().err
