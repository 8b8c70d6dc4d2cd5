"""Who belongs to an organization, and what that allows: options, look-ups, and the one lock.

Rights follow from the member's row that is in the database now. Whatever adds, removes or counts
members, invitations, teams or roles does so while it holds the row of the organization: so limits
hold, nobody is a member twice, and the last owner stays, whatever happens at once (`holding`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

import msgspec

from watchword.call import Call
from watchword.configuration.durations import Duration, seconds
from watchword.configuration.option_checks import (
    check_callback,
    check_choice,
    check_flag,
    check_subclass,
    check_texts,
    check_type,
)
from watchword.database.contract import Condition, UniqueViolation
from watchword.database.records import Record, attributes_of
from watchword.database.table import ne
from watchword.errors import APIError, ConfigurationError, ErrorCode, ErrorCodes
from watchword.features.access_control import AccessControl, Role, any_authorizes, role_names
from watchword.features.listing import LONGEST_PAGE
from watchword.features.promises import Promise, session_promise, stands
from watchword.plugin_base import Plugin
from watchword.records import Session, User
from watchword.results import SessionAndUser
from watchword.sessions.sessions import current_session

from .codes import EveryOrganizationCode, OrganizationCodes
from .hooks import OrganizationHooks
from .invitation_mails import InvitationCallback, check_page
from .options import (
    DynamicAccessControl,
    InvitationLimit,
    MayCreate,
    MembershipLimit,
    OrganizationLimit,
    Teams,
    check_limit,
)
from .permissions import DEFAULT_ROLES, OrganizationStatements
from .records import (
    ActiveOrganization,
    ActiveTeam,
    Invitation,
    InvitationToTeams,
    Member,
    OrganizationRole,
    StoredOrganization,
    Team,
    TeamMember,
)

R = TypeVar("R", bound=Record)

USUAL_LIMIT = 100
"""Members, and open invitations, where options name no number."""
_MOST_ROLES, _LONGEST_ROLES = 50, 255


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking, and what holds while that session does."""

    found: SessionAndUser[User]
    promise: Promise

    @property
    def user(self) -> User:
        return self.found.user


@dataclass(frozen=True, slots=True)
class Held:
    """What nobody else changes until the transaction ends."""

    organization: StoredOrganization
    users: Mapping[str, User]
    """Those that were asked for and are there, by id."""


@dataclass(frozen=True, slots=True)
class Need:
    """A permission that something needs, and the answers to strangers and to who lacks it."""

    request: OrganizationStatements
    stranger: ErrorCode
    refusal: ErrorCode


@dataclass(frozen=True, kw_only=True)
class Membership(Plugin):
    """Options of organizations."""

    id: ClassVar[str] = "organization"
    codes: ClassVar[type[ErrorCodes]] = EveryOrganizationCode
    extends: ClassVar[Mapping[type[Record], type[msgspec.Struct]]] = {
        Session: ActiveTeam,
        Invitation: InvitationToTeams,
    }
    records: ClassVar[tuple[type[Record], ...]] = (
        StoredOrganization,
        Member,
        Invitation,
        Team,
        TeamMember,
        OrganizationRole,
    )

    allow_user_to_create_organization: MayCreate = True
    """Whether users may; a function is asked for each of them."""
    organization_limit: OrganizationLimit = None
    """In how many organizations somebody may be who creates another one."""
    creator_role: str = "owner"
    """The role of who creates an organization. Somebody in it has it always."""
    membership_limit: MembershipLimit = 100
    """Members of an organization; 0: a hundred."""
    invitation_limit: InvitationLimit = 100
    """Invitations of an organization that are open at once."""
    invitation_expires_in: Duration = 172_800
    """How long an invitation can be accepted (48 hours)."""
    cancel_pending_invitations_on_re_invite: bool = False
    """Inviting somebody again withdraws the first invitation, and is no error."""
    require_email_verification_on_invitation: bool | None = None
    """Whether only a proven address accepts and sees invitations. None: where ids can be guessed
    (`advanced.generate_id` is `serial` or a function)."""
    send_invitation_email: InvitationCallback | None = None
    """Mails an invitation, in the background; gets an `InvitationMail` and the request (None for
    server-side calls). `def` or `async def`."""
    invitation_page: str = ""
    """The page of the application that shows an invitation: a path or a URL. It gets the id in the
    place of `{id}`, else as parameter `invitationId`."""
    ac: AccessControl[Any] | None = field(default=None, repr=False)
    """The resources that there are; for `dynamic_access_control`."""
    roles: Mapping[str, Role[Any]] | None = field(default=None, repr=False)
    """What roles allow, in place of `owner`, `admin` and `member`, which can still be given."""
    dynamic_access_control: DynamicAccessControl | None = None
    """Let organizations make roles of their own."""
    teams: Teams | None = None
    """Teams inside organizations."""
    disable_organization_deletion: bool = False
    organization_hooks: OrganizationHooks = field(default=OrganizationHooks(), repr=False)
    """What the application is asked and told."""
    organization_type: type[StoredOrganization] = StoredOrganization
    """With fields of the application's, as have the following."""
    member_type: type[Member] = Member
    invitation_type: type[Invitation] = Invitation
    team_type: type[Team] = Team
    organization_role_type: type[OrganizationRole] = OrganizationRole

    def __post_init__(self) -> None:
        name = "Organization"
        if not callable(self.allow_user_to_create_organization):
            option = f"{name}.allow_user_to_create_organization"
            check_flag(option, self.allow_user_to_create_organization)
        check_limit(f"{name}.organization_limit", self.organization_limit)
        check_limit(f"{name}.membership_limit", self.membership_limit)
        check_limit(f"{name}.invitation_limit", self.invitation_limit)
        self.invitation_life()
        check_callback(f"{name}.send_invitation_email", self.send_invitation_email)
        check_page(f"{name}.invitation_page", self.invitation_page)
        check_flag(
            f"{name}.require_email_verification_on_invitation",
            self.require_email_verification_on_invitation,
            optional=True,
        )
        for flag in ("cancel_pending_invitations_on_re_invite", "disable_organization_deletion"):
            check_flag(f"{name}.{flag}", getattr(self, flag))
        for option, base in _TYPES.items():
            check_subclass(f"{name}.{option}", getattr(self, option), base)
        hooks = self.organization_hooks
        check_type(f"{name}.organization_hooks", hooks, OrganizationHooks)
        if hooks.before_add_member is None:
            _check_complete(f"{name}.member_type", self.member_type, Member, "before_add_member")
        plain = self.teams is not None and self.teams.enabled and self.teams.default_team.plain
        if plain and hooks.before_create_team is None:
            _check_complete(f"{name}.team_type", self.team_type, Team, "before_create_team")
        self._check_roles(name)

    def _check_roles(self, name: str) -> None:
        for role, allowed in (self.roles or {}).items():
            check_texts(f"{name}.roles", [role])
            check_type(f"{name}.roles[{role!r}]", allowed, Role)
        check_texts(f"{name}.creator_role", [self.creator_role])
        check_choice(
            f"{name}.creator_role", self.creator_role, (*DEFAULT_ROLES, *self.static_roles)
        )
        if self.ac is not None:
            check_type(f"{name}.ac", self.ac, AccessControl)
        elif self.makes_roles:
            raise ConfigurationError(
                f"{name}.dynamic_access_control",
                "it needs to know which resources there are",
                "Give ac=AccessControl(...) as well",
            )

    def invitation_life(self) -> int:
        """Seconds that an invitation can be accepted."""
        return seconds("Organization.invitation_expires_in", self.invitation_expires_in, least=1)

    def usual_page(self) -> int:
        """Members that are shown where nobody says how many."""
        limit = self.membership_limit
        return min(limit, LONGEST_PAGE) if isinstance(limit, int) and limit else USUAL_LIMIT

    @property
    def has_teams(self) -> bool:
        """Whether there are teams."""
        return self.teams is not None and self.teams.enabled

    @property
    def makes_roles(self) -> bool:
        """Whether organizations make roles of their own."""
        return self.dynamic_access_control is not None and self.dynamic_access_control.enabled

    def tables(self) -> Sequence[type[Record]]:
        """Those of teams and of own roles only where they are on."""
        teams = (self.team_type, TeamMember) if self.has_teams else ()
        roles = (self.organization_role_type,) if self.makes_roles else ()
        return (self.organization_type, self.member_type, self.invitation_type, *teams, *roles)

    def added_fields(self) -> Mapping[type[Record], type[msgspec.Struct]]:
        """What is active goes to sessions; with teams, invitations may lead into some."""
        return self.extends if self.has_teams else {Session: ActiveOrganization}

    @property
    def static_roles(self) -> Mapping[str, Role[Any]]:
        """The roles that every organization has, by what they allow."""
        return DEFAULT_ROLES if self.roles is None else self.roles

    async def roles_in(
        self, call: Call, organization_id: str, names: Collection[str]
    ) -> Mapping[str, Role[Any]]:
        """The roles that an organization has, among them those of these names: all that ask for
        rights ask here."""
        return self.static_roles

    async def permits(
        self, call: Call, member: Member, request: OrganizationStatements | Mapping[str, object]
    ) -> bool:
        """Whether a member may do all of it, by one of the roles alone."""
        names = role_names(member.role)
        roles = await self.roles_in(call, member.organization_id, names)
        return any_authorizes(roles, names, request)

    def is_creator(self, role: str | None) -> bool:
        """Whether `creator_role` is among roles, joined with commas."""
        return self.creator_role in role_names(role)

    async def unknown_roles(
        self, call: Call, organization_id: str, names: Collection[str]
    ) -> list[str]:
        """Those names that no role has which can be given in an organization."""
        known = await self.roles_in(call, organization_id, names)
        return [name for name in names if name not in known and name not in DEFAULT_ROLES]

    async def withheld(self, call: Call, giver: Member, names: Collection[str]) -> frozenset[str]:
        """Those roles that a member who gives roles may not give: `creator_role`, unless he has it.
        All others of the application may be given."""
        return frozenset(names) & {self.creator_role} - {*role_names(giver.role)}

    def named_roles(self, given: str | list[str]) -> tuple[str, ...]:
        """Roles as they were given. Raises ROLE_NOT_FOUND for more than can be stored."""
        names = role_names(given)
        if len(names) > _MOST_ROLES or len(",".join(names)) > _LONGEST_ROLES:
            raise OrganizationCodes.ROLE_NOT_FOUND()
        return names

    async def member_of(self, call: Call, organization_id: str, user_id: str) -> Member | None:
        """A user as a member of an organization."""
        return await call.db.find_one(Member, organization_id=organization_id, user_id=user_id)

    async def caller(self, call: Call) -> Caller:
        """Who is asking. Raises 401 without a body for nobody."""
        found = await current_session(call)
        if found is None:
            raise APIError(401)
        return Caller(found, await session_promise(call))

    @asynccontextmanager
    async def holding(
        self, call: Call, organization_id: str, caller: Caller | None, *user_ids: str
    ) -> AsyncGenerator[Held]:
        """Hold an organization, who is asking, and further users, while something is done to it.

        All that was asked before must be asked once more inside. Raises 401 without a body if the
        caller's session has ended, and ORGANIZATION_NOT_FOUND.
        """
        async with call.db.transaction():
            users = await self.hold_users(call, caller, *user_ids)
            organization = await call.db.find_one(StoredOrganization, id=organization_id)
            if organization is None:
                raise OrganizationCodes.ORGANIZATION_NOT_FOUND()
            yield Held(organization, users)

    async def entitled(self, call: Call, organization_id: str, user: User, need: Need) -> Member:
        """A user as a member who may do what is needed. Raises the two errors of the need."""
        member = await self.member_of(call, organization_id, user.id)
        if member is None:
            raise need.stranger()
        if not await self.permits(call, member, need.request):
            raise need.refusal()
        return member

    async def hold_users(
        self, call: Call, caller: Caller | None, *user_ids: str
    ) -> Mapping[str, User]:
        """Inside a transaction, before anything else is held: users, and who is asking.

        Raises 401 without a body if the caller's session has ended.
        """
        users: dict[str, User] = {}
        # In one order everywhere: nobody waits for who waits for him.
        for one in sorted({*user_ids, *(() if caller is None else (caller.user.id,))}):
            user = await call.db.find_one(User, id=one)
            users |= {} if user is None else {one: user}
        if caller is not None:
            there = users.get(caller.user.id)
            if there is None or not await stands(call, there, caller.promise):
                raise APIError(401)
        return users

    async def owns(self, call: Call, member: Member) -> bool:
        """Whether a member has `creator_role`, be it in another row: other servers may have made
        several of one member."""
        mine = {"organization_id": member.organization_id, "user_id": member.user_id}
        rows = await call.db.find_many(Member, limit=None, **dict[str, Any](mine))
        return any(self.is_creator(one.role) for one in (member, *rows))

    async def is_last_owner(self, call: Call, member: Member) -> bool:
        """Whether the organization has nobody else with `creator_role`. Hold it while asking."""
        if not await self.owns(call, member):
            return False
        others: dict[str, Any] = {
            "organization_id": member.organization_id,
            "user_id": ne(member.user_id),
        }
        # Mostly it is somebody's only role, which an index finds among a million members.
        if await call.db.find_one(Member, role=self.creator_role, **others) is not None:
            return False
        named = Condition("role", self.creator_role, "contains")
        alike = await call.db.find_many(Member, limit=None, where=(named,), **others)
        return not any(self.is_creator(one.role) for one in alike)


_TYPES: Mapping[str, type[Record]] = {
    "organization_type": StoredOrganization,
    "member_type": Member,
    "invitation_type": Invitation,
    "team_type": Team,
    "organization_role_type": OrganizationRole,
}


def _check_complete(option: str, kind: type[Record], base: type[Record], hook: str) -> None:
    """Every field has a value where the plugin makes records by itself, as a new organization's
    first member is."""
    known = {attribute.name for attribute in attributes_of(base)}
    for attribute in attributes_of(kind):
        if attribute.required and attribute.name not in known:
            raise ConfigurationError(
                option,
                f"nobody gives {attribute.name!r} where a new organization begins with one",
                f"Give it a default, or a value in OrganizationHooks({hook}=)",
            )


def active_organization_of(session: Session) -> str | None:
    """The id of the organization that is active in a session."""
    return getattr(session, "active_organization_id", None)


async def stored(writing: Awaitable[R | None], refusal: ErrorCode) -> R:
    """The record that was written. Raises the refusal where a hook of the database keeps it from
    that, or another record has the same in a unique field of the application's."""
    try:
        written = await writing
    except UniqueViolation:
        written = None
    if written is None:
        raise refusal()
    return written
