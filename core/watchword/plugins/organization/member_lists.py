"""Looking at members, and asking what one may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from msgspec import UNSET

from watchword.call import Call
from watchword.database.contract import Condition, InvalidValue
from watchword.endpoint import get, post
from watchword.errors import ErrorCode
from watchword.features.listing import (
    FURTHEST,
    LONGEST_PAGE,
    FitsNothing,
    condition_on,
    order_by,
    whole_number,
)
from watchword.pipeline.validation import invalid
from watchword.server_api import EndpointCall, M, ServerAPI, U

from .active import ActiveOrganizations
from .codes import OrganizationCodes
from .invitation_lists import BY_AGE
from .records import Member, StoredOrganization
from .shapes import MemberList, MemberUser, MemberWithUser, shown, with_users
from .wire import (
    HasOrganizationPermission,
    HeldRole,
    ListMembers,
    OrganizationPermitted,
    WhichOrganization,
    WhoseRole,
)

_STRANGER = ErrorCode(
    401,
    OrganizationCodes.USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION.code,
    "You are no member of this organization",
)


@dataclass(frozen=True, kw_only=True)
class ReadMembers(ActiveOrganizations):
    """Reading members."""

    @get("/organization/list-members", requires="session")
    async def list_members(self, call: Call, query: ListMembers) -> MemberList:
        """Members of an organization of who is asking, filtered, sorted and page by page.

        Raises ORGANIZATION_NOT_FOUND, NO_ACTIVE_ORGANIZATION,
        YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION.
        """
        limit = whole_number("limit", query.limit, LONGEST_PAGE) or self.usual_page()
        offset = whole_number("offset", query.offset, FURTHEST)
        organization_id = await self._of_mine(call, query)
        try:
            where = _where(call, query)
            sort = order_by(call, Member, query.sort_by, query.sort_direction)
            mine: dict[str, Any] = {"organization_id": organization_id}
            members = await call.db.find_many(
                Member, limit=limit, offset=offset, sort=sort or BY_AGE, where=where, **mine
            )
            total = await call.db.count(Member, where=where, **mine)
        except (FitsNothing, InvalidValue):
            return MemberList([], 0)
        return MemberList(await with_users(call, members), total)

    @get("/organization/get-active-member", requires="session")
    async def get_active_member(self, call: Call) -> MemberWithUser:
        """Who is asking, as a member of the active organization.

        Raises NO_ACTIVE_ORGANIZATION, MEMBER_NOT_FOUND.
        """
        user, organization_id = call.session.user, await self.selected(call, None)
        member = await self.member_of(call, organization_id, user.id)
        if member is None:
            raise OrganizationCodes.MEMBER_NOT_FOUND()
        return shown(call, MemberWithUser, member, user=MemberUser.of(user))

    @get("/organization/get-active-member-role", requires="session")
    async def get_active_member_role(self, call: Call, query: WhoseRole) -> HeldRole:
        """The roles of who is asking, or of another member.

        Raises ORGANIZATION_NOT_FOUND, NO_ACTIVE_ORGANIZATION,
        YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION.
        """
        organization_id = await self._of_mine(call, query)
        user_id = query.user_id or call.session.user.id
        member = await self.member_of(call, organization_id, user_id)
        if member is None:
            raise OrganizationCodes.YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION()
        return HeldRole(member.role)

    @post("/organization/has-permission", requires="session")
    async def has_permission(
        self, call: Call, body: HasOrganizationPermission
    ) -> OrganizationPermitted:
        """Whether who is asking may do all of it, by one role alone.

        Raises NO_ACTIVE_ORGANIZATION, USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION (401), and
        VALIDATION_ERROR unless exactly one of `permissions` and `permission` is given; the latter,
        whose time is over, never is allowed.
        """
        if (body.permissions is None) == (body.permission is None):
            raise invalid([("body.permissions", "Exactly one map of permissions is needed here")])
        organization_id = await self.selected(call, body.organization_id)
        member = await self.member_of(call, organization_id, call.session.user.id)
        if member is None:
            raise _STRANGER()
        if body.permissions is None:
            return OrganizationPermitted(False)
        wanted = cast("Mapping[str, object]", body.permissions)
        return OrganizationPermitted(await self.permits(call, member, wanted))

    async def _of_mine(self, call: Call, query: WhichOrganization) -> str:
        """The organization that is meant, if who is asking is a member."""
        if query.organization_slug:
            slug = query.organization_slug
            organization = await call.db.find_one(StoredOrganization, slug=slug)
            if organization is None:
                raise OrganizationCodes.ORGANIZATION_NOT_FOUND()
            organization_id = organization.id
        else:
            organization_id = await self.selected(call, query.organization_id)
        if await self.member_of(call, organization_id, call.session.user.id) is None:
            raise OrganizationCodes.YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION()
        return organization_id


def _where(call: Call, query: ListMembers) -> list[Condition]:
    field, value = query.filter_field, query.filter_value
    if not field or value is UNSET:
        return []
    return [condition_on(call, Member, field, value, query.filter_operator)]


class ReadMembersAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    list_members: EndpointCall[M, ListMembers | None, MemberList]
    """Members of an organization of who is asking, filtered, sorted and page by page.

    Raises ORGANIZATION_NOT_FOUND, NO_ACTIVE_ORGANIZATION,
    YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION.
    """
    get_active_member: EndpointCall[M, None, MemberWithUser]
    """Who is asking, as a member of the active organization.

    Raises NO_ACTIVE_ORGANIZATION, MEMBER_NOT_FOUND.
    """
    get_active_member_role: EndpointCall[M, WhoseRole | None, HeldRole]
    """The roles of who is asking, or of another member.

    Raises ORGANIZATION_NOT_FOUND, NO_ACTIVE_ORGANIZATION,
    YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION.
    """
    has_permission: EndpointCall[M, HasOrganizationPermission | None, OrganizationPermitted]
    """Whether who is asking may do all of it, by one role alone.

    Raises NO_ACTIVE_ORGANIZATION, USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION (401), and
    VALIDATION_ERROR unless exactly one of `permissions` and `permission` is given; the latter,
    whose time is over, never is allowed.
    """
