"""What a page is: one class, one template, and what has to be installed for it."""

from __future__ import annotations

from typing import ClassVar, Literal

from watchword.http.response import Response

from .installed import Installed
from .visit import Visit

Requirement = Literal["nothing", "session"]


class Page:
    """Base of all pages. One object serves all requests: it keeps nothing."""

    path: ClassVar[str]
    """Below the prefix: `sign-in`, or two parts, `account/sessions`."""
    template: ClassVar[str]
    """Of the folder `templates`. An application may put its own in its place."""
    requires: ClassVar[Requirement] = "nothing"
    """`session`: whoever is not signed in goes to the sign-in page first, and comes back."""
    keeps: ClassVar[tuple[str, ...]] = ()
    """The parameters that say what the page is about; they come back, too."""

    def is_offered(self, installed: Installed) -> bool:
        """Whether there is such a page on this server. Where there is none the answer is 404, and
        no link leads there."""
        return True

    def script(self, installed: Installed) -> str:
        """What runs on it beside what runs everywhere, of the folder `scripts`; empty: nothing."""
        return ""

    async def show(self, visit: Visit) -> Response:
        """Answer a GET."""
        return await visit.show()

    async def submit(self, visit: Visit) -> Response:
        """Answer a form of the page; without one, show it."""
        return await self.show(visit)
