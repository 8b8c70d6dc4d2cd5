"""Access control: which actions on which resources a role allows (spec: access control).

    class Statements(TypedDict, total=False):
        project: Sequence[Literal["create", "delete"]]

    control = AccessControl[Statements]({"project": ["create", "delete"]})
    editor = control.role({"project": ["create"]})
    editor.authorize({"project": ["create"]}).success

With a `TypedDict` of their own, resources and actions are known to type checkers. Nothing in here
knows of users, requests or databases.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, Literal, TypeAlias, TypeVar, cast

from watchword.errors import ConfigurationError, ErrorCode, ErrorCodes

S = TypeVar("S", bound=Mapping[str, object])

Connector: TypeAlias = Literal["AND", "OR"]
Actions: TypeAlias = "Sequence[str]"
Right: TypeAlias = tuple[str, str]
"""A resource, and an action on it."""


class AccessCodes(ErrorCodes):
    """What routes answer that ask for a role or a permission."""

    FORBIDDEN = ErrorCode(403, "FORBIDDEN", "You may not do this")


class Reason(Enum):
    """Why a request was not allowed."""

    UNKNOWN_RESOURCE = "unknown-resource"
    ACTION_DENIED = "action-denied"
    NOTHING_AUTHORIZED = "nothing-authorized"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a role says to a request; true if it allows it."""

    reason: Reason | None = None
    """None: it is allowed."""
    resource: str | None = None
    """The resource that was refused, if it is one."""

    @property
    def success(self) -> bool:
        """Whether the request is allowed."""
        return self.reason is None

    def __bool__(self) -> bool:
        return self.success


_ALLOWED = Verdict()


@dataclass(frozen=True, slots=True)
class Role(Generic[S]):
    """What somebody with this role may do: resource to actions. Made by `AccessControl.role`."""

    permissions: S

    def __post_init__(self) -> None:
        # In a text in place of a list, every part of it would be an action.
        check_statements("permissions of a role", self.permissions)

    def authorize(self, request: S, connector: Connector = "AND") -> Verdict:
        """Whether the role allows what is asked for: all of it, or with OR one resource of it.

        All actions on a resource must be allowed; an empty list of them never is.
        """
        return authorize(self.permissions, request, connector)

    @property
    def rights(self) -> frozenset[Right]:
        """All that the role allows."""
        listed = cast("Mapping[str, Actions]", self.permissions)
        return frozenset((name, action) for name, actions in listed.items() for action in actions)


class AccessControl(Generic[S]):
    """The resources that there are, with the actions that there are on each."""

    def __init__(self, statements: S) -> None:
        """Raises `ConfigurationError` for what is no mapping of resources to actions."""
        check_statements("statements", statements)
        self.statements = statements

    def role(self, permissions: S) -> Role[S]:
        """A role that allows some of it. Raises `ConfigurationError` for what does not exist."""
        made = Role(permissions)
        known = Role(self.statements).rights
        for resource, action in made.rights - known:
            raise ConfigurationError(
                "permissions of a role",
                f"there is no action {action!r} on {resource!r}",
                "Name it in the statements of AccessControl(...) first",
            )
        return made

    def definition(self, roles: Mapping[str, Role[S]]) -> dict[str, dict[str, object]]:
        """Statements and roles as JSON knows them, for a browser that makes the same ones of it.

        Raises `ConfigurationError` for a role of another `AccessControl`, as `role` does.
        """
        return {
            "statements": _listed(self.statements),
            "roles": {
                name: _listed(self.role(role.permissions).permissions)
                for name, role in roles.items()
            },
        }


def _listed(statements: Mapping[str, object]) -> dict[str, object]:
    given = cast("Mapping[str, Actions]", statements)
    return {resource: list(actions) for resource, actions in given.items()}


def authorize(
    permissions: Mapping[str, object], request: Mapping[str, object], connector: Connector = "AND"
) -> Verdict:
    """`Role.authorize` for what came as JSON.

    A resource may also be asked for as `{"actions": [...], "connector": "OR"}`: one of its actions
    is enough then. Raises `TypeError` for a resource with neither list nor object.
    """
    satisfied = False
    for resource, wanted in request.items():
        allowed = permissions.get(resource)
        if allowed is None:
            if connector == "AND":
                return Verdict(Reason.UNKNOWN_RESOURCE, resource)
            continue
        if _is_satisfied(cast("Actions", allowed), wanted):
            if connector == "OR":
                return _ALLOWED
            satisfied = True
        elif connector == "AND":
            return Verdict(Reason.ACTION_DENIED, resource)
    return _ALLOWED if satisfied else Verdict(Reason.NOTHING_AUTHORIZED)


def any_authorizes(
    roles: Mapping[str, Role[Any]], names: Iterable[str], request: Mapping[str, object]
) -> bool:
    """Whether one of the named roles alone allows all of the request; unknown ones allow nothing.

    Permissions of several roles are never merged.
    """
    known = (roles[name] for name in names if name in roles)
    return any(authorize(role.permissions, request) for role in known)


def has_roles(own: Collection[str], names: Collection[str], connector: Connector = "AND") -> bool:
    """Whether all of the named roles, or with OR one of them, are among one's own; none is asked
    for, none is had."""
    matches = any if connector == "OR" else all
    return len(names) > 0 and matches(name in own for name in names)


def rights_of(roles: Mapping[str, Role[Any]], names: Iterable[str]) -> frozenset[Right]:
    """All that the named roles allow, one by one."""
    return frozenset[Right]().union(*(roles[name].rights for name in names if name in roles))


def role_names(text: str | Iterable[str] | None) -> tuple[str, ...]:
    """The roles in a text or in a list of texts: split at commas, trimmed, each once.

    The one reading of roles, stored and given alike: `"user, admin"` is never anything else in one
    place than in another.
    """
    texts = [text] if isinstance(text, str) else list(text or ())
    names = (name.strip() for one in texts for name in one.split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def _is_satisfied(allowed: Actions, wanted: object) -> bool:
    matches = all
    if isinstance(wanted, Mapping):
        asked = cast("Mapping[str, object]", wanted)
        matches = any if asked.get("connector") == "OR" else all
        wanted = asked.get("actions")
        if not isinstance(wanted, list | tuple):
            return False
    elif not isinstance(wanted, list | tuple):
        raise TypeError("a resource is asked for with a list of actions, or an object with one")
    actions = cast("Sequence[object]", wanted)
    return len(actions) > 0 and matches(_is_action(one) and one in allowed for one in actions)


def _is_action(value: object) -> bool:
    return isinstance(value, str)


def check_statements(option: str, given: object) -> None:
    """Raise `ConfigurationError` for what is no mapping of resources to lists of actions."""
    remedy = """Give a mapping such as {"project": ["create", "delete"]}"""
    if not isinstance(given, Mapping):
        raise ConfigurationError(option, "these are no resources with actions", remedy)
    for resource, actions in cast("Mapping[object, object]", given).items():
        listed = cast("Sequence[object]", actions) if isinstance(actions, list | tuple) else None
        if not isinstance(resource, str) or listed is None or not all(map(_is_action, listed)):
            raise ConfigurationError(option, f"the actions on {resource!r} are no list", remedy)
