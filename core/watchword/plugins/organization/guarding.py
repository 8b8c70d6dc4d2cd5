"""What the application's own routes may ask of members: roles and permissions in an organization.

Membership and its role are those of the row at this moment; that an organization is active in a
session says which one is meant, and no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, cast

import msgspec

from watchword.call import Call
from watchword.discreet import Discreet
from watchword.endpoint import post
from watchword.errors import ConfigurationError
from watchword.features.access_control import (
    AccessCodes,
    Connector,
    Right,
    Role,
    has_roles,
    role_names,
)
from watchword.features.standing import standing
from watchword.pipeline.validation import Identifier
from watchword.records import User
from watchword.results import SessionAndUser
from watchword.server_api import EndpointCall, M, ServerAPI, U

from .active import ActiveOrganizations
from .permissions import DEFAULT_ROLES, ORGANIZATION_STATEMENTS
from .wire import Permissions


class NeededInOrganization(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """What a member needs. Without roles and permissions, any member will do."""

    roles: Annotated[list[Identifier], msgspec.Meta(max_length=50)] = []
    connector: Connector = "AND"
    permissions: Permissions = {}
    organization_id: Identifier | None = None
    """None: the active one."""


@dataclass(frozen=True, kw_only=True)
class GuardedMembers(ActiveOrganizations):
    """The function behind the guards of adapters."""

    @post("/organization/require", requires="sensitive", server_only=True)
    async def require_in_organization(
        self, call: Call, body: NeededInOrganization
    ) -> SessionAndUser[User]:
        """Go on only for a member who has the roles, and may do all of it.

        Raises UNAUTHORIZED (401), NO_ACTIVE_ORGANIZATION (400), FORBIDDEN (403).
        """
        found = await standing(call)
        organization_id = body.organization_id
        if organization_id is None:
            organization_id = await self.selected(call, None)
        member = await self.member_of(call, organization_id, found.user.id)
        if member is None:
            raise AccessCodes.FORBIDDEN()
        own = role_names(member.role)
        if body.roles and not has_roles(own, body.roles, body.connector):
            raise AccessCodes.FORBIDDEN()
        if body.permissions and not await self.permits(call, member, body.permissions):
            raise AccessCodes.FORBIDDEN()
        return found

    def check_guard(self, function: str, asked: Mapping[str, object]) -> None:
        """Refuse roles and permissions that no member can have."""
        if function != GuardedMembers.require_in_organization.name:
            return
        for name in cast("list[str]", asked.get("roles", [])):
            if not self.makes_roles and name not in {**DEFAULT_ROLES, **self.static_roles}:
                raise ConfigurationError(
                    "roles of a guard",
                    f"no organization has a role {name!r}",
                    "Add it to Organization(roles=)",
                )
        needed = Role(cast("Mapping[str, object]", asked.get("permissions", {}))).rights
        for resource, action in sorted(needed - self._all_rights()):
            raise ConfigurationError(
                "permissions of a guard",
                f"no role allows {action!r} on {resource!r}",
                "Give it to one in Organization(roles=)",
            )

    def _all_rights(self) -> frozenset[Right]:
        known = Role(ORGANIZATION_STATEMENTS).rights
        if self.ac is not None:
            known |= Role(cast("Mapping[str, object]", self.ac.statements)).rights
        return known.union(*(role.rights for role in self.static_roles.values()))


class GuardedMembersAPI(ServerAPI[M, U]):
    """Its function in `auth.api`."""

    require_in_organization: EndpointCall[M, NeededInOrganization | None, SessionAndUser[U]]
    """Go on only for a member who has the roles, and may do all of it.

    Raises UNAUTHORIZED (401), NO_ACTIVE_ORGANIZATION (400), FORBIDDEN (403).
    """
