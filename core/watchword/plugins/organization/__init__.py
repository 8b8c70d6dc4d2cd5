"""Organizations: members with roles, invitations, teams, and roles of their own.

Spec: plugin organization; access control.
"""

from __future__ import annotations

from watchword.features.access_control import AccessControl, Role

from .active_teams import ActiveTeamsAPI
from .answering import AnsweringAPI
from .codes import InvitationCodes, OrganizationCodes
from .creating import NewOrganizationsAPI
from .guarding import GuardedMembersAPI, NeededInOrganization
from .hooks import OrganizationHooks
from .invitation_lists import InvitationListsAPI
from .invitation_mails import InvitationMail
from .invitations import InvitingAPI
from .managing import ManagedOrganizationsAPI
from .member_lists import ReadMembersAPI
from .members import ManagedMembersAPI
from .options import DefaultTeam, DynamicAccessControl, Teams
from .permissions import (
    ADMIN_PERMISSIONS,
    DEFAULT_ROLES,
    MEMBER_PERMISSIONS,
    ORGANIZATION_STATEMENTS,
    OWNER_PERMISSIONS,
    OrganizationStatements,
)
from .plugin import Organization
from .reading import ReadOrganizationsAPI
from .records import (
    Invitation,
    Member,
    OrganizationRole,
    StoredOrganization,
    Team,
    TeamMember,
)
from .role_wire import (
    ChangedRole,
    CreatedRole,
    CreateRole,
    ListRoles,
    RoleShown,
    UpdateRole,
    WhichRole,
)
from .runtime_roles import RuntimeRolesAPI
from .shapes import (
    CreatedOrganization,
    FullOrganization,
    FullTeam,
    InvitationShown,
    MemberList,
    MemberUser,
    MemberWithUser,
    OrganizationShown,
    UserInvitation,
)
from .team_members import TeamMembersAPI
from .team_wire import (
    CreateTeam,
    ListTeamMembers,
    ListUserTeams,
    SetActiveTeam,
    TeamDone,
    TeamSeat,
    TeamsOf,
    UpdateTeam,
    WhichTeam,
)
from .teams import TeamsAPI
from .wire import (
    Accepted,
    AddMember,
    Available,
    CheckSlug,
    CreateOrganization,
    FullOrganizationQuery,
    HasOrganizationPermission,
    HeldRole,
    InviteMember,
    ListInvitations,
    ListMembers,
    ListUserInvitations,
    OneInvitation,
    OneOrganization,
    OrganizationPermitted,
    Rejected,
    RemovedMember,
    RemoveMember,
    SetActive,
    UpdateMemberRole,
    UpdateOrganization,
    WhichInvitation,
    WhichOrganization,
    WhoseRole,
)

__all__ = [
    "ADMIN_PERMISSIONS",
    "Accepted",
    "AccessControl",
    "ActiveTeamsAPI",
    "AddMember",
    "AnsweringAPI",
    "Available",
    "ChangedRole",
    "CheckSlug",
    "CreateOrganization",
    "CreateRole",
    "CreateTeam",
    "CreatedOrganization",
    "CreatedRole",
    "DEFAULT_ROLES",
    "DefaultTeam",
    "DynamicAccessControl",
    "FullOrganization",
    "FullOrganizationQuery",
    "FullTeam",
    "HasOrganizationPermission",
    "HeldRole",
    "Invitation",
    "InvitationCodes",
    "InvitationListsAPI",
    "InvitationMail",
    "InvitationShown",
    "InviteMember",
    "InvitingAPI",
    "ListInvitations",
    "ListMembers",
    "ListRoles",
    "ListTeamMembers",
    "ListUserInvitations",
    "ListUserTeams",
    "MEMBER_PERMISSIONS",
    "ManagedMembersAPI",
    "ManagedOrganizationsAPI",
    "Member",
    "MemberList",
    "MemberUser",
    "MemberWithUser",
    "NewOrganizationsAPI",
    "ORGANIZATION_STATEMENTS",
    "OWNER_PERMISSIONS",
    "OneInvitation",
    "OneOrganization",
    "Organization",
    "OrganizationCodes",
    "OrganizationHooks",
    "OrganizationPermitted",
    "OrganizationRole",
    "OrganizationShown",
    "OrganizationStatements",
    "GuardedMembersAPI",
    "NeededInOrganization",
    "ReadMembersAPI",
    "ReadOrganizationsAPI",
    "Rejected",
    "RemoveMember",
    "RemovedMember",
    "Role",
    "RoleShown",
    "RuntimeRolesAPI",
    "SetActive",
    "SetActiveTeam",
    "StoredOrganization",
    "Team",
    "TeamDone",
    "TeamMember",
    "TeamMembersAPI",
    "TeamSeat",
    "Teams",
    "TeamsAPI",
    "TeamsOf",
    "UpdateMemberRole",
    "UpdateOrganization",
    "UpdateRole",
    "UpdateTeam",
    "UserInvitation",
    "WhichInvitation",
    "WhichOrganization",
    "WhichRole",
    "WhichTeam",
    "WhoseRole",
]
