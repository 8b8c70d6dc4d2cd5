"""A password that was forgotten: asking for a new one, and choosing it."""

from __future__ import annotations

from watchword.http.response import Response

from .asked import Asked, Purpose, asked_of, forget_asked, note_asked
from .codes import send_code
from .installed import Installed
from .page import Page
from .visit import Visit

_CODES = {
    "reset-email": ("reset_password_email_otp", "email", "password"),
    "reset-phone": ("reset_password_phone_number", "phoneNumber", "newPassword"),
}
"""What takes a code and a password, and the names of address and password there."""


class ForgotPassword(Page):
    """Whose password."""

    path = "forgot-password"
    template = "ask-address.html"

    def is_offered(self, installed: Installed) -> bool:
        return installed.resets

    async def show(self, visit: Visit) -> Response:
        return await visit.show(self._shown(visit))

    async def submit(self, visit: Visit) -> Response:
        field, installed = self._field(visit.installed), visit.installed
        to = visit.form.get(field, "").strip()
        by_phone = field == "phoneNumber" or (field == "identifier" and "@" not in to)
        if not by_phone and installed.reset_by_link:
            data = {"email": to, "redirectTo": visit.target("reset-password")}
            done = await visit.submit("request_password_reset", data)
        else:
            purpose: Purpose = "reset-phone" if by_phone else "reset-email"
            note_asked(visit.call, purpose, to)
            done = await send_code(visit, Asked(purpose, to))
        if not done.ok:
            renamed = {"email": field, "phoneNumber": field}
            return await visit.refuse(done, self._shown(visit), given=visit.form, renamed=renamed)
        if not by_phone and installed.reset_by_link:
            return visit.go("mail-sent", about="reset")
        return visit.go("reset-password")

    def _shown(self, visit: Visit) -> dict[str, object]:
        return {"group": "forgot", "field": self._field(visit.installed), "known": ""}

    def _field(self, installed: Installed) -> str:
        if not installed.reset_by_phone:
            return "email"
        return "identifier" if installed.reset_by_mail else "phoneNumber"


class ResetPassword(Page):
    """The new password, with the token of a link or a code."""

    path = "reset-password"
    template = "reset-password.html"

    def is_offered(self, installed: Installed) -> bool:
        return installed.resets

    async def show(self, visit: Visit) -> Response:
        token, error = visit.query("token"), visit.query("error")
        asked = asked_of(visit.call)
        if not token and not error and (asked is None or asked.purpose not in _CODES):
            return visit.go("forgot-password")
        errors = {"": visit.words.of_code(error)} if error else {}
        return await visit.show(_choosing(token, None if error else asked), errors=errors)

    async def submit(self, visit: Visit) -> Response:
        token, password = visit.form.get("token", ""), visit.form.get("password", "")
        asked = asked_of(visit.call)
        if token:
            name = "newPassword"
            data = {"token": token, name: password}
            done = await visit.submit("reset_password", data)
        elif asked is not None and asked.purpose in _CODES:
            endpoint, address, name = _CODES[asked.purpose]
            code = visit.form.get("code", "").replace(" ", "")
            done = await visit.submit(endpoint, {address: asked.to, "otp": code, name: password})
        else:
            return visit.go("forgot-password")
        if not done.ok:
            # A link that is dead is no use with another password.
            dead = token and done.code == "INVALID_TOKEN"
            shown = _choosing("" if dead else token, None if token else asked)
            return await visit.refuse(done, shown, renamed={name: "password", "otp": "code"})
        forget_asked(visit.call)
        return visit.go("sign-in", notice="password_changed")


def _choosing(token: str, asked: Asked | None) -> dict[str, object]:
    by_code = asked is not None and asked.purpose in _CODES
    return {"token": token, "to": asked.to if asked is not None and by_code and not token else ""}
