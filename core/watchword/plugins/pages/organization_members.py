"""Who belongs to an organization, and who is invited to it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from watchword.discreet import Discreet
from watchword.http.response import Response

from .account_page import Elsewhere
from .organizations import OrganizationPage, Organizations
from .visit import Visit

_ID = "organization"
_RIGHTS = {
    "invites": {"invitation": ["create"]},
    "cancels": {"invitation": ["cancel"]},
    "changes": {"member": ["update"]},
    "removes": {"member": ["delete"]},
}
"""What the page offers to do, and what its endpoints ask for. They look again."""


class ShownMember(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """A member in the list."""

    id: str
    name: str
    email: str
    role: str
    """One that the choice has, or several, joined with commas."""
    roles: str
    """The same for people."""
    is_own: bool


class Members(OrganizationPage):
    """The members of one organization."""

    path = "organizations/members"
    template = "organization-members.html"
    keeps = (_ID,)

    async def values(self, visit: Visit) -> dict[str, object]:
        user = (await self.signed_in(visit)).user
        wanted = visit.query(_ID) or visit.form.get(_ID, "")
        data = {"organizationId": wanted}
        full = await self.found(visit, "get_full_organization", data) if wanted else None
        if full is None:
            # Without an id the active one would be meant: forms must say whom they are about.
            raise Elsewhere(visit.go(Organizations.path))
        members = [_shown(visit, one, user.id) for one in full.members if one.user]
        plugin, call = visit.installed.plugin("organization"), visit.call
        own = await plugin.member_of(call, full.id, user.id)
        if own is None:
            raise Elsewhere(visit.go(Organizations.path))
        rights = {name: await plugin.permits(call, own, asked) for name, asked in _RIGHTS.items()}
        pending = [one for one in full.invitations if one.status == "pending"]
        open_ones = [one for one in pending if one.expires_at > visit.call.now]
        return {
            "organization": full,
            "members": members,
            "invitations": [(one, role_text(visit, one.role)) for one in open_ones],
            "roles": await _roles(visit, own),
            **rights,
        }

    async def act(self, visit: Visit) -> Response:
        form, organization = visit.form, visit.form.get(_ID, "")
        where = {"organizationId": organization}
        match form.get("do"):
            case "invite":
                data = {"email": form.get("email", "").strip(), "role": form.get("role", "")}
                done = await visit.submit("create_invitation", {**data, **where})
                notice = "invitation_sent"
            case "cancel":
                data = {"invitationId": form.get("invitation", "")}
                done, notice = await visit.submit("cancel_invitation", data), "invitation_canceled"
            case "role":
                data = {"memberId": form.get("member", ""), "role": form.get("member_role", "")}
                done = await visit.submit("update_member_role", {**data, **where})
                notice = "role_changed"
            case "remove":
                data = {"memberIdOrEmail": form.get("member", "")}
                done = await visit.submit("remove_member", {**data, **where})
                notice = "member_removed"
            case "leave":
                done = await visit.submit("leave_organization", where)
                if done.ok:
                    return visit.go(Organizations.path, notice="organization_left")
                notice = ""
            case _:
                return await self.show(visit)
        if not done.ok:
            return await self.refused(visit, done)
        return visit.go(self.path, organization=organization, notice=notice)


def role_text(visit: Visit, roles: str | None) -> str:
    """Roles, joined with commas, as people call them."""
    return ", ".join(_role(visit, one) for one in (roles or "").split(",") if one)


def _role(visit: Visit, role: str) -> str:
    key = f"role.{role}"
    return visit.text(key) if key in visit.words else role


def _shown(visit: Visit, member: Any, user_id: str) -> ShownMember:
    return ShownMember(
        id=member.id,
        name=member.user.name or member.user.email,
        email=member.user.email,
        role=member.role,
        roles=role_text(visit, member.role),
        is_own=member.user_id == user_id,
    )


async def _roles(visit: Visit, giver: Any) -> list[tuple[str, str]]:
    """Those that a member may give, as choices; first the one that allows least."""
    plugin = visit.installed.plugin("organization")
    known: list[str] = list(plugin.static_roles)
    if plugin.makes_roles:
        made = await visit.submit("list_org_roles", {"organizationId": giver.organization_id})
        known += [one.role for one in made.value or ()] if made.ok else []
    higher: Collection[str] = await plugin.withheld(visit.call, giver, known)
    given = [one for one in known if one not in higher]
    return sorted(((one, _role(visit, one)) for one in given), key=lambda one: one[0] != "member")
