"""What becomes of organizations whose member is deleted as a user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from watchword.call import Call
from watchword.database.hooks import ModelHooks
from watchword.database.records import Record
from watchword.database.table import ne

from .codes import OrganizationCodes
from .enrolling import Enrolling
from .hooks import told
from .managing import ManagedOrganizations
from .membership import Held
from .records import Member


@dataclass(frozen=True, kw_only=True)
class Owners(ManagedOrganizations, Enrolling):
    """Users who are deleted, whoever does it."""

    def database_hooks(self) -> Mapping[str, ModelHooks]:
        """Ahead of the deletion of a user."""
        return {**super().database_hooks(), "user": ModelHooks(delete_before=self._let_go)}

    async def _let_go(self, user: Record, given: object) -> None:
        """Take a user out of all organizations; one that has nobody else goes along, unless none is
        ever deleted.

        Raises YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER where others would be left
        without an owner; but nothing keeps a guest, who becomes another user.
        """
        call = cast("Call", given)
        async with call.db.transaction():
            rows = await call.db.find_many(Member, limit=None, user_id=user.id)
            for organization_id in sorted({row.organization_id for row in rows}):
                async with self.holding(call, organization_id, None, user.id) as held:
                    await self._leave(call, held, user)

    async def _leave(self, call: Call, held: Held, user: Record) -> None:
        organization_id, user_id = held.organization.id, user.id
        member = await self.member_of(call, organization_id, user_id)
        if member is None:
            return
        others: dict[str, Any] = {"organization_id": organization_id, "user_id": ne(user_id)}
        alone = await call.db.find_one(Member, **others) is None
        if alone and not self.disable_organization_deletion:
            await self.erase(call, held)
            after = self.organization_hooks.after_delete_organization
            await told(call, after, held.organization, user)
        elif not (alone or _is_guest(user)) and await self.is_last_owner(call, member):
            raise OrganizationCodes.YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER()
        else:
            await self.dismiss(call, held, member)


def _is_guest(user: Record) -> bool:
    return getattr(user, "is_anonymous", None) is True
