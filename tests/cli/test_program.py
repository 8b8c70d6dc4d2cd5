"""The command line as a whole: help, versions, mistakes, and what it costs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from tests.architecture.syntax import ROOT, all_modules, imports
from tests.cli.conftest import SECRET, Workplace, refused
from watchword import __version__
from watchword.__main__ import main
from watchword.cli import migrate

COMMANDS = (
    *("init", "generate", "migrate", "secret", "info", "doctor", "create-admin", "cleanup"),
    *("import", "users"),
)


def python(*arguments: str, cwd: Path, code: str = "") -> subprocess.CompletedProcess[str]:
    """Python in a process of its own; with `code` in front of `watchword.__main__`."""
    command = [sys.executable, *(("-c", code) if code else ("-m", "watchword")), *arguments]
    environ = {**os.environ, "BETTER_AUTH_SECRET": SECRET, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        command, cwd=cwd, env=environ, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("tokens", [(), ("--help",), ("-h",)])
def test_the_help_says_what_each_command_does(bare: Workplace, tokens: tuple[str, ...]) -> None:
    ran = bare(*tokens)
    assert ran.status == 0
    for command in COMMANDS:
        assert re.search(rf"│ {command} +[A-Z]\w+ ", ran.out), command


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_its_options(bare: Workplace, command: str) -> None:
    ran = bare(command, "--help")
    assert (ran.status, ran.err) == (0, "")
    assert f"Usage: watchword {command}" in ran.out


def test_the_version_is_that_of_the_package(bare: Workplace) -> None:
    assert bare("--version").out == f"{__version__}\n"


@pytest.mark.parametrize(
    "tokens",
    [("nothing",), ("migrate", "--nothing"), ("migrate", "--auth"), ("init", "--framework", "x")],
)
def test_a_wrong_command_line_is_one_line_and_status_1(
    bare: Workplace, tokens: tuple[str, ...]
) -> None:
    ran = bare(*tokens)
    refused(ran, "See watchword --help")
    assert len(ran.err.splitlines()) == 1


def test_a_fault_of_the_program_is_short_unless_debugged(
    work: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: object) -> str:
        raise RuntimeError(f"fault with {SECRET}")

    monkeypatch.setattr(migrate, "in_words", fault)
    refused(work("migrate"), "unexpected RuntimeError: fault with [REDACTED]", "--debug")


def test_an_interrupted_command_does_not_look_done(
    work: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(migrate, "in_words", interrupted)
    ran = work("migrate")
    assert (ran.status, ran.err) == (130, "watchword: interrupted\n")


def test_it_runs_as_a_module(work: Workplace) -> None:
    migrated = python("migrate", "--yes", cwd=work.folder)
    assert (migrated.returncode, migrated.stderr) == (0, "")
    assert "table user" in migrated.stdout
    wrong = python("migrate", "--auth", "nowhere", cwd=work.folder)
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr.startswith("watchword: there is no module nowhere")


def test_a_reader_that_goes_away_is_no_traceback(work: Workplace) -> None:
    command = f"{sys.executable} -m watchword info | true"
    environ = {**os.environ, "BETTER_AUTH_SECRET": SECRET, "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run(
        ["sh", "-c", command],
        cwd=work.folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stderr == ""


@pytest.mark.parametrize("missing", ["cyclopts", "rich"])
def test_without_the_extra_it_says_what_to_install(tmp_path: Path, missing: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; import watchword.__main__ as m; m.main()"
    ran = python(cwd=tmp_path, code=code)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.count("\n") == 1
    assert 'pip install "watchword[cli]"' in ran.stderr


def test_the_library_does_not_load_the_command_line(tmp_path: Path) -> None:
    code = (
        "import sys, watchword; watchword.Auth(database='sqlite://').blocking.migrate(); "
        "print(sorted(set(sys.modules) & {'cyclopts', 'rich', 'watchword.cli'}))"
    )
    assert python(cwd=tmp_path, code=code).stdout == "[]\n"


def test_a_command_loads_no_other_command(tmp_path: Path) -> None:
    code = (
        "import sys; from watchword.cli.program import run; run(['secret']); "
        "print([n for n in sys.modules if n.startswith('watchword.cli.')])"
    )
    loaded = python(cwd=tmp_path, code=code).stdout
    assert "watchword.cli.secret" in loaded
    assert "watchword.cli.migrate" not in loaded
    assert "watchword.cli.doctor" not in loaded


def test_the_installed_script_is_the_same_program() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    module, _, function = project["scripts"]["watchword"].partition(":")
    assert getattr(import_module(module), function) is main
    extra = project["optional-dependencies"]["cli"]
    assert [name.partition(">")[0] for name in extra] == ["cyclopts", "rich"]


def test_only_the_command_line_knows_its_packages() -> None:
    strangers = [
        name
        for name, path in all_modules().items()
        for found in imports(path)
        if found.top in ("cyclopts", "rich") and not name.startswith("watchword.cli.")
    ]
    assert strangers == []
