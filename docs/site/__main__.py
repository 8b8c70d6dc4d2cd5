"""Builds the site: `python -m docs.site`. It takes no network, and the site loads nothing from one.

`python -m docs.site --pages` stops before the HTML.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from . import llms
from .assembly import broken_links, pages
from .configuration import configuration
from .tree import DOCS, ROOT, Pages, pictures, place

BUILD = ROOT / "build"
SOURCE = BUILD / "pages"
SITE = BUILD / "site"
_LOADED = re.compile(
    r"<(?:script|img|iframe)\b[^>]*\bsrc=\"?https?:[^>]*>"
    r"|<link\b(?=[^>]*rel=\"?(?:stylesheet|preconnect|preload|icon))[^>]*href=\"?https?:[^>]*>"
)
"""What a browser would fetch from elsewhere by itself."""


def main() -> int:
    """1 for a broken link, a warning of the builder, or something that is loaded from outside."""
    begun = time.monotonic()
    every = pages()
    broken = broken_links(every, {place(file) for file in pictures()})
    for link in broken:
        _say(f"leads nowhere: {link}")
    if broken:
        return 1
    write(every, SOURCE)
    _say(f"{len(every)} pages in {SOURCE.relative_to(ROOT)}")
    if "--pages" in sys.argv[1:]:
        return 0
    shutil.rmtree(SITE, ignore_errors=True)
    file = BUILD / "zensical.toml"
    file.write_text(configuration(every))
    built = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "-f", str(file)],
        check=False,
    )
    if built.returncode:
        return 1
    publish_sources(every)
    loaded = sorted(set(foreign(SITE)))
    for one in loaded:
        _say(f"loaded from elsewhere: {one}")
    _say(f"{SITE.relative_to(ROOT)}: {time.monotonic() - begun:.0f} s")
    return 1 if loaded else 0


def write(every: Pages, folder: Path) -> None:
    """The Markdown of all pages, and the pictures."""
    shutil.rmtree(folder, ignore_errors=True)
    for where, text in every.items():
        file = folder / where
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    shutil.copyfile(Path(__file__).with_name("style.css"), folder / "style.css")
    for picture in pictures():
        there = folder / picture.relative_to(DOCS)
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture, there)


def publish_sources(every: Pages) -> None:
    """The Markdown beside the HTML, and the lists of it for programs that read."""
    for where, text in every.items():
        file = SITE / where
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (SITE / "llms.txt").write_text(llms.short(every))
    (SITE / "llms-full.txt").write_text(llms.full(every))


def foreign(site: Path) -> list[str]:
    """What pages of the site load from other hosts."""
    return [found for page in site.rglob("*.html") for found in _LOADED.findall(page.read_text())]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
