"""Where one is signed in: every session, and ending them."""

from __future__ import annotations

from datetime import datetime

import msgspec

from watchword.discreet import Discreet
from watchword.http.response import Response
from watchword.records import Session

from .account_page import AccountPage
from .devices import device_of
from .visit import Visit


class ShownSession(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """A session as its owner sees it. Its token stays on the server: whoever sees the page, or its
    source, must not be able to use it."""

    id: str
    device: str
    address: str
    since: datetime
    used: datetime
    is_own: bool


class Sessions(AccountPage):
    """All of them; the list is for who signed in lately."""

    path = "account/sessions"
    template = "account-sessions.html"

    async def values(self, visit: Visit) -> dict[str, object]:
        own = (await self.signed_in(visit)).session
        listed: list[Session] = await self.found(visit, "list_sessions")
        shown = [_shown(visit, one, is_own=one.token == own.token) for one in listed]
        return {"sessions": sorted(shown, key=lambda one: not one.is_own)}

    async def act(self, visit: Visit) -> Response:
        if visit.form.get("do") == "others":
            done = await visit.submit("revoke_other_sessions", {})
            if not done.ok:
                return await self.refused(visit, done)
            return visit.go(self.path, notice="sessions_ended")
        if visit.form.get("do") != "end":
            return await self.show(visit)
        return await self._end(visit, visit.form.get("session", ""))

    async def _end(self, visit: Visit, wanted: str) -> Response:
        own = (await self.signed_in(visit)).session
        listed: list[Session] = await self.found(visit, "list_sessions")
        ending = next((one for one in listed if one.id == wanted), None)
        if ending is None:
            # It has ended, or is somebody else's.
            return visit.go(self.path, notice="session_ended")
        done = await visit.submit("revoke_session", {"token": ending.token})
        if not done.ok:
            return await self.refused(visit, done)
        if ending.token == own.token:
            return visit.go("sign-in", notice="signed_out")
        return visit.go(self.path, notice="session_ended")


def _shown(visit: Visit, session: Session, *, is_own: bool) -> ShownSession:
    browser, system = device_of(session.user_agent)
    if browser and system:
        device = visit.text("sessions.device", browser=browser, system=system)
    else:
        device = browser or system or visit.text("sessions.unknown")
    return ShownSession(
        id=session.id,
        device=device,
        address=session.ip_address or "",
        since=session.created_at,
        used=session.updated_at,
        is_own=is_own,
    )
