"""What applications are asked and told about organizations (spec: plugin organization, (d)).

Each callback may be `def` or `async def`. One that is asked `before` may raise an `APIError`, which
refuses, or return a mapping (snake_case), which is merged into the values; nothing is stored, and
no row held, while it runs. One that is told `after` runs once everything is stored.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, cast

from watchword.call import Call
from watchword.records import User

from .records import Invitation, Member, StoredOrganization, Team, TeamMember

Values: TypeAlias = "Mapping[str, object]"
Answer: TypeAlias = "Values | Awaitable[Values | None] | None"

MemberHook: TypeAlias = "Callable[[Member, User, StoredOrganization], object]"
"""The member, that member's user, the organization."""
InvitationHook: TypeAlias = "Callable[[Invitation, User, StoredOrganization], object]"
"""The invitation, who does it, the organization."""
TeamHook: TypeAlias = "Callable[[Team, User | None, StoredOrganization], object]"
"""The team, who does it (None: the server), the organization."""
TeamMemberHook: TypeAlias = "Callable[[TeamMember, Team, User, StoredOrganization], object]"
"""The member of the team, the team, that member's user, the organization."""


@dataclass(frozen=True, kw_only=True)
class OrganizationHooks:
    """All of them; each is optional."""

    before_create_organization: Callable[[Values, User], Answer] | None = None
    """Values, and whose it will be."""
    after_create_organization: Callable[[StoredOrganization, Member, User], object] | None = None
    """The organization, its first member, that member's user."""
    before_update_organization: Callable[[Values, User, Member], Answer] | None = None
    """Changes, who wants them, and as which member."""
    after_update_organization: Callable[[StoredOrganization, User, Member], object] | None = None
    """The organization as it is now, who changed it, and as which member."""
    before_delete_organization: Callable[[StoredOrganization, User], object] | None = None
    """The organization, and who deletes it."""
    after_delete_organization: Callable[[StoredOrganization, User], object] | None = None
    """The organization that was, and who deleted it."""

    before_add_member: Callable[[Values, User, StoredOrganization], Answer] | None = None
    """Values, whom it is about, the organization. Of the member whom a new organization begins with
    the organization is told as it will be; its id is empty where the database makes ids."""
    after_add_member: MemberHook | None = None
    """The member, that member's user, the organization."""
    before_remove_member: MemberHook | None = None
    """The member, that member's user, the organization."""
    after_remove_member: MemberHook | None = None
    """The member, that member's user, the organization."""
    before_update_member_role: Callable[[Member, str, User, StoredOrganization], Answer] | None = (
        None
    )
    """The member, the new roles, that member's user, the organization; may answer `role`."""
    after_update_member_role: Callable[[Member, str, User, StoredOrganization], object] | None = (
        None
    )
    """The member, the previous roles, that member's user, the organization."""

    before_create_invitation: Callable[[Values, User, StoredOrganization], Answer] | None = None
    """Values, who invites, the organization."""
    after_create_invitation: InvitationHook | None = None
    """The invitation, who does it, the organization."""
    before_accept_invitation: InvitationHook | None = None
    """The invitation, who does it, the organization."""
    after_accept_invitation: (
        Callable[[Invitation, Member, User, StoredOrganization], object] | None
    ) = None
    """The invitation, the new member, that member's user, the organization."""
    before_reject_invitation: InvitationHook | None = None
    """The invitation, who does it, the organization."""
    after_reject_invitation: InvitationHook | None = None
    """The invitation, who does it, the organization."""
    before_cancel_invitation: InvitationHook | None = None
    """The invitation, who does it, the organization."""
    after_cancel_invitation: InvitationHook | None = None
    """The invitation, who does it, the organization."""

    before_create_team: Callable[[Values, User | None, StoredOrganization], Answer] | None = None
    """Values, who makes it (None: the server), the organization."""
    after_create_team: TeamHook | None = None
    """The team, who does it (None: the server), the organization."""
    before_update_team: Callable[[Team, Values, User, StoredOrganization], Answer] | None = None
    """The team, the changes, who wants them, the organization; what it answers replaces them."""
    after_update_team: TeamHook | None = None
    """The team, who does it (None: the server), the organization."""
    before_delete_team: TeamHook | None = None
    """The team, who does it (None: the server), the organization."""
    after_delete_team: TeamHook | None = None
    """The team, who does it (None: the server), the organization."""
    before_add_team_member: Callable[[Values, Team, User, StoredOrganization], object] | None = None
    """Values, the team, whom it is about, the organization."""
    after_add_team_member: TeamMemberHook | None = None
    """The member of the team, the team, that member's user, the organization."""
    before_remove_team_member: TeamMemberHook | None = None
    """The member of the team, the team, that member's user, the organization."""
    after_remove_team_member: TeamMemberHook | None = None
    """The member of the team, the team, that member's user, the organization."""


async def asked(
    call: Call, hook: Callable[..., object] | None, values: Values, *args: object
) -> dict[str, object]:
    """Values with what a hook makes of them; it gets them before `args`."""
    answer = None if hook is None else await call.run(hook, dict(values), *args)
    return {**values, **cast("Values", answer)} if isinstance(answer, Mapping) else dict(values)


async def told(call: Call, hook: Callable[..., object] | None, *args: object) -> None:
    """Run a hook, if there is one, once the surrounding transaction is stored."""
    if hook is not None:
        await call.db.after_commit(partial(_run, call, hook, *args))


async def _run(call: Call, hook: Callable[..., object], *args: object) -> None:
    await call.run(hook, *args)
