"""Proving that an e-mail address is one's own: asking for the mail, and what its link did."""

from __future__ import annotations

from watchword.http.response import Response

from .asked import Asked, asked_of, note_asked
from .codes import send_code
from .installed import Installed
from .page import Page
from .visit import Visit


class VerifyEmail(Page):
    """Have the mail sent."""

    path = "verify-email"
    template = "ask-address.html"

    def is_offered(self, installed: Installed) -> bool:
        return installed.verifies

    async def show(self, visit: Visit) -> Response:
        found, asked = await visit.session(), asked_of(visit.call)
        known = "" if found is None else found.user.email
        if not known and asked is not None and asked.purpose == "verify":
            known = asked.to
        return await visit.show(_shown(known))

    async def submit(self, visit: Visit) -> Response:
        email = visit.form.get("email", "").strip()
        by_code = visit.installed.verifies_by_code
        if by_code:
            done = await send_code(visit, Asked("verify", email))
        else:
            data = {"email": email, "callbackURL": visit.target("email-verified")}
            done = await visit.submit("send_verification_email", data)
        if not done.ok:
            return await visit.refuse(done, _shown(""))
        if not by_code:
            return visit.go("mail-sent", about="verification")
        note_asked(visit.call, "verify", email)
        return visit.go("code")


class EmailVerified(Page):
    """Where the link leads."""

    path = "email-verified"
    template = "email-verified.html"

    async def show(self, visit: Visit) -> Response:
        error = visit.query("error")
        errors = {"": visit.words.of_code(error)} if error else {}
        found = await visit.session()
        failed = bool(error) and visit.offers("verify-email")
        shown = {"failed": failed, "who": found is not None}
        return await visit.show(shown, errors=errors)


def _shown(known: str) -> dict[str, object]:
    return {"group": "verify", "field": "email", "known": known}
