"""Inviting people.

One invitation of an organization is open for an address at a time, and no more than the limit: what
makes one holds the organization (spec: plugin organization, (b) and (f)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from watchword.call import Call
from watchword.configuration.options import RateLimitRule
from watchword.database.table import gt
from watchword.endpoint import post
from watchword.features.access_control import role_names
from watchword.features.addresses import user_of_address
from watchword.features.identifiers import normal_email, same_email
from watchword.features.mails import send_mail
from watchword.pipeline.additional_fields import read_fields
from watchword.pipeline.validation import is_email
from watchword.plugin_base import Letters, RateRule
from watchword.server_api import EndpointCall, M, ServerAPI, U

from .codes import InvitationCodes, OrganizationCodes
from .hooks import asked, told
from .invitation_lists import INVITE, InvitationLists
from .invitation_mails import InvitationMail, invitation_url, letter
from .membership import USUAL_LIMIT, Caller, Held, Need, stored
from .options import limit_of
from .records import Invitation, InvitationToTeams, Member, StoredOrganization
from .wire import InviteMember

_INVITE = Need(
    INVITE,
    OrganizationCodes.MEMBER_NOT_FOUND,
    InvitationCodes.YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION,
)


@dataclass(frozen=True, slots=True)
class _Wish:
    """Who is to be invited, by whom, to what."""

    caller: Caller
    organization_id: str
    email: str
    role: str
    resend: bool
    most: int = 0
    """Invitations that may be open at once."""


@dataclass(frozen=True, kw_only=True)
class Inviting(InvitationLists):
    """Making invitations."""

    letters: ClassVar[Letters] = {"send_invitation_email": letter}

    def mails_links(self) -> Sequence[str]:
        """The page of invitations, where that is on this site."""
        mailed = self.send_invitation_email is not None and self.invitation_page.startswith("/")
        return ["Organization.invitation_page"] if mailed else []

    def rate_rules(self) -> Sequence[RateRule]:
        """For what sends mails."""
        rule = RateLimitRule(window=60, max=30)
        return (*super().rate_rules(), RateRule("/organization/invite-member", rule))

    @post(
        "/organization/invite-member",
        name="create_invitation",
        requires="session",
        promises_mail=True,
    )
    async def invite_member(self, call: Call, body: InviteMember) -> Invitation:
        """Invite somebody by mail.

        Raises ORGANIZATION_NOT_FOUND, INVALID_EMAIL, MEMBER_NOT_FOUND, ROLE_NOT_FOUND,
        YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION, 400 without a code for unknown
        roles, YOU_ARE_NOT_ALLOWED_TO_INVITE_USER_WITH_THIS_ROLE, INVITATION_LIMIT_REACHED,
        USER_IS_ALREADY_A_MEMBER_OF_THIS_ORGANIZATION, USER_IS_ALREADY_INVITED_TO_THIS_ORGANIZATION,
        INVALID_TEAM_ID, TEAM_NOT_FOUND, TEAM_MEMBER_LIMIT_REACHED, FAILED_TO_INVITE.
        """
        caller = await self.caller(call)
        organization_id = body.organization_id or await self.active(call)
        if not organization_id:
            raise OrganizationCodes.ORGANIZATION_NOT_FOUND()
        email = normal_email(body.email)
        if not is_email(email):
            raise InvitationCodes.INVALID_EMAIL()
        role = ",".join(self.named_roles(body.role))
        wish = _Wish(caller, organization_id, email, role, body.resend)
        member = await self._inviter(call, wish)
        organization = await call.db.find_one(StoredOrganization, id=organization_id)
        if organization is None:
            raise OrganizationCodes.ORGANIZATION_NOT_FOUND()
        if body.resend and await self._pending(call, wish) is not None:
            async with self.holding(call, organization_id, caller) as held:
                return await self._renewed(call, held, wish)
        option, limit = "Organization.invitation_limit", self.invitation_limit
        most = await limit_of(call, option, limit, caller.user, organization, member)
        wish = replace(wish, most=most or USUAL_LIMIT)
        await self._check_room(call, wish, await self._pending(call, wish))
        given = {
            **read_fields(call, InvitationToTeams, creating=True),
            "organization_id": organization_id,
            "email": email,
            "role": role,
            "expires_at": call.after(self.invitation_life()),
            "inviter_id": caller.user.id,
        }
        ids = [body.team_id] if isinstance(body.team_id, str) else body.team_id or []
        hooks = self.organization_hooks
        values = await asked(call, hooks.before_create_invitation, given, caller.user, organization)
        async with self.holding(call, organization_id, caller) as held:
            await self._inviter(call, wish)
            pending = await self._pending(call, wish)
            await self._check_room(call, wish, pending)
            if pending is not None:
                await call.db.update(
                    Invitation, {"status": "canceled"}, id=pending.id, status="pending"
                )
            into = await self.invited_teams(call, held, caller.found.session, ids)
            invitation = await stored(
                call.db.create(Invitation, **{**values, **into}), InvitationCodes.FAILED_TO_INVITE
            )
            await self._mail(call, held, caller, member, invitation)
            after = hooks.after_create_invitation
            await told(call, after, invitation, caller.user, held.organization)
        return invitation

    async def _inviter(self, call: Call, wish: _Wish) -> Member:
        """Who invites, if he may, and if the address is nobody's in the organization."""
        member = await self.entitled(call, wish.organization_id, wish.caller.user, _INVITE)
        names = role_names(wish.role)
        if not names:
            raise OrganizationCodes.ROLE_NOT_FOUND()
        unknown = await self.unknown_roles(call, wish.organization_id, names)
        if unknown:
            raise OrganizationCodes.UNKNOWN_ROLES(f"ROLE_NOT_FOUND: {', '.join(unknown)}")
        if await self.withheld(call, member, names):
            raise InvitationCodes.YOU_ARE_NOT_ALLOWED_TO_INVITE_USER_WITH_THIS_ROLE()
        user = await user_of_address(call, wish.email)
        if user is not None and await self.member_of(call, wish.organization_id, user.id):
            raise OrganizationCodes.USER_IS_ALREADY_A_MEMBER_OF_THIS_ORGANIZATION()
        return member

    async def _pending(self, call: Call, wish: _Wish) -> Invitation | None:
        """The invitation that is open for the address."""
        alike = await call.db.find_many(
            Invitation,
            organization_id=wish.organization_id,
            email=wish.email,
            status="pending",
            expires_at=gt(call.now),
        )
        return next((one for one in alike if same_email(one.email, wish.email)), None)

    async def _check_room(self, call: Call, wish: _Wish, pending: Invitation | None) -> None:
        if pending is not None and not self.cancel_pending_invitations_on_re_invite:
            raise InvitationCodes.USER_IS_ALREADY_INVITED_TO_THIS_ORGANIZATION()
        count = await call.db.count(
            Invitation,
            organization_id=wish.organization_id,
            status="pending",
            expires_at=gt(call.now),
        )
        if count - (pending is not None) >= wish.most:
            raise InvitationCodes.INVITATION_LIMIT_REACHED()

    async def _renewed(self, call: Call, held: Held, wish: _Wish) -> Invitation:
        member = await self._inviter(call, wish)
        pending = await self._pending(call, wish)
        if pending is None:
            raise InvitationCodes.INVITATION_NOT_FOUND()
        if await self.withheld(call, member, role_names(pending.role)):
            raise InvitationCodes.YOU_ARE_NOT_ALLOWED_TO_INVITE_USER_WITH_THIS_ROLE()
        # Who renews it vouches for it: whoever made it may have lost the right to.
        vouched = {"inviter_id": wish.caller.user.id}
        changes = {**vouched, "expires_at": call.after(self.invitation_life())}
        renewed = await stored(
            call.db.update(Invitation, changes, id=pending.id, status="pending"),
            InvitationCodes.FAILED_TO_INVITE,
        )
        await self._mail(call, held, wish.caller, member, renewed)
        return renewed

    async def _mail(
        self, call: Call, held: Held, caller: Caller, member: Member, invitation: Invitation
    ) -> None:
        mail = InvitationMail(
            invitation=invitation,
            organization=held.organization,
            inviter=caller.user,
            member=member,
            url=invitation_url(call, self.invitation_page, invitation.id),
        )
        await send_mail(call, self.send_invitation_email, mail)


class InvitingAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    create_invitation: EndpointCall[M, InviteMember, Invitation]
    """Invite somebody by mail.

    Raises ORGANIZATION_NOT_FOUND, INVALID_EMAIL, MEMBER_NOT_FOUND, ROLE_NOT_FOUND,
    YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION, 400 without a code for unknown
    roles, YOU_ARE_NOT_ALLOWED_TO_INVITE_USER_WITH_THIS_ROLE, INVITATION_LIMIT_REACHED,
    USER_IS_ALREADY_A_MEMBER_OF_THIS_ORGANIZATION, USER_IS_ALREADY_INVITED_TO_THIS_ORGANIZATION,
    INVALID_TEAM_ID, TEAM_NOT_FOUND, TEAM_MEMBER_LIMIT_REACHED, FAILED_TO_INVITE.
    """
