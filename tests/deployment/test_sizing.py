"""The table of docs/deploying/sizing.md is that of the script that makes it."""

from __future__ import annotations

import re

from tests.benchmarks.sizing import COSTS, Measured, sign_in
from tests.support.services import ROOT
from watchword import Argon2Cost

PAGE = (ROOT / "docs" / "deploying" / "sizing.md").read_text()


def columns(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_the_page_has_a_row_for_each_cost() -> None:
    for name, cost in COSTS.items():
        first, *_, memory = columns(Measured(name, cost, 1).row())
        (row,) = re.findall(rf"^\| {re.escape(first)} .*$", PAGE, re.MULTILINE)
        assert columns(row)[-1] == memory


def test_the_default_is_the_one_that_the_page_calls_so() -> None:
    assert COSTS["default"] == Argon2Cost()


def test_a_sign_in_is_measured() -> None:
    cheap = sign_in("cheap", Argon2Cost(memory=64, passes=1), rounds=1)
    assert 0 < cheap.seconds < 60
    assert len(columns(cheap.row())) == 4
