"""Where one begins."""

from __future__ import annotations

from watchword.http.response import Response

from .page import Page
from .visit import Visit


class Home(Page):
    """The prefix itself."""

    path = ""
    template = "missing.html"

    async def show(self, visit: Visit) -> Response:
        if await visit.session() is None:
            return visit.go("sign-in")
        return visit.go("account") if visit.offers("account") else await visit.leave()
