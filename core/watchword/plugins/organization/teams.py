"""Teams of organizations: making, listing, changing and deleting them.

A team belongs to one organization for good, and is looked up together with it: its id opens nothing
in another one. Teams are counted while the organization is held (spec: plugin organization, teams).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from msgspec import UNSET

from watchword.call import Call
from watchword.database.contract import Condition
from watchword.endpoint import Endpoint, get, post
from watchword.pipeline.additional_fields import read_fields
from watchword.pipeline.validation import read_input
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.sessions import current_session

from .active_teams import active_team_of
from .codes import InvitationCodes, OrganizationCodes, TeamCodes
from .hooks import Values, asked, told
from .membership import Caller, Need, stored
from .options import limit_of
from .records import Invitation, StoredOrganization, Team
from .seats import OLDEST, invited_team_ids, team_in
from .team_joining import JoinedTeams
from .team_wire import CreateTeam, TeamChanges, TeamDone, TeamsOf, UpdateTeam, WhichTeam

_CREATE = Need(
    {"team": ["create"]},
    InvitationCodes.YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION,
    TeamCodes.YOU_ARE_NOT_ALLOWED_TO_CREATE_TEAMS_IN_THIS_ORGANIZATION,
)
_UPDATE = Need(
    {"team": ["update"]},
    TeamCodes.YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_TEAM,
    TeamCodes.YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_TEAM,
)
_DELETE = Need(
    {"team": ["delete"]},
    TeamCodes.YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_TEAM,
    TeamCodes.YOU_ARE_NOT_ALLOWED_TO_DELETE_TEAMS_IN_THIS_ORGANIZATION,
)


@dataclass(frozen=True, kw_only=True)
class ManagedTeams(JoinedTeams):
    """Teams as such."""

    def endpoints(self) -> Iterator[Endpoint[Any, Any]]:
        """Its endpoints; those of teams only where there are any."""
        return (one for one in super().endpoints() if self.has_teams or "team" not in one.path)

    @post("/organization/create-team")
    async def create_team(self, call: Call, body: CreateTeam) -> Team:
        """Make a team, in which nobody is yet. The server itself needs no permission.

        Raises NO_ACTIVE_ORGANIZATION, YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION for
        whoever is no member, YOU_ARE_NOT_ALLOWED_TO_CREATE_TEAMS_IN_THIS_ORGANIZATION,
        YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_TEAMS, ORGANIZATION_NOT_FOUND, and 401 without a
        body for nobody.
        """
        caller = await self._caller_if_any(call)
        organization_id = await self.selected(call, body.organization_id)
        fields = read_fields(call, Team, creating=True)
        await self._may_create(call, organization_id, caller)
        organization = await _organization(call, organization_id)
        most = await self._most_teams(call, organization_id, caller)
        await _check_room(call, organization_id, most)
        user, hooks = None if caller is None else caller.user, self.organization_hooks
        given = {**fields, "name": body.name, "organization_id": organization_id}
        values = await asked(call, hooks.before_create_team, given, user, organization)
        values |= {"organization_id": organization_id, "member_count": 0}
        async with self.holding(call, organization_id, caller):
            await self._may_create(call, organization_id, caller)
            await _check_room(call, organization_id, most)
            team = await stored(call.db.create(Team, **values), TeamCodes.FAILED_TO_STORE_TEAM)
            await told(call, hooks.after_create_team, team, user, organization)
        return team

    @get("/organization/list-teams", requires="session")
    async def list_organization_teams(self, call: Call, query: TeamsOf) -> list[Team]:
        """The teams of an organization, oldest first, a hundred at most.

        Raises NO_ACTIVE_ORGANIZATION, YOU_ARE_NOT_ALLOWED_TO_ACCESS_THIS_ORGANIZATION.
        """
        organization_id = await self.selected(call, query.organization_id)
        if await self.member_of(call, organization_id, call.session.user.id) is None:
            raise OrganizationCodes.YOU_ARE_NOT_ALLOWED_TO_ACCESS_THIS_ORGANIZATION()
        return await call.db.find_many(Team, sort=OLDEST, organization_id=organization_id)

    @post("/organization/update-team", requires="session")
    async def update_team(self, call: Call, body: UpdateTeam) -> Team:
        """Change a team; it stays in its organization.

        Raises NO_ACTIVE_ORGANIZATION, YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_TEAM, TEAM_NOT_FOUND.
        """
        wanted = read_input(TeamChanges, body.data, "body.data")
        fields = read_fields(call, Team, creating=False, given=body.data)
        organization_id = await self.selected(call, wanted.organization_id)
        named = {} if wanted.name is UNSET else {"name": wanted.name}
        caller, changes = await self.caller(call), cast("Values", {**fields, **named})
        team = await self._team_to_update(call, organization_id, caller, body.team_id)
        organization = await _organization(call, organization_id)
        user, hooks = caller.user, self.organization_hooks
        if hooks.before_update_team is not None:
            asked_for = team, dict(changes), user, organization
            answer = await call.run(hooks.before_update_team, *asked_for)
            changes = cast("Values", answer) if isinstance(answer, Mapping) else changes
        async with self.holding(call, organization_id, caller):
            await self._team_to_update(call, organization_id, caller, body.team_id)
            changed = await stored(
                call.db.update(Team, changes, id=team.id), TeamCodes.FAILED_TO_STORE_TEAM
            )
            await told(call, hooks.after_update_team, changed, user, organization)
        return changed

    @post("/organization/remove-team")
    async def remove_team(self, call: Call, body: WhichTeam) -> TeamDone:
        """Delete a team: its members stay in the organization, open invitations lead there still.

        Raises NO_ACTIVE_ORGANIZATION, YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_TEAM (no member, or the
        team is active), YOU_ARE_NOT_ALLOWED_TO_DELETE_TEAMS_IN_THIS_ORGANIZATION, TEAM_NOT_FOUND,
        UNABLE_TO_REMOVE_LAST_TEAM, ORGANIZATION_NOT_FOUND, and 401 without a body for nobody.
        """
        organization_id = await self.selected(call, body.organization_id)
        caller = await self._caller_if_any(call)
        team = await self._team_to_remove(call, organization_id, caller, body.team_id)
        organization = await _organization(call, organization_id)
        user, hooks = None if caller is None else caller.user, self.organization_hooks
        await told(call, hooks.before_delete_team, team, user, organization)
        async with self.holding(call, organization_id, caller):
            await self._team_to_remove(call, organization_id, caller, body.team_id)
            await _take_from_invitations(call, team)
            await self.empty_team(call, team.id)
            if not await call.db.delete(Team, id=team.id):
                raise TeamCodes.FAILED_TO_STORE_TEAM()
            await told(call, hooks.after_delete_team, team, user, organization)
        return TeamDone("The team is gone")

    async def _caller_if_any(self, call: Call) -> Caller | None:
        """Who is asking; None for the server itself. Raises 401 without a body for nobody."""
        if await current_session(call) is None and call.for_itself:
            return None
        return await self.caller(call)

    async def _may_create(self, call: Call, organization_id: str, caller: Caller | None) -> None:
        if caller is not None:
            await self.entitled(call, organization_id, caller.user, _CREATE)

    async def _team_to_update(
        self, call: Call, organization_id: str, caller: Caller, team_id: str
    ) -> Team:
        await self.entitled(call, organization_id, caller.user, _UPDATE)
        return await team_in(call, organization_id, team_id)

    async def _team_to_remove(
        self, call: Call, organization_id: str, caller: Caller | None, team_id: str
    ) -> Team:
        if caller is not None:
            if active_team_of(caller.found.session) == team_id:
                raise TeamCodes.YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_TEAM()
            await self.entitled(call, organization_id, caller.user, _DELETE)
        team = await team_in(call, organization_id, team_id)
        keeps_one = self.teams is None or not self.teams.allow_removing_all_teams
        if keeps_one and await call.db.count(Team, organization_id=organization_id) <= 1:
            raise TeamCodes.UNABLE_TO_REMOVE_LAST_TEAM()
        return team

    async def _most_teams(
        self, call: Call, organization_id: str, caller: Caller | None
    ) -> int | None:
        if self.teams is None:
            return None
        session = None if caller is None else caller.found.session
        option, limit = "Teams.maximum_teams", self.teams.maximum_teams
        return await limit_of(call, option, limit, organization_id, session)


async def _organization(call: Call, organization_id: str) -> StoredOrganization:
    found = await call.db.find_one(StoredOrganization, id=organization_id)
    if found is None:
        raise OrganizationCodes.ORGANIZATION_NOT_FOUND()
    return found


async def _check_room(call: Call, organization_id: str, most: int | None) -> None:
    if most is None:
        return
    if await call.db.count(Team, organization_id=organization_id) >= most:
        raise TeamCodes.YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_TEAMS()


async def _take_from_invitations(call: Call, team: Team) -> None:
    """Leave a team out of the invitations that can still be accepted."""
    named = Condition("teamId", team.id, "contains")
    open_ones = await call.db.find_many(
        Invitation,
        limit=None,
        where=(named,),
        organization_id=team.organization_id,
        status="pending",
    )
    for invitation in open_ones:
        others = [one for one in invited_team_ids(invitation) if one != team.id]
        await call.db.update(
            Invitation, {"team_id": ",".join(others) or None}, id=invitation.id, status="pending"
        )


class TeamsAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    create_team: EndpointCall[M, CreateTeam, Team]
    """Make a team, in which nobody is yet. The server itself needs no permission.

    Raises NO_ACTIVE_ORGANIZATION, YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION for
    whoever is no member, YOU_ARE_NOT_ALLOWED_TO_CREATE_TEAMS_IN_THIS_ORGANIZATION,
    YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_TEAMS, ORGANIZATION_NOT_FOUND, and 401 without a
    body for nobody.
    """
    list_organization_teams: EndpointCall[M, TeamsOf | None, list[Team]]
    """The teams of an organization, oldest first, a hundred at most.

    Raises NO_ACTIVE_ORGANIZATION, YOU_ARE_NOT_ALLOWED_TO_ACCESS_THIS_ORGANIZATION.
    """
    update_team: EndpointCall[M, UpdateTeam, Team]
    """Change a team; it stays in its organization.

    Raises NO_ACTIVE_ORGANIZATION, YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_TEAM, TEAM_NOT_FOUND.
    """
    remove_team: EndpointCall[M, WhichTeam, TeamDone]
    """Delete a team: its members stay in the organization, open invitations lead there still.

    Raises NO_ACTIVE_ORGANIZATION, YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_TEAM (no member, or the
    team is active), YOU_ARE_NOT_ALLOWED_TO_DELETE_TEAMS_IN_THIS_ORGANIZATION, TEAM_NOT_FOUND,
    UNABLE_TO_REMOVE_LAST_TEAM, ORGANIZATION_NOT_FOUND, and 401 without a body for nobody.
    """
