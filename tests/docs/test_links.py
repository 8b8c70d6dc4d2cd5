"""Links from one page of the documentation to another lead somewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.site import markdown
from tests.support.services import ROOT

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md"]
PAGES += sorted((ROOT / "docs").rglob("*.md"))


def links(page: Path) -> Iterator[tuple[str, str]]:
    """The files and headings that a page links, as it writes them."""
    for link in markdown.links(page.read_text()):
        if not link.startswith(("http:", "https:", "mailto:")):
            target, _, anchor = link.partition("#")
            yield target, anchor


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target, anchor in links(page):
        there = (page.parent / target).resolve() if target else page
        assert there.exists(), target
        assert not anchor or anchor in markdown.anchors(there.read_text()), f"{target}#{anchor}"


def test_every_page_is_linked_from_another() -> None:
    linked = {
        (page.parent / target).resolve() for page in PAGES for target, _ in links(page) if target
    }
    assert [page for page in sorted((ROOT / "docs").rglob("*.md")) if page not in linked] == []
