"""What is stored of organizations (spec: plugin organization, (c)).

Tables are those of the reference, which knows no unique member and no unique pending invitation:
`membership` sees to both. Further indexes are ours, so that nothing is slow with a million members.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal, TypeAlias

import msgspec

from watchword.database.records import Column, Record
from watchword.database.schema import Index
from watchword.discreet import Discreet

InvitationStatus: TypeAlias = Literal["pending", "accepted", "rejected", "canceled"]


class StoredOrganization(Record, kw_only=True):
    """An organization. Subclass it to add fields (`Organization(organization_type=...)`)."""

    __model__: ClassVar[str] = "organization"
    name: Annotated[str, Column(sortable=True)]
    slug: Annotated[str, Column(unique=True, sortable=True)]
    logo: str | None = None
    created_at: Annotated[datetime, Column(now="create", now_in_database=False, input=False)]
    metadata: str | None = None
    """JSON, as text."""


class Member(Record, kw_only=True):
    """That a user belongs to an organization, with these roles."""

    __model__: ClassVar[str] = "member"
    __indexes__: ClassVar[tuple[Index, ...]] = (
        Index(("organizationId", "userId")),
        Index(("organizationId", "role")),
        Index(("organizationId", "createdAt")),
    )
    organization_id: Annotated[str, Column(references="organization.id", index=True, input=False)]
    user_id: Annotated[str, Column(references="user.id", index=True, input=False)]
    role: Annotated[str, Column(sortable=True, input=False)] = "member"
    """Roles, joined with commas."""
    created_at: Annotated[datetime, Column(now="create", now_in_database=False, input=False)]


class Invitation(Record, kw_only=True):
    """That somebody may become a member, whoever proves to have the address."""

    __model__: ClassVar[str] = "invitation"
    __indexes__: ClassVar[tuple[Index, ...]] = (
        Index(("organizationId", "email")),
        Index(("organizationId", "status", "expiresAt")),
        Index(("organizationId", "createdAt")),
    )
    organization_id: Annotated[str, Column(references="organization.id", index=True, input=False)]
    email: Annotated[str, Column(index=True, sortable=True, input=False)]
    role: Annotated[str | None, Column(sortable=True, input=False)] = None
    """Roles, joined with commas."""
    status: Annotated[str, Column(sortable=True, input=False)] = "pending"
    """An `InvitationStatus`."""
    expires_at: Annotated[datetime, Column(input=False)]
    created_at: Annotated[datetime, Column(now="create", input=False)]
    inviter_id: Annotated[str, Column(references="user.id", input=False)]


class InvitationToTeams(Invitation, kw_only=True):
    """Where there are teams: an invitation may lead into some."""

    team_id: Annotated[str | None, Column(sortable=True, input=False)] = None
    """Ids of teams, joined with commas."""


class Team(Record, kw_only=True):
    """Some of the members of an organization."""

    __model__: ClassVar[str] = "team"
    name: str
    member_count: Annotated[int, Column(input=False, returned=False)] = 0
    organization_id: Annotated[str, Column(references="organization.id", index=True, input=False)]
    created_at: Annotated[datetime, Column(now="create", now_in_database=False, input=False)]
    updated_at: Annotated[datetime | None, Column(now="write", now_in_database=False, input=False)]


class TeamMember(Record, kw_only=True):
    """That a user belongs to a team."""

    __model__: ClassVar[str] = "teamMember"
    team_id: Annotated[str, Column(references="team.id", index=True, input=False)]
    user_id: Annotated[str, Column(references="user.id", index=True, input=False)]
    membership_key: Annotated[str | None, Column(unique=True, input=False, returned=False)] = None
    """What makes the pair unique; rows of older servers have none."""
    created_at: Annotated[datetime | None, Column(now="create", now_in_database=False, input=False)]


class OrganizationRole(Record, kw_only=True):
    """A role that an organization made for itself."""

    __model__: ClassVar[str] = "organizationRole"
    organization_id: Annotated[str, Column(references="organization.id", index=True, input=False)]
    role: Annotated[str, Column(index=True, input=False)]
    permission: Annotated[str, Column(input=False)]
    """JSON, as text: resource to actions."""
    created_at: Annotated[datetime, Column(now="create", input=False)]
    updated_at: Annotated[datetime | None, Column(now="write", now_in_database=False, input=False)]


class ActiveOrganization(Discreet, msgspec.Struct):
    """What is added to sessions."""

    active_organization_id: Annotated[str | None, Column(input=False, index=True)] = None
    """Indexed, so that a deleted organization is found wherever it is active."""


class ActiveTeam(ActiveOrganization):
    """The same where there are teams."""

    active_team_id: Annotated[str | None, Column(input=False, index=True)] = None
