"""Signing out, by a button: a link alone would do it wherever it is loaded."""

from __future__ import annotations

from watchword.http.response import Response

from .page import Page
from .visit import Visit


class SignOut(Page):
    """One button."""

    path = "sign-out"
    template = "sign-out.html"

    async def show(self, visit: Visit) -> Response:
        return await visit.show({"who": await _who(visit)})

    async def submit(self, visit: Visit) -> Response:
        done = await visit.submit("sign_out", {"callbackURL": visit.next})
        if not done.ok:
            return await visit.refuse(done, {"who": await _who(visit)})
        if done.url:
            # The identity provider ends its session as well.
            return await visit.leave_for(done.url)
        return await visit.leave_for(visit.next or visit.setting.after_sign_out)


async def _who(visit: Visit) -> str:
    found = await visit.session()
    return "" if found is None else found.user.name or found.user.email
