"""Where teams take part in what happens to organizations and members. Here they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import UNSET, UnsetType

from watchword.call import Call
from watchword.records import Session, User

from .hooks import Values
from .membership import Held, Membership
from .records import Invitation, Member, StoredOrganization
from .shapes import FullTeam


@dataclass(frozen=True, kw_only=True)
class TeamPlaces(Membership):
    """Places for teams."""

    async def plan_default_team(
        self, call: Call, organization: StoredOrganization, user: User
    ) -> Values | None:
        """The values of the team that a new organization begins with, once the application was
        asked; None: none. Nothing is held; the organization is told as it will be."""
        return None

    async def create_default_team(
        self, call: Call, organization: StoredOrganization, user: User, planned: Values
    ) -> str | None:
        """Make the planned team, with its first member; its id. In the transaction that makes the
        organization."""
        return None

    async def invited_teams(
        self, call: Call, held: Held, session: Session | None, team_ids: Sequence[str]
    ) -> Values:
        """The values of an invitation into teams. In the transaction that holds the organization.

        Raises INVALID_TEAM_ID, TEAM_NOT_FOUND, TEAM_MEMBER_LIMIT_REACHED.
        """
        return {}

    async def join_invited_teams(
        self, call: Call, held: Held, session: Session, invitation: Invitation
    ) -> str | None:
        """Make who accepts an invitation a member of its teams; the id of the team that is active
        then. In the transaction that holds the organization.

        Raises TEAM_NOT_FOUND, TEAM_MEMBER_LIMIT_REACHED.
        """
        return None

    async def join_team(
        self, call: Call, held: Held, session: Session | None, member: Member, team_id: str
    ) -> None:
        """Make a new member one of a team. In the transaction that holds the organization.

        Raises TEAM_NOT_FOUND, TEAM_MEMBER_LIMIT_REACHED.
        """

    async def leave_teams(self, call: Call, held: Held, user_id: str) -> None:
        """Take somebody who is removed out of all teams. In the transaction that holds the
        organization."""

    async def delete_teams(self, call: Call, held: Held) -> None:
        """Delete all teams of an organization that is deleted. In the transaction that holds it."""

    async def shown_teams(self, call: Call, organization_id: str) -> list[FullTeam] | UnsetType:
        """The teams of an organization for `get-full-organization`."""
        return UNSET
