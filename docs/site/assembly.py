"""All pages of the site: what was written, what was generated, and the links between them."""

from __future__ import annotations

from pathlib import PurePosixPath

from . import markdown
from .endpoints_pages import endpoints_pages, operations
from .errors_pages import FOLDER as ERRORS
from .errors_pages import errors_pages
from .options_pages import FOLDER as OPTIONS
from .options_pages import options_pages
from .reference_pages import reference_pages
from .tree import Pages, between, written


def pages() -> Pages:
    """All of them. An error code or a `Class.field` in the text leads to its page."""
    own = written()
    known = operations()
    every = {
        **own,
        **options_pages(own),
        **errors_pages(known),
        **endpoints_pages(known),
        **reference_pages(own),
    }
    named = {place.stem: place for place in every if place.parent in {ERRORS, OPTIONS}}
    return {
        place: markdown.pipes_in_code(_linked(place, text, named)) for place, text in every.items()
    }


def _linked(place: PurePosixPath, text: str, named: dict[str, PurePosixPath]) -> str:
    def target(span: str) -> str | None:
        there = named.get(span)
        whole = there is not None and (there.parent == ERRORS or "." in span)
        return between(place, there) if there and whole and there != place else None

    return markdown.spans_linked(text, target)


def broken_links(every: Pages, files: set[PurePosixPath]) -> list[str]:
    """The links that lead to no page, no heading and no picture, by page."""
    headings = {place: markdown.anchors(text) for place, text in every.items()}
    found: list[str] = []
    for place, text in every.items():
        for link in markdown.links(text):
            path, _, anchor = link.partition("#")
            if "://" in link or link.startswith("mailto:"):
                continue
            there = _normal(place.parent / path) if path else place
            known = there in every or there in files
            if not known or (anchor and anchor not in headings.get(there, set())):
                found.append(f"{place}: {link}")
    return found


def _normal(path: PurePosixPath) -> PurePosixPath:
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        else:
            parts.append(part)
    return PurePosixPath(*parts)
