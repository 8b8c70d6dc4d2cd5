"""Variables from a file like `.env`, for commands that load the application.

Variables that are set already win. Values are read as shells do for simple assignments:
`KEY=value`, quotes, `export` and comments; nothing is expanded.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from .failures import CommandError
from .screen import note

DEFAULT = ".env"

_LINE = re.compile(
    r"""\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*
    (?:'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)"
    |(?P<bare>[^'"\s\#]\S*(?:[ \t]+[^\s\#]\S*)*)?)
    \s*(?:(?<=\s)\#.*)?""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def read_environment(file: Path) -> None:
    """Set the variables of a file that are not set yet, and say which. Raises `CommandError`."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        problem = f"{file} cannot be read ({type(error).__name__})"
        raise CommandError(problem, "Name another with --env-file") from None
    found = parsed(text, file)
    new = {name: value for name, value in found.items() if name not in os.environ}
    os.environ.update(new)
    if new:
        note(f"From {file}: {', '.join(new)}")


def parsed(text: str, file: Path) -> dict[str, str]:
    """The variables of a text by name. Raises `CommandError` with the number of a wrong line."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None or "\0" in line:
            raise CommandError(f"line {number} of {file} is not KEY=value", "Mend it")
        found[match["name"]] = _value(match)
    return found


def _value(match: re.Match[str]) -> str:
    if match["double"] is not None:
        return re.sub(r"\\(.)", lambda one: _ESCAPES.get(one[1], one[1]), match["double"])
    return match["single"] or (match["bare"] or "").strip()
