"""What tables of written pages say of one option: a plugin's own, and those of `Auth`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from .tree import Pages

PLUGINS = PurePosixPath("plugins")
_PLUGIN_TABLE = re.compile(r"^\| option \| default \| meaning \|\n(?:\|.*\n)+", re.MULTILINE)
_AUTH_TABLE = re.compile(r"^\| parameter of `Auth` .*\n(?:\|.*\n)+", re.MULTILINE)
_REFERENCE_ROW = re.compile(r"^\| (`.+`[^|]*) \| ([^|]+) \|$", re.MULTILINE)
_NAMES = re.compile(r"`(\w+)`")


def page_of_plugin(name: str) -> PurePosixPath:
    """`EmailOTP` is told in `plugins/email-otp.md`."""
    words = re.findall(r"OAuth|I18n|[A-Z]+(?![a-z])|[A-Z][a-z]+", name)
    return PLUGINS / f"{'-'.join(words).lower()}.md"


def plugin_rows(text: str) -> Iterator[tuple[str, str]]:
    """Name and meaning of each option in the options tables of a plugin's page."""
    for table in _PLUGIN_TABLE.findall(text):
        for row in table.splitlines()[2:]:
            name, _, meaning = _cells(row)
            yield name.strip("`"), meaning


def auth_rows(pages: Pages) -> Iterator[tuple[str, str]]:
    """Name and meaning of each parameter of `Auth`."""
    for table in _AUTH_TABLE.findall(pages[PurePosixPath("configuration.md")]):
        for row in table.splitlines()[2:]:
            names, meaning = _cells(row)
            yield from ((name, meaning) for name in _NAMES.findall(names))


def names_in_the_reference(pages: Pages) -> dict[str, str]:
    """How Better Auth calls what is `Class.field` here."""
    found: dict[str, str] = {}
    for there, here in _REFERENCE_ROW.findall(pages[PurePosixPath("options.md")]):
        ours = re.findall(r"`(\w+\.\w+)`", here)
        theirs = _full_names(there)
        alike = len(ours) == len(theirs)
        for number, name in enumerate(ours):
            found[name] = theirs[number] if alike else there
    return found


def _full_names(cell: str) -> list[str]:
    """`a.b.c`, `.d` are `a.b.c` and `a.b.d`."""
    full: list[str] = []
    for name in re.findall(r"`([\w.<>]+)`", cell):
        home = full[0].rpartition(".")[0] if full else ""
        full.append(f"{home}{name}" if name.startswith(".") else name)
    return [f"`{name}`" for name in full]


def _cells(row: str) -> list[str]:
    return [one.replace("\\|", "|").strip() for one in re.split(r"(?<!\\)\|", row)[1:-1]]
