"""Members in the hands of others: adding, removing, giving roles, and leaving.

The last one with `creator_role` stays, and keeps it, whatever happens at once: all of this holds
the organization.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from watchword.call import Call
from watchword.database.table import ne
from watchword.endpoint import post
from watchword.errors import APIError
from watchword.features.access_control import role_names
from watchword.features.addresses import user_of_address
from watchword.features.identifiers import normal_email
from watchword.pipeline.additional_fields import read_fields
from watchword.records import User
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.sessions import current_session

from .codes import OrganizationCodes
from .enrolling import Enrolling
from .hooks import Values, told
from .membership import Caller, stored
from .permissions import OrganizationStatements
from .records import Member, StoredOrganization
from .shapes import MemberUser, MemberWithUser, shown
from .wire import AddMember, OneOrganization, RemovedMember, RemoveMember, UpdateMemberRole

_REMOVE: OrganizationStatements = {"member": ("delete",)}
_UPDATE: OrganizationStatements = {"member": ("update",)}


@dataclass(frozen=True, kw_only=True)
class ManagedMembers(Enrolling):
    """Writing members."""

    @post("/organization/add-member", server_only=True)
    async def add_member(self, call: Call, body: AddMember) -> Member:
        """Make a user a member; for the server alone. Roles are not looked up.

        Raises NO_ACTIVE_ORGANIZATION, USER_NOT_FOUND, ORGANIZATION_NOT_FOUND,
        USER_IS_ALREADY_A_MEMBER_OF_THIS_ORGANIZATION, ORGANIZATION_MEMBERSHIP_LIMIT_REACHED,
        FAILED_TO_ADD_MEMBER, TEAM_NOT_FOUND, TEAM_MEMBER_LIMIT_REACHED, ROLE_NOT_FOUND, and 400
        without a code for a team where there are none.
        """
        organization_id = await self.selected(call, body.organization_id)
        if body.team_id is not None and not self.has_teams:
            raise OrganizationCodes.TEAMS_ARE_OFF()
        names = self.named_roles(body.role)
        if not names:
            raise OrganizationCodes.ROLE_NOT_FOUND()
        user = await call.db.find_one(User, id=body.user_id)
        if user is None:
            raise OrganizationCodes.USER_NOT_FOUND()
        await self._check_new(call, organization_id, user)
        organization = await call.db.find_one(StoredOrganization, id=organization_id)
        if organization is None:
            raise OrganizationCodes.ORGANIZATION_NOT_FOUND()
        most = await self.most_members(call, user, organization)
        await self.check_room(call, organization_id, most)
        fields = read_fields(call, Member, creating=True)
        values = await self.proposed(call, organization, user, ",".join(names), fields)
        found = await current_session(call)
        session = None if found is None else found.session
        async with self.holding(call, organization_id, None, user.id) as held:
            if user.id not in held.users:
                raise OrganizationCodes.USER_NOT_FOUND()
            await self._check_new(call, organization_id, user)
            await self.check_room(call, organization_id, most)
            member = await self.enrol(call, held, user, values)
            if body.team_id is not None:
                await self.join_team(call, held, session, member, body.team_id)
        return member

    @post("/organization/remove-member", requires="session")
    async def remove_member(self, call: Call, body: RemoveMember) -> RemovedMember:
        """Remove a member, by the id of the member or the address of the user.

        Raises NO_ACTIVE_ORGANIZATION, MEMBER_NOT_FOUND, ORGANIZATION_NOT_FOUND,
        YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER, FAILED_TO_CHANGE_MEMBER,
        YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_MEMBER (401).
        """
        caller = await self.caller(call)
        organization_id = await self.selected(call, body.organization_id)
        sought = body.member_id_or_email
        target = await self._check_removal(call, caller, organization_id, sought)
        await self.ask_to_remove(call, organization_id, target)
        async with self.holding(call, organization_id, caller, target.user_id) as held:
            target = await self._check_removal(call, caller, organization_id, target.id)
            await self.dismiss(call, held, target)
        await self.forget_left(call, organization_id, target.user_id)
        user = held.users.get(target.user_id)
        if "@" in sought and user is not None:
            return RemovedMember(shown(call, MemberWithUser, target, user=MemberUser.of(user)))
        return RemovedMember(target)

    @post("/organization/leave", name="leave_organization", requires="session")
    async def leave(self, call: Call, body: OneOrganization) -> MemberWithUser:
        """Leave an organization.

        Raises MEMBER_NOT_FOUND, YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER,
        ORGANIZATION_NOT_FOUND, FAILED_TO_CHANGE_MEMBER.
        """
        caller, organization_id = await self.caller(call), body.organization_id
        member = await self._may_leave(call, caller, organization_id)
        await self.ask_to_remove(call, organization_id, member)
        async with self.holding(call, organization_id, caller) as held:
            member = await self._may_leave(call, caller, organization_id)
            await self.dismiss(call, held, member)
        await self.forget_left(call, organization_id, caller.user.id)
        return shown(call, MemberWithUser, member, user=MemberUser.of(caller.user))

    @post("/organization/update-member-role", requires="session")
    async def update_member_role(self, call: Call, body: UpdateMemberRole) -> Member:
        """Give a member these roles, and no others.

        Raises NO_ACTIVE_ORGANIZATION, MEMBER_NOT_FOUND, YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER,
        YOU_CANNOT_LEAVE_THE_ORGANIZATION_WITHOUT_AN_OWNER, ROLE_NOT_FOUND, ORGANIZATION_NOT_FOUND,
        FAILED_TO_CHANGE_MEMBER, and 400 without a body for no role.
        """
        caller = await self.caller(call)
        names = self.named_roles(body.role)
        if not names:
            raise APIError(400)
        organization_id, role = await self.selected(call, body.organization_id), ",".join(names)
        target = await self._check_role(call, caller, organization_id, body.member_id, role)
        organization = await call.db.find_one(StoredOrganization, id=organization_id)
        user = await call.db.find_one(User, id=target.user_id)
        if organization is None:
            raise OrganizationCodes.ORGANIZATION_NOT_FOUND()
        if user is None:
            raise OrganizationCodes.MEMBER_NOT_FOUND()
        hooks = self.organization_hooks
        if hooks.before_update_member_role is not None:
            answer = await call.run(
                hooks.before_update_member_role, target, role, user, organization
            )
            if isinstance(answer, Mapping):
                role = str(cast("Values", answer).get("role", role))
        async with self.holding(call, organization_id, caller, user.id) as held:
            target = await self._check_role(call, caller, organization_id, target.id, role)
            changed = await stored(
                call.db.update(Member, {"role": role}, id=target.id),
                OrganizationCodes.FAILED_TO_CHANGE_MEMBER,
            )
            # Other servers may have made several rows of one member, each with roles of its own.
            others = {"organization_id": organization_id, "user_id": user.id, "id": ne(target.id)}
            await call.db.delete(Member, everything=False, **others)
            after = hooks.after_update_member_role
            await told(call, after, changed, target.role, user, held.organization)
        return changed

    async def _check_new(self, call: Call, organization_id: str, user: User) -> None:
        if await self.member_of(call, organization_id, user.id) is not None:
            raise OrganizationCodes.USER_IS_ALREADY_A_MEMBER_OF_THIS_ORGANIZATION()

    async def _check_removal(
        self, call: Call, caller: Caller, organization_id: str, sought: str
    ) -> Member:
        """The member who is to go, if the caller may remove him."""
        own = await self.member_of(call, organization_id, caller.user.id)
        if own is None:
            raise OrganizationCodes.MEMBER_NOT_FOUND()
        target = await self._sought(call, organization_id, sought)
        if target is None or target.organization_id != organization_id:
            raise OrganizationCodes.MEMBER_NOT_FOUND()
        if await self.owns(call, target) and (
            not self.is_creator(own.role) or await self.is_last_owner(call, target)
        ):
            raise OrganizationCodes.YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER()
        if not await self.permits(call, own, _REMOVE):
            raise OrganizationCodes.YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_MEMBER()
        return target

    async def _sought(self, call: Call, organization_id: str, sought: str) -> Member | None:
        if "@" not in sought:
            return await call.db.find_one(Member, id=sought)
        user = await user_of_address(call, normal_email(sought))
        return None if user is None else await self.member_of(call, organization_id, user.id)

    async def _may_leave(self, call: Call, caller: Caller, organization_id: str) -> Member:
        member = await self.member_of(call, organization_id, caller.user.id)
        if member is None:
            raise OrganizationCodes.MEMBER_NOT_FOUND()
        if await self.is_last_owner(call, member):
            raise OrganizationCodes.YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER()
        return member

    async def _check_role(
        self, call: Call, caller: Caller, organization_id: str, member_id: str, role: str
    ) -> Member:
        """The member who is to have other roles, if the caller may give these."""
        refusal = OrganizationCodes.YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER
        own = await self.member_of(call, organization_id, caller.user.id)
        target = await call.db.find_one(Member, id=member_id)
        if own is None or target is None:
            raise OrganizationCodes.MEMBER_NOT_FOUND()
        if target.organization_id != organization_id:
            raise refusal()
        owner, owns = self.is_creator(own.role), await self.owns(call, target)
        if not owner and (owns or self.is_creator(role)):
            raise refusal()
        if owns and not self.is_creator(role) and await self.is_last_owner(call, target):
            raise OrganizationCodes.YOU_CANNOT_LEAVE_THE_ORGANIZATION_WITHOUT_AN_OWNER()
        if not owner and not await self.permits(call, own, _UPDATE):
            raise refusal()
        if await self.unknown_roles(call, organization_id, role_names(role)):
            raise OrganizationCodes.ROLE_NOT_FOUND()
        new = set(role_names(role)).difference(role_names(target.role))
        if await self.withheld(call, own, new):
            raise refusal()
        return target


class ManagedMembersAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    add_member: EndpointCall[M, AddMember, Member]
    """Make a user a member; for the server alone. Roles are not looked up.

    Raises NO_ACTIVE_ORGANIZATION, USER_NOT_FOUND, ORGANIZATION_NOT_FOUND,
    USER_IS_ALREADY_A_MEMBER_OF_THIS_ORGANIZATION, ORGANIZATION_MEMBERSHIP_LIMIT_REACHED,
    FAILED_TO_ADD_MEMBER, TEAM_NOT_FOUND, TEAM_MEMBER_LIMIT_REACHED, ROLE_NOT_FOUND, and 400
    without a code for a team where there are none.
    """
    remove_member: EndpointCall[M, RemoveMember, RemovedMember]
    """Remove a member, by the id of the member or the address of the user.

    Raises NO_ACTIVE_ORGANIZATION, MEMBER_NOT_FOUND, ORGANIZATION_NOT_FOUND,
    YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER, FAILED_TO_CHANGE_MEMBER,
    YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_MEMBER (401).
    """
    leave_organization: EndpointCall[M, OneOrganization, MemberWithUser]
    """Leave an organization.

    Raises MEMBER_NOT_FOUND, YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER,
    ORGANIZATION_NOT_FOUND, FAILED_TO_CHANGE_MEMBER.
    """
    update_member_role: EndpointCall[M, UpdateMemberRole, Member]
    """Give a member these roles, and no others.

    Raises NO_ACTIVE_ORGANIZATION, MEMBER_NOT_FOUND, YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER,
    YOU_CANNOT_LEAVE_THE_ORGANIZATION_WITHOUT_AN_OWNER, ROLE_NOT_FOUND, ORGANIZATION_NOT_FOUND,
    FAILED_TO_CHANGE_MEMBER, and 400 without a body for no role.
    """
