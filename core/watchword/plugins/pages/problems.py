"""Where redirects end that failed: `?error=CODE`. Nothing of what a URL says is shown."""

from __future__ import annotations

from watchword.http.response import Response

from .page import Page
from .visit import Visit


class Problem(Page):
    """What went wrong, by its code."""

    path = "error"
    template = "problem.html"

    async def show(self, visit: Visit) -> Response:
        return await visit.show(errors={"": visit.words.of_code(visit.query("error"))})
