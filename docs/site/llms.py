"""llms.txt: what there is to read, for programs that read; llms-full.txt: all of it in one file."""

from __future__ import annotations

from pathlib import PurePosixPath

from . import markdown
from .navigation import listed, navigation
from .tree import Pages

BELOW = """Every page is Markdown beside its HTML; [llms-full.txt](llms-full.txt) has all of them.
"""


def short(pages: Pages) -> str:
    """The list of the pages of the navigation, with a sentence of each."""
    name, about, *_ = pages[PurePosixPath("index.md")].split("\n\n")
    parts = [f"{name}\n\n> {' '.join(about.split())}\n\n{BELOW}"]
    for part in navigation(pages):
        for name, items in part.items():
            parts.append(f"\n## {name}\n\n")
            for one in items:
                for title, place in one.items():
                    about = markdown.opening(pages[PurePosixPath(place)])
                    parts.append(f"- [{title}]({place}){f': {about}' if about else ''}\n")
    return "".join(parts)


def full(pages: Pages) -> str:
    """All pages of the navigation one after the other."""
    parts = (f"<!-- {place} -->\n\n{pages[place].strip()}\n" for place in listed(pages))
    return "\n\n".join(parts)
