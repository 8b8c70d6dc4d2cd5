"""The Python blocks of the README and the documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.services import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_BLOCK = re.compile(r'^```python( title="[^"]*")?\n(.*?)^```', re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"# (\w+)\.py\n")


@dataclass(frozen=True)
class Block:
    """One block, by page and number."""

    page: Path
    number: int
    text: str
    of_a_tutorial: bool = False
    """A file among others, which `test_tutorials.py` serves together."""

    @property
    def id(self) -> str:
        return f"{self.page.relative_to(ROOT)}-{self.number}"

    @property
    def module(self) -> str | None:
        """The module that it is, if it begins with the name of its file: later blocks of the page
        import it."""
        named = _FILE.match(self.text)
        return None if named is None else named[1]


def blocks(*pages: Path) -> Iterator[Block]:
    """All blocks, of some pages or of all of them."""
    for page in pages or PAGES:
        for number, (titled, text) in enumerate(_BLOCK.findall(page.read_text()), 1):
            yield Block(page, number, text, bool(titled))
