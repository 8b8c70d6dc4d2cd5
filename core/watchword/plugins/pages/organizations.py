"""One's organizations: which there are, which is active, a new one, and invitations to others."""

from __future__ import annotations

import re
import unicodedata

from watchword.crypto.random_strings import LOWER_ALPHANUMERIC
from watchword.http.response import Response

from .account_page import AccountPage
from .installed import Installed
from .visit import Visit

_LONGEST_SLUG = 60
_APART = re.compile(r"[^a-z0-9]+")


class OrganizationPage(AccountPage):
    """Base of the pages about organizations."""

    def is_offered(self, installed: Installed) -> bool:
        return installed.plugin("organization") is not None


class Organizations(OrganizationPage):
    """The list, and what can be done without belonging to one."""

    path = "organizations"
    template = "organizations.html"

    async def values(self, visit: Visit) -> dict[str, object]:
        found = await self.signed_in(visit)
        invitations: object = ()
        if found.user.email_verified:
            # Others are told of none.
            asked = await visit.submit("list_user_invitations", {})
            invitations = asked.value or ()
        return {
            "organizations": await self.found(visit, "list_organizations"),
            "active": getattr(found.session, "active_organization_id", None),
            "invitations": invitations,
        }

    async def act(self, visit: Visit) -> Response:
        form = visit.form
        if form.get("do") == "switch":
            wanted = form.get("organization", "")
            done = await visit.submit("set_active_organization", {"organizationId": wanted or None})
            if not done.ok:
                return await self.refused(visit, done)
            return visit.go(self.path, notice="organization_switched")
        if form.get("do") != "create":
            return await self.show(visit)
        name, slug = form.get("name", "").strip(), form.get("slug", "").strip()
        slug = slug or slug_of(name) or f"org-{visit.call.random(8, LOWER_ALPHANUMERIC)}"
        done = await visit.submit("create_organization", {"name": name, "slug": slug})
        if not done.ok:
            return await self.refused(visit, done)
        return visit.go(self.path, notice="organization_created")


def slug_of(name: str) -> str:
    """What an organization of this name may be called in addresses; empty where its letters are
    none of ASCII's."""
    plain = unicodedata.normalize("NFKD", name[:_LONGEST_SLUG]).encode("ascii", "ignore").decode()
    return _APART.sub("-", plain.lower()).strip("-")
