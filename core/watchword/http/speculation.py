"""Requests that a browser makes on a guess, before anybody asked for the page."""

from __future__ import annotations

from .request import Request

_PURPOSES = ("sec-purpose", "purpose", "x-purpose", "x-moz")
"""Fetch standard, section 3.2.6; what Chromium and Safari sent before it; Firefox."""
_GUESSES = ("prefetch", "prerender", "preview", "instant")
_LONGEST = 100
"""Characters of a purpose that are looked at."""


def is_speculative(request: Request) -> bool:
    """Whether a request fetches ahead of a person's wish: it says so, or wants no content."""
    if request.method == "HEAD":
        return True
    for name in _PURPOSES:
        purpose = (request.headers.get(name) or "")[:_LONGEST].lower()
        if any(guess in purpose for guess in _GUESSES):
            return True
    return False
