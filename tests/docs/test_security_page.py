"""docs/security.md answers every line of the chapters that it names, and names real options."""

from __future__ import annotations

import inspect
import re
from collections import Counter

import watchword
from tests.support.services import ROOT
from watchword import plugins

PAGE = (ROOT / "docs" / "security.md").read_text()
LINES = re.findall(
    r"\S+",
    """
    3.2.1 3.2.2 3.3.1 3.3.2 3.3.3 3.3.4 3.4.1 3.4.2 3.4.3 3.4.4 3.4.5 3.4.6 3.5.1 3.5.2
    3.5.3 3.5.4 3.5.5 3.7.1 3.7.2
    6.1.1 6.1.2 6.1.3 6.2.1 6.2.2 6.2.3 6.2.4 6.2.5 6.2.6 6.2.7 6.2.8 6.2.9 6.2.10 6.2.11
    6.2.12 6.3.1 6.3.2 6.3.3 6.3.4 6.4.1 6.4.2 6.4.3 6.4.4 6.5.1 6.5.2 6.5.3 6.5.4 6.5.5
    6.6.1 6.6.2 6.6.3 6.8.1 6.8.2 6.8.3 6.8.4
    7.1.1 7.1.2 7.1.3 7.2.1 7.2.2 7.2.3 7.2.4 7.3.1 7.3.2 7.4.1 7.4.2 7.4.3 7.4.4 7.4.5
    7.5.1 7.5.2 7.6.1 7.6.2
    8.1.1 8.1.2 8.2.1 8.2.2 8.2.3 8.3.1 8.4.1
    9.1.1 9.1.2 9.1.3 9.2.1 9.2.2 9.2.3 9.2.4
    11.1.1 11.1.2 11.2.1 11.2.2 11.2.3 11.3.1 11.3.2 11.3.3 11.4.1 11.4.2 11.4.3 11.4.4
    11.5.1 11.6.1
    13.1.1 13.2.1 13.2.2 13.2.3 13.2.4 13.2.5 13.3.1 13.3.2 13.4.1 13.4.2 13.4.3 13.4.4
    13.4.5
    14.1.1 14.1.2 14.2.1 14.2.2 14.2.3 14.2.4 14.3.1 14.3.2 14.3.3
    16.1.1 16.2.1 16.2.2 16.2.3 16.2.4 16.2.5 16.3.1 16.3.2 16.3.3 16.3.4 16.4.1 16.4.2
    16.4.3 16.5.1 16.5.2 16.5.3
    """,
)
"""Levels 1 and 2 of ASVS 5.0.0, chapters 3, 6, 7, 8, 9, 11, 13, 14 and 16."""
ANSWERS = {"default", "option", "yours", "no", "—"}


def rows() -> list[tuple[list[str], str]]:
    """The lines of ASVS that a row of the tables is about, and what it says of them."""
    found: list[tuple[list[str], str]] = []
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not re.match(r"[0-9]+\.[0-9]+\.[0-9]+(, | to |$)", cells[0]) or len(cells) != 3:
            continue
        if " to " in cells[0]:
            first, last = cells[0].split(" to ")
            head, start = first.rsplit(".", 1)
            numbers = range(int(start), int(last.rsplit(".", 1)[1]) + 1)
            found.append(([f"{head}.{number}" for number in numbers], cells[1]))
        else:
            found.append((cells[0].split(", "), cells[1]))
    return found


def test_every_line_is_answered_once() -> None:
    counted = Counter(line for lines, _ in rows() for line in lines)
    assert counted == Counter(LINES)
    assert {answer for _, answer in rows()} <= ANSWERS


def test_every_option_that_is_named_exists() -> None:
    named = re.findall(r"`(\w+)\((\w+)=", PAGE)
    assert named
    for kind, option in named:
        home = watchword if hasattr(watchword, kind) else plugins
        assert option in inspect.signature(getattr(home, kind)).parameters, f"{kind}({option}=)"
