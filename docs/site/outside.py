"""Asks every address that the documentation links: `python -m docs.site.outside`.

`make docs-links` does. No test does: sites of others come and go.
"""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from . import markdown
from .tree import Pages, written

TIMEOUT = 20.0
PARALLEL = 8
_HEADERS = {"User-Agent": "Mozilla/5.0 (documentation link check)", "Accept": "text/html,*/*"}
_ASKS_WHO = {401, 403, 405, 429}
"""Answers of a page that is there, and wants a browser or a person."""
_EXAMPLES = ("example.com", "example.org", "example.net", "localhost", "127.0.0.1")


def addresses(pages: Pages) -> dict[str, list[PurePosixPath]]:
    """Where each address is linked; those of examples are nobody's."""
    found: dict[str, list[PurePosixPath]] = defaultdict(list)
    for place, text in pages.items():
        for link in markdown.links(text):
            host = urlsplit(link).hostname or ""
            if link.startswith(("http://", "https://")) and not host.endswith(_EXAMPLES):
                found[link.partition("#")[0]].append(place)
    return dict(found)


def wrong(address: str) -> str:
    """What is wrong with an address; empty if somebody answers there."""
    asked = urllib.request.Request(address, headers=_HEADERS)
    try:
        with urllib.request.urlopen(asked, timeout=TIMEOUT):
            return ""
    except urllib.error.HTTPError as refusal:
        return "" if refusal.code in _ASKS_WHO else f"answers {refusal.code}"
    except (OSError, ValueError) as failure:
        return str(failure)


def main(every: Iterable[tuple[str, list[PurePosixPath]]]) -> int:
    """1 if an address does not answer."""
    known = dict(every)
    with ThreadPoolExecutor(PARALLEL) as pool:
        told = list(zip(known, pool.map(wrong, known), strict=True))
    bad = [(address, problem) for address, problem in told if problem]
    for address, problem in bad:
        places = ", ".join(map(str, known[address]))
        sys.stdout.write(f"{address}: {problem} (in {places})\n")
    sys.stdout.write(f"{len(known)} addresses, {len(bad)} of them do not answer\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(addresses(written()).items()))
