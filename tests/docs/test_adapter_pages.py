"""Each adapter has a page, and pages name what their module has."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from tests.support.services import ROOT

INDEX = ROOT / "docs" / "adapters.md"
PAGES = sorted((ROOT / "docs" / "adapters").glob("*.md"))
ROW = re.compile(r"^\| (`.+?) \|", re.MULTILINE)
NAME = re.compile(r"`(?:await )?([A-Za-z_]+)(?=[`(])")
DEPENDENCIES = {"user", "session", "optional_user", "optional_session"}
"""Of Litestar: names of parameters."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_names_what_its_module_has(page: Path) -> None:
    module = importlib.import_module(f"watchword.adapters.{page.stem}")
    named = [name for row in ROW.findall(page.read_text()) for name in NAME.findall(row)]
    assert len(named) > 5
    assert [one for one in named if not hasattr(module, one) and one not in DEPENDENCIES] == []


def test_every_page_is_in_the_index() -> None:
    index = INDEX.read_text()
    for page in PAGES:
        assert f"](adapters/{page.name}) | `watchword.adapters.{page.stem}` |" in index


def test_every_public_adapter_has_a_page() -> None:
    homes = re.findall(r"`watchword\.adapters\.(\w+)` \|$", INDEX.read_text(), re.MULTILINE)
    assert {page.stem for page in PAGES} <= set(homes)
