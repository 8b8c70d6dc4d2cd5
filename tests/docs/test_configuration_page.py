"""The pages on configuration and logs name all that there is, and nothing else."""

from __future__ import annotations

import inspect
import re

from tests.architecture.syntax import all_modules
from tests.support.services import ROOT
from watchword import Auth


def test_every_parameter_of_auth_is_in_the_table_and_no_other() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
    (table,) = re.findall(r"^\| parameter of `Auth` .*\n(?:\|.*\n)+", page, re.MULTILINE)
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", table, re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"\w+", row)]
    parameters = set(inspect.signature(Auth.__init__).parameters) - {"self"}
    assert sorted(named) == sorted(parameters)


def test_every_logger_is_in_the_table_and_no_other() -> None:
    page = (ROOT / "docs" / "observability.md").read_text()
    (table,) = re.findall(r"^\| logger \|.*\n(?:\|.*\n)+", page, re.MULTILINE)
    rows = re.findall(r"^\| ([^|]*) \|", table, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(watchword[\w.]*)`", row)}
    made = {
        name
        for path in all_modules().values()
        for name in re.findall(r'getLogger\("([\w.]+)"\)', path.read_text())
    }
    assert named == made
