"""What administrators may do, as statements of access control (spec: plugin admin)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypedDict, get_args

from watchword.features.access_control import AccessControl, Role

UserAction: TypeAlias = Literal[
    "create",
    "list",
    "set-role",
    "ban",
    "impersonate",
    "impersonate-admins",
    "delete",
    "set-password",
    "set-email",
    "set-phone",
    "get",
    "update",
]
SessionAction: TypeAlias = Literal["list", "revoke", "delete"]


class AdminStatements(TypedDict, total=False):
    """Resources and actions of the plugin. Extend it with those of the application."""

    user: Sequence[UserAction]
    session: Sequence[SessionAction]


ADMIN_STATEMENTS: AdminStatements = {
    "user": get_args(UserAction),
    "session": get_args(SessionAction),
}
"""All that there is."""

ADMIN_PERMISSIONS: AdminStatements = {
    "user": tuple(one for one in get_args(UserAction) if one != "impersonate-admins"),
    "session": get_args(SessionAction),
}
"""Those of the role `admin`: everything but impersonating other administrators."""

_CONTROL = AccessControl[AdminStatements](ADMIN_STATEMENTS)

DEFAULT_ROLES: Mapping[str, Role[Any]] = {
    "admin": _CONTROL.role(ADMIN_PERMISSIONS),
    "user": _CONTROL.role({"user": (), "session": ()}),
}
