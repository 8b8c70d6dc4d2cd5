"""Signing up by e-mail and password, with the fields of the application's own users."""

from __future__ import annotations

from typing import Any

from watchword.http.response import Response
from watchword.submitted import Submitted

from .asked import note_asked
from .installed import Installed
from .own_fields import OwnField
from .page import Page
from .visit import Visit


class SignUp(Page):
    """Name, address, password, and what else the application wants to know."""

    path = "sign-up"
    template = "sign-up.html"

    def is_offered(self, installed: Installed) -> bool:
        return installed.sign_up

    async def show(self, visit: Visit) -> Response:
        return await visit.show({"fields": self._fields(visit)})

    async def submit(self, visit: Visit) -> Response:
        fields, form = self._fields(visit), visit.form
        data: dict[str, object] = {
            "name": form.get("name", "").strip(),
            "email": form.get("email", "").strip(),
            "password": form.get("password", ""),
            "callbackURL": visit.target("email-verified"),
            **{one.name: form.get(one.name, "") for one in fields if one.is_given(form)},
        }
        if visit.installed.plugin("username") and form.get("username"):
            data["username"] = form["username"].strip()
        done = await visit.submit("sign_up_email", data)
        if not done.ok:
            return await visit.refuse(done, {"fields": fields}, given=form)
        return await self._signed_up(visit, done)

    def _fields(self, visit: Visit) -> list[OwnField]:
        return [one.told(visit.words) for one in visit.installed.own_fields]

    async def _signed_up(self, visit: Visit, done: Submitted[Any]) -> Response:
        if done.value is not None and done.value.token:
            return await visit.leave()
        installed = visit.installed
        if installed.codes_at_sign_up:
            note_asked(visit.call, "verify", visit.form.get("email", "").strip())
            return visit.go("code")
        if installed.links_at_sign_up:
            return visit.go("mail-sent", about="verification")
        return visit.go("sign-in", notice="signed_up")
