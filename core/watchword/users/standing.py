"""What users are to the application: their roles, and whether they are locked out."""

from __future__ import annotations

from typing import TypeAlias, TypeVar, cast

from watchword.call import Call
from watchword.configuration.durations import Duration
from watchword.errors import APIError, ConfigurationError
from watchword.features.access_control import role_names
from watchword.features.managed_fields import own_role
from watchword.features.managed_users import change_user
from watchword.pipeline.additional_fields import checked_value
from watchword.pipeline.validation import Words
from watchword.plugins.admin import Admin
from watchword.plugins.admin.wire import LONGEST_BAN, RoleNames
from watchword.records import User
from watchword.sessions.sessions import require_stored_sessions

from .arguments import checked, life_of, user_id_of
from .serving import Hand, M, held, served

U = TypeVar("U", bound=User)

Roles: TypeAlias = "str | list[str] | tuple[str, ...]"
"""One role, or several."""


class Standing(Hand[M, U]):
    """The functions around roles and bans."""

    @served
    async def set_role(self, call: Call, user_id: str | int, role: Roles) -> U:
        """The user with these roles, and no others; every copy of him says so at once.

        With the plugin `Admin` the role must be one that there is, and sessions end that the old
        one allowed (of administrators in the place of the user, and of the user in the place of
        others). Without it the application's own field `role` is written. Raises USER_NOT_FOUND,
        YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE, `ConfigurationError` without either.
        """
        who, value, admin = user_id_of(user_id), role_value(call, role), administration(call)
        async with held(call, who) as user:
            if admin is None:
                user = await change_user(call, user, {"role": value})
            else:
                user = await admin.give_roles(call, user, role_names(value))
        return cast("U", user)

    @served
    async def disable(
        self,
        call: Call,
        user_id: str | int,
        *,
        reason: str | None = None,
        expires_in: Duration | None = None,
    ) -> U:
        """The user, locked out: all sessions end, and none begins until the ban is over.

        `expires_in` are seconds or a `timedelta`; None: as the options of `Admin` say, which is
        usually for good. Raises USER_NOT_FOUND, SESSIONS_NOT_STORED, `ConfigurationError` without
        the plugin.
        """
        admin = _required(call, "disable")
        require_stored_sessions(call)
        said = None if reason is None else checked("reason", reason, Words)
        life = None if expires_in is None else life_of("expires_in", expires_in, LONGEST_BAN)
        async with held(call, user_id_of(user_id)) as user:
            return cast("U", await admin.ban(call, user, said, life))

    @served
    async def enable(self, call: Call, user_id: str | int) -> U:
        """The user, let in again. Raises USER_NOT_FOUND, `ConfigurationError` without `Admin`."""
        admin = _required(call, "enable")
        async with held(call, user_id_of(user_id)) as user:
            return cast("U", await admin.unban(call, user))


def administration(call: Call) -> Admin | None:
    """The plugin, where it is installed."""
    return next((one for one in call.config.plugins.values() if isinstance(one, Admin)), None)


def role_value(call: Call, role: Roles) -> str:
    """Roles as they are stored. Raises VALIDATION_ERROR,
    YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE, `ConfigurationError` where users have none."""
    given = checked("role", list(role) if isinstance(role, list | tuple) else role, RoleNames)
    admin, own = administration(call), own_role(call)
    if admin is not None:
        try:
            return ",".join(admin.checked_roles(given))
        except APIError as error:
            error.message = f"role: {role!r}: {error.message}; there are {_listed(admin)}"
            raise
    if own is None:
        raise ConfigurationError(
            "auth.users: role",
            "users have no role",
            "Give Auth(plugins=[Admin()]), or declare it: "
            "class Member(User): role: Annotated[str | None, Column(input=False)] = None",
        )
    value = given if isinstance(given, str) else ",".join(role_names(given))
    try:
        return cast("str", checked_value(own, value))
    except APIError as error:
        error.message = (error.message or "").replace("body.", "")
        raise


def _listed(admin: Admin) -> str:
    return ", ".join(sorted(admin.known_roles))


def _required(call: Call, function: str) -> Admin:
    admin = administration(call)
    if admin is None:
        raise ConfigurationError(
            f"auth.users.{function}",
            "nothing would keep a locked user out: the plugin Admin is not installed",
            "Give Auth(plugins=[Admin()]) and run watchword migrate, or end the sessions alone: "
            "auth.users.revoke_sessions(...)",
        )
    return admin
