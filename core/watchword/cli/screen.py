"""Talking to whoever runs a command: results on stdout, everything else on stderr."""

from __future__ import annotations

import getpass
import sys
import warnings
from collections.abc import Iterable, Sequence
from contextlib import suppress

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.prompt import Confirm, Prompt

from .failures import CommandError, scrubbed

_ORDERS = {
    number: f"\\x{number:02x}"
    for number in (*range(0x20), *range(0x7F, 0xA0))
    if chr(number) not in "\t\n"
}
"""Control characters, which a terminal obeys; what is printed may have come from anybody."""


def say(text: str = "") -> None:
    """A line of the result."""
    print(text.translate(_ORDERS))


def note(text: str) -> None:
    """A line beside the result."""
    print(scrubbed(text).translate(_ORDERS), file=sys.stderr)


def complain(text: str) -> None:
    """The line that a failed command ends with."""
    note(f"watchword: {text}")


def is_terminal() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin.isatty()


def confirm(question: str, *, yes: bool) -> bool:
    """Ask; no is the default. Raises `CommandError` when nobody is there, unless `yes`."""
    if yes:
        return True
    _require_terminal("Answer with --yes")
    with suppress(EOFError):
        shown = escape(question.translate(_ORDERS))
        return Confirm.ask(shown, default=False, console=Console(stderr=True))
    return False


def ask(question: str, default: str | None = None, choices: Sequence[str] | None = None) -> str:
    """A text. Raises `CommandError` when nobody is there."""
    _require_terminal("Give all options")
    console = Console(stderr=True)
    given = list(choices) if choices else None
    with suppress(EOFError):
        if default is not None:
            return Prompt.ask(question, default=default, choices=given, console=console)
        return Prompt.ask(question, choices=given, console=console)
    raise CommandError("no answer was given")


def ask_hidden(question: str) -> str:
    """A text that is not shown while it is typed."""
    _require_terminal("Use --password-stdin")
    with warnings.catch_warnings():
        # It would go on, and show what is typed.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(f"{question}: ", stream=sys.stderr)
        except EOFError:
            raise CommandError("no answer was given") from None
        except getpass.GetPassWarning:
            problem = "this terminal cannot hide what is typed"
            raise CommandError(problem, "Use --password-stdin") from None


def progress() -> Progress:
    """A progress bar on stderr; nothing is drawn unless that is a terminal."""
    console = Console(stderr=True)
    console.quiet = not console.is_terminal
    return Progress(console=console, transient=True)


def bullets(lines: Iterable[str]) -> None:
    """Lines of a list."""
    for line in lines:
        say(f"  - {line}")


def _require_terminal(remedy: str) -> None:
    if not is_terminal():
        raise CommandError("there is no terminal to ask on", remedy)
