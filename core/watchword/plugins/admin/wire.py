"""What the endpoints of administrators say and hear: bodies, queries, answers, codes."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeAlias

import msgspec

from watchword.discreet import Discreet
from watchword.errors import ErrorCode
from watchword.features.access_control import Connector
from watchword.features.managed_users import ManagedUserCodes
from watchword.pipeline.validation import Identifier, NewPassword, Password, PersonName, Token
from watchword.records import Session
from watchword.server_api import U

UserId: TypeAlias = Identifier | int
"""The id of a user; numbers where the database counts them."""
RoleNames: TypeAlias = Identifier | Annotated[list[Identifier], msgspec.Meta(max_length=50)]
"""One role, or several: as a list, or joined with commas."""
Data: TypeAlias = Annotated[dict[Identifier, Any], msgspec.Meta(max_length=200)]
"""Fields of a user by their names on the wire."""
Permissions: TypeAlias = Annotated[
    dict[Identifier, Annotated[list[Identifier], msgspec.Meta(max_length=100)]],
    msgspec.Meta(max_length=100),
]
Operator: TypeAlias = Literal[
    "eq", "ne", "lt", "lte", "gt", "gte", "in", "not_in", "contains", "starts_with", "ends_with"
]
LONGEST_BAN = 3_153_600_000
"""Seconds (a hundred years)."""


def _denied(code: str, message: str) -> ErrorCode:
    return ErrorCode(403, code, message)


class AdminCodes(ManagedUserCodes):
    """Errors of administrators, and of those whom they banned."""

    YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE", "You may not give this role to this user"
    )
    YOU_ARE_NOT_ALLOWED_TO_CREATE_USERS = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_CREATE_USERS", "You may not create users"
    )
    YOU_ARE_NOT_ALLOWED_TO_LIST_USERS = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS", "You may not look at users"
    )
    YOU_ARE_NOT_ALLOWED_TO_LIST_USERS_SESSIONS = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS_SESSIONS", "You may not look at sessions of this user"
    )
    YOU_ARE_NOT_ALLOWED_TO_BAN_USERS = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS", "You may not ban this user, or lift the ban"
    )
    YOU_ARE_NOT_ALLOWED_TO_IMPERSONATE_USERS = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_IMPERSONATE_USERS", "You may not impersonate users"
    )
    YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS", "You may not end sessions of this user"
    )
    YOU_ARE_NOT_ALLOWED_TO_DELETE_USERS = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_DELETE_USERS", "You may not delete this user"
    )
    YOU_ARE_NOT_ALLOWED_TO_SET_USERS_PASSWORD = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_SET_USERS_PASSWORD", "You may not set the password of this user"
    )
    YOU_ARE_NOT_ALLOWED_TO_GET_USER = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_GET_USER", "You may not look at users"
    )
    YOU_ARE_NOT_ALLOWED_TO_UPDATE_USERS = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_UPDATE_USERS", "You may not change this user"
    )
    YOU_ARE_NOT_ALLOWED_TO_SET_USERS_EMAIL = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_SET_USERS_EMAIL", "You may not set the e-mail address of users"
    )
    YOU_ARE_NOT_ALLOWED_TO_SET_USERS_PHONE_NUMBER = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_SET_USERS_PHONE_NUMBER", "You may not set the number of users"
    )
    YOU_CANNOT_IMPERSONATE_ADMINS = _denied(
        "YOU_CANNOT_IMPERSONATE_ADMINS", "Administrators cannot be impersonated"
    )
    NOT_WHILE_IMPERSONATING = _denied(
        "NOT_WHILE_IMPERSONATING", "Only the user can do this, and nobody in the user's place"
    )
    BANNED_USER = _denied("BANNED_USER", "This account is locked")
    YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE = ErrorCode(
        400, "YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE", "There is no such role"
    )
    INVALID_ROLE_TYPE = ErrorCode(400, "INVALID_ROLE_TYPE", "Roles are texts")
    YOU_CANNOT_BAN_YOURSELF = ErrorCode(400, "YOU_CANNOT_BAN_YOURSELF", "You cannot ban yourself")
    YOU_CANNOT_REMOVE_YOURSELF = ErrorCode(
        400, "YOU_CANNOT_REMOVE_YOURSELF", "You cannot delete yourself here"
    )
    YOU_CANNOT_DEMOTE_YOURSELF = ErrorCode(
        400,
        "YOU_CANNOT_DEMOTE_YOURSELF",
        "You cannot take this right from yourself: ask another administrator",
    )
    NO_DATA_TO_UPDATE = ErrorCode(400, "NO_DATA_TO_UPDATE", "There is nothing to change")
    PASSWORD_CANNOT_BE_UPDATED_VIA_UPDATE_USER = ErrorCode(
        400, "PASSWORD_CANNOT_BE_UPDATED_VIA_UPDATE_USER", "The password is set elsewhere"
    )
    USER_ID_CANNOT_BE_UPDATED = ErrorCode(
        400, "USER_ID_CANNOT_BE_UPDATED", "The id of a user never changes"
    )
    NOT_IMPERSONATING = ErrorCode(400, None, "This session is the user's own")
    NOBODY_TO_ASK_FOR = ErrorCode(400, None, "Say whose permissions are asked for")


class Administrated(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """Which user is meant."""

    user_id: UserId


class SetRole(Administrated, frozen=True, rename="camel"):
    """The roles that a user has from now on."""

    role: RoleNames


class WhichUser(Discreet, msgspec.Struct, frozen=True):
    """Which user to show."""

    id: Identifier


class CreateUser(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """A new user, with a password or without."""

    email: Identifier
    name: PersonName
    password: Password | None = None
    role: RoleNames | None = None
    data: Data | None = None


class AdminUpdateUser(Administrated, frozen=True, rename="camel"):
    """What to change."""

    data: Data


class ListUsers(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whom to list: all conditions must hold."""

    search_value: Identifier = ""
    search_field: Literal["email", "name"] = "email"
    search_operator: Literal["contains", "starts_with", "ends_with"] = "contains"
    limit: Identifier | int = 0
    """Users at once, up to 1,000; 0: a hundred."""
    offset: Identifier | int = 0
    sort_by: Identifier = ""
    sort_direction: Literal["asc", "desc"] = "asc"
    filter_field: Identifier = "email"
    filter_value: (
        Identifier
        | bool
        | float
        | Annotated[list[Identifier], msgspec.Meta(max_length=100)]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    filter_operator: Operator = "eq"


class BanUser(Administrated, frozen=True, kw_only=True, rename="camel"):
    """Whom to lock out, why, and for how many seconds."""

    ban_reason: Annotated[str, msgspec.Meta(max_length=2000)] | None = None
    ban_expires_in: Annotated[float, msgspec.Meta(ge=0, le=LONGEST_BAN)] | None = None


class RevokeUserSession(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """Which session to end."""

    session_token: Token


class SetUserPassword(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """The password that a user has from now on."""

    new_password: NewPassword
    user_id: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | int


class HasPermission(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What somebody may want to do. `user_id` and `role` count in server-side calls alone."""

    permissions: Permissions | None = None
    permission: Permissions | None = None
    user_id: UserId | None = None
    role: Identifier | None = None


class NeededRole(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """Roles that something needs: all of them, or with OR one of them."""

    roles: Annotated[list[Identifier], msgspec.Meta(min_length=1, max_length=50)]
    connector: Connector = "AND"


class NeededPermission(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to do: all of it is needed."""

    permissions: Permissions


class OwnRights(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """What whoever is asking may do, as things are now."""

    roles: list[str]
    permissions: dict[str, list[str]]
    """Resource to actions."""


class AdministeredUser(Discreet, msgspec.Struct, Generic[U], frozen=True):
    """The user as he is now."""

    user: U


class UserList(Discreet, msgspec.Struct, Generic[U], frozen=True, omit_defaults=True):
    """Users, and how many there are in all; `limit` and `offset` as they were asked for."""

    users: list[U]
    total: int
    limit: int | None = None
    offset: int | None = None


class UserSessions(Discreet, msgspec.Struct, frozen=True):
    """A user's sessions that have not ended, newest first, a hundred at most."""

    sessions: list[Session]


class Permitted(Discreet, msgspec.Struct, frozen=True):
    """Whether it is allowed."""

    success: bool
    error: None = None
