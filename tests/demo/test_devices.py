"""A program in a terminal is let in by a browser, and keeps its token to itself."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import httpx2
import pytest

from examples.notes_cli.__main__ import main, show
from examples.notes_cli.keeping import Keeper, Unsafe
from examples.notes_cli.signing_in import Asked, NotSignedIn, Token, sign_in
from tests.demo.visitor import press, sign_up, visitor, wait_for_text
from tests.support.services import ROOT

BASE = "https://example.com/api/auth"
CODES = {
    "device_code": "secret",
    "user_code": "ABCD2345",
    "verification_uri": "https://example.com/device",
    "verification_uri_complete": "https://example.com/device?user_code=ABCD2345",
    "expires_in": 600,
    "interval": 5,
}
DONE = (200, {"access_token": "token-1", "token_type": "Bearer", "expires_in": 60, "scope": ""})


class Played:
    """A server that answers as it is told, one poll after the other; time passes by sleeping."""

    def __init__(self, *answers: Any, codes: Any = CODES) -> None:
        self._answers = iter([(200, codes), *answers])
        self.pauses: list[float] = []
        self.shown: list[Asked] = []

    def sign_in(self) -> Token:
        with httpx2.Client(base_url=BASE, transport=httpx2.MockTransport(self._answer)) as client:
            return sign_in(
                client,
                "notes-cli",
                self.shown.append,
                sleep=self.pauses.append,
                clock=lambda: sum(self.pauses),
            )

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        status, body = answer
        return httpx2.Response(status, json=body)


def refused(error: str) -> tuple[int, dict[str, str]]:
    return 400, {"error": error, "error_description": "..."}


def test_it_polls_until_it_is_let_in() -> None:
    pending, slow = refused("authorization_pending"), refused("slow_down")
    away = httpx2.ConnectError("away")
    played = Played(pending, slow, (429, {"message": "..."}), away, (503, {}), DONE)
    token = played.sign_in()
    assert (token.value, token.expires_in) == ("token-1", 60)
    assert "token-1" not in repr(token)
    assert played.pauses == [5, 5, 10, 15, 30, 30]
    (asked,) = played.shown
    assert (asked.user_code, asked.uri) == ("ABCD2345", "https://example.com/device")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (refused("access_denied"), "turned away"),
        (refused("expired_token"), "too long"),
        (refused("invalid_grant"), "..."),
        ((403, {"message": "This account is locked"}), "locked"),
        ((404, []), "404"),
    ],
)
def test_it_says_why_not(answer: Any, why: str) -> None:
    with pytest.raises(NotSignedIn, match=why):
        Played(answer).sign_in()


def test_a_server_that_has_no_codes_is_none() -> None:
    with pytest.raises(NotSignedIn, match="does not sign"):
        Played(codes={"user_code": "ABCD2345"}).sign_in()


def test_no_server_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show(Asked(user_code="A\x1b[2J", uri="", complete_uri="https://example.com/\r\u202e"))
    printed = capsys.readouterr().out.replace("\n", "")
    assert "A?[2J" in printed
    assert printed.isprintable()


def test_it_does_not_poll_for_ever() -> None:
    played = Played(*[refused("authorization_pending")] * 200)
    with pytest.raises(NotSignedIn, match="too long"):
        played.sign_in()
    assert sum(played.pauses) == 600


def test_the_token_is_its_owners_alone(tmp_path: Path) -> None:
    keeper, file = Keeper(tmp_path / "new"), tmp_path / "new" / "tokens.json"
    assert keeper.get("https://a.example") is None
    before = os.umask(0)
    try:
        keeper.put("https://a.example", "token-a")
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    keeper.put("https://b.example", "token-b")
    assert keeper.get("https://a.example") == "token-a"
    keeper.forget("https://a.example")
    assert json.loads(file.read_text()) == {"https://b.example": "token-b"}
    assert list(file.parent.iterdir()) == [file]
    file.chmod(0o644)
    with pytest.raises(Unsafe, match="Others may read"):
        keeper.get("https://b.example")


def test_no_token_goes_over_an_open_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--server", "http://example.com", "login"]) == 1
    assert "neither https" in capsys.readouterr().err


def test_a_program_is_let_in_by_a_browser(
    origin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with visitor(origin, tmp_path / "one") as browser, logging_in(origin) as (url, program):
        code = url.partition("=")[2]
        browser.get(url)
        wait_for_text(browser, "stranger-title", "Sign in first")
        browser.get(origin)
        sign_up(browser, "device@example.com")
        browser.get(url)
        wait_for_text(browser, "type-title", "Which code")
        press(browser, "#look-up button")
        wait_for_text(browser, "shown-code", code)
        wait_for_text(browser, "program", "notes-cli")
        wait_for_text(browser, "account", "device@example.com")
        press(browser, "#approve")
        wait_for_text(browser, "type-status", "It is in.")
        assert program.wait(30) == 0
        assert run(origin, "add", "Written in a terminal") == ""
        assert run(origin, "list") == "- Written in a terminal\n"
        browser.get(origin)
        wait_for_text(browser, "note-list", "Written in a terminal")
        assert run(origin, "logout") == "Signed out.\n"
        assert main(["--server", origin, "list"]) == 1
        browser.get(origin)
        wait_for_text(browser, "who", "device@example.com")


def test_a_code_that_is_none_and_one_that_is_turned_away(origin: str, tmp_path: Path) -> None:
    with visitor(origin, tmp_path / "two") as browser, logging_in(origin) as (url, program):
        sign_up(browser, "away@example.com")
        browser.get(f"{origin}/device?user_code=ABCD2345")
        wait_for_text(browser, "type-title", "Which code")
        press(browser, "#look-up button")
        wait_for_text(browser, "type-status", "There is no such code")
        browser.get(url)
        wait_for_text(browser, "type-title", "Which code")
        press(browser, "#look-up button")
        wait_for_text(browser, "program", "notes-cli")
        press(browser, "#deny")
        wait_for_text(browser, "type-status", "turned away")
        assert program.wait(30) == 1


@contextmanager
def logging_in(origin: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A program that waits to be let in, and the page that it names."""
    command = [sys.executable, "-m", "examples.notes_cli", "--server", origin, "login"]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE) as program:
        try:
            assert program.stdout is not None
            yield program.stdout.readline().split()[1], program
        finally:
            program.kill()


def run(origin: str, *arguments: str) -> str:
    """What a command prints."""
    said = io.StringIO()
    with redirect_stdout(said):
        assert main(["--server", origin, *arguments]) == 0
    return said.getvalue()
