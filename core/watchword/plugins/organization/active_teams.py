"""What is active in sessions: the team, always one of the active organization that its user is in.

It is made active while the organization is held, and forgotten in the same transaction in which its
user leaves it, or right behind the one in which it is deleted (spec: plugin organization,
set-active-team).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET

from watchword.call import Call
from watchword.database.table import one_of
from watchword.endpoint import post
from watchword.records import Session
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.sessions import set_session_cookies

from .active import ActiveOrganizations, has_rows
from .codes import OrganizationCodes, TeamCodes
from .membership import active_organization_of
from .records import Team
from .seats import seat_of, team_in
from .team_wire import SetActiveTeam

_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class ActiveTeams(ActiveOrganizations):
    """Making teams active, and forgetting them."""

    @post("/organization/set-active-team", requires="session")
    async def set_active_team(self, call: Call, body: SetActiveTeam) -> Team | None:
        """Make a team of the active organization the active one of this session, or none.

        Raises NO_ACTIVE_ORGANIZATION, TEAM_NOT_FOUND, USER_IS_NOT_A_MEMBER_OF_THE_TEAM.
        """
        found = call.session
        active = active_team_of(found.session)
        if body.team_id is None or not (body.team_id or active):
            if active is not None:
                await self._keep(call, None)
            return None
        team_id = active if body.team_id is UNSET else body.team_id
        organization_id, caller = await self.selected(call, None), await self.caller(call)
        await self._own_team(call, organization_id, str(team_id or active))
        async with self.holding(call, organization_id, caller):
            team = await self._own_team(call, organization_id, str(team_id or active))
            there = await call.sessions.load(call, found.session.token)
            if there is None or active_organization_of(there.session) != organization_id:
                raise OrganizationCodes.NO_ACTIVE_ORGANIZATION()
            await self._keep(call, team.id)
        return team

    async def forget_teams(
        self, call: Call, team_ids: Collection[str], user_ids: Collection[str]
    ) -> None:
        """Make teams inactive in all sessions of users, who are in them no more."""
        for session in await self._sessions_in(call, [*team_ids], [*user_ids]):
            await call.sessions.change(call, session, {"active_team_id": None})

    async def _keep(self, call: Call, team_id: str | None) -> None:
        found = call.session
        session = await call.sessions.change(call, found.session, {"active_team_id": team_id})
        if session is not None:
            set_session_cookies(call, session, found.user)

    async def _own_team(self, call: Call, organization_id: str, team_id: str) -> Team:
        team, user_id = await team_in(call, organization_id, team_id), call.session.user.id
        member = await self.member_of(call, organization_id, user_id)
        if member is None or await seat_of(call, team_id, user_id) is None:
            raise TeamCodes.USER_IS_NOT_A_MEMBER_OF_THE_TEAM()
        return team

    async def _sessions_in(
        self, call: Call, team_ids: list[str], user_ids: list[str]
    ) -> list[Session]:
        found: list[Session] = []
        if has_rows(call) and team_ids:
            active: dict[str, Any] = {"active_team_id": one_of([*team_ids])}
            for start in range(0, len(user_ids), _AT_ONCE):
                some = one_of([*user_ids[start : start + _AT_ONCE]])
                found += await call.db.find_many(Session, limit=None, user_id=some, **active)
            return found
        for one in user_ids if team_ids else ():
            for token in await call.sessions.tokens_of(call, one):
                loaded = await call.sessions.load(call, token)
                if loaded is not None and active_team_of(loaded.session) in team_ids:
                    found.append(loaded.session)
        return found


def active_team_of(session: Session) -> str | None:
    """The id of the team that is active in a session."""
    return getattr(session, "active_team_id", None)


class ActiveTeamsAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    set_active_team: EndpointCall[M, SetActiveTeam | None, Team | None]
    """Make a team of the active organization the active one of this session, or none.

    Raises NO_ACTIVE_ORGANIZATION, TEAM_NOT_FOUND, USER_IS_NOT_A_MEMBER_OF_THE_TEAM.
    """
