"""What is active in sessions: the organization, and with teams the team.

What is active is where requests that name no organization go; it allows nothing by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from watchword.call import Call
from watchword.database.table import gt
from watchword.records import Session, User
from watchword.results import SessionAndUser
from watchword.sessions.sessions import current_session, refresh_cache

from .codes import OrganizationCodes
from .membership import active_organization_of
from .records import Member
from .team_places import TeamPlaces

_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class ActiveOrganizations(TeamPlaces):
    """Making organizations active, and forgetting them."""

    async def selected(self, call: Call, organization_id: str | None) -> str:
        """The organization that a request is about. Raises NO_ACTIVE_ORGANIZATION."""
        named = organization_id or await self.active(call)
        if not named:
            raise OrganizationCodes.NO_ACTIVE_ORGANIZATION()
        return named

    async def active(self, call: Call) -> str | None:
        """The id of the organization that is active for who is asking."""
        found = await current_session(call)
        return None if found is None else active_organization_of(found.session)

    async def activate(
        self, call: Call, organization_id: str | None, team_id: str | None = None
    ) -> Session | None:
        """Make an organization the active one of this session, and no other team than its own; the
        session as it is now, or None if it has ended."""
        found = call.session
        changes = self._changes(organization_id, team_id)
        async with call.db.transaction():
            # Who makes a team active holds the user as well: both are of one organization.
            await call.db.find_one(User, id=found.user.id)
            session = await call.sessions.change(call, found.session, changes)
        if session is not None:
            refresh_cache(call, SessionAndUser(session=session, user=found.user))
        return session

    async def forget(self, call: Call, organization_id: str, *user_ids: str) -> None:
        """Make an organization inactive in all sessions of users, who are no members any more.

        Sessions that only their browsers hold keep it, until they ask for it.
        """
        for session in await self._sessions(call, organization_id, user_ids):
            await call.sessions.change(call, session, self._changes(None, None))

    async def whose_sessions(self, call: Call, organization_id: str) -> list[str]:
        """Whose sessions to look through when an organization is deleted: those of all members,
        where sessions cannot be searched."""
        if has_rows(call):
            return []
        members = await call.db.find_many(Member, limit=None, organization_id=organization_id)
        return [member.user_id for member in members]

    async def forget_everywhere(
        self, call: Call, organization_id: str, user_ids: Sequence[str]
    ) -> None:
        """Make a deleted organization inactive in all sessions; `user_ids` are `whose_sessions`."""
        if not has_rows(call):
            return await self.forget(call, organization_id, *user_ids)
        active: dict[str, Any] = {"active_organization_id": organization_id}
        nothing, changed = self._changes(None, None), True
        while changed:
            found = await call.db.find_many(
                Session, limit=_AT_ONCE, expires_at=gt(call.now), **active
            )
            # Those that a hook of the database refuses stay as they are.
            changed = any([await call.sessions.change(call, one, nothing) for one in found])

    async def _sessions(
        self, call: Call, organization_id: str, user_ids: Sequence[str]
    ) -> list[Session]:
        active: dict[str, Any] = {"active_organization_id": organization_id}
        found: list[Session] = []
        if has_rows(call):
            for one in user_ids:
                found += await call.db.find_many(Session, limit=None, user_id=one, **active)
            return found
        tokens = [token for one in user_ids for token in await call.sessions.tokens_of(call, one)]
        loaded = [await call.sessions.load(call, token) for token in tokens]
        known = [one.session for one in loaded if one is not None]
        return [one for one in known if active_organization_of(one) == organization_id]

    def _changes(self, organization_id: str | None, team_id: str | None) -> Mapping[str, object]:
        team = {"active_team_id": team_id} if self.has_teams else {}
        return {"active_organization_id": organization_id, **team}


def has_rows(call: Call) -> bool:
    """Whether sessions can be searched."""
    if call.config.stateless:
        return False
    return not call.config.has_secondary or call.config.options.session.store_in_database
