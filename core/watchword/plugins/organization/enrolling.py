"""Who comes into an organization, and who leaves it: the only places where member rows are made
and deleted. All of this holds the organization."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.call import Call
from watchword.records import User

from .active import ActiveOrganizations
from .codes import OrganizationCodes
from .hooks import Values, asked, told
from .membership import USUAL_LIMIT, Held, stored
from .options import limit_of
from .records import Member, StoredOrganization


@dataclass(frozen=True, kw_only=True)
class Enrolling(ActiveOrganizations):
    """Members that come and go."""

    async def most_members(self, call: Call, user: User, organization: StoredOrganization) -> int:
        """How many members an organization may have, if this user is to be one."""
        option = "Organization.membership_limit"
        told = await limit_of(call, option, self.membership_limit, user, organization)
        return told or USUAL_LIMIT

    async def check_room(self, call: Call, organization_id: str, most: int) -> None:
        """Raise ORGANIZATION_MEMBERSHIP_LIMIT_REACHED unless there is room for another member."""
        if await call.db.count(Member, organization_id=organization_id) >= most:
            raise OrganizationCodes.ORGANIZATION_MEMBERSHIP_LIMIT_REACHED()

    async def proposed(
        self, call: Call, organization: StoredOrganization, user: User, role: str, fields: Values
    ) -> dict[str, object]:
        """The values of a member to be, once the application was asked. Hold nothing meanwhile."""
        mine = {**fields, "organization_id": organization.id, "user_id": user.id, "role": role}
        before = self.organization_hooks.before_add_member
        return await asked(call, before, mine, user, organization)

    async def enrol(self, call: Call, held: Held, user: User, values: Values) -> Member:
        """Make a user a member. Raises FAILED_TO_ADD_MEMBER."""
        mine = {"organization_id": held.organization.id, "user_id": user.id}
        member = await stored(
            call.db.create(Member, **{**values, **mine}), OrganizationCodes.FAILED_TO_ADD_MEMBER
        )
        after = self.organization_hooks.after_add_member
        await told(call, after, member, user, held.organization)
        return member

    async def ask_to_remove(
        self, call: Call, organization_id: str, member: Member
    ) -> tuple[StoredOrganization | None, User | None]:
        """Ask the application about a member who is to go. Hold nothing meanwhile."""
        organization = await call.db.find_one(StoredOrganization, id=organization_id)
        user = await call.db.find_one(User, id=member.user_id)
        before = self.organization_hooks.before_remove_member
        if before is not None and organization is not None and user is not None:
            await call.run(before, member, user, organization)
        return organization, user

    async def dismiss(self, call: Call, held: Held, member: Member) -> None:
        """Remove a member, with all rows that other servers may have made of him.

        Raises FAILED_TO_CHANGE_MEMBER where a hook of the database keeps him.
        """
        await self.leave_teams(call, held, member.user_id)
        mine = {"organization_id": held.organization.id, "user_id": member.user_id}
        if not await call.db.delete(Member, everything=False, **mine):
            raise OrganizationCodes.FAILED_TO_CHANGE_MEMBER()
        user = held.users.get(member.user_id)
        if user is not None:
            after = self.organization_hooks.after_remove_member
            await told(call, after, member, user, held.organization)

    async def forget_left(self, call: Call, organization_id: str, user_id: str) -> None:
        """Make an organization inactive for somebody who is no member any more."""
        own = call.session
        if own.user.id == user_id and await self.active(call) == organization_id:
            await self.activate(call, None)
        await self.forget(call, organization_id, user_id)
