"""A file of hash parameters: `name: value` lines as Firebase's console shows them, or JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import cast

from .imported import ImportFailure

_LINE = re.compile(
    r"""\s*"?(?P<name>[A-Za-z_][A-Za-z0-9_]*)"?\s*[:=]\s*(?P<value>[^\s{].*?)\s*,?\s*"""
)
_QUOTES = "\"'"


def read_parameters(file: Path) -> dict[str, str]:
    """The parameters by name in small letters. Raises `ImportFailure`, which shows no value."""
    try:
        written = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        problem = f"{file} cannot be read ({type(error).__name__})"
        raise ImportFailure(problem, "Name another with --hash-parameters") from None
    try:
        parsed: object = json.loads(written)
    except ValueError:
        return _lines(written)
    if not isinstance(parsed, dict):
        raise ImportFailure(f"{file} holds no JSON object")
    whole = cast("dict[str, object]", parsed)
    inner = whole.get("hash_config")
    named = cast("dict[str, object]", inner) if isinstance(inner, dict) else whole
    return {name.lower(): str(value) for name, value in named.items()}


def _lines(written: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in written.splitlines():
        match = _LINE.fullmatch(line)
        if match is not None:
            value = match["value"]
            if len(value) > 1 and value[0] in _QUOTES and value[-1] == value[0]:
                value = value[1:-1]
            found[match["name"].lower()] = value
    return found
