"""What members may do, as statements of access control (spec: plugin organization, matrix)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypedDict, get_args

from watchword.features.access_control import AccessControl, Role

Change: TypeAlias = Literal["create", "update", "delete"]


class OrganizationStatements(TypedDict, total=False):
    """Resources and actions of the plugin. Extend it with those of the application."""

    organization: Sequence[Literal["update", "delete"]]
    member: Sequence[Change]
    invitation: Sequence[Literal["create", "cancel"]]
    team: Sequence[Change]
    ac: Sequence[Literal["create", "read", "update", "delete"]]


ORGANIZATION_STATEMENTS: OrganizationStatements = {
    "organization": ("update", "delete"),
    "member": get_args(Change),
    "invitation": ("create", "cancel"),
    "team": get_args(Change),
    "ac": ("create", "read", "update", "delete"),
}
"""All that there is."""

OWNER_PERMISSIONS: OrganizationStatements = ORGANIZATION_STATEMENTS
"""Those of the role `owner`."""
ADMIN_PERMISSIONS: OrganizationStatements = {**OWNER_PERMISSIONS, "organization": ("update",)}
"""Those of the role `admin`: everything but deleting the organization."""
MEMBER_PERMISSIONS: OrganizationStatements = {
    "organization": (),
    "member": (),
    "invitation": (),
    "team": (),
    "ac": ("read",),
}
"""Those of the role `member`."""

DEFAULT_CONTROL = AccessControl[OrganizationStatements](ORGANIZATION_STATEMENTS)

DEFAULT_ROLES: Mapping[str, Role[Any]] = {
    "owner": DEFAULT_CONTROL.role(OWNER_PERMISSIONS),
    "admin": DEFAULT_CONTROL.role(ADMIN_PERMISSIONS),
    "member": DEFAULT_CONTROL.role(MEMBER_PERMISSIONS),
}
