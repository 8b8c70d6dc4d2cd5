"""Roles that organizations make for themselves, while the application runs.

Nobody makes or changes one into what allows more than he may himself at that moment, which is asked
while the organization is held: nothing that gives or takes rights happens in between. A name is
used once: neither that of a role of the application nor one that a member or an open invitation
has already. So no right comes to anybody who was not given it (spec: plugin organization, runtime
roles; security X7).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from watchword.call import Call
from watchword.database.contract import Condition, Sort
from watchword.database.table import gt, one_of
from watchword.endpoint import Endpoint, get, post
from watchword.features.access_control import Role, rights_of, role_names
from watchword.pipeline.additional_fields import read_fields
from watchword.pipeline.validation import invalid, read_input
from watchword.results import Success
from watchword.server_api import EndpointCall, M, ServerAPI, U

from .active import ActiveOrganizations
from .codes import OrganizationCodes, RoleCodes
from .membership import Need, stored
from .options import limit_of
from .permissions import DEFAULT_ROLES
from .records import Invitation, Member, OrganizationRole
from .role_rows import (
    Grants,
    folded,
    merged,
    missing,
    permissions_of,
    role_name,
    stored_permissions,
)
from .role_wire import (
    ChangedRole,
    CreatedRole,
    CreateRole,
    ListRoles,
    RoleChanges,
    RoleShown,
    UpdateRole,
    WhichRole,
)
from .shapes import shown

_STRANGER = OrganizationCodes.YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION
_CREATE = Need({"ac": ["create"]}, _STRANGER, RoleCodes.YOU_ARE_NOT_ALLOWED_TO_CREATE_A_ROLE)
_LIST = Need({"ac": ["read"]}, _STRANGER, RoleCodes.YOU_ARE_NOT_ALLOWED_TO_LIST_A_ROLE)
_READ = Need({"ac": ["read"]}, _STRANGER, RoleCodes.YOU_ARE_NOT_ALLOWED_TO_READ_A_ROLE)
_UPDATE = Need({"ac": ["update"]}, _STRANGER, RoleCodes.YOU_ARE_NOT_ALLOWED_TO_UPDATE_A_ROLE)
_DELETE = Need({"ac": ["delete"]}, _STRANGER, RoleCodes.YOU_ARE_NOT_ALLOWED_TO_DELETE_A_ROLE)
_OLDEST = Sort("createdAt")
_AT_ONCE = 500
_PATHS = frozenset(
    f"/organization/{what}"
    for what in ("create-role", "list-roles", "get-role", "update-role", "delete-role")
)


@dataclass(frozen=True, kw_only=True)
class RuntimeRoles(ActiveOrganizations):
    """Making roles, looking at them, changing them, deleting them."""

    def endpoints(self) -> Iterator[Endpoint[Any, Any]]:
        """Its endpoints; those of own roles only where there are any."""
        return (one for one in super().endpoints() if self.makes_roles or one.path not in _PATHS)

    async def roles_in(
        self, call: Call, organization_id: str, names: Collection[str]
    ) -> Mapping[str, Role[Any]]:
        """The roles of the application, and those of these names that an organization made: how
        many others it made does not matter."""
        if not self.makes_roles:
            return self.static_roles
        rows: list[OrganizationRole] = []
        for start in range(0, len(names), _AT_ONCE):
            some = [*names][start : start + _AT_ONCE]
            here: dict[str, Any] = {"organization_id": organization_id, "role": one_of([*some])}
            rows += await call.db.find_many(OrganizationRole, limit=None, sort=_OLDEST, **here)
        return merged(self.static_roles, rows)

    async def withheld(self, call: Call, giver: Member, names: Collection[str]) -> frozenset[str]:
        """Those roles that a member may not give: beside `creator_role` those that the organization
        made and that allow more than he may. Who has `creator_role` gives any."""
        own = role_names(giver.role)
        made = {name for name in names if name not in self.static_roles}
        if not made or self.creator_role in own:
            return await super().withheld(call, giver, names)
        roles = await self.roles_in(call, giver.organization_id, {*made, *own})
        held = rights_of(roles, own)
        higher = {name for name in made if not rights_of(roles, [name]) <= held}
        return await super().withheld(call, giver, names) | higher

    @post("/organization/create-role", requires="session")
    async def create_org_role(self, call: Call, body: CreateRole) -> CreatedRole:
        """Make a role of an organization.

        Raises YOU_MUST_BE_IN_AN_ORGANIZATION_TO_CREATE_A_ROLE, ROLE_NAME_IS_ALREADY_TAKEN,
        YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION, YOU_ARE_NOT_ALLOWED_TO_CREATE_A_ROLE,
        TOO_MANY_ROLES, INVALID_RESOURCE.
        """
        organization_id = body.organization_id or await self.active(call)
        if not organization_id:
            raise RoleCodes.YOU_MUST_BE_IN_AN_ORGANIZATION_TO_CREATE_A_ROLE()
        name = role_name(body.role, "body.role")
        permission = stored_permissions(body.permission, "body.permission")
        given = body.additional_fields or {}
        fields = read_fields(call, OrganizationRole, creating=True, given=given)
        self._refuse_static(name)
        await self.entitled(call, organization_id, call.session.user, _CREATE)
        most = await self._most_roles(call, organization_id)
        async with self._changing(call, organization_id, _CREATE) as member:
            count = await call.db.count(OrganizationRole, organization_id=organization_id)
            if most is not None and count >= most:
                raise RoleCodes.TOO_MANY_ROLES()
            await self._check_grants(call, member, body.permission, _CREATE)
            await self._refuse_taken(call, organization_id, name)
            values = {"role": name, "permission": permission, "updated_at": None}
            made = await stored(
                call.db.create(
                    OrganizationRole, **{**fields, **values, "organization_id": organization_id}
                ),
                RoleCodes.FAILED_TO_STORE_ROLE,
            )
        return CreatedRole(role_data=_shown(call, made), statements=permissions_of(made))

    @get("/organization/list-roles", requires="session")
    async def list_org_roles(self, call: Call, query: ListRoles) -> list[RoleShown]:
        """The roles that an organization made, oldest first, a hundred at most.

        Raises NO_ACTIVE_ORGANIZATION, YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION,
        YOU_ARE_NOT_ALLOWED_TO_LIST_A_ROLE.
        """
        organization_id = await self.selected(call, query.organization_id)
        await self.entitled(call, organization_id, call.session.user, _LIST)
        rows = await call.db.find_many(
            OrganizationRole, sort=_OLDEST, organization_id=organization_id
        )
        return [_shown(call, row) for row in rows]

    @get("/organization/get-role", requires="session")
    async def get_org_role(self, call: Call, query: WhichRole) -> RoleShown:
        """A role that an organization made.

        Raises NO_ACTIVE_ORGANIZATION, YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION,
        YOU_ARE_NOT_ALLOWED_TO_READ_A_ROLE, ROLE_NOT_FOUND.
        """
        filters = _which(query, "query")
        organization_id = await self.selected(call, query.organization_id)
        await self.entitled(call, organization_id, call.session.user, _READ)
        return _shown(call, await _found(call, organization_id, filters))

    @post("/organization/update-role", requires="session")
    async def update_org_role(self, call: Call, body: UpdateRole) -> ChangedRole:
        """Give a role other permissions, or another name while nobody has it.

        Raises NO_ACTIVE_ORGANIZATION, YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION,
        YOU_ARE_NOT_ALLOWED_TO_UPDATE_A_ROLE, ROLE_NOT_FOUND, INVALID_RESOURCE,
        ROLE_NAME_IS_ALREADY_TAKEN, ROLE_IS_ASSIGNED_TO_MEMBERS.
        """
        filters = _which(body, "body")
        wanted = read_input(RoleChanges, body.data, "body.data")
        values = read_fields(call, OrganizationRole, creating=False, given=body.data)
        if wanted.permission is not None:
            values["permission"] = stored_permissions(wanted.permission, "body.data.permission")
        if wanted.role_name is not None:
            values["role"] = role_name(wanted.role_name, "body.data.roleName")
        organization_id = await self.selected(call, body.organization_id)
        await self.entitled(call, organization_id, call.session.user, _UPDATE)
        async with self._changing(call, organization_id, _UPDATE) as member:
            row = await _found(call, organization_id, filters)
            if wanted.permission is not None:
                await self._check_grants(call, member, wanted.permission, _UPDATE)
            if "role" in values:
                name = str(values["role"])
                self._refuse_static(name)
                await self._refuse_taken(call, organization_id, name)
                await self._refuse_used(call, row)
            changed = await stored(
                call.db.update(OrganizationRole, values, id=row.id), RoleCodes.FAILED_TO_STORE_ROLE
            )
        return ChangedRole(role_data=_shown(call, changed))

    @post("/organization/delete-role", requires="session")
    async def delete_org_role(self, call: Call, body: WhichRole) -> Success:
        """Delete a role that neither a member nor an open invitation has.

        Raises NO_ACTIVE_ORGANIZATION, YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION,
        YOU_ARE_NOT_ALLOWED_TO_DELETE_A_ROLE, CANNOT_DELETE_A_PRE_DEFINED_ROLE, ROLE_NOT_FOUND,
        ROLE_IS_ASSIGNED_TO_MEMBERS.
        """
        filters = _which(body, "body")
        organization_id = await self.selected(call, body.organization_id)
        await self.entitled(call, organization_id, call.session.user, _DELETE)
        async with self._changing(call, organization_id, _DELETE):
            if filters.get("role") in self.static_roles:
                raise RoleCodes.CANNOT_DELETE_A_PRE_DEFINED_ROLE()
            row = await _found(call, organization_id, filters)
            await self._refuse_used(call, row)
            if not await call.db.delete(OrganizationRole, id=row.id):
                raise RoleCodes.FAILED_TO_STORE_ROLE()
        return Success()

    @asynccontextmanager
    async def _changing(
        self, call: Call, organization_id: str, need: Need
    ) -> AsyncGenerator[Member]:
        """Hold the organization while somebody changes roles who may, now; the member."""
        caller = await self.caller(call)
        async with self.holding(call, organization_id, caller):
            yield await self.entitled(call, organization_id, caller.user, need)

    async def _most_roles(self, call: Call, organization_id: str) -> int | None:
        options = self.dynamic_access_control
        if options is None:
            return None
        option = "DynamicAccessControl.maximum_roles_per_organization"
        return await limit_of(call, option, options.maximum_roles_per_organization, organization_id)

    async def _check_grants(self, call: Call, member: Member, grants: Grants, need: Need) -> None:
        known: Mapping[str, object] = {} if self.ac is None else self.ac.statements
        if any(resource not in known for resource in grants):
            raise RoleCodes.INVALID_RESOURCE()
        own = role_names(member.role)
        roles = await self.roles_in(call, member.organization_id, own)
        lacking = missing(grants, rights_of(roles, own))
        if lacking:
            raise need.refusal(extra={"missingPermissions": lacking})

    def _refuse_static(self, name: str) -> None:
        if name.casefold() in folded((*self.static_roles, *DEFAULT_ROLES, self.creator_role)):
            raise RoleCodes.ROLE_NAME_IS_ALREADY_TAKEN()

    async def _refuse_taken(self, call: Call, organization_id: str, name: str) -> None:
        there = await call.db.find_one(OrganizationRole, organization_id=organization_id, role=name)
        if there is not None or await _is_used(call, organization_id, name):
            raise RoleCodes.ROLE_NAME_IS_ALREADY_TAKEN()

    async def _refuse_used(self, call: Call, row: OrganizationRole) -> None:
        if await _is_used(call, row.organization_id, row.role):
            raise RoleCodes.ROLE_IS_ASSIGNED_TO_MEMBERS()


def _shown(call: Call, row: OrganizationRole) -> RoleShown:
    return shown(call, RoleShown, row, permission=permissions_of(row))


def _which(given: WhichRole, place: str) -> dict[str, str]:
    if given.role_name is not None:
        return {"role": given.role_name}
    if given.role_id is not None:
        return {"id": given.role_id}
    raise invalid([(place, "Say which role, by roleName or roleId")])


async def _found(call: Call, organization_id: str, filters: Mapping[str, str]) -> OrganizationRole:
    mine: dict[str, Any] = {**filters, "organization_id": organization_id}
    row = await call.db.find_one(OrganizationRole, **mine)
    if row is None:
        raise OrganizationCodes.ROLE_NOT_FOUND()
    return row


async def _is_used(call: Call, organization_id: str, name: str) -> bool:
    """Whether a member or an open invitation has a role of this name."""
    here: dict[str, Any] = {"organization_id": organization_id}
    open_ones: dict[str, Any] = {**here, "status": "pending", "expires_at": gt(call.now)}
    for record, filters in ((Member, here), (Invitation, open_ones)):
        # Mostly it is somebody's only role, which an index finds among a million members.
        if await call.db.find_many(record, limit=1, role=name, **filters):
            return True
        among = await call.db.find_many(record, limit=None, where=_among_others(name), **filters)
        if any(name in role_names(one.role) for one in among):
            return True
    return False


def _among_others(name: str) -> list[Condition]:
    """Conditions of lists that may hold a name, however they are spaced."""
    return [
        Condition("role", f"{name},", "starts_with", "OR"),
        Condition("role", f"{name} ", "starts_with", "OR"),
        Condition("role", f",{name}", "contains", "OR"),
        Condition("role", f" {name}", "contains", "OR"),
    ]


class RuntimeRolesAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    create_org_role: EndpointCall[M, CreateRole, CreatedRole]
    """Make a role of an organization.

    Raises YOU_MUST_BE_IN_AN_ORGANIZATION_TO_CREATE_A_ROLE, ROLE_NAME_IS_ALREADY_TAKEN,
    YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION, YOU_ARE_NOT_ALLOWED_TO_CREATE_A_ROLE,
    TOO_MANY_ROLES, INVALID_RESOURCE.
    """
    list_org_roles: EndpointCall[M, ListRoles | None, list[RoleShown]]
    """The roles that an organization made, oldest first, a hundred at most.

    Raises NO_ACTIVE_ORGANIZATION, YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION,
    YOU_ARE_NOT_ALLOWED_TO_LIST_A_ROLE.
    """
    get_org_role: EndpointCall[M, WhichRole | None, RoleShown]
    """A role that an organization made.

    Raises NO_ACTIVE_ORGANIZATION, YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION,
    YOU_ARE_NOT_ALLOWED_TO_READ_A_ROLE, ROLE_NOT_FOUND.
    """
    update_org_role: EndpointCall[M, UpdateRole, ChangedRole]
    """Give a role other permissions, or another name while nobody has it.

    Raises NO_ACTIVE_ORGANIZATION, YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION,
    YOU_ARE_NOT_ALLOWED_TO_UPDATE_A_ROLE, ROLE_NOT_FOUND, INVALID_RESOURCE,
    ROLE_NAME_IS_ALREADY_TAKEN, ROLE_IS_ASSIGNED_TO_MEMBERS.
    """
    delete_org_role: EndpointCall[M, WhichRole | None, Success]
    """Delete a role that neither a member nor an open invitation has.

    Raises NO_ACTIVE_ORGANIZATION, YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION,
    YOU_ARE_NOT_ALLOWED_TO_DELETE_A_ROLE, CANNOT_DELETE_A_PRE_DEFINED_ROLE, ROLE_NOT_FOUND,
    ROLE_IS_ASSIGNED_TO_MEMBERS.
    """
