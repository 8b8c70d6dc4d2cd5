"""What the endpoints of organizations' own roles say and hear."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, TypeAlias

import msgspec

from watchword.database.records import Record
from watchword.discreet import Discreet
from watchword.pipeline.validation import Identifier

from .wire import Permissions

RoleName: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class CreateRole(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A new role of an organization (none: of the active one)."""

    role: RoleName
    permission: Permissions
    organization_id: Identifier | None = None
    additional_fields: Annotated[dict[Identifier, Any], msgspec.Meta(max_length=200)] | None = None
    """By wire name."""


class ListRoles(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whose roles to list."""

    organization_id: Identifier | None = None


class WhichRole(ListRoles, frozen=True, kw_only=True, rename="camel"):
    """Which role is meant, by its name or else by its id."""

    role_name: RoleName | None = None
    role_id: RoleName | None = None


class RoleChanges(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What to change of a role."""

    permission: Permissions | None = None
    role_name: RoleName | None = None


class UpdateRole(WhichRole, frozen=True, kw_only=True, rename="camel"):
    """Which role to change, and how."""

    data: Annotated[dict[Identifier, Any], msgspec.Meta(max_length=200)]
    """`RoleChanges`, and additional fields by wire name."""


class RoleShown(Record, kw_only=True):
    """A role with its permissions as an object."""

    __model__: ClassVar[str] = "organizationRole"
    organization_id: str
    role: str
    permission: dict[str, list[str]]
    created_at: datetime
    updated_at: datetime | None = None


class ChangedRole(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The role as it is now."""

    role_data: RoleShown
    success: bool = True


class CreatedRole(ChangedRole, frozen=True, kw_only=True, rename="camel"):
    """The new role, and its permissions once more."""

    statements: dict[str, list[str]]
