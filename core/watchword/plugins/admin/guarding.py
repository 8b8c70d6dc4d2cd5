"""What the application's own routes may ask of who is signed in: roles and permissions.

Somebody who acts in the place of a user has that user's rights while he may be in his place, and
none after that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from watchword.call import Call
from watchword.endpoint import post
from watchword.errors import ConfigurationError
from watchword.features.access_control import AccessCodes, Right, Role
from watchword.features.standing import standing
from watchword.records import Session, User
from watchword.results import SessionAndUser
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.sessions import SessionCodes

from .impersonation import Impersonating
from .permissions import ADMIN_STATEMENTS
from .records import is_banned
from .wire import NeededPermission, NeededRole, OwnRights

_ROLE = "role"
"""What scopes call roles, where they call rights by their resource."""


@dataclass(frozen=True, kw_only=True)
class Guarding(Impersonating):
    """Functions behind the guards of adapters."""

    @post("/admin/require-role", requires="sensitive", server_only=True)
    async def require_role(self, call: Call, body: NeededRole) -> SessionAndUser[User]:
        """Go on only for who has all of these roles, or one of them.

        Raises UNAUTHORIZED (401), BANNED_USER, FORBIDDEN (403).
        """
        found = await standing(call)
        if not self.has_roles(found.user, body.roles, body.connector):
            raise AccessCodes.FORBIDDEN()
        return found

    @post("/admin/require-permission", requires="sensitive", server_only=True)
    async def require_permission(self, call: Call, body: NeededPermission) -> SessionAndUser[User]:
        """Go on only for who may do all of it.

        Raises UNAUTHORIZED (401), BANNED_USER, FORBIDDEN (403).
        """
        found = await standing(call)
        if not self.permits(found.user, body.permissions):
            raise AccessCodes.FORBIDDEN()
        return found

    @post("/admin/own-rights", requires="sensitive", server_only=True)
    async def own_rights(self, call: Call) -> OwnRights:
        """Roles of who is asking, and what one of them alone or together allow.

        Raises UNAUTHORIZED (401), BANNED_USER (403).
        """
        user = (await standing(call)).user
        names, rights = self.names_of(user), self.rights(user)
        if user.id in self.admin_user_ids:
            names, rights = dict.fromkeys((*names, *self.known_roles)), self._all_rights()
        permissions: dict[str, list[str]] = {}
        for resource, action in sorted(rights):
            permissions.setdefault(resource, []).append(action)
        return OwnRights(roles=list(names), permissions=permissions)

    async def vet(self, call: Call, user: User, session: Session | None) -> None:
        """Refuse who is banned, and who is in the place of a user and may not any more."""
        if is_banned(user, call.now):
            raise await self.banned(call, user)
        if session is not None and not await self.stands_in(call, session, user):
            raise SessionCodes.UNAUTHORIZED()

    def check_guard(self, function: str, asked: Mapping[str, object]) -> None:
        """Refuse roles and permissions that nobody can have, and rights that look like a role."""
        if function == Guarding.require_role.name and self.roles is not None:
            for name in cast("list[str]", asked["roles"]):
                if name not in self.roles:
                    raise ConfigurationError(
                        "roles of a guard", f"there is no role {name!r}", "Add it to Admin(roles=)"
                    )
        if function == Guarding.require_permission.name:
            needed = Role(cast("Mapping[str, object]", asked["permissions"])).rights
            for resource, action in sorted(needed - self._all_rights()):
                raise ConfigurationError(
                    "permissions of a guard",
                    f"no role allows {action!r} on {resource!r}",
                    "Give it to one in Admin(roles=)",
                )

        if function == Guarding.own_rights.name:
            for name in self.known_roles:
                if (_ROLE, name) in self._all_rights():
                    raise ConfigurationError(
                        "rights",
                        f"the action {name!r} on {_ROLE!r} would pass for the role {name!r}",
                        "Give the resource or the action another name in Admin(roles=)",
                    )

    def _all_rights(self) -> frozenset[Right]:
        own = Role(ADMIN_STATEMENTS).rights
        return own.union(*(role.rights for role in self.known_roles.values()))


class GuardingAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    require_role: EndpointCall[M, NeededRole, SessionAndUser[U]]
    """Go on only for who has all of these roles, or one of them.

    Raises UNAUTHORIZED (401), BANNED_USER, FORBIDDEN (403).
    """
    require_permission: EndpointCall[M, NeededPermission, SessionAndUser[U]]
    """Go on only for who may do all of it.

    Raises UNAUTHORIZED (401), BANNED_USER, FORBIDDEN (403).
    """
    own_rights: EndpointCall[M, None, OwnRights]
    """Roles of who is asking, and what one of them alone or together allow.

    Raises UNAUTHORIZED (401), BANNED_USER (403).
    """
