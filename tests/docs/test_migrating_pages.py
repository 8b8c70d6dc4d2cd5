"""Each system that the import reads has a page with its command, and commands are what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.services import ROOT
from watchword.importing.sources import SOURCES

INDEX = ROOT / "docs" / "migrating.md"
PAGES = sorted((ROOT / "docs" / "migrating").glob("*.md"))
OPTIONS = (ROOT / "docs" / "importing.md").read_text()
COMMAND = re.compile(r"(?<!from )watchword import (\S+)([^\n#`|]*)")


def page_of(source: str) -> Path:
    """Files of several kinds have one page."""
    plain = source in {"csv", "json", "ndjson"}
    return ROOT / "docs" / "migrating" / ("files.md" if plain else f"{source}.md")


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_has_a_page_with_its_command(source: str) -> None:
    commands = COMMAND.findall(page_of(source).read_text())
    assert source in {name for name, _ in commands}
    assert f"](migrating/{page_of(source).name})" in INDEX.read_text()


@pytest.mark.parametrize("page", [INDEX, *PAGES], ids=lambda page: page.stem)
def test_commands_name_sources_and_options_that_there_are(page: Path) -> None:
    for source, rest in COMMAND.findall(page.read_text()):
        assert source in SOURCES
        assert [option for option in re.findall(r"--[\w-]+", rest) if option not in OPTIONS] == []


def test_every_page_is_of_a_source_or_of_better_auth() -> None:
    assert {page.name for page in PAGES} == {
        "better-auth.md",
        *(page_of(source).name for source in SOURCES),
    }
