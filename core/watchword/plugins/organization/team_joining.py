"""Teams in what happens to organizations and members: the first team, invitations, leaving.

All of it but the plan of the first team happens while the organization is held, so seats hold
whatever happens at once. Limits that are functions are asked meanwhile: they may read, not write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from msgspec import UNSET, UnsetType

from watchword.call import Call
from watchword.records import Session, User

from .active_teams import ActiveTeams
from .codes import OrganizationCodes, TeamCodes
from .hooks import Values, asked, told
from .membership import Held, stored
from .options import limit_of
from .records import Invitation, Member, StoredOrganization, Team, TeamMember
from .seats import OLDEST, invited_team_ids, leave_seat, take_seat, team_in, teams_of_user
from .shapes import FullTeam, shown

_LONGEST = 255
"""Characters of the ids of all teams of an invitation, as a keyed column of MySQL holds."""


@dataclass(frozen=True, kw_only=True)
class JoinedTeams(ActiveTeams):
    """Where teams take part."""

    async def plan_default_team(
        self, call: Call, organization: StoredOrganization, user: User
    ) -> Values | None:
        """The values of the team that a new organization begins with, after the application was
        asked; None: none."""
        default = None if self.teams is None else self.teams.default_team
        if default is None or not self.has_teams or not default.enabled:
            return None
        values: Values = {"name": organization.name}
        if default.custom_create_default_team is not None:
            made = await call.run(default.custom_create_default_team, organization, call.request)
            values = {**values, **(made if isinstance(made, Mapping) else {})}
        given = {**values, "organization_id": organization.id}
        return await asked(
            call, self.organization_hooks.before_create_team, given, user, organization
        )

    async def create_default_team(
        self, call: Call, organization: StoredOrganization, user: User, planned: Values
    ) -> str | None:
        """Make the planned team, with its first member; its id."""
        fixed = {"organization_id": organization.id, "member_count": 0, "updated_at": None}
        team = await stored(
            call.db.create(Team, **{**planned, **fixed}),
            OrganizationCodes.FAILED_TO_CREATE_ORGANIZATION,
        )
        await take_seat(call, team, user.id, None)
        await told(call, self.organization_hooks.after_create_team, team, user, organization)
        return team.id

    async def invited_teams(
        self, call: Call, held: Held, session: Session | None, team_ids: Sequence[str]
    ) -> Values:
        """The values of an invitation into teams.

        Raises INVALID_TEAM_ID, TEAM_NOT_FOUND, TEAM_MEMBER_LIMIT_REACHED.
        """
        if not self.has_teams:
            return {}
        ids = list(dict.fromkeys(team_ids))
        text = ",".join(ids)
        if any("," in one for one in ids) or len(text) > _LONGEST:
            raise TeamCodes.INVALID_TEAM_ID()
        for one in ids:
            team = await team_in(call, held.organization.id, one)
            most = await self.most_seats(call, team, session)
            if most is not None and await call.db.count(TeamMember, team_id=team.id) >= most:
                raise TeamCodes.TEAM_MEMBER_LIMIT_REACHED()
        return {"team_id": text or None}

    async def join_invited_teams(
        self, call: Call, held: Held, session: Session, invitation: Invitation
    ) -> str | None:
        """Make who accepts an invitation a member of its teams; the id of the team that is active
        then: where there is one alone.

        Raises TEAM_NOT_FOUND, TEAM_MEMBER_LIMIT_REACHED.
        """
        ids = invited_team_ids(invitation) if self.has_teams else ()
        for one in sorted(ids):
            await self._join(call, held, session, session.user_id, one)
        return ids[0] if len(ids) == 1 else None

    async def join_team(
        self, call: Call, held: Held, session: Session | None, member: Member, team_id: str
    ) -> None:
        """Make a new member one of a team. Raises TEAM_NOT_FOUND, TEAM_MEMBER_LIMIT_REACHED."""
        await self._join(call, held, session, member.user_id, team_id)

    async def leave_teams(self, call: Call, held: Held, user_id: str) -> None:
        """Take somebody who is removed out of all teams."""
        if not self.has_teams:
            return
        teams = await teams_of_user(call, user_id, [held.organization.id])
        for team_id in sorted(team.id for team in teams):
            await leave_seat(call, team_id, user_id)
        await self.forget_teams(call, {team.id for team in teams}, [user_id])

    async def delete_teams(self, call: Call, held: Held) -> None:
        """Delete all teams of an organization that is deleted."""
        if not self.has_teams:
            return
        teams = await call.db.find_many(Team, limit=None, organization_id=held.organization.id)
        for team in teams:
            await self.empty_team(call, team.id)
        await call.db.delete(Team, organization_id=held.organization.id)

    async def shown_teams(self, call: Call, organization_id: str) -> list[FullTeam] | UnsetType:
        """The teams of an organization for `get-full-organization`, a hundred at most."""
        if not self.has_teams:
            return UNSET
        teams = await call.db.find_many(Team, sort=OLDEST, organization_id=organization_id)
        return [shown(call, FullTeam, team) for team in teams]

    async def empty_team(self, call: Call, team_id: str) -> None:
        """Take everybody out of a team that is deleted; it is active in no session then."""
        seats = await call.db.find_many(TeamMember, limit=None, team_id=team_id)
        await call.db.delete(TeamMember, team_id=team_id)
        users = {seat.user_id for seat in seats}
        # Nobody holds these users: one who waits for the organization may hold his session.
        await call.db.after_commit(partial(self.forget_teams, call, [team_id], users))

    async def most_seats(self, call: Call, team: Team, session: Session | None) -> int | None:
        """How many members a team may have; None: any number."""
        if self.teams is None:
            return None
        option, limit = "Teams.maximum_members_per_team", self.teams.maximum_members_per_team
        return await limit_of(call, option, limit, team.id, team.organization_id, session)

    async def _join(
        self, call: Call, held: Held, session: Session | None, user_id: str, team_id: str
    ) -> None:
        team = await team_in(call, held.organization.id, team_id)
        await take_seat(call, team, user_id, await self.most_seats(call, team, session))
