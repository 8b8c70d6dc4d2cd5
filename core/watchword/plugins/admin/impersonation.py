"""Administrators in the place of users: a session of the user, for a while, and the way back.

Whoever has such a session is not its user: it is never fresh, never renewed, and what only its
user may do is refused (spec: plugin admin; security X2, X3).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import cast

from watchword.call import Call
from watchword.cookies import DONT_REMEMBER, SESSION_TOKEN, CookieSpec
from watchword.endpoint import post
from watchword.errors import APIError
from watchword.features.user_alone import USER_ALONE_AT, is_of_the_user_alone
from watchword.http.cookies import CookieAttributes
from watchword.observability.security_log import Event, record
from watchword.plugin_base import after, gate
from watchword.records import Session, User
from watchword.results import SessionAndUser
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.asking import has_cookies
from watchword.sessions.sessions import (
    SessionCodes,
    clear_session_cookies,
    create_session,
    current_session,
    require_stored_sessions,
    set_session_cookies,
)

from .administration import Need
from .bans import Bans, end_impersonations, lent_sessions
from .permissions import AdminStatements
from .records import impersonator_of, is_banned
from .wire import AdminCodes, Administrated

_log = logging.getLogger("watchword")

_IMPERSONATE = Need({"user": ["impersonate"]}, AdminCodes.YOU_ARE_NOT_ALLOWED_TO_IMPERSONATE_USERS)
_ADMINS: AdminStatements = {"user": ["impersonate-admins"]}


@dataclass(frozen=True, kw_only=True)
class Impersonating(Bans):
    """Being a user for a while."""

    @post("/admin/impersonate-user")
    async def impersonate_user(self, call: Call, body: Administrated) -> SessionAndUser[User]:
        """Give the browser a session of the user; the administrator's own waits in a cookie.

        Raises YOU_ARE_NOT_ALLOWED_TO_IMPERSONATE_USERS, USER_NOT_FOUND,
        YOU_CANNOT_IMPERSONATE_ADMINS, BANNED_USER, FAILED_TO_CREATE_USER.
        """
        caller = await self.require(call, _IMPERSONATE)
        require_stored_sessions(call)
        user_id, own = str(body.user_id), call.lookup and call.lookup.found
        async with self.acting(call, caller, user_id, _IMPERSONATE, anybody=True) as (me, target):
            if not self._may_impersonate(me, target):
                raise AdminCodes.YOU_CANNOT_IMPERSONATE_ADMINS()
            session = await create_session(
                call,
                target,
                remember=False,
                extra={"impersonated_by": me.id},
                until=call.after(self.impersonation_life()),
            )
            if session is None:
                raise AdminCodes.FAILED_TO_CREATE_USER()
            await record(call, Event.IMPERSONATION_BEGUN, target.id)
        if own is not None:
            self._keep_own(call, own.session)
        set_session_cookies(call, session, target, remember=False)
        return SessionAndUser(session=session, user=target)

    @post("/admin/stop-impersonating")
    async def stop_impersonating(self, call: Call) -> SessionAndUser[User]:
        """End the user's session and go back to the administrator's own.

        Where that has ended, nobody is signed in any more: FAILED_TO_GET_SESSION. Raises 401
        without a session, and 400 without a code for one that is its user's own.
        """
        found = await current_session(call, from_store=True)
        if found is None:
            raise APIError(401)
        admin_id = impersonator_of(found.session)
        if admin_id is None:
            raise AdminCodes.NOT_IMPERSONATING()
        cookie = _own_cookie(call)
        token, bound, marker = (call.cookies.get_signed(cookie.name) or "").partition(":")
        own = await call.sessions.load(call, token) if bound else None
        await call.sessions.remove(call, found.session.token)
        await record(call, Event.IMPERSONATION_ENDED, found.user.id)
        if own is None or own.user.id != admin_id or own.session.expires_at <= call.now:
            clear_session_cookies(call)
            call.cookies.expire(cookie.name, cookie.attributes)
            raise SessionCodes.FAILED_TO_GET_SESSION()
        set_session_cookies(call, own.session, own.user, remember=not marker)
        call.cookies.expire(cookie.name, cookie.attributes)
        return own

    @gate(*USER_ALONE_AT)
    async def keep_for_user(self, call: Call) -> None:
        """Refuse what only the user may do. Raises NOT_WHILE_IMPERSONATING."""
        if self.allow_sensitive_impersonation or not is_of_the_user_alone(call):
            return
        found = await current_session(call, from_store=True)
        if found is not None and impersonator_of(found.session) is not None:
            raise AdminCodes.NOT_WHILE_IMPERSONATING()

    @after("/list-sessions")
    async def leave_out_lent(self, call: Call) -> list[Session] | None:
        """Users see the sessions that they began themselves."""
        if call.raised() is not None:
            return None
        listed = cast("list[Session]", call.returned)
        return [session for session in listed if impersonator_of(session) is None]

    @after("/sign-out")
    async def leave_nobody_behind(self, call: Call) -> None:
        """Whoever signs out in the place of a user leaves with the session that waits, too."""
        if call.raised() is not None or not has_cookies(call):
            return
        cookie = _own_cookie(call)
        token, bound, _ = (call.cookies.get_signed(cookie.name) or "").partition(":")
        if not bound:
            return
        call.cookies.expire(cookie.name, cookie.attributes)
        try:
            await call.sessions.remove(call, token)
        except APIError:
            _log.warning("the session of an administrator could not be removed at sign-out")

    async def user_changed(self, call: Call, user: User) -> None:
        """End the sessions that a user may not have any more, whom the application wrote by itself:
        his own where he is banned now, and those of administrators in his place, or of his own in
        that of others, where a role is another one."""
        if is_banned(user, call.now):
            await self.shut_out(call, user.id)
        if not self.permits(user, _IMPERSONATE.request):
            await end_impersonations(call, user.id)
        for session in await lent_sessions(call, user.id):
            if not await self.stands_in(call, session, user):
                await call.sessions.remove(call, session.token)

    async def stands_in(self, call: Call, session: Session, user: User) -> bool:
        """Whether a session is its user's own, or its administrator may still be in his place."""
        admin_id = impersonator_of(session)
        if admin_id is None:
            return True
        own = await call.db.find_one(User, id=admin_id)
        if own is None or is_banned(own, call.now):
            return False
        return self.permits(own, _IMPERSONATE.request) and self._may_impersonate(own, user)

    def _may_impersonate(self, own: User, target: User) -> bool:
        is_admin = target.id in self.admin_user_ids or any(
            name in self.admin_roles for name in self.names_of(target)
        )
        if not is_admin and self.may_act_on(own, target):
            return True
        return self.allow_impersonating_admins or self.permits(own, _ADMINS)

    def _keep_own(self, call: Call, own: Session) -> None:
        if not has_cookies(call):
            return
        marker = call.cookies.get_signed(call.cookie_names.spec(DONT_REMEMBER).name) or ""
        clear_session_cookies(call)
        cookie = _own_cookie(call)
        life = CookieAttributes(max_age=call.config.lifetimes.session)
        value = f"{own.token}:{marker}"
        call.cookies.set_signed(cookie.name, value, cookie.attributes.merged(life))


def _own_cookie(call: Call) -> CookieSpec:
    session = call.cookie_names.spec(SESSION_TOKEN)
    return CookieSpec(call.cookie_names.spec("admin_session").name, session.attributes)


class ImpersonationAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    impersonate_user: EndpointCall[M, Administrated, SessionAndUser[U]]
    """Give the browser a session of the user; the administrator's own waits in a cookie.

    Raises YOU_ARE_NOT_ALLOWED_TO_IMPERSONATE_USERS, USER_NOT_FOUND,
    YOU_CANNOT_IMPERSONATE_ADMINS, BANNED_USER, FAILED_TO_CREATE_USER.
    """
    stop_impersonating: EndpointCall[M, None, SessionAndUser[U]]
    """End the user's session and go back to the administrator's own.

    Where that has ended, nobody is signed in any more: FAILED_TO_GET_SESSION. Raises 401
    without a session, and 400 without a code for one that is its user's own.
    """
