"""Sessions of users in the hands of administrators, and the question what somebody may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from watchword.call import Call
from watchword.endpoint import post
from watchword.errors import APIError
from watchword.features.access_control import any_authorizes, role_names
from watchword.features.sessions import end_all_sessions
from watchword.pipeline.validation import invalid
from watchword.records import User
from watchword.results import Success
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.sessions import current_session, require_stored_sessions

from .administration import Administration, Need
from .wire import (
    AdminCodes,
    Administrated,
    HasPermission,
    Permitted,
    RevokeUserSession,
    UserSessions,
)

_LIST = Need({"session": ["list"]}, AdminCodes.YOU_ARE_NOT_ALLOWED_TO_LIST_USERS_SESSIONS)
_REVOKE = Need({"session": ["revoke"]}, AdminCodes.YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS)


@dataclass(frozen=True, kw_only=True)
class ManagedSessions(Administration):
    """Sessions of others."""

    @post("/admin/list-user-sessions")
    async def list_user_sessions(self, call: Call, body: Administrated) -> UserSessions:
        """A user's sessions that have not ended, with their tokens; none of a user who is not.

        Raises YOU_ARE_NOT_ALLOWED_TO_LIST_USERS_SESSIONS.
        """
        caller, user_id = await self.require(call, _LIST), str(body.user_id)
        if caller.is_impersonating:
            # Among them would be the user's own, which is bound by nothing.
            raise _LIST.refusal()
        target = await call.db.find_one(User, id=user_id)
        if target is None:
            return UserSessions([])
        if not self.may_act_on(caller.user, target):
            raise _LIST.refusal()
        return UserSessions(await call.sessions.of_user(call, user_id))

    @post("/admin/revoke-user-session")
    async def revoke_user_session(self, call: Call, body: RevokeUserSession) -> Success:
        """End a session by its token; fine as well where there is none.

        Raises YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS.
        """
        caller = await self.require(call, _REVOKE)
        require_stored_sessions(call)
        found = await call.sessions.load(call, body.session_token)
        if found is not None:
            async with self.acting(call, caller, found.user.id, _REVOKE):
                await call.sessions.remove(call, body.session_token)
        return Success()

    @post("/admin/revoke-user-sessions")
    async def revoke_user_sessions(self, call: Call, body: Administrated) -> Success:
        """End all sessions of a user; fine as well where there is no such user.

        Raises YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS.
        """
        caller, user_id = await self.require(call, _REVOKE), str(body.user_id)
        require_stored_sessions(call)
        if await call.db.find_one(User, id=user_id) is not None:
            async with self.acting(call, caller, user_id, _REVOKE):
                await end_all_sessions(call, user_id)
        return Success()

    @post("/admin/has-permission")
    async def user_has_permission(self, call: Call, body: HasPermission) -> Permitted:
        """Whether somebody may do all of it: who is asking, or in server-side calls a user or role.

        Raises VALIDATION_ERROR unless exactly one of `permissions` and `permission` is given, and
        400 for the latter, whose time is over.
        """
        if (body.permissions is None) == (body.permission is None):
            raise invalid([("body.permissions", "Exactly one map of permissions is needed here")])
        if body.permissions is None:
            raise AdminCodes.NOBODY_TO_ASK_FOR("Give permissions")
        found = await current_session(call, from_store=True)
        if found is None and not call.for_itself:
            raise APIError(401)
        wanted = cast("Mapping[str, object]", body.permissions)
        if found is None and body.role:
            names = role_names(body.role)
            return Permitted(any_authorizes(self.known_roles, names, wanted))
        user_id = body.user_id if found is None else found.user.id
        user = None if user_id is None else await call.db.find_one(User, id=str(user_id))
        if user is None and found is not None:
            user = found.user
        if user is None:
            raise AdminCodes.NOBODY_TO_ASK_FOR()
        return Permitted(self.permits(user, wanted))


class ManagedSessionsAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    list_user_sessions: EndpointCall[M, Administrated, UserSessions]
    """A user's sessions that have not ended, with their tokens; none of a user who is not.

    Raises YOU_ARE_NOT_ALLOWED_TO_LIST_USERS_SESSIONS.
    """
    revoke_user_session: EndpointCall[M, RevokeUserSession, Success]
    """End a session by its token; fine as well where there is none.

    Raises YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS.
    """
    revoke_user_sessions: EndpointCall[M, Administrated, Success]
    """End all sessions of a user; fine as well where there is no such user.

    Raises YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS.
    """
    user_has_permission: EndpointCall[M, HasPermission | None, Permitted]
    """Whether somebody may do all of it: who is asking, or in server-side calls a user or role.

    Raises VALIDATION_ERROR unless exactly one of `permissions` and `permission` is given, and
    400 for the latter, whose time is over.
    """
