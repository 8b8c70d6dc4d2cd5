"""The options of organizations, by what they are about (spec: plugin organization, (a))."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from watchword.call import Call
from watchword.configuration.option_checks import check_callback, check_flag, check_number
from watchword.errors import ConfigurationError
from watchword.http.request import Request
from watchword.records import Session, User

from .hooks import Values
from .records import Member, StoredOrganization

T = TypeVar("T")

Maybe: TypeAlias = "T | Awaitable[T]"
"""What `def` or `async def` answers."""
MayCreate: TypeAlias = "bool | Callable[[User], Maybe[bool]]"
OrganizationLimit: TypeAlias = "int | Callable[[User], Maybe[bool]] | None"
"""A number, or a function that says whether a user has reached it; None: no limit."""
MembershipLimit: TypeAlias = "int | Callable[[User, StoredOrganization], Maybe[int]]"
InvitationLimit: TypeAlias = "int | Callable[[User, StoredOrganization, Member], Maybe[int]]"
RolesLimit: TypeAlias = "int | Callable[[str], Maybe[int]] | None"
"""A number, or a function of the organization's id; None: no limit."""
TeamsLimit: TypeAlias = "int | Callable[[str, Session | None], Maybe[int | None]] | None"
"""A number, or a function of the organization's id and who is asking; None: no limit."""
TeamMembersLimit: TypeAlias = "int | Callable[[str, str, Session | None], Maybe[int | None]] | None"
"""A number, or a function of the ids of team and organization and who is asking."""
PlanTeam: TypeAlias = "Callable[[StoredOrganization, Request | None], Maybe[Values | None]]"


@dataclass(frozen=True, kw_only=True)
class DefaultTeam:
    """The team that every new organization begins with."""

    enabled: bool = True
    """False: organizations begin without a team."""
    custom_create_default_team: PlanTeam | None = None
    """Answers its values by attribute (`name`, and fields of `team_type`), before the organization
    is stored. None: it is called like the organization."""

    def __post_init__(self) -> None:
        check_flag("DefaultTeam.enabled", self.enabled)
        option = "DefaultTeam.custom_create_default_team"
        check_callback(option, self.custom_create_default_team)

    @property
    def plain(self) -> bool:
        """Whether there is one, of which the application says nothing."""
        return self.enabled and self.custom_create_default_team is None


@dataclass(frozen=True, kw_only=True)
class Teams:
    """Teams inside organizations."""

    enabled: bool = True
    """False: organizations have no teams."""
    default_team: DefaultTeam = DefaultTeam()
    maximum_teams: TeamsLimit = None
    """Teams of an organization; None or 0: no limit."""
    maximum_members_per_team: TeamMembersLimit = None
    """Members of a team; None or 0: no limit."""
    allow_removing_all_teams: bool = False
    """Let the last team of an organization be deleted."""

    def __post_init__(self) -> None:
        check_flag("Teams.enabled", self.enabled)
        check_flag("Teams.allow_removing_all_teams", self.allow_removing_all_teams)
        check_limit("Teams.maximum_teams", self.maximum_teams)
        check_limit("Teams.maximum_members_per_team", self.maximum_members_per_team)


@dataclass(frozen=True, kw_only=True)
class DynamicAccessControl:
    """Roles that organizations make for themselves. Needs `Organization(ac=...)`."""

    enabled: bool = True
    """False: there are only the roles that the server knows."""
    maximum_roles_per_organization: RolesLimit = None
    """None: no limit."""

    def __post_init__(self) -> None:
        check_flag("DynamicAccessControl.enabled", self.enabled)
        option = "DynamicAccessControl.maximum_roles_per_organization"
        check_limit(option, self.maximum_roles_per_organization)


def check_limit(option: str, value: object, *, least: int = 0) -> None:
    """The value is a number, a function that gives one, or None."""
    if value is not None and not callable(value):
        check_number(option, value, least)


async def limit_of(call: Call, option: str, value: object, *args: object) -> int | None:
    """A limit, which a function may tell; None and 0: there is none.

    Raises `ConfigurationError` for a function that answers something else.
    """
    told = await call.run(value, *args) if callable(value) else value
    if told is None or (type(told) is int and told >= 0):
        return told or None
    raise ConfigurationError(option, f"{told!r} is no limit", "Answer a whole number, or None")
