"""Bans: who is locked out, for how long, and what that ends (spec: plugin admin; security X4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

from watchword.call import Call
from watchword.configuration.durations import seconds
from watchword.database.hooks import ModelHooks
from watchword.endpoint import post
from watchword.features.email_password import EmailAndPassword
from watchword.features.sessions import end_all_sessions
from watchword.observability.security_log import Event, record
from watchword.plugin_base import Plugin
from watchword.records import Session, User
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.sessions import require_stored_sessions

from .administration import BAN, Administration
from .records import NO_BAN, ban_of, impersonator_of
from .wire import AdminCodes, AdministeredUser, Administrated, BanUser

_TRIES = 3


@dataclass(frozen=True, kw_only=True)
class Bans(Administration):
    """Locking people out, and letting them in again."""

    def database_hooks(self) -> Mapping[str, ModelHooks]:
        """New users have a role, and whoever is banned gets no session, whatever makes it."""
        return {
            "user": ModelHooks(create_before=self._with_role),
            "session": ModelHooks(create_before=self._refuse_banned),
        }

    def adapt(self, feature: Plugin) -> Plugin:
        """Users who are invented for a taken address have the role of real ones."""
        if not isinstance(feature, EmailAndPassword) or feature.custom_synthetic_user is not None:
            return feature
        return replace(feature, custom_synthetic_user=self._invented)

    async def admit(self, call: Call, session: Session) -> None:
        """Take a session back that began while its user was being banned."""
        async with call.db.transaction():
            # Finding him waits for whoever bans him until the sessions are ended.
            await self._check_ban(call, session.user_id)

    @post("/admin/ban-user")
    async def ban_user(self, call: Call, body: BanUser) -> AdministeredUser[User]:
        """Lock a user out, and end all sessions.

        Raises YOU_ARE_NOT_ALLOWED_TO_BAN_USERS, USER_NOT_FOUND, YOU_CANNOT_BAN_YOURSELF.
        """
        caller, user_id = await self.require(call, BAN), str(body.user_id)
        require_stored_sessions(call)
        async with self.acting(call, caller, user_id, BAN) as (own, target):
            if own.id == target.id:
                raise AdminCodes.YOU_CANNOT_BAN_YOURSELF()
            user = await self.ban(call, target, body.ban_reason, body.ban_expires_in)
        return AdministeredUser(user)

    @post("/admin/unban-user")
    async def unban_user(self, call: Call, body: Administrated) -> AdministeredUser[User]:
        """Let a user in again. Raises YOU_ARE_NOT_ALLOWED_TO_BAN_USERS, USER_NOT_FOUND."""
        caller = await self.require(call, BAN)
        async with self.acting(call, caller, str(body.user_id), BAN) as (_, target):
            user = await self.unban(call, target)
        return AdministeredUser(user)

    async def ban(
        self, call: Call, target: User, reason: str | None, expires_in: float | None
    ) -> User:
        """Lock a user out for seconds (None: as the options say), and end all sessions.

        Call it in a transaction that holds the target; ask `require_stored_sessions` before.
        """
        life = expires_in or self._usual_end()
        changes: dict[str, object] = {
            "banned": True,
            "ban_reason": reason or self.default_ban_reason,
            "ban_expires": call.after(int(life)) if life else None,
        }
        user = await call.db.update(User, changes, id=target.id)
        await self.shut_out(call, target.id)
        return user or target

    async def unban(self, call: Call, target: User) -> User:
        """Let a user in again. In a transaction that holds the target."""
        user = await call.db.update(User, NO_BAN, id=target.id)
        await record(call, Event.USER_UNBANNED, target.id)
        return user or target

    async def shut_out(self, call: Call, user_id: str) -> None:
        """End what a banned user has: his sessions, and those of others that he impersonates."""
        await end_all_sessions(call, user_id)
        await end_impersonations(call, user_id)
        await record(call, Event.USER_BANNED, user_id)

    def _usual_end(self) -> int:
        given = self.default_ban_expires_in
        return 0 if given is None else seconds("Admin.default_ban_expires_in", given)

    def _invented(self, _: object) -> Mapping[str, object]:
        return {"role": self.default_role}

    async def _with_role(self, values: Mapping[str, object], _: object) -> Mapping[str, object]:
        return {} if values.get("role") is not None else {"role": self.default_role}

    async def _refuse_banned(self, values: Mapping[str, object], given: object) -> None:
        await self._check_ban(cast("Call", given), str(values.get("user_id")))

    async def _check_ban(self, call: Call, user_id: str) -> None:
        """Raise BANNED_USER for whoever is banned; a ban that is over is lifted."""
        for _ in range(_TRIES):
            user = await call.db.find_one(User, id=user_id)
            ban = None if user is None else ban_of(user)
            if user is None or ban is None:
                return
            if not ban.is_over(call.now):
                raise await self.banned(call, user)
            # This ban only: another one may have taken its place.
            same = {"banned": True, "ban_expires": ban.expires}
            if await call.db.update(User, NO_BAN, id=user_id, **same) is not None:
                await record(call, Event.USER_UNBANNED, user_id)
                return
        raise AdminCodes.BANNED_USER()


async def end_impersonations(call: Call, admin_id: str) -> None:
    """End the sessions that an administrator has of others, where rows can be searched."""
    if _has_rows(call):
        for lent in await call.db.find_many(Session, limit=None, impersonated_by=admin_id):
            await call.sessions.remove(call, lent.token)


async def end_lent_sessions(call: Call, user_id: str) -> None:
    """End the sessions of a user that administrators have."""
    for session in await lent_sessions(call, user_id):
        await call.sessions.remove(call, session.token)


async def lent_sessions(call: Call, user_id: str) -> list[Session]:
    """The sessions of a user that administrators have."""
    if _has_rows(call):
        known = await call.db.find_many(Session, limit=None, user_id=user_id)
    else:
        tokens = await call.sessions.tokens_of(call, user_id)
        found = [await call.sessions.load(call, token) for token in tokens]
        known = [one.session for one in found if one is not None]
    return [session for session in known if impersonator_of(session) is not None]


def _has_rows(call: Call) -> bool:
    in_database = call.config.options.session.store_in_database or not call.config.has_secondary
    return call.config.has_database and in_database


class BansAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    ban_user: EndpointCall[M, BanUser, AdministeredUser[U]]
    """Lock a user out, and end all sessions.

    Raises YOU_ARE_NOT_ALLOWED_TO_BAN_USERS, USER_NOT_FOUND, YOU_CANNOT_BAN_YOURSELF.
    """
    unban_user: EndpointCall[M, Administrated, AdministeredUser[U]]
    """Let a user in again. Raises YOU_ARE_NOT_ALLOWED_TO_BAN_USERS, USER_NOT_FOUND."""
