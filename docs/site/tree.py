"""The tree of pages: what was written in the repository, at the places that it has on the site."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from . import markdown

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
Pages: TypeAlias = dict[PurePosixPath, str]
"""Markdown by its place on the site."""

MOVED = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "vulnerabilities.md",
}
"""Pages at the top of the repository, and their places."""
_PICTURES = {".gif", ".jpeg", ".jpg", ".png", ".svg", ".webp"}


def place(file: Path) -> PurePosixPath:
    """Where a file of the repository is on the site."""
    inside = file.relative_to(ROOT).as_posix()
    return PurePosixPath(MOVED.get(inside) or file.relative_to(DOCS).as_posix())


def written() -> Pages:
    """All pages that people wrote. Links to what the site does not have are plain text."""
    files = [*(ROOT / name for name in MOVED), *sorted(DOCS.rglob("*.md"))]
    return {place(file): _as_on_the_site(file) for file in files}


def pictures() -> Iterator[Path]:
    """The files that pages show."""
    return (file for file in sorted(DOCS.rglob("*")) if file.suffix in _PICTURES)


def _as_on_the_site(file: Path) -> str:
    def target(link: str) -> str | None:
        path, mark, anchor = link.partition("#")
        if "://" in link or link.startswith("mailto:") or not path:
            return link
        there = (file.parent / path).resolve()
        on_the_site = there.is_relative_to(DOCS) or (there.name in MOVED and there.parent == ROOT)
        if not on_the_site or there.suffix not in {".md", *_PICTURES}:
            return None
        return f"{between(place(file), place(there))}{mark}{anchor}"

    return markdown.lists_indented(markdown.relinked(file.read_text(), target))


def between(page: PurePosixPath, other: PurePosixPath) -> str:
    """The link from one page to another."""
    return posixpath.relpath(other, page.parent)


def moved(text: str, page: PurePosixPath, to: PurePosixPath) -> str:
    """A piece of one page as it stands on another: its links lead where they led."""

    def target(link: str) -> str:
        path, mark, anchor = link.partition("#")
        if "://" in link or link.startswith("mailto:"):
            return link
        there = PurePosixPath(posixpath.normpath(page.parent / path)) if path else page
        return f"{between(to, there)}{mark}{anchor}"

    return markdown.relinked(text, target)
