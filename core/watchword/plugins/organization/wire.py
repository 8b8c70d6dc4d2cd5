"""What the endpoints of organizations hear and say: bodies, queries, answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from watchword.discreet import Discreet
from watchword.pipeline.validation import Identifier, Picture

from .records import Invitation, Member

Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
"""What an organization or a team is called, also in its address (`slug`)."""
RoleNames: TypeAlias = Identifier | Annotated[list[Identifier], msgspec.Meta(max_length=50)]
"""One role, or several: as a list, or joined with commas."""
TeamIds: TypeAlias = Identifier | Annotated[list[Identifier], msgspec.Meta(max_length=50)]
Metadata: TypeAlias = Annotated[dict[Identifier, Any], msgspec.Meta(max_length=1000)]
Permissions: TypeAlias = Annotated[
    dict[Identifier, Annotated[list[Identifier], msgspec.Meta(max_length=100)]],
    msgspec.Meta(max_length=100),
]
Operator: TypeAlias = Literal[
    "eq", "ne", "lt", "lte", "gt", "gte", "in", "not_in", "contains", "starts_with", "ends_with"
]


class WhichOrganization(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """Which organization is meant; none: the active one."""

    organization_id: Identifier | None = None
    organization_slug: Identifier | None = None
    """Goes before the id."""


class CreateOrganization(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A new organization."""

    name: Name
    slug: Name
    logo: Picture | None = None
    metadata: Metadata | None = None
    user_id: Identifier | None = None
    """Whose it is; counts in server-side calls without a session alone."""
    keep_current_active_organization: bool = False


class CheckSlug(Discreet, msgspec.Struct, frozen=True):
    """Whether an organization could have this slug."""

    slug: Identifier


class OrganizationChanges(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """What to change of an organization."""

    name: Name | UnsetType = UNSET
    slug: Name | UnsetType = UNSET
    logo: Picture | UnsetType | None = UNSET
    metadata: Metadata | UnsetType | None = UNSET


class UpdateOrganization(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What to change, and of which organization (none: the active one)."""

    data: Annotated[dict[Identifier, Any], msgspec.Meta(max_length=200)]
    """`OrganizationChanges`, and additional fields by wire name."""
    organization_id: Identifier | None = None


class OneOrganization(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """Which organization is meant."""

    organization_id: Identifier


class FullOrganizationQuery(WhichOrganization, frozen=True, rename="camel"):
    """Which organization, and how many of its members to show."""

    members_limit: Identifier | int | None = None


class SetActive(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """Which organization is active from now on; `organizationId: null`: none is."""

    organization_id: Identifier | UnsetType | None = UNSET
    organization_slug: Identifier | None = None


class InviteMember(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whom to invite, to which roles."""

    email: Identifier
    role: RoleNames
    organization_id: Identifier | None = None
    resend: bool = False
    """Renew the invitation that there is, and mail it again."""
    team_id: TeamIds | None = None


class OneInvitation(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """Which invitation is meant."""

    invitation_id: Identifier


class WhichInvitation(Discreet, msgspec.Struct, frozen=True):
    """Which invitation to show."""

    id: Identifier


class ListInvitations(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """Of which organization; none: the active one."""

    organization_id: Identifier | None = None


class ListUserInvitations(Discreet, msgspec.Struct, frozen=True):
    """Whose invitations; only the server may ask for those of another address."""

    email: Identifier | None = None


class AddMember(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whom to make a member, with which roles."""

    user_id: Identifier
    role: RoleNames
    organization_id: Identifier | None = None
    team_id: Identifier | None = None


class ListMembers(WhichOrganization, frozen=True, kw_only=True, rename="camel"):
    """Whom to list."""

    limit: Identifier | int = ""
    offset: Identifier | int = ""
    sort_by: Identifier = ""
    sort_direction: Literal["asc", "desc"] = "asc"
    filter_field: Identifier = ""
    filter_value: (
        Identifier
        | bool
        | float
        | Annotated[list[Identifier], msgspec.Meta(max_length=100)]
        | UnsetType
    ) = UNSET
    filter_operator: Operator = "eq"


class RemoveMember(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """Whom to remove, and from which organization."""

    member_id_or_email: Identifier
    organization_id: Identifier | None = None


class UpdateMemberRole(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """The roles that a member has from now on."""

    member_id: Identifier
    role: RoleNames
    organization_id: Identifier | None = None


class WhoseRole(WhichOrganization, frozen=True, rename="camel"):
    """Whose roles, and in which organization."""

    user_id: Identifier | None = None


class HasOrganizationPermission(
    Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"
):
    """What who is asking may want to do."""

    permissions: Permissions | None = None
    permission: Permissions | None = None
    organization_id: Identifier | None = None


class Available(Discreet, msgspec.Struct, frozen=True):
    """The slug can be had."""

    status: Literal[True] = True


class Accepted(Discreet, msgspec.Struct, frozen=True):
    """The invitation as it is now, and the member that it made."""

    invitation: Invitation
    member: Member


class Rejected(Discreet, msgspec.Struct, frozen=True):
    """The invitation as it is now."""

    invitation: Invitation
    member: None = None


class RemovedMember(Discreet, msgspec.Struct, frozen=True):
    """Who was removed; a `MemberWithUser` where he was named by his address."""

    member: Member


class HeldRole(Discreet, msgspec.Struct, frozen=True):
    """The roles of a member, joined with commas."""

    role: str


class OrganizationPermitted(Discreet, msgspec.Struct, frozen=True):
    """Whether it is allowed."""

    success: bool
    error: None = None
