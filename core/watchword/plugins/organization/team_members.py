"""Who is in which team: listing, adding, removing (spec: plugin organization, teams)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.call import Call
from watchword.database.contract import UniqueViolation
from watchword.endpoint import get, post
from watchword.records import User
from watchword.server_api import EndpointCall, M, ServerAPI, U

from .active_teams import active_team_of
from .codes import OrganizationCodes, TeamCodes
from .hooks import told
from .membership import Caller, Need
from .records import Member, StoredOrganization, Team, TeamMember
from .seats import OLDEST, leave_seat, seat_of, take_seat, team_in, teams_of_user
from .team_wire import ListTeamMembers, ListUserTeams, TeamDone, TeamSeat
from .teams import ManagedTeams

_STRANGER = OrganizationCodes.USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION
_ADD = Need(
    {"member": ["update"]}, _STRANGER, TeamCodes.YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_TEAM_MEMBER
)
_REMOVE = Need(
    {"member": ["delete"]}, _STRANGER, TeamCodes.YOU_ARE_NOT_ALLOWED_TO_REMOVE_A_TEAM_MEMBER
)
_LOOK = Need(
    {"member": ["update"]},
    OrganizationCodes.YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION,
    OrganizationCodes.YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER,
)


@dataclass(frozen=True, kw_only=True)
class TeamMembers(ManagedTeams):
    """Members of teams."""

    @get("/organization/list-user-teams", requires="session")
    async def list_user_teams(self, call: Call, query: ListUserTeams) -> list[Team]:
        """The teams that somebody is in, oldest first: one's own, of one organization or of all,
        or with permission to change members those of another one.

        Raises NO_ACTIVE_ORGANIZATION, YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION,
        YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER, USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION.
        """
        own = call.session.user.id
        user_id = query.user_id or own
        if user_id == own and not query.organization_id:
            memberships = await call.db.find_many(Member, limit=None, user_id=own)
            return await teams_of_user(call, own, [one.organization_id for one in memberships])
        organization_id = await self.selected(call, query.organization_id)
        if user_id != own:
            await self.entitled(call, organization_id, call.session.user, _LOOK)
            await self._check_member(call, organization_id, user_id)
        elif await self.member_of(call, organization_id, own) is None:
            raise _LOOK.stranger()
        return await teams_of_user(call, user_id, [organization_id])

    @get("/organization/list-team-members", requires="session")
    async def list_team_members(self, call: Call, query: ListTeamMembers) -> list[TeamMember]:
        """Who is in a team that one is in, in the order of joining, a hundred at most.

        Raises YOU_DO_NOT_HAVE_AN_ACTIVE_TEAM, TEAM_NOT_FOUND, USER_IS_NOT_A_MEMBER_OF_THE_TEAM.
        """
        team_id = query.team_id or active_team_of(call.session.session)
        if not team_id:
            raise TeamCodes.YOU_DO_NOT_HAVE_AN_ACTIVE_TEAM()
        team, own = await call.db.find_one(Team, id=team_id), call.session.user.id
        if team is None:
            raise TeamCodes.TEAM_NOT_FOUND()
        member = await self.member_of(call, team.organization_id, own)
        if member is None or await seat_of(call, team.id, own) is None:
            raise TeamCodes.USER_IS_NOT_A_MEMBER_OF_THE_TEAM(status=400)
        return await call.db.find_many(TeamMember, sort=OLDEST, team_id=team.id)

    @post("/organization/add-team-member", requires="session")
    async def add_team_member(self, call: Call, body: TeamSeat) -> TeamMember:
        """Make a member of the organization one of the team; fine as well who is in it already.

        Raises NO_ACTIVE_ORGANIZATION, USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION,
        YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_TEAM_MEMBER, TEAM_NOT_FOUND, TEAM_MEMBER_LIMIT_REACHED.
        """
        organization_id, caller = await self._asking(call, body)
        team = await self._team_for(call, organization_id, caller, body, _ADD)
        there = await seat_of(call, team.id, body.user_id)
        if there is not None:
            return there
        most = await self.most_seats(call, team, caller.found.session)
        hooks, about = self.organization_hooks, await _about(call, team, body.user_id)
        values = {"team_id": team.id, "user_id": body.user_id}
        await told(call, hooks.before_add_team_member, values, team, *about)
        try:
            async with self.holding(call, organization_id, caller, body.user_id):
                team = await self._team_for(call, organization_id, caller, body, _ADD)
                seat, is_new = await take_seat(call, team, body.user_id, most)
                if is_new:
                    await told(call, hooks.after_add_team_member, seat, team, *about)
        except UniqueViolation:
            # A server of the reference, which holds no organization, was quicker.
            there = await seat_of(call, team.id, body.user_id)
            if there is None:
                raise
            return there
        return seat

    @post("/organization/remove-team-member", requires="session")
    async def remove_team_member(self, call: Call, body: TeamSeat) -> TeamDone:
        """Take a member out of a team; it stays in the organization.

        Raises NO_ACTIVE_ORGANIZATION, USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION,
        YOU_ARE_NOT_ALLOWED_TO_REMOVE_A_TEAM_MEMBER, TEAM_NOT_FOUND,
        USER_IS_NOT_A_MEMBER_OF_THE_TEAM.
        """
        organization_id, caller = await self._asking(call, body)
        team = await self._team_for(call, organization_id, caller, body, _REMOVE)
        seat = await seat_of(call, team.id, body.user_id)
        if seat is None:
            raise TeamCodes.USER_IS_NOT_A_MEMBER_OF_THE_TEAM(status=400)
        hooks, about = self.organization_hooks, await _about(call, team, body.user_id)
        await told(call, hooks.before_remove_team_member, seat, team, *about)
        async with self.holding(call, organization_id, caller, body.user_id):
            await self._team_for(call, organization_id, caller, body, _REMOVE)
            if not await leave_seat(call, team.id, body.user_id):
                raise TeamCodes.USER_IS_NOT_A_MEMBER_OF_THE_TEAM(status=400)
            await self.forget_teams(call, [team.id], [body.user_id])
            await told(call, hooks.after_remove_team_member, seat, team, *about)
        return TeamDone("The member has left the team")

    async def _asking(self, call: Call, body: TeamSeat) -> tuple[str, Caller]:
        return await self.selected(call, body.organization_id), await self.caller(call)

    async def _team_for(
        self, call: Call, organization_id: str, caller: Caller, body: TeamSeat, need: Need
    ) -> Team:
        """The team, if who is asking may change who is in it, and the other one is a member."""
        await self.entitled(call, organization_id, caller.user, need)
        await self._check_member(call, organization_id, body.user_id)
        return await team_in(call, organization_id, body.team_id)

    async def _check_member(self, call: Call, organization_id: str, user_id: str) -> None:
        if await self.member_of(call, organization_id, user_id) is None:
            raise _STRANGER()


async def _about(call: Call, team: Team, user_id: str) -> tuple[User, StoredOrganization]:
    """Whom and which organization hooks are told of."""
    user = await call.db.find_one(User, id=user_id)
    organization = await call.db.find_one(StoredOrganization, id=team.organization_id)
    if user is None or organization is None:
        raise _STRANGER()
    return user, organization


class TeamMembersAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    list_user_teams: EndpointCall[M, ListUserTeams | None, list[Team]]
    """The teams that somebody is in, oldest first: one's own, of one organization or of all,
    or with permission to change members those of another one.

    Raises NO_ACTIVE_ORGANIZATION, YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION,
    YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER, USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION.
    """
    list_team_members: EndpointCall[M, ListTeamMembers | None, list[TeamMember]]
    """Who is in a team that one is in, in the order of joining, a hundred at most.

    Raises YOU_DO_NOT_HAVE_AN_ACTIVE_TEAM, TEAM_NOT_FOUND, USER_IS_NOT_A_MEMBER_OF_THE_TEAM.
    """
    add_team_member: EndpointCall[M, TeamSeat, TeamMember]
    """Make a member of the organization one of the team; fine as well who is in it already.

    Raises NO_ACTIVE_ORGANIZATION, USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION,
    YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_TEAM_MEMBER, TEAM_NOT_FOUND, TEAM_MEMBER_LIMIT_REACHED.
    """
    remove_team_member: EndpointCall[M, TeamSeat, TeamDone]
    """Take a member out of a team; it stays in the organization.

    Raises NO_ACTIVE_ORGANIZATION, USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION,
    YOU_ARE_NOT_ALLOWED_TO_REMOVE_A_TEAM_MEMBER, TEAM_NOT_FOUND,
    USER_IS_NOT_A_MEMBER_OF_THE_TEAM.
    """
