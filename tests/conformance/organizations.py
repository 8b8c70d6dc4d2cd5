"""What the profile `plugins` says about organizations (PROFILES.md, sections 4, 6 and 7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from tests.conformance.surroundings import Surroundings
from watchword import Request, User
from watchword.features.access_control import AccessControl
from watchword.plugins import Organization
from watchword.plugins.organization import (
    ADMIN_PERMISSIONS,
    MEMBER_PERMISSIONS,
    ORGANIZATION_STATEMENTS,
    OWNER_PERMISSIONS,
    DynamicAccessControl,
    InvitationMail,
    OrganizationStatements,
    Teams,
)


class Statements(OrganizationStatements, total=False):
    project: Sequence[Literal["create", "update", "delete"]]


CONTROL = AccessControl[Statements](
    {**ORGANIZATION_STATEMENTS, "project": ["create", "update", "delete"]}
)
ROLES = {
    "owner": CONTROL.role({**OWNER_PERMISSIONS, "project": ["create", "update", "delete"]}),
    "admin": CONTROL.role({**ADMIN_PERMISSIONS, "project": ["create", "update"]}),
    "member": CONTROL.role({**MEMBER_PERMISSIONS, "project": []}),
    "auditor": CONTROL.role({**MEMBER_PERMISSIONS, "project": ["update"]}),
}


def organizations(around: Surroundings) -> Organization:
    """The plugin with the roles and limits of the profile."""

    def mail(invited: InvitationMail, _: Request | None) -> None:
        around.post(
            "invitation",
            invited.email,
            id=invited.invitation.id,
            role=invited.invitation.role,
            organization=invited.organization.name,
            inviter=invited.inviter.email,
        )

    return Organization(
        ac=CONTROL,
        roles=ROLES,
        organization_limit=3,
        membership_limit=4,
        invitation_limit=3,
        allow_user_to_create_organization=_may_create,
        teams=Teams(maximum_teams=3, maximum_members_per_team=2),
        dynamic_access_control=DynamicAccessControl(maximum_roles_per_organization=2),
        send_invitation_email=mail,
    )


def _may_create(user: User) -> bool:
    return not user.email.startswith("noorg.")
