"""Links by mail that sign in, and the page that says to look into the mailbox."""

from __future__ import annotations

from watchword.http.response import Response

from .installed import Installed
from .page import Page
from .visit import Visit

_SHOWN: dict[str, object] = {"group": "magic_link", "field": "email", "known": ""}
_ABOUT = ("magic_link", "reset", "verification")


class MagicLink(Page):
    """Ask for a link."""

    path = "magic-link"
    template = "ask-address.html"

    def is_offered(self, installed: Installed) -> bool:
        return installed.plugin("magic-link") is not None

    async def show(self, visit: Visit) -> Response:
        return await visit.show(_SHOWN)

    async def submit(self, visit: Visit) -> Response:
        back = visit.target("continue")
        done = await visit.submit(
            "sign_in_magic_link",
            {
                "email": visit.form.get("email", "").strip(),
                "callbackURL": back,
                "newUserCallbackURL": back,
                "errorCallbackURL": visit.target("sign-in"),
            },
        )
        if not done.ok:
            return await visit.refuse(done, _SHOWN)
        return visit.go("mail-sent", about="magic_link")


class MailSent(Page):
    """A mail is on its way."""

    path = "mail-sent"
    template = "mail-sent.html"

    async def show(self, visit: Visit) -> Response:
        about = visit.query("about")
        return await visit.show({"about": about if about in _ABOUT else "other"})
