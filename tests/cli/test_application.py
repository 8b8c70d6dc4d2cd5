"""How a command finds the application, and what it says when it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import APP, Workplace, refused

HELD = APP + "\nclass Holder:\n    pass\n\nholder = Holder()\nholder.auth = auth\n"
FACTORY = APP.replace("auth = Auth(", "def create_auth():\n  return Auth(")
FLASK = (
    APP.replace("auth = Auth(", "made = Auth(")
    + """
from flask import Flask
from watchword.adapters.flask import Watchword

def create_app():
    app = Flask(__name__)
    Watchword(made, app)
    return app
"""
)
UP_TO_DATE = "up to date"


@pytest.mark.parametrize(
    "file",
    ["app.py", "main.py", "auth.py", "wsgi.py", "app/__init__.py", "app/auth.py", "src/app.py"],
)
def test_usual_places_of_the_working_directory_are_searched(bare: Workplace, file: str) -> None:
    bare.write(file, APP)
    assert bare("migrate", "--yes").status == 0
    assert UP_TO_DATE in bare("migrate").out


@pytest.mark.parametrize("text", [FACTORY, FLASK])
def test_a_factory_without_arguments_is_called(bare: Workplace, text: str) -> None:
    bare.write("app.py", text)
    assert bare("migrate", "--yes").status == 0


@pytest.mark.parametrize("target", ["shop.core:auth", "shop.core:holder", "shop.core:holder.auth"])
def test_an_option_or_a_variable_names_the_attribute(
    bare: Workplace, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    bare.write("shop/core.py", HELD)
    assert bare("migrate", "--yes", "--auth", target).status == 0
    monkeypatch.setenv("WATCHWORD_AUTH", target)
    assert UP_TO_DATE in bare("migrate").out
    refused(bare("migrate", "--auth", "shop.core:nothing"), "'nothing'", "WATCHWORD_AUTH")


def test_a_module_alone_has_its_auth_under_a_usual_name(bare: Workplace) -> None:
    bare.write("shop.py", FACTORY)
    assert bare("migrate", "--yes", "--auth", "shop").status == 0


def test_without_an_application_it_says_what_was_tried(bare: Workplace) -> None:
    refused(bare("migrate"), "no application", "main.py", "--auth module:attribute")
    bare.write("app.py", "x = 1")
    refused(bare("migrate"), "no Auth was found", "tried app.py", "--auth")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("nowhere:auth", ["no module nowhere"]),
        ("app:x", ["app:x is no Auth", "int"]),
        ("app:wanting", ["wants arguments"]),
        ("app:late", ["coroutine function"]),
        ("./app.py", ["names no module"]),
        (":auth", ["names no module"]),
        ("app:broken", ["app:broken()", "KeyError"]),
    ],
)
def test_a_wrong_target_is_one_clear_line(bare: Workplace, target: str, words: list[str]) -> None:
    bare.write(
        "app.py",
        "x = 1\ndef wanting(a): ...\nasync def late(): ...\ndef broken(): return {}['DATABASE']",
    )
    refused(bare("migrate", "--auth", target), *words)


def test_an_application_that_fails_to_load_is_no_traceback_unless_asked_for(
    bare: Workplace,
) -> None:
    bare.write("app.py", "import os\nos.environ['NO_SUCH_VARIABLE']")
    refused(bare("migrate"), "app failed with KeyError: 'NO_SUCH_VARIABLE'", "--debug")
    debugged = bare("migrate", "--debug")
    assert debugged.status == 1
    assert "Traceback" in debugged.err
    assert "os.environ['NO_SUCH_VARIABLE']" in debugged.err


@pytest.mark.parametrize("text", ["raise SystemExit(3)", "import nothing_of_the_kind", "1/"])
def test_whatever_happens_on_import_is_the_commands_own_failure(bare: Workplace, text: str) -> None:
    bare.write("app.py", text)
    refused(bare("migrate"), "app failed with")


def test_a_wrong_option_is_named_with_its_remedy(
    work: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BETTER_AUTH_SECRET")
    refused(work("migrate"), "secret: none is configured", "BETTER_AUTH_SECRET")


def test_another_candidate_is_tried_when_one_fails(bare: Workplace) -> None:
    bare.write("app.py", "raise RuntimeError('unrelated')")
    bare.write("auth.py", APP)
    assert bare("migrate", "--yes").status == 0


def test_the_text_of_a_failure_shows_no_password(
    bare: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_API_KEY", "key-1234567890")
    bare.write(
        "app.py",
        "import os\n"
        "raise RuntimeError('no postgresql://shop:hunter22@db/x?password=hunter22 with '"
        " + os.environ['SHOP_API_KEY'])",
    )
    ran = bare("migrate")
    refused(ran, "RuntimeError", "[REDACTED]@db/x")
    assert "hunter22" not in ran.text
    assert "key-1234567890" not in ran.text


def test_what_an_application_prints_is_not_part_of_the_result(work: Workplace) -> None:
    work.write("app.py", "print('hello')\n" + APP)
    ran = work("generate", "--output", "-")
    assert ran.out.startswith("CREATE TABLE")
    assert "hello" in ran.err


def test_another_working_directory_can_be_named(bare: Workplace) -> None:
    bare.write("shop/app.py", APP)
    assert bare("migrate", "--yes", "--cwd", "shop").status == 0
    assert (bare.folder / "shop" / "app.db").exists()
    refused(bare("migrate", "--cwd", "nowhere"), "nowhere is no directory")


def test_an_application_without_a_database_is_told_apart(bare: Workplace) -> None:
    bare.write("app.py", "from watchword import Auth\nauth = Auth(base_url='https://a.example')\n")
    for command in ("migrate", "generate", "cleanup", "create-admin"):
        refused(bare(command), "the application has no database")
    assert "lacks the table" not in bare("doctor").out
    assert "    database: -\n" in bare("info").out


class TestEnvironmentFile:
    def test_it_is_read_and_named_but_not_shown(
        self, work: Workplace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("BETTER_AUTH_SECRET")
        value = "from-the-file-0123456789-abcdefghijklm"
        work.write(".env", f"# comment\n\nexport BETTER_AUTH_SECRET='{value}' # inline\n")
        ran = work("migrate", "--yes")
        assert ran.status == 0
        assert ran.err.startswith("From .env: BETTER_AUTH_SECRET\n")
        assert value not in ran.text

    def test_it_can_be_left_out_or_be_another_one(
        self, work: Workplace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("BETTER_AUTH_SECRET")
        work.write(".env", "BETTER_AUTH_SECRET=from-the-file-0123456789-abcdefghijklm\n")
        refused(work("migrate", "--no-env-file"), "secret: none is configured")
        (work.folder / ".env").rename(work.folder / "production.env")
        assert work("migrate", "--yes", "--env-file", "production.env").status == 0
        refused(work("migrate", "--env-file", "missing.env"), "missing.env cannot be read")

    def test_variables_that_are_set_win(
        self, work: Workplace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DATABASE", "sqlite:///right.db")
        work.write(
            "app.py", "import os\n" + APP.replace('"sqlite:///app.db"', "os.environ['DATABASE']")
        )
        work.write(".env", "DATABASE=sqlite:///wrong.db\n")
        assert work("migrate", "--yes").err == ""
        assert sorted(path.name for path in work.folder.glob("*.db")) == ["right.db"]

    def test_values_are_read_as_a_shell_reads_them(self, work: Workplace) -> None:
        work.write(
            ".env",
            'A=plain  # comment\nB=\'it is # one\'\nC="line\\nbreak \\"q\\""\nD=\n'
            "  E = x#y\nF=''\nG=two words \n",
        )
        work.write(
            "app.py",
            "import os, sys\nprint([os.environ[k] for k in 'ABCDEFG'])\n" + APP,
        )
        expected = ["plain", "it is # one", 'line\nbreak "q"', "", "x#y", "", "two words"]
        assert str(expected) in work("migrate").err

    def test_a_line_that_cannot_be_read_is_named_and_not_shown(self, work: Workplace) -> None:
        work.write(".env", "GOOD=1\nhunter22 is my password\n")
        ran = work("migrate")
        refused(ran, "line 2 of .env")
        assert "hunter22" not in ran.text


def test_a_folder_of_another_module_is_not_imported(bare: Workplace, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()  # no application: a namespace package without a module
    refused(bare("migrate"), "no application was found")
