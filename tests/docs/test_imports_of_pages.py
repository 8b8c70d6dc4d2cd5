"""What the documentation imports of watchword is what there is for applications and plugins."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import watchword.plugin
from docs.site.reference_pages import FOR_STORAGES, PUBLIC
from tests.architecture.syntax import all_modules
from tests.docs.blocks import PAGES, Block, blocks
from tests.support.services import ROOT

NAMED = re.compile(r"`(watchword(?:\.\w+)+)")
NAMED_ALL_THE_SAME = {
    *FOR_STORAGES,  # no example needs them
    "watchword.database",  # a logger
    "watchword.endpoint",  # an attribute of spans
}


def modules(block: Block) -> Iterator[str]:
    """The modules of watchword that a block imports, or imports from."""
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("block", [pytest.param(one, id=one.id) for one in blocks()])
def test_a_block_imports_only_what_is_public(block: Block) -> None:
    ours = [name for name in modules(block) if name.partition(".")[0] == "watchword"]
    assert [name for name in ours if not PUBLIC.fullmatch(name)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_text_names_only_modules_that_are_public(page: Path) -> None:
    known = all_modules()
    named = {module_of(name, known) for name in NAMED.findall(page.read_text())} - {""}
    assert {name for name in named if not PUBLIC.fullmatch(name)} <= NAMED_ALL_THE_SAME


def module_of(name: str, known: Mapping[str, Path]) -> str:
    """The module that a dotted name begins with; empty if that is the package alone.

    Loggers and attributes of traces have dotted names too, and no module.
    """
    parts = name.split(".")
    longest = (".".join(parts[:end]) for end in range(len(parts), 1, -1))
    return next((one for one in longest if one in known), "")


def test_modules_of_the_inside_are_told_from_public_ones() -> None:
    page = ROOT / "docs" / "x.md"
    inside = "from watchword.features.promises import bind\nimport watchword.call\n"
    assert [bool(PUBLIC.fullmatch(name)) for name in modules(Block(page, 1, inside))] == [False] * 2
    public = "import watchword\nfrom watchword.plugins.magic_link import MagicLinkMail\n"
    assert all(PUBLIC.fullmatch(name) for name in modules(Block(page, 1, public)))


def test_the_face_for_plugins_says_all_that_it_has() -> None:
    face = vars(watchword.plugin)
    named = {name for name in face if not name.startswith("_")} - {"annotations"}
    assert sorted(watchword.plugin.__all__) == sorted(named)


def test_what_both_faces_have_is_the_same() -> None:
    both = set(watchword.plugin.__all__) & set(watchword.__all__)
    assert {"Call", "Plugin", "Record"} <= both
    for name in both:
        assert getattr(watchword, name) is getattr(watchword.plugin, name), name
