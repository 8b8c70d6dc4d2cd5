"""What a route may ask of who is signed in, beyond being signed in.

Each is a function of the server's own (`auth.api`), which asks the store about the session that the
route's look-up found. Adapters say it in their framework's words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias, cast, get_args
from weakref import WeakSet

from watchword.configuration.option_checks import check_choice
from watchword.configuration.options import Duration, seconds
from watchword.errors import APIError, ConfigurationError
from watchword.features.access_control import Connector, check_statements, role_names
from watchword.sessions.sessions import WITHOUT_RENEWAL

if TYPE_CHECKING:
    from watchword.auth import Auth, Checked


_CURED = frozenset(("SESSION_NOT_FRESH", "SECOND_FACTOR_REQUIRED", "TWO_FACTOR_NOT_ENABLED"))

InOrganization: TypeAlias = bool | str | Callable[[Any], object]
"""True: the organization that is active in the session. A text: the parameter of the path that has
its id. A function: it gets the framework's request, and gives the id."""


def is_cured_by_signing_in(refusal: APIError) -> bool:
    """Whether it ends once somebody signs in again, with a second factor where one is asked for.

    Any other would send one who is signed in round in circles.
    """
    return refusal.status == 401 or refusal.code in _CURED


@dataclass(frozen=True, slots=True)
class Demand:
    """One that a route makes: the function that refuses, and what it is told."""

    function: str
    told: Mapping[str, object]
    plugin: str = field(default="", kw_only=True)
    """What installs the function, where it is not the core's."""
    place: InOrganization = field(default=False, kw_only=True)
    """In which organization, if in one."""
    _known: WeakSet[Auth[Any]] = field(
        default_factory=WeakSet["Auth[Any]"], init=False, repr=False, compare=False
    )
    """The servers that were looked at."""

    def check(self, auth: Auth[Any]) -> None:
        """Raises `ConfigurationError` for a server that cannot tell, or would never say yes."""
        if auth in self._known:
            return
        if self.function not in auth.endpoints:
            raise ConfigurationError(
                "plugins", f"no plugin has {self.function!r}", f"Add {self.plugin} to them"
            )
        for plugin in auth.config.plugins.values():
            plugin.check_guard(self.function, self.told)
        self._known.add(auth)

    def at(self, parameters: Mapping[str, Any] | None, request: object) -> Demand:
        """The same of one request, with the organization that its path or something else names.

        One that names none asks for an organization that does not exist, never for the active one.
        Raises `RuntimeError` for a path that has no such parameter.
        """
        if isinstance(self.place, bool):
            return self
        if isinstance(self.place, str):
            if self.place not in (parameters or {}):
                raise RuntimeError(f"this route has no {self.place!r} in its path")
            named = (parameters or {})[self.place]
        else:
            named = self.place(request)
        return self.of(None if isinstance(named, bool) else named)

    def of(self, organization_id: object) -> Demand:
        """The same in one organization; True and False leave it as it is."""
        if isinstance(organization_id, bool):
            return self
        told = {
            **self.told,
            "organization_id": "" if organization_id is None else str(organization_id),
        }
        return replace(self, told=told, place=True)

    def call(self, auth: Auth[Any], api: Any, checked: Checked[Any]) -> Any:
        """Ask it, in either world: `api` is one of the two that `auth` has."""
        self.check(auth)
        function = getattr(api, self.function)
        return function(checked=checked, query=WITHOUT_RENEWAL, extra=self.told)


def confirmed_action(type: str) -> Demand:
    """A grant of plugin `ActionToken`, which is burned: ACTION_CONFIRMATION_REQUIRED (403)."""
    return Demand("consume_action_token", {"type": type}, plugin="ActionToken(...)")


def fresh_session(within: Duration | None) -> Demand:
    """A sign-in lately: SESSION_NOT_FRESH (403). None: within `session.fresh_age`.

    Raises `ConfigurationError` for a wrong duration.
    """
    return Demand("require_fresh_session", {"within": _whole(within)})


def second_factor(within: Duration | None) -> Demand:
    """The second factor, given in this session: SECOND_FACTOR_REQUIRED, TWO_FACTOR_NOT_ENABLED
    (403). None: at any time in it.

    Raises `ConfigurationError` for a wrong duration.
    """
    plugin = "TwoFactor(note_in_session=True)"
    return Demand("require_second_factor", {"within": _whole(within)}, plugin=plugin)


def role(
    names: Sequence[str], connector: Connector, in_organization: InOrganization = False
) -> Demand:
    """All of these roles, or with OR one of them: FORBIDDEN, BANNED_USER (403).

    Raises `ConfigurationError` for what is no name of a role.
    """
    if not names or not all(map(_is_role, names)):
        raise ConfigurationError(
            "roles of a guard",
            "these are no names of roles",
            'Name them one by one, with parentheses: ("admin", "support")',
        )
    check_choice("connector of a guard", connector, get_args(Connector))
    told = {"roles": [*names], "connector": connector}
    return _demand("require_role", told, in_organization)


def permission(
    given: Mapping[str, object] | None,
    named: Mapping[str, object],
    in_organization: InOrganization = False,
) -> Demand:
    """Actions on resources, all of them allowed by one role: FORBIDDEN, BANNED_USER (403).

    Raises `ConfigurationError` for what is no mapping of resources to actions.
    """
    if given is not None:
        check_statements("permissions of a guard", given)
    needed = {**(given or {}), **named}
    check_statements("permissions of a guard", needed)
    if not needed or not all(needed.values()):
        raise ConfigurationError(
            "permissions of a guard",
            "nothing is asked for",
            'Name resources with actions: (project=["create"])',
        )
    told = {resource: [*cast("Sequence[str]", actions)] for resource, actions in needed.items()}
    return _demand("require_permission", {"permissions": told}, in_organization)


def _demand(function: str, told: Mapping[str, object], place: InOrganization) -> Demand:
    if place is False:
        return Demand(function, told, plugin="Admin()")
    if place == "" or not (isinstance(place, bool | str) or callable(place)):
        raise ConfigurationError(
            "in_organization",
            f"{place!r} names no organization",
            "Give True for the active one, a parameter of the path, or a function of the request",
        )
    return Demand("require_in_organization", told, plugin="Organization()", place=place)


def own_rights() -> Demand:
    """What somebody may do at this moment."""
    return Demand("own_rights", {}, plugin="Admin()")


def _is_role(name: object) -> bool:
    return isinstance(name, str) and role_names(name) == (name,)


def _whole(within: Duration | None) -> int | None:
    return None if within is None else seconds("within", within, least=1)
