"""`watchword migrate` and `watchword generate`."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.cli.conftest import APP, SECRET, Workplace, refused
from watchword.cli.statements import in_words
from watchword.database.schema import Schema

WITH_LANG = APP.replace(
    "auth = Auth(",
    "from watchword import User\n\nclass Member(User):\n    lang: str{default}\n\n"
    "auth = Auth(\n    user_type=Member,",
)


def on(url: str) -> str:
    return APP.replace("sqlite:///app.db", url)


def tables(file: Path) -> list[str]:
    with sqlite3.connect(file) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
        found = [name for (name,) in rows]
    connection.close()
    return found


def execute(file: Path, script: str) -> None:
    connection = sqlite3.connect(file)
    connection.executescript(script)
    connection.commit()
    connection.close()


TABLES = ["account", "session", "user", "verification"]
ANN = """INSERT INTO "user" VALUES
('1', 'Ann', 'ann@example.com', 0, NULL, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z');"""


class TestMigrate:
    def test_the_plan_is_told_in_words_and_then_carried_out(self, work: Workplace) -> None:
        ran = work("migrate", "--yes")
        assert (ran.status, ran.err) == (0, "")
        assert "table user: id, name, email, emailVerified, image" in ran.out
        assert "index on userId of table session" in ran.out
        assert "CREATE" not in ran.out
        assert tables(work.folder / "app.db") == TABLES
        assert work("migrate").out == "The database is up to date.\n"

    def test_a_dry_run_shows_the_sql_and_changes_nothing(self, work: Workplace) -> None:
        ran = work("migrate", "--dry-run")
        assert ran.status == 0
        assert 'CREATE TABLE IF NOT EXISTS "user"' in ran.out
        assert tables(work.folder / "app.db") == []
        execute(work.folder / "app.db", ran.out[ran.out.index("CREATE") :])
        assert "up to date" in work("migrate").out

    @pytest.mark.parametrize("answer", ["n\n", "\n", ""])
    def test_no_is_the_default_answer(self, work: Workplace, answer: str) -> None:
        ran = work("migrate", typed=answer)
        assert ran.status == 0
        assert "Nothing was changed" in ran.out
        assert tables(work.folder / "app.db") == []

    def test_yes_can_be_typed(self, work: Workplace) -> None:
        assert work("migrate", typed="y\n").status == 0
        assert tables(work.folder / "app.db") == TABLES

    def test_without_a_terminal_it_wants_to_be_told(self, work: Workplace) -> None:
        refused(work("migrate", piped="y\n"), "no terminal", "--yes")
        assert tables(work.folder / "app.db") == []

    def test_an_older_database_gets_what_it_lacks_and_keeps_its_rows(self, work: Workplace) -> None:
        work("migrate", "--yes")
        execute(work.folder / "app.db", ANN)
        work.write("app.py", WITH_LANG.format(default=' = "en"'))
        ran = work("migrate", "--yes")
        assert ran.out == "To be created:\n  - column lang of table user\nDone.\n"
        with sqlite3.connect(work.folder / "app.db") as connection:
            assert connection.execute('SELECT name, lang FROM "user"').fetchall() == [("Ann", "en")]
        connection.close()

    def test_what_is_not_safe_is_refused_with_the_sql_to_run_by_hand(self, work: Workplace) -> None:
        work("migrate", "--yes")
        execute(work.folder / "app.db", ANN)
        work.write("app.py", WITH_LANG.format(default=""))
        ran = work("migrate", "--yes")
        by_hand = 'ALTER TABLE "user" ADD COLUMN "lang" text; UPDATE "user" SET "lang" = ...;'
        refused(ran, "table user has rows and lacks the required column lang", by_hand)
        execute(work.folder / "app.db", by_hand.replace("...", "'de'"))
        assert "up to date" in work("migrate").out

    def test_a_database_that_cannot_be_opened_is_one_line(self, work: Workplace) -> None:
        work.write("app.py", on("sqlite:///missing/folder/app.db"))
        refused(work("migrate"), "cannot open the SQLite database")

    def test_a_server_that_is_away_is_one_line_without_its_password(self, work: Workplace) -> None:
        work.write("app.py", on("postgresql://me:hunter22@127.0.0.1:9/app?connect_timeout=1"))
        ran = work("migrate", "--yes")
        refused(ran, "127.0.0.1")
        assert "hunter22" not in ran.text


class TestTwoAtOnce:
    """Two machines that deploy at the same moment: each starts with an empty database."""

    def test_on_a_file_of_sqlite(self, work: Workplace) -> None:
        assert both_migrate(work) == [0, 0]
        assert tables(work.folder / "app.db") == TABLES

    def test_on_postgresql(self, work: Workplace, postgres: str) -> None:
        work.write("app.py", on(postgres))
        assert both_migrate(work) == [0, 0]
        with psycopg.connect(postgres) as connection:
            names = connection.execute(
                "SELECT table_name FROM information_schema.tables "
                "WHERE table_schema = 'public' ORDER BY 1"
            )
            assert [name for (name,) in names] == TABLES
        assert "up to date" in work("migrate").out


def both_migrate(work: Workplace) -> list[int]:
    # Both have made their plan before either goes on: they wait for each other's file.
    work.write(
        "together.py",
        "import pathlib, sys, time\n"
        "from watchword.cli import migrate, program\n"
        "mine, other = map(pathlib.Path, sys.argv[1:])\n"
        "def confirm(question, *, yes):\n"
        "    mine.touch()\n"
        "    while not other.exists(): time.sleep(0.001)\n"
        "    return True\n"
        "migrate.confirm = confirm\n"
        "sys.exit(program.run(['migrate', '--yes']))\n",
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "BETTER_AUTH_SECRET": SECRET}
    names = ("one", "two")
    processes = [
        subprocess.Popen(
            [sys.executable, "together.py", *pair], cwd=work.folder, env=environ, stderr=None
        )
        for pair in (names, reversed(names))
    ]
    return [process.wait(60) for process in processes]


class TestGenerate:
    def test_the_sql_of_what_is_missing_goes_to_a_dated_file(self, work: Workplace) -> None:
        ran = work("generate")
        (file,) = (work.folder / "watchword_migrations").glob("*.sql")
        assert (ran.status, ran.out) == (0, f"Wrote watchword_migrations/{file.name}.\n")
        assert ":" not in file.name
        assert tables(work.folder / "app.db") == []
        text = file.read_text()
        assert text.endswith(";\n")
        execute(work.folder / "app.db", text)
        assert "up to date" in work("migrate").out

    def test_models_of_sqlalchemy_are_written(self, work: Workplace) -> None:
        assert work("generate", "--format", "sqlalchemy").status == 0
        written = (work.folder / "watchword_models.py").read_text()
        assert "class User(Base):" in written
        assert work("generate", "--format", "sqlalchemy", "-o", "-").out == written
        compile(written, "watchword_models.py", "exec")

    def test_with_nothing_missing_there_is_nothing_to_write(self, work: Workplace) -> None:
        work("migrate", "--yes")
        ran = work("generate", "--output", "schema.sql")
        assert (ran.status, ran.out) == (
            0,
            "The database is up to date: there is nothing to write.\n",
        )
        assert not (work.folder / "schema.sql").exists()

    def test_all_of_the_schema_is_written_whatever_the_database_has(self, work: Workplace) -> None:
        before = work("generate", "-o", "-").out
        work("migrate", "--yes")
        assert work("generate", "--all", "-o", "-").out == before

    def test_all_of_the_schema_on_postgresql(self, work: Workplace, postgres: str) -> None:
        work.write("app.py", on(postgres))
        before = work("generate", "-o", "-").out
        work("migrate", "--yes")
        assert work("generate", "--all", "-o", "-").out == before
        assert "timestamptz" in before

    def test_all_of_the_schema_on_mysql(self, work: Workplace, mysql: str) -> None:
        work.write(
            "app.py",
            "from watchword.storage.mysql import MySQLStorage\n"
            + APP.replace('"sqlite:///app.db"', f"MySQLStorage.from_url({mysql!r})"),
        )
        before = work("generate", "-o", "-").out
        assert "table session: id" in work("migrate", "--yes").out
        assert "up to date" in work("migrate").out
        assert work("generate", "--all", "-o", "-").out == before

    def test_all_of_the_schema_is_written_with_tracing_too(self, work: Workplace) -> None:
        before = work("generate", "-o", "-").out
        traced = "from opentelemetry.sdk.trace import TracerProvider\n" + APP.replace(
            "auth = Auth(", "auth = Auth(\n    tracing=TracerProvider(),"
        )
        work.write("app.py", traced)
        assert work("generate", "--all", "-o", "-").out == before

    def test_a_file_is_only_overwritten_when_that_was_said(self, work: Workplace) -> None:
        file = work.write("schema.sql", "precious")
        refused(work("generate", "-o", "schema.sql"), "no terminal")
        declined = work("generate", "-o", "schema.sql", typed="n\n")
        assert declined.status == 1
        assert file.read_text() == "precious"
        assert work("generate", "-o", "schema.sql", "--yes").status == 0
        assert file.read_text().startswith("CREATE TABLE")

    def test_folders_are_made(self, work: Workplace) -> None:
        assert work("generate", "-o", "db/new/schema.sql").status == 0
        assert (work.folder / "db/new/schema.sql").exists()
        refused(work("generate", "-o", "app.py/x.sql"), "app.py/x.sql cannot be written")

    def test_what_cannot_be_done_safely_is_not_written(self, work: Workplace) -> None:
        work("migrate", "--yes")
        execute(work.folder / "app.db", ANN)
        work.write("app.py", WITH_LANG.format(default=""))
        refused(work("generate", "-o", "x.sql"), "lacks the required column lang")
        assert not (work.folder / "x.sql").exists()


def test_the_spelling_of_mysql_is_understood() -> None:
    """In words as well: names in backticks, and columns with their key."""
    empty = Schema({})
    assert in_words("ALTER TABLE `a``b` ADD COLUMN `c` text, ADD FOREIGN KEY (`c`)", empty) == (
        "column c of table a`b"
    )
    assert in_words("CREATE UNIQUE INDEX `i` ON `t` (`c`(768))", empty) == (
        "unique index on c of table t"
    )
    assert in_words("DO SOMETHING ELSE", empty) == "DO SOMETHING ELSE"
