"""One's password: another one, or the first."""

from __future__ import annotations

from typing import Any

from watchword.errors import APIError
from watchword.features.passwords import Passwords, SetPassword
from watchword.http.response import Response
from watchword.server_api import Arguments
from watchword.sessions.sessions import require_session
from watchword.submitted import Submitted

from .account_page import AccountPage
from .installed import Installed
from .visit import Visit


class ChangePassword(AccountPage):
    """Both, whichever it is."""

    path = "account/password"
    template = "account-password.html"

    def is_offered(self, installed: Installed) -> bool:
        return installed.passwords is not None

    async def values(self, visit: Visit) -> dict[str, object]:
        return {"has_password": await self.has_password(visit)}

    async def act(self, visit: Visit) -> Response:
        new = visit.form.get("newPassword", "")
        if await self.has_password(visit):
            done = await visit.submit(
                "change_password",
                {
                    "currentPassword": visit.form.get("currentPassword", ""),
                    "newPassword": new,
                    "revokeOtherSessions": visit.form.get("revokeOtherSessions", ""),
                },
            )
        else:
            done = await _set_password(visit, new)
        if not done.ok:
            return await self.refused(visit, done, {"password": "currentPassword"})
        return visit.go(self.path, notice="password_saved")


async def _set_password(visit: Visit, new: str) -> Submitted[Any]:
    """Give a first password. There is no such endpoint for browsers: a session alone is not enough
    for it, and so this asks for one whose person was proven lately. All else that the endpoint is
    held to holds here."""
    call, name = visit.call, Passwords.set_password.name
    if call.request is None:
        raise RuntimeError("there is no browser behind a server-side call to set a password for")
    asked = Arguments.of_browser(call.request, SetPassword(new_password=new))
    try:
        await require_session(call, from_store=True, fresh=True)
        done = await call.config.entrance.invoke(call.runtime, name, asked)
    except APIError as error:
        message, at = error.message or "", "newPassword" if "newPassword" in error.field else ""
        return Submitted(
            status=error.status, code=error.code or "", message=message, errors={at: message}
        )
    return Submitted(ok=True, value=done, status=200)
