"""Letting a device in that shows a code (RFC 8628): typing it, and saying yes or no."""

from __future__ import annotations

from typing import Any

from watchword.http.response import Response
from watchword.submitted import Submitted

from .account_page import AccountPage
from .installed import Installed
from .visit import Visit

_ASKED = "user_code"
"""The parameter of `verification_uri_complete`."""
_LONGEST = 191
"""Characters of a code."""
_DONE = "device-done.html"
_SAID = {
    "invalid_request": "device.unknown",
    "expired_token": "device.expired",
    "access_denied": "device.others",
}
"""What to say of the words of OAuth, which mean other things elsewhere."""


class Device(AccountPage):
    """A link fills the code in; a person compares it and goes on (RFC 8628, 5.4)."""

    path = "device"
    template = "device.html"
    keeps = (_ASKED,)
    has_menu = False

    def is_offered(self, installed: Installed) -> bool:
        return installed.plugin("device-authorization") is not None

    async def values(self, visit: Visit) -> dict[str, object]:
        found = await self.signed_in(visit)
        return {
            "who": found.user.name or found.user.email,
            "code": visit.query(_ASKED)[:_LONGEST],
            "asks": None,
        }

    async def act(self, visit: Visit) -> Response:
        code = visit.form.get(_ASKED, "").strip()
        match visit.form.get("do"):
            case "approve" | "deny" as decision:
                done = await visit.submit(f"device_{decision}", {"userCode": code})
                if not done.ok:
                    return await self._refused(visit, done)
                result = "approved" if decision == "approve" else "denied"
                return await visit.show(await self.shown(visit, result=result), template=_DONE)
            case _:
                return await self._look_up(visit, code)

    async def _look_up(self, visit: Visit, code: str) -> Response:
        done = await visit.submit("device_verify", {_ASKED: code})
        found = done.value
        if not done.ok or found is None:
            return await self._refused(visit, done)
        pending = found.status == "pending"
        if not pending or not isinstance(found.client_id, str):
            # Decided, or claimed by somebody else who is signed in.
            return await self._wrong(visit, "device.others" if pending else "device.over")
        scope = found.scope if isinstance(found.scope, str) else ""
        asks = {"client": found.client_id, "scopes": scope.split()}
        return await visit.show(await self.shown(visit, asks=asks, code=code))

    async def _refused(self, visit: Visit, done: Submitted[Any]) -> Response:
        if done.code == "unauthorized":
            return self.sign_in(visit, "sign_in_first")
        if (key := _SAID.get(done.code)) is not None:
            return await self._wrong(visit, key)
        return await self.refused(visit, done, {"userCode": _ASKED})

    async def _wrong(self, visit: Visit, key: str) -> Response:
        given = {_ASKED: visit.form.get(_ASKED, "").strip()}
        return await visit.wrong({_ASKED: key}, await self.shown(visit), given=given)
