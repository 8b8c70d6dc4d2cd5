"""An invitation to an organization: what its mail leads to."""

from __future__ import annotations

from watchword.http.response import Response

from .account_page import Elsewhere
from .organization_members import role_text
from .organizations import OrganizationPage, Organizations
from .visit import Visit

_ID = "invitationId"
"""As links to `Organization.invitation_page` have it."""


class Invitation(OrganizationPage):
    """Accept it, or decline it; looking at it does neither."""

    path = "organizations/invitation"
    template = "organization-invitation.html"
    keeps = (_ID,)
    has_menu = False

    async def values(self, visit: Visit) -> dict[str, object]:
        wanted = visit.query(_ID) or visit.form.get(_ID, "")
        user = (await self.signed_in(visit)).user
        done = await visit.submit("get_invitation", {"id": wanted})
        if not done.ok or done.value is None:
            unproven = done.code.startswith("EMAIL_VERIFICATION_REQUIRED")
            shown = {"who": user.email, "unproven": unproven and visit.offers("verify-email")}
            self.leave_if_asked(visit, done)
            visit.next = visit.back(self.keeps)
            raise Elsewhere(await visit.refuse(done, shown, template=_NOT_YOURS))
        return {
            "invitation": done.value,
            "role": role_text(visit, done.value.role),
            "who": user.name or user.email,
        }

    async def act(self, visit: Visit) -> Response:
        data = {_ID: visit.form.get(_ID, "")}
        accepts = visit.form.get("do") == "accept"
        if not accepts and visit.form.get("do") != "reject":
            return await self.show(visit)
        endpoint = "accept_invitation" if accepts else "reject_invitation"
        done = await visit.submit(endpoint, data)
        if not done.ok:
            return await self.refused(visit, done)
        notice = "invitation_accepted" if accepts else "invitation_rejected"
        return visit.go(Organizations.path, notice=notice)


_NOT_YOURS = "organization-invitation-refused.html"
