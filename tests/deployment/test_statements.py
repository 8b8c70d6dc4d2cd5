"""The figures of docs/scaling.md: what a request asks of the databases is no more than it says."""

from __future__ import annotations

import re

from tests.deployment.statements import cached, limits, table
from tests.support.services import ROOT

PAGE = ROOT / "docs" / "scaling.md"
HOW = "docs/scaling.md says less: print its rows with python -m tests.deployment.statements"


def rows(lines: list[str]) -> dict[str, list[int]]:
    """The numbers of the rows of a table, by what they are about."""
    found: dict[str, list[int]] = {}
    for line in lines:
        name, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        if all(re.match(r"[0-9]+ \+ [0-9]+", cell) for cell in cells):
            found[name] = [int(number) for cell in cells for number in re.findall("[0-9]+", cell)]
    return found


def test_requests_ask_no_more_than_the_page_says() -> None:
    printed = rows(PAGE.read_text().splitlines())
    measured = rows([*table(), *limits()])
    assert measured.keys() <= printed.keys()
    for name, numbers in measured.items():
        assert len(numbers) == len(printed[name]), HOW
        assert all(n <= said for n, said in zip(numbers, printed[name], strict=True)), (name, HOW)


def test_a_session_check_is_one_query_and_with_the_cookie_cache_none() -> None:
    printed = rows(PAGE.read_text().splitlines())
    assert printed["a session check"][:2] == [1, 0]
    assert cached() == ("0 + 0", "1 + 0")
