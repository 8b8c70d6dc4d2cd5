"""The plugin, put together."""

from __future__ import annotations

from dataclasses import dataclass

from .answering import Answering
from .creating import NewOrganizations
from .guarding import GuardedMembers
from .invitations import Inviting
from .member_lists import ReadMembers
from .members import ManagedMembers
from .owners import Owners
from .reading import ReadOrganizations
from .runtime_roles import RuntimeRoles
from .team_members import TeamMembers


@dataclass(frozen=True, kw_only=True)
class Organization(
    RuntimeRoles,
    TeamMembers,
    NewOrganizations,
    ReadOrganizations,
    Owners,
    Inviting,
    Answering,
    ManagedMembers,
    GuardedMembers,
    ReadMembers,
):
    """Options of organizations."""
