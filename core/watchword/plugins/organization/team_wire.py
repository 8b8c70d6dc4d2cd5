"""What the endpoints of teams say and hear."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from watchword.discreet import Discreet
from watchword.pipeline.validation import Identifier

from .wire import Name


class TeamsOf(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """In which organization; none: in the active one."""

    organization_id: Identifier | None = None


class CreateTeam(TeamsOf, frozen=True, kw_only=True, rename="camel"):
    """A new team."""

    name: Identifier


class TeamChanges(TeamsOf, frozen=True, kw_only=True, rename="camel"):
    """What to change of a team, and in which organization it is: it stays there."""

    name: Name | UnsetType = UNSET


class UpdateTeam(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which team to change, and how."""

    team_id: Identifier
    data: Annotated[dict[Identifier, Any], msgspec.Meta(max_length=200)]
    """`TeamChanges`, and additional fields by wire name."""


class WhichTeam(TeamsOf, frozen=True, kw_only=True, rename="camel"):
    """Which team is meant."""

    team_id: Identifier


class TeamSeat(WhichTeam, frozen=True, kw_only=True, rename="camel"):
    """Who is meant, in which team."""

    user_id: Identifier


class SetActiveTeam(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """Which team is active from now on; `teamId: null`: none is; nothing: the same as before."""

    team_id: Identifier | UnsetType | None = UNSET


class ListTeamMembers(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """Of which team; none: of the active one."""

    team_id: Identifier | None = None


class ListUserTeams(TeamsOf, frozen=True, kw_only=True, rename="camel"):
    """Whose teams, and of which organization; none: one's own, of all."""

    user_id: Identifier | None = None


class TeamDone(Discreet, msgspec.Struct, frozen=True):
    """That something was done, for people to read."""

    message: str
