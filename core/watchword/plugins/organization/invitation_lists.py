"""Looking at invitations: those of an organization, and those of who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter

from watchword.call import Call
from watchword.database.contract import Sort
from watchword.database.table import gt, one_of
from watchword.endpoint import get
from watchword.errors import APIError
from watchword.features.access_control import role_names
from watchword.features.identifiers import normal_email, same_email
from watchword.features.listing import LONGEST_PAGE
from watchword.records import User
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.sessions import current_session

from .active import ActiveOrganizations
from .codes import InvitationCodes, OrganizationCodes
from .permissions import OrganizationStatements
from .records import Invitation, Member, StoredOrganization
from .shapes import InvitationShown, UserInvitation, shown
from .wire import ListInvitations, ListUserInvitations, WhichInvitation

INVITE: OrganizationStatements = {"invitation": ("create",)}
BY_AGE = Sort("createdAt")
_NEWEST_FIRST = Sort("createdAt", descending=True)
_OTHERS_RECIPIENT = InvitationCodes.YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION


@dataclass(frozen=True, kw_only=True)
class InvitationLists(ActiveOrganizations):
    """Reading invitations."""

    @get("/organization/get-invitation")
    async def get_invitation(self, call: Call, query: WhichInvitation) -> InvitationShown:
        """An open invitation of who is asking.

        Raises INVITATION_NOT_FOUND, YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION,
        EMAIL_VERIFICATION_REQUIRED_FOR_INVITATION, ORGANIZATION_NOT_FOUND,
        INVITER_IS_NO_LONGER_A_MEMBER_OF_THE_ORGANIZATION, and 401 without a code for nobody.
        """
        found = await current_session(call)
        if found is None:
            raise APIError(401, None, "Sign in first")
        invitation = await self.open_invitation(call, query.id)
        self.check_recipient(call, invitation, found.user)
        if self.needs_proof(call) and not found.user.email_verified:
            raise InvitationCodes.EMAIL_VERIFICATION_REQUIRED_FOR_INVITATION()
        organization = await call.db.find_one(StoredOrganization, id=invitation.organization_id)
        if organization is None:
            raise OrganizationCodes.ORGANIZATION_NOT_FOUND()
        await self.check_inviter(call, invitation)
        inviter = await call.db.find_one(User, id=invitation.inviter_id)
        if inviter is None:
            raise InvitationCodes.INVITER_IS_NO_LONGER_A_MEMBER_OF_THE_ORGANIZATION()
        return shown(
            call,
            InvitationShown,
            invitation,
            organization_name=organization.name,
            organization_slug=organization.slug,
            inviter_email=inviter.email,
        )

    @get("/organization/list-invitations", requires="session")
    async def list_invitations(self, call: Call, query: ListInvitations) -> list[Invitation]:
        """The invitations of an organization, open or not, the newest thousand at most.

        Raises YOU_ARE_NOT_ALLOWED_TO_LIST_INVITATIONS, 400 without a code where no organization is
        named or active, and 403 without a code for strangers.
        """
        organization_id = query.organization_id or await self.active(call)
        if not organization_id:
            raise OrganizationCodes.NOTHING_SELECTED()
        member = await self.member_of(call, organization_id, call.session.user.id)
        if member is None:
            raise APIError(403, None, "You are no member of this organization")
        if not await self.permits(call, member, INVITE):
            raise InvitationCodes.YOU_ARE_NOT_ALLOWED_TO_LIST_INVITATIONS()
        return await self._listed(call, member)

    @get("/organization/list-user-invitations")
    async def list_user_invitations(
        self, call: Call, query: ListUserInvitations
    ) -> list[UserInvitation]:
        """The open invitations of who is asking, or in server-side calls of an address.

        Raises EMAIL_VERIFICATION_REQUIRED_FOR_INVITATION, and 400 without a code for nobody and for
        an address of somebody else.
        """
        if query.email is not None and call.request is not None:
            raise OrganizationCodes.ASKED_FOR_OTHERS()
        found = await current_session(call)
        if found is not None and not found.user.email_verified:
            raise InvitationCodes.EMAIL_VERIFICATION_REQUIRED_FOR_INVITATION()
        email = query.email or (None if found is None else found.user.email)
        if not email:
            raise OrganizationCodes.ASKED_BY_NOBODY()
        alike = await call.db.find_many(
            Invitation,
            limit=LONGEST_PAGE,
            sort=BY_AGE,
            email=normal_email(email),
            status="pending",
            expires_at=gt(call.now),
        )
        mine = [one for one in alike if same_email(one.email, email)]
        ids = {one.organization_id for one in mine}
        known = await call.db.find_many(StoredOrganization, limit=None, id=one_of([*ids]))
        names = {one.id: one.name for one in known}
        return [
            shown(call, UserInvitation, one, organization_name=names[one.organization_id])
            for one in mine
            if one.organization_id in names
        ]

    def needs_proof(self, call: Call) -> bool:
        """Whether only a proven address accepts and sees an invitation."""
        wanted, ids = self.require_email_verification_on_invitation, call.config.options.advanced
        # An id that nobody can guess is known to who reads the mailbox.
        return ids.generate_id not in (None, "uuid") if wanted is None else wanted

    def check_recipient(self, call: Call, invitation: Invitation, user: User) -> None:
        """Raise YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION unless it is the user's."""
        if not same_email(invitation.email, user.email):
            raise _OTHERS_RECIPIENT()

    async def check_inviter(self, call: Call, invitation: Invitation) -> None:
        """Raise INVITER_IS_NO_LONGER_A_MEMBER_OF_THE_ORGANIZATION unless who invited still is one,
        and may still invite to these roles: nobody comes back, or up again, by an invitation that
        he left for himself."""
        inviter = await self.member_of(call, invitation.organization_id, invitation.inviter_id)
        if (
            inviter is None
            or not await self.permits(call, inviter, INVITE)
            or await self.withheld(call, inviter, role_names(invitation.role))
        ):
            raise InvitationCodes.INVITER_IS_NO_LONGER_A_MEMBER_OF_THE_ORGANIZATION()

    async def open_invitation(
        self, call: Call, invitation_id: str, *, expired: bool = False
    ) -> Invitation:
        """A pending one, in time unless `expired` ones count. Raises INVITATION_NOT_FOUND."""
        found = await call.db.find_one(Invitation, id=invitation_id)
        if found is None or found.status != "pending":
            raise InvitationCodes.INVITATION_NOT_FOUND()
        if not expired and found.expires_at <= call.now:
            raise InvitationCodes.INVITATION_NOT_FOUND()
        return found

    async def seen_invitations(self, call: Call, member: Member) -> list[Invitation]:
        """The invitations of an organization that a member may see."""
        return await self._listed(call, member) if await self.permits(call, member, INVITE) else []

    async def _listed(self, call: Call, member: Member) -> list[Invitation]:
        newest = await call.db.find_many(
            Invitation,
            limit=LONGEST_PAGE,
            sort=_NEWEST_FIRST,
            organization_id=member.organization_id,
        )
        # Whoever knows the id, and signs up with the address, may be able to accept.
        named = {name for one in newest for name in role_names(one.role)}
        higher = await self.withheld(call, member, named)
        seen = [one for one in newest if higher.isdisjoint(role_names(one.role))]
        return sorted(seen, key=attrgetter("created_at"))


class InvitationListsAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    get_invitation: EndpointCall[M, WhichInvitation, InvitationShown]
    """An open invitation of who is asking.

    Raises INVITATION_NOT_FOUND, YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION,
    EMAIL_VERIFICATION_REQUIRED_FOR_INVITATION, ORGANIZATION_NOT_FOUND,
    INVITER_IS_NO_LONGER_A_MEMBER_OF_THE_ORGANIZATION, and 401 without a code for nobody.
    """
    list_invitations: EndpointCall[M, ListInvitations | None, list[Invitation]]
    """The invitations of an organization, open or not, the newest thousand at most.

    Raises YOU_ARE_NOT_ALLOWED_TO_LIST_INVITATIONS, 400 without a code where no organization is
    named or active, and 403 without a code for strangers.
    """
    list_user_invitations: EndpointCall[M, ListUserInvitations | None, list[UserInvitation]]
    """The open invitations of who is asking, or in server-side calls of an address.

    Raises EMAIL_VERIFICATION_REQUIRED_FOR_INVITATION, and 400 without a code for nobody and for
    an address of somebody else.
    """
