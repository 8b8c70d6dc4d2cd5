"""Every plugin has a page, its options table names its options, and the README links it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from docs.site.tables import page_of_plugin, plugin_rows
from tests.support.services import ROOT
from watchword import Plugin, plugins

PAGES = ROOT / "docs" / "plugins"
NOT_OF_A_PLUGIN = {"writing-one.md", "organization-teams.md", "pages-account.md"}


def page_of(name: str) -> Path:
    return ROOT / "docs" / page_of_plugin(name)


def options_on(page: Path) -> list[str]:
    return [name for name, _ in plugin_rows(page.read_text())]


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
