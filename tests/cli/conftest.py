"""A working directory with an application in it, and the command line run on it in process."""

from __future__ import annotations

import io
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from watchword.cli.program import run

SECRET = "a-secret-for-tests-0123456789-ABCDEFGHIJ"

APP = """
from watchword import Auth, EmailAndPassword
from watchword.crypto.passwords import Argon2Cost

auth = Auth(
    database="sqlite:///app.db",
    base_url="https://app.example.com",
    email_and_password=EmailAndPassword(
        enabled=True, argon2_cost=Argon2Cost(memory=64, passes=1, lanes=1)
    ),
)
"""


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


class Typed(io.StringIO):
    """Standard input at a terminal: what somebody types."""

    def isatty(self) -> bool:
        return True


class Workplace:
    """A folder to run commands in. Modules of the application are forgotten after each."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, captured: Captured) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._captured = captured

    def write(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def __call__(
        self, *tokens: str, typed: str | None = None, piped: str = "", home: bool = True
    ) -> Ran:
        """Run a command line; `typed` at a terminal, or `piped` without one."""
        stdin = io.StringIO(piped) if typed is None else Typed(typed)
        before, path = set(sys.modules), list(sys.path)
        if home:
            os.chdir(self.folder)
        self._captured.readouterr()
        try:
            with self._monkeypatch.context() as patch, mock.patch.dict(os.environ):
                patch.setattr(sys, "stdin", stdin)
                patch.setattr(sys, "dont_write_bytecode", True)
                status = run(list(tokens))
        finally:
            sys.path[:] = path
            for name in set(sys.modules) - before:
                file = getattr(sys.modules[name], "__file__", None)
                if file is None or str(self.folder) in file:
                    del sys.modules[name]
        out, err = self._captured.readouterr()
        assert SECRET not in out + err
        return Ran(status, out, err)


Captured = pytest.CaptureFixture[str]


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> Workplace:
    """A folder without an application. The secret is in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BETTER_AUTH_SECRET", SECRET)
    for name in ("WATCHWORD_AUTH", "WATCHWORD_ENV", "NODE_ENV", "BETTER_AUTH_URL", "BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return Workplace(tmp_path, monkeypatch, capsys)


@pytest.fixture
def work(bare: Workplace) -> Workplace:
    """A folder with an application on an SQLite file, not migrated yet."""
    bare.write("app.py", APP)
    return bare


def refused(ran: Ran, *words: str) -> None:
    """The command ended with one line of complaint that has these words."""
    assert ran.status == 1, ran.text
    *_, last = ran.err.splitlines()
    assert last.startswith("watchword: ")
    assert "Traceback" not in ran.text
    for word in words:
        assert word in last
