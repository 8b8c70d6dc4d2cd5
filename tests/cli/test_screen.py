"""What is printed may have come from anybody: a terminal must not obey it."""

from __future__ import annotations

import pytest
from rich.console import Console
from rich.prompt import Confirm

from watchword.cli import screen
from watchword.cli.screen import note, say


@pytest.mark.parametrize("control", ["\x1b]0;owned\x07", "\x9b2J", "\r", "\x08", "\x7f", "\0"])
def test_control_characters_are_shown_and_not_obeyed(
    capsys: pytest.CaptureFixture[str], control: str
) -> None:
    say(f"a{control}b\tc\nd")
    note(f"a{control}b")
    printed = capsys.readouterr()
    for text in (printed.out, printed.err):
        assert control[0] not in text
        assert f"\\x{ord(control[0]):02x}" in text
    assert printed.out.endswith("b\tc\nd\n")


def test_names_in_questions_are_shown_and_not_obeyed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def show(question: str, *, default: bool, console: Console) -> bool:
        console.print(question)
        return default

    monkeypatch.setattr(screen, "is_terminal", lambda: True)
    monkeypatch.setattr(Confirm, "ask", show)
    assert screen.confirm("Delete [/bold]a\x1b[2J?", yes=False) is False
    assert capsys.readouterr().err == "Delete [/bold]a\\x1b[2J?\n"
