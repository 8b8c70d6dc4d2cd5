"""Looking at organizations, and making one the active one."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import UNSET

from watchword.call import Call
from watchword.database.table import one_of
from watchword.endpoint import get, post
from watchword.errors import ErrorCode
from watchword.features.listing import LONGEST_PAGE, whole_number
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.sessions import (
    SessionCodes,
    clear_session_cookies,
    set_session_cookies,
)

from .codes import OrganizationCodes
from .invitation_lists import BY_AGE, InvitationLists
from .records import Member, StoredOrganization
from .shapes import FullOrganization, shown, with_users
from .wire import Available, CheckSlug, FullOrganizationQuery, SetActive, WhichOrganization

NO_MEMBER = ErrorCode(
    403,
    OrganizationCodes.USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION.code,
    "You are no member of this organization",
)
_UNKNOWN = OrganizationCodes.ORGANIZATION_NOT_FOUND


@dataclass(frozen=True, kw_only=True)
class ReadOrganizations(InvitationLists):
    """Reading organizations."""

    @post("/organization/check-slug", requires="session")
    async def check_organization_slug(self, call: Call, body: CheckSlug) -> Available:
        """Whether a slug can be had. Raises ORGANIZATION_SLUG_ALREADY_TAKEN."""
        if await call.db.find_one(StoredOrganization, slug=body.slug) is not None:
            raise OrganizationCodes.ORGANIZATION_SLUG_ALREADY_TAKEN()
        return Available()

    @get("/organization/get-organization", requires="session")
    async def get_organization(
        self, call: Call, query: WhichOrganization
    ) -> StoredOrganization | None:
        """An organization of who is asking; the active one, or None, where none is named.

        Raises ORGANIZATION_NOT_FOUND, USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION (403).
        """
        found = await self._seen(
            call, query.organization_id, query.organization_slug, unknown=_UNKNOWN
        )
        return None if found is None else found[0]

    @get("/organization/get-full-organization", requires="session")
    async def get_full_organization(
        self, call: Call, query: FullOrganizationQuery
    ) -> FullOrganization | None:
        """An organization of who is asking, with members, teams, and the invitations that he may
        see; None where none is named or active.

        Raises ORGANIZATION_NOT_FOUND, USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION (403).
        """
        limit = whole_number("membersLimit", query.members_limit, LONGEST_PAGE)
        found = await self._seen(
            call, query.organization_id, query.organization_slug, unknown=_UNKNOWN
        )
        if found is None:
            return None
        organization, own = found
        members = await call.db.find_many(
            Member,
            limit=limit or self.usual_page(),
            sort=BY_AGE,
            organization_id=organization.id,
        )
        return shown(
            call,
            FullOrganization,
            organization,
            members=await with_users(call, members),
            invitations=await self.seen_invitations(call, own),
            teams=await self.shown_teams(call, organization.id),
        )

    @post("/organization/set-active", requires="session")
    async def set_active_organization(
        self, call: Call, body: SetActive
    ) -> StoredOrganization | None:
        """Make an organization of who is asking the active one; None: none is.

        Raises ORGANIZATION_NOT_FOUND, USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION (403).
        """
        if body.organization_id is None:
            if await self.active(call) is not None:
                await self._switch(call, None)
            return None
        named = None if body.organization_id is UNSET else body.organization_id
        slug = None if named else body.organization_slug
        found = await self._seen(call, named, slug, unknown=NO_MEMBER)
        if found is not None:
            await self._switch(call, found[0].id)
        return None if found is None else found[0]

    @get("/organization/list", requires="session")
    async def list_organizations(self, call: Call) -> list[StoredOrganization]:
        """The organizations of who is asking, a thousand at most."""
        mine = await call.db.find_many(
            Member, limit=LONGEST_PAGE, sort=BY_AGE, user_id=call.session.user.id
        )
        ids = list(dict.fromkeys(one.organization_id for one in mine))
        found = await call.db.find_many(StoredOrganization, limit=None, id=one_of([*ids]))
        return sorted(found, key=lambda one: ids.index(one.id))

    async def _asked_for(
        self, call: Call, query: WhichOrganization
    ) -> tuple[StoredOrganization, Member] | None:
        named, slug = query.organization_id, query.organization_slug
        return await self._seen(call, named, slug, unknown=_UNKNOWN)

    async def _seen(
        self, call: Call, named: str | None, slug: str | None, *, unknown: ErrorCode
    ) -> tuple[StoredOrganization, Member] | None:
        """An organization of who is asking, and he as its member; None where none is selected.

        An active one that is gone, or that he has left, is not active any more.
        """
        active = await self.active(call)
        if slug:
            organization = await call.db.find_one(StoredOrganization, slug=slug)
            if organization is None:
                raise OrganizationCodes.ORGANIZATION_NOT_FOUND()
            selected = organization.id
        else:
            selected = named or active
            if not selected:
                return None
            organization = await call.db.find_one(StoredOrganization, id=selected)
        member = await self.member_of(call, selected, call.session.user.id)
        if organization is not None and member is not None:
            return organization, member
        if selected == active:
            await self.activate(call, None)
        raise unknown() if organization is None else NO_MEMBER()

    async def _switch(self, call: Call, organization_id: str | None) -> None:
        found = call.session
        same = organization_id is not None and organization_id == await self.active(call)
        team_id = getattr(found.session, "active_team_id", None) if same else None
        session = await self.activate(call, organization_id, team_id)
        if session is None:
            clear_session_cookies(call)
            raise SessionCodes.FAILED_TO_GET_SESSION()
        set_session_cookies(call, session, found.user)


class ReadOrganizationsAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    check_organization_slug: EndpointCall[M, CheckSlug, Available]
    """Whether a slug can be had. Raises ORGANIZATION_SLUG_ALREADY_TAKEN."""
    get_organization: EndpointCall[M, WhichOrganization | None, StoredOrganization | None]
    """An organization of who is asking; the active one, or None, where none is named.

    Raises ORGANIZATION_NOT_FOUND, USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION (403).
    """
    get_full_organization: EndpointCall[M, FullOrganizationQuery | None, FullOrganization | None]
    """An organization of who is asking, with members, teams, and the invitations that he may
    see; None where none is named or active.

    Raises ORGANIZATION_NOT_FOUND, USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION (403).
    """
    set_active_organization: EndpointCall[M, SetActive | None, StoredOrganization | None]
    """Make an organization of who is asking the active one; None: none is.

    Raises ORGANIZATION_NOT_FOUND, USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION (403).
    """
    list_organizations: EndpointCall[M, None, list[StoredOrganization]]
    """The organizations of who is asking, a thousand at most."""
