"""What becomes of invitations: accepted, rejected, canceled, each of them once."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.call import Call
from watchword.database.table import gt
from watchword.endpoint import post
from watchword.errors import Overloaded
from watchword.records import User
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.sessions import set_session_cookies

from .codes import InvitationCodes, OrganizationCodes
from .enrolling import Enrolling
from .hooks import InvitationHook, told
from .invitation_lists import InvitationLists
from .membership import Caller, Need
from .records import Invitation, InvitationStatus, StoredOrganization
from .wire import Accepted, OneInvitation, Rejected

_CANCEL = Need(
    {"invitation": ("cancel",)},
    OrganizationCodes.MEMBER_NOT_FOUND,
    InvitationCodes.YOU_ARE_NOT_ALLOWED_TO_CANCEL_THIS_INVITATION,
)


@dataclass(frozen=True, kw_only=True)
class Answering(InvitationLists, Enrolling):
    """Answers to invitations, and their withdrawal."""

    @post("/organization/accept-invitation", requires="session")
    async def accept_invitation(self, call: Call, body: OneInvitation) -> Accepted:
        """Become a member by an invitation; the organization is active then. Who is one already
        keeps his roles.

        Raises INVITATION_NOT_FOUND, YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION,
        EMAIL_VERIFICATION_REQUIRED_BEFORE_ACCEPTING_OR_REJECTING_INVITATION,
        ORGANIZATION_NOT_FOUND, ORGANIZATION_MEMBERSHIP_LIMIT_REACHED, TEAM_NOT_FOUND,
        INVITER_IS_NO_LONGER_A_MEMBER_OF_THE_ORGANIZATION, TEAM_MEMBER_LIMIT_REACHED.
        """
        caller = await self.caller(call)
        invitation = await self.open_invitation(call, body.invitation_id)
        self._check_answer(call, invitation, caller.user)
        organization = await self._organization_of(call, invitation)
        await self.check_inviter(call, invitation)
        most = await self.most_members(call, caller.user, organization)
        before = self.organization_hooks.before_accept_invitation
        if before is not None:
            await call.run(before, invitation, caller.user, organization)
        values = None
        if await self.member_of(call, organization.id, caller.user.id) is None:
            await self.check_room(call, organization.id, most)
            role = invitation.role or "member"
            values = await self.proposed(call, organization, caller.user, role, {})
        async with self.holding(call, organization.id, caller) as held:
            user = held.users[caller.user.id]
            accepted = await self._settle(call, invitation, user, "accepted")
            await self.check_inviter(call, accepted)
            member = await self.member_of(call, organization.id, user.id)
            if member is None:
                if values is None:
                    # Removed since he was looked up: the application was not asked about him.
                    raise Overloaded
                await self.check_room(call, organization.id, most)
                member = await self.enrol(call, held, user, values)
            session = caller.found.session
            team_id = await self.join_invited_teams(call, held, session, accepted)
            now = await self.activate(call, organization.id, team_id)
            after = self.organization_hooks.after_accept_invitation
            await told(call, after, accepted, member, user, held.organization)
        if now is not None and team_id is not None:
            set_session_cookies(call, now, user)
        return Accepted(accepted, member)

    @post("/organization/reject-invitation", requires="session")
    async def reject_invitation(self, call: Call, body: OneInvitation) -> Rejected:
        """Decline an invitation, expired or not.

        Raises INVITATION_NOT_FOUND, YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION,
        EMAIL_VERIFICATION_REQUIRED_BEFORE_ACCEPTING_OR_REJECTING_INVITATION,
        ORGANIZATION_NOT_FOUND.
        """
        caller = await self.caller(call)
        invitation = await self.open_invitation(call, body.invitation_id, expired=True)
        self._check_answer(call, invitation, caller.user)
        hooks = self.organization_hooks
        rejected = await self._end(
            call,
            caller,
            invitation,
            "rejected",
            hooks.before_reject_invitation,
            hooks.after_reject_invitation,
        )
        return Rejected(rejected)

    @post("/organization/cancel-invitation", requires="session")
    async def cancel_invitation(self, call: Call, body: OneInvitation) -> Invitation:
        """Withdraw an open invitation, expired or not.

        Raises INVITATION_NOT_FOUND, MEMBER_NOT_FOUND, ORGANIZATION_NOT_FOUND,
        YOU_ARE_NOT_ALLOWED_TO_CANCEL_THIS_INVITATION.
        """
        caller = await self.caller(call)
        invitation = await call.db.find_one(Invitation, id=body.invitation_id)
        if invitation is None:
            raise InvitationCodes.INVITATION_NOT_FOUND()
        await self.entitled(call, invitation.organization_id, caller.user, _CANCEL)
        hooks = self.organization_hooks
        return await self._end(
            call,
            caller,
            await self.open_invitation(call, invitation.id, expired=True),
            "canceled",
            hooks.before_cancel_invitation,
            hooks.after_cancel_invitation,
        )

    async def _end(
        self,
        call: Call,
        caller: Caller,
        invitation: Invitation,
        status: InvitationStatus,
        before: InvitationHook | None,
        after: InvitationHook | None,
    ) -> Invitation:
        organization = await self._organization_of(call, invitation)
        if before is not None:
            await call.run(before, invitation, caller.user, organization)
        async with self.holding(call, organization.id, caller) as held:
            user = held.users[caller.user.id]
            if status == "canceled":
                await self.entitled(call, organization.id, user, _CANCEL)
            ended = await self._settle(call, invitation, user, status)
            await told(call, after, ended, user, held.organization)
        return ended

    async def _settle(
        self, call: Call, invitation: Invitation, user: User, status: InvitationStatus
    ) -> Invitation:
        """Give an open invitation its end: one caller does. Hold user and organization."""
        in_time = {"expires_at": gt(call.now)} if status == "accepted" else {}
        if status != "canceled":
            self._check_answer(call, invitation, user)
        settled = await call.db.update(
            Invitation, {"status": status}, id=invitation.id, status="pending", **in_time
        )
        if settled is None:
            raise InvitationCodes.INVITATION_NOT_FOUND()
        return settled

    def _check_answer(self, call: Call, invitation: Invitation, user: User) -> None:
        self.check_recipient(call, invitation, user)
        if self.needs_proof(call) and not user.email_verified:
            code = InvitationCodes
            raise code.EMAIL_VERIFICATION_REQUIRED_BEFORE_ACCEPTING_OR_REJECTING_INVITATION()

    async def _organization_of(self, call: Call, invitation: Invitation) -> StoredOrganization:
        found = await call.db.find_one(StoredOrganization, id=invitation.organization_id)
        if found is None:
            raise OrganizationCodes.ORGANIZATION_NOT_FOUND()
        return found


class AnsweringAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    accept_invitation: EndpointCall[M, OneInvitation, Accepted]
    """Become a member by an invitation; the organization is active then. Who is one already
    keeps his roles.

    Raises INVITATION_NOT_FOUND, YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION,
    EMAIL_VERIFICATION_REQUIRED_BEFORE_ACCEPTING_OR_REJECTING_INVITATION,
    ORGANIZATION_NOT_FOUND, ORGANIZATION_MEMBERSHIP_LIMIT_REACHED, TEAM_NOT_FOUND,
    INVITER_IS_NO_LONGER_A_MEMBER_OF_THE_ORGANIZATION, TEAM_MEMBER_LIMIT_REACHED.
    """
    reject_invitation: EndpointCall[M, OneInvitation, Rejected]
    """Decline an invitation, expired or not.

    Raises INVITATION_NOT_FOUND, YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION,
    EMAIL_VERIFICATION_REQUIRED_BEFORE_ACCEPTING_OR_REJECTING_INVITATION,
    ORGANIZATION_NOT_FOUND.
    """
    cancel_invitation: EndpointCall[M, OneInvitation, Invitation]
    """Withdraw an open invitation, expired or not.

    Raises INVITATION_NOT_FOUND, MEMBER_NOT_FOUND, ORGANIZATION_NOT_FOUND,
    YOU_ARE_NOT_ALLOWED_TO_CANCEL_THIS_INVITATION.
    """
