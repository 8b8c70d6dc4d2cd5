"""Every plugin has a page, its options table names its options, and the README links it."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from tests.support.services import ROOT
from watchword import Plugin, plugins

PAGES = ROOT / "docs" / "plugins"
NOT_OF_A_PLUGIN = {"writing-one.md"}
OPTION_ROW = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)
OPTIONS_TABLE = re.compile(r"^\| option \| default \| meaning \|\n(?:\|.*\n)+", re.MULTILINE)


def page_of(name: str) -> Path:
    """`EmailOTP` is told in `email-otp.md`."""
    words = re.findall(r"OAuth|[A-Z]+(?![a-z])|[A-Z][a-z]+", name)
    return PAGES / f"{'-'.join(words).lower()}.md"


def options_on(page: Path) -> list[str]:
    tables = "".join(OPTIONS_TABLE.findall(page.read_text()))
    return OPTION_ROW.findall(tables)


@pytest.mark.parametrize("name", plugins.__all__)
def test_the_options_table_names_every_option_once_and_no_other(name: str) -> None:
    plugin: type[Plugin] = getattr(plugins, name)
    options = {field.name for field in dataclasses.fields(plugin) if field.init}
    named = options_on(page_of(name))
    assert sorted(named) == sorted(options)


@pytest.mark.parametrize("name", plugins.__all__)
def test_the_readme_links_the_page_of_every_plugin(name: str) -> None:
    link = f"]({page_of(name).relative_to(ROOT).as_posix()})"
    assert link in (ROOT / "README.md").read_text()


def test_every_page_is_of_a_plugin_that_there_is() -> None:
    there = {page.name for page in PAGES.glob("*.md")} - NOT_OF_A_PLUGIN
    assert there == {page_of(name).name for name in plugins.__all__}
