"""Changing organizations, and deleting them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET

from watchword.call import Call
from watchword.database.contract import UniqueViolation
from watchword.endpoint import post
from watchword.errors import APIError
from watchword.pipeline.additional_fields import read_fields
from watchword.pipeline.validation import read_input
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.sessions import current_session

from .active import ActiveOrganizations
from .codes import OrganizationCodes
from .hooks import asked, told
from .membership import Held, Need
from .records import Invitation, Member, OrganizationRole, StoredOrganization
from .shapes import OrganizationShown, check_metadata, metadata_object, shown, stored_metadata
from .wire import OneOrganization, OrganizationChanges, UpdateOrganization

_UPDATE = Need(
    {"organization": ("update",)},
    OrganizationCodes.USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION,
    OrganizationCodes.YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_ORGANIZATION,
)
_DELETE = Need(
    {"organization": ("delete",)},
    OrganizationCodes.USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION,
    OrganizationCodes.YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_ORGANIZATION,
)


@dataclass(frozen=True, kw_only=True)
class ManagedOrganizations(ActiveOrganizations):
    """Writing organizations."""

    @post("/organization/update")
    async def update_organization(self, call: Call, body: UpdateOrganization) -> OrganizationShown:
        """Change an organization. `data` are `OrganizationChanges` and additional fields.

        Raises ORGANIZATION_NOT_FOUND, USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION,
        YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_ORGANIZATION, ORGANIZATION_SLUG_ALREADY_TAKEN,
        FAILED_TO_UPDATE_ORGANIZATION, and without codes 401 for nobody, 400 for no changes.
        """
        if await current_session(call) is None:
            raise APIError(401, None, "Sign in first")
        caller = await self.caller(call)
        organization_id = body.organization_id or await self.active(call)
        if not organization_id:
            raise OrganizationCodes.ORGANIZATION_NOT_FOUND()
        member = await self.entitled(call, organization_id, caller.user, _UPDATE)
        changes = _changes(call, body.data)
        if not changes:
            raise OrganizationCodes.NOTHING_TO_UPDATE()
        await self._check_slug(call, organization_id, changes.get("slug"))
        hooks = self.organization_hooks
        changes = await asked(call, hooks.before_update_organization, changes, caller.user, member)
        try:
            async with self.holding(call, organization_id, caller):
                member = await self.entitled(call, organization_id, caller.user, _UPDATE)
                changed = await call.db.update(
                    StoredOrganization, stored_metadata(changes), id=organization_id
                )
                if changed is None:
                    raise OrganizationCodes.FAILED_TO_UPDATE_ORGANIZATION()
                after = hooks.after_update_organization
                await told(call, after, changed, caller.user, member)
        except UniqueViolation:
            raise OrganizationCodes.ORGANIZATION_SLUG_ALREADY_TAKEN() from None
        return shown(call, OrganizationShown, changed, metadata=metadata_object(changed))

    @post("/organization/delete")
    async def delete_organization(self, call: Call, body: OneOrganization) -> StoredOrganization:
        """Delete an organization with all that is its own; it is active nowhere then.

        Raises ORGANIZATION_DELETION_DISABLED (404), USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION,
        YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_ORGANIZATION, ORGANIZATION_NOT_FOUND, and 401 without a
        body for nobody.
        """
        if self.disable_organization_deletion:
            raise OrganizationCodes.ORGANIZATION_DELETION_DISABLED()
        caller, organization_id = await self.caller(call), body.organization_id
        await self.entitled(call, organization_id, caller.user, _DELETE)
        organization = await call.db.find_one(StoredOrganization, id=organization_id)
        if organization is None:
            raise OrganizationCodes.ORGANIZATION_NOT_FOUND()
        hooks = self.organization_hooks
        if hooks.before_delete_organization is not None:
            await call.run(hooks.before_delete_organization, organization, caller.user)
        async with self.holding(call, organization_id, caller) as held:
            await self.entitled(call, organization_id, caller.user, _DELETE)
            user_ids = await self.whose_sessions(call, organization_id)
            await self.erase(call, held)
            await told(call, hooks.after_delete_organization, held.organization, caller.user)
        await self.forget_everywhere(call, organization_id, user_ids)
        return held.organization

    async def erase(self, call: Call, held: Held) -> None:
        """Delete an organization that is held, with all rows that are its own.

        Raises YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_ORGANIZATION where a hook of the database keeps
        it.
        """
        mine = held.organization.id
        await self.delete_teams(call, held)
        if self.makes_roles:
            await call.db.delete(OrganizationRole, organization_id=mine)
        await call.db.delete(Invitation, organization_id=mine)
        await call.db.delete(Member, organization_id=mine)
        if not await call.db.delete(StoredOrganization, id=mine):
            raise _DELETE.refusal()

    async def _check_slug(self, call: Call, organization_id: str, slug: object) -> None:
        if isinstance(slug, str):
            other = await call.db.find_one(StoredOrganization, slug=slug)
            if other is not None and other.id != organization_id:
                raise OrganizationCodes.ORGANIZATION_SLUG_ALREADY_TAKEN()


def _changes(call: Call, data: dict[str, Any]) -> dict[str, object]:
    given = msgspec.structs.asdict(read_input(OrganizationChanges, data, "body.data"))
    known = {name: value for name, value in given.items() if value is not UNSET}
    check_metadata(known.get("metadata"), "body.data.metadata")
    return {**read_fields(call, StoredOrganization, creating=False, given=data), **known}


class ManagedOrganizationsAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    update_organization: EndpointCall[M, UpdateOrganization, OrganizationShown]
    """Change an organization. `data` are `OrganizationChanges` and additional fields.

    Raises ORGANIZATION_NOT_FOUND, USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION,
    YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_ORGANIZATION, ORGANIZATION_SLUG_ALREADY_TAKEN,
    FAILED_TO_UPDATE_ORGANIZATION, and without codes 401 for nobody, 400 for no changes.
    """
    delete_organization: EndpointCall[M, OneOrganization, StoredOrganization]
    """Delete an organization with all that is its own; it is active nowhere then.

    Raises ORGANIZATION_DELETION_DISABLED (404), USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION,
    YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_ORGANIZATION, ORGANIZATION_NOT_FOUND, and 401 without a
    body for nobody.
    """
