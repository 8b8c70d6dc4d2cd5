"""Who administers: options, roles, and the one place where rights are asked for.

Rights follow from the role that is in the database now, never from a copy of it. Nobody acts on
somebody who may do more, or gives a role that allows more, and nobody takes the right to change
roles from himself: so whatever happens at once, somebody who has it is left (spec: plugin admin;
security X1, X2).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias, cast

import msgspec

from watchword.call import Call
from watchword.configuration.durations import Duration, seconds
from watchword.configuration.option_checks import check_choice, check_flag, check_texts, check_type
from watchword.configuration.options import LONGEST_COOKIE
from watchword.configuration.safe_ranges import Safe
from watchword.database.records import Record
from watchword.errors import APIError, ConfigurationError, ErrorCode, ErrorCodes
from watchword.features.access_control import (
    Connector,
    Right,
    Role,
    any_authorizes,
    has_roles,
    rights_of,
    role_names,
)
from watchword.features.promises import Promise, session_promise, stands
from watchword.plugin_base import Plugin
from watchword.records import Session, User
from watchword.results import SessionAndUser
from watchword.sessions.sessions import current_session

from .permissions import DEFAULT_ROLES, AdminStatements
from .records import Administered, Impersonation, impersonator_of, is_banned, role_of
from .wire import LONGEST_BAN, AdminCodes

BannedMessage: TypeAlias = "str | Callable[[User], object] | None"
"""A text for people to read, or a function of the banned user that gives it."""


_MOST_ROLES, _LONGEST_ROLE = 50, 255


@dataclass(frozen=True, slots=True)
class Need:
    """A permission that something needs, and the answer to whoever lacks it."""

    request: AdminStatements
    refusal: ErrorCode


SET_ROLE = Need({"user": ["set-role"]}, AdminCodes.YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE)
BAN = Need({"user": ["ban"]}, AdminCodes.YOU_ARE_NOT_ALLOWED_TO_BAN_USERS)


@dataclass(frozen=True, slots=True)
class Caller:
    """An administrator at work, and what holds while his session does."""

    user: User
    promise: Promise
    is_impersonating: bool


@dataclass(frozen=True, kw_only=True)
class Administration(Plugin):
    """Options of administrators."""

    id: ClassVar[str] = "admin"
    codes: ClassVar[type[ErrorCodes]] = AdminCodes
    extends: ClassVar[dict[type[Record], type[msgspec.Struct]]] = {
        User: Administered,
        Session: Impersonation,
    }
    lent_by: ClassVar[tuple[str, ...]] = ("impersonated_by",)
    safe: ClassVar[Mapping[str, Safe]] = {
        "impersonation_session_duration": Safe(
            "administrators stay in accounts of others for long", most=86_400
        ),
        "allow_impersonating_admins": Safe(
            "administrators can act in the name of each other", exactly=False
        ),
    }

    default_role: str = "user"
    """That of whoever has none, and of every new user."""
    admin_roles: Sequence[str] = ("admin",)
    """Who has one of these is not impersonated."""
    admin_user_ids: Sequence[str] = ()
    """Users who may do everything, whatever their role."""
    roles: Mapping[str, Role[Any]] | None = field(default=None, repr=False)
    """The roles that there are, in place of `admin` and `user`. None: these two, and users may be
    given others, which allow nothing here and are for the application to read."""
    default_ban_reason: str = "No reason"
    default_ban_expires_in: Duration | None = None
    """None: a ban without a time of its own has no end."""
    banned_user_message: BannedMessage = None
    """What somebody who is banned is told."""
    impersonation_session_duration: Duration = 3600
    """Life of the sessions of administrators in the place of users."""
    allow_impersonating_admins: bool = False
    """Let whoever may impersonate users impersonate administrators, too. Better: a role with
    `impersonate-admins`."""
    allow_sensitive_impersonation: bool = False
    """Let administrators change passwords, addresses and second factors, and delete accounts, in
    the place of users."""

    def __post_init__(self) -> None:
        if self.roles is not None:
            for name, role in self.roles.items():
                check_texts("Admin.roles", [name])
                check_type(f"Admin.roles[{name!r}]", role, Role)
            check_choice("Admin.default_role", self.default_role, tuple(self.roles))
        check_texts("Admin.default_role", [self.default_role])
        check_texts("Admin.admin_roles", self.admin_roles)
        for name in self.admin_roles:
            check_choice("Admin.admin_roles", name, tuple({**DEFAULT_ROLES, **self.known_roles}))
        check_texts("Admin.admin_user_ids", self.admin_user_ids)
        check_flag("Admin.allow_impersonating_admins", self.allow_impersonating_admins)
        check_flag("Admin.allow_sensitive_impersonation", self.allow_sensitive_impersonation)
        if self.default_ban_expires_in is not None:
            option = "Admin.default_ban_expires_in"
            seconds(option, self.default_ban_expires_in, least=1, most=LONGEST_BAN)
        self.impersonation_life()
        message = self.banned_user_message
        if not (message is None or isinstance(message, str) or callable(message)):
            raise ConfigurationError(
                "Admin.banned_user_message", "is no text", "Give a text, or a function of the user"
            )

    def impersonation_life(self) -> int:
        """Seconds that an administrator may act in the place of a user."""
        option = "Admin.impersonation_session_duration"
        return seconds(option, self.impersonation_session_duration, least=1, most=LONGEST_COOKIE)

    @property
    def known_roles(self) -> Mapping[str, Role[Any]]:
        """The roles that allow something."""
        return DEFAULT_ROLES if self.roles is None else self.roles

    def names_of(self, user: User) -> tuple[str, ...]:
        """The roles of a user."""
        return role_names(role_of(user)) or (self.default_role,)

    def permits(self, user: User, request: Mapping[str, object]) -> bool:
        """Whether the user may do all of it."""
        if user.id in self.admin_user_ids:
            return True
        return any_authorizes(self.known_roles, self.names_of(user), request)

    def has_roles(self, user: User, names: Sequence[str], connector: Connector = "AND") -> bool:
        """Whether the user has all of the roles, or with OR one of them."""
        return user.id in self.admin_user_ids or has_roles(self.names_of(user), names, connector)

    def rights(self, user: User) -> frozenset[Right]:
        """All that the user's roles allow."""
        return rights_of(self.known_roles, self.names_of(user))

    def may_act_on(self, caller: User, target: User) -> bool:
        """Whether the target may do nothing that the caller may not."""
        if caller.id == target.id or caller.id in self.admin_user_ids:
            return True
        return target.id not in self.admin_user_ids and self.rights(target) <= self.rights(caller)

    def may_give(self, caller: User, names: Sequence[str]) -> bool:
        """Whether the roles allow nothing that the caller may not do."""
        if caller.id in self.admin_user_ids:
            return True
        return rights_of(self.known_roles, names or (self.default_role,)) <= self.rights(caller)

    def checked_roles(self, given: object) -> tuple[str, ...]:
        """Roles as they were given.

        Raises INVALID_ROLE_TYPE and, where roles are known, SET_NON_EXISTENT_VALUE for others.
        """
        several = cast("list[object]", given) if isinstance(given, list) else [given]
        texts = [text for text in several if isinstance(text, str)]
        if len(texts) < len(several):
            raise AdminCodes.INVALID_ROLE_TYPE()
        names, known = role_names(texts), self.roles
        odd = len(names) > _MOST_ROLES or any(len(name) > _LONGEST_ROLE for name in names)
        if known is not None:
            odd |= not all(map(str.strip, texts)) or any(name not in known for name in names)
        if odd:
            raise AdminCodes.YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE()
        return names

    async def require(self, call: Call, need: Need) -> Caller:
        """Who is asking, if he may do it.

        Raises 401 without a body, BANNED_USER, and the need's refusal.
        """
        found = await self.asking(call)
        if found is None:
            raise APIError(401)
        if not self.permits(found.user, need.request):
            raise need.refusal()
        promise = await session_promise(call)
        return Caller(found.user, promise, impersonator_of(found.session) is not None)

    async def asking(self, call: Call) -> SessionAndUser[User] | None:
        """Who is asking, as the database has him now; None for nobody, and for who is gone.

        Raises BANNED_USER for whoever is banned and still has something to ask with.
        """
        found = await current_session(call, from_store=True)
        if found is None or not call.config.has_database:
            return found
        user = await call.db.find_one(User, id=found.user.id)
        if user is None:
            return None
        if is_banned(user, call.now):
            raise await self.banned(call, user)
        return SessionAndUser(session=found.session, user=user)

    async def banned(self, call: Call, user: User) -> APIError:
        """What a banned user is told."""
        message = self.banned_user_message
        if callable(message):
            message = str(await call.run(message, user))
        return AdminCodes.BANNED_USER(message)

    @asynccontextmanager
    async def acting(
        self, call: Call, caller: Caller, user_id: str, *needs: Need, anybody: bool = False
    ) -> AsyncGenerator[tuple[User, User]]:
        """Hold caller and target, as they are now, while something is done to the target.

        What was asked before is asked once more: the caller may have lost his role or his session,
        the target may have got a higher one, which `anybody` lets pass. Who impersonates does
        nothing to others. Raises the refusal of a need, USER_NOT_FOUND, and 401 without a body.
        """
        refusal = needs[0].refusal
        async with call.db.transaction():
            held: dict[str, User | None] = {}
            # In one order everywhere: two who act on each other must not wait for each other.
            for one in sorted({caller.user.id, user_id}):
                held[one] = await call.db.find_one(User, id=one)
            there, target = held[caller.user.id], held[user_id]
            if there is None or not await stands(call, there, caller.promise):
                raise APIError(401)
            for need in needs:
                if caller.is_impersonating or not self.permits(there, need.request):
                    raise need.refusal()
            if target is None:
                raise AdminCodes.USER_NOT_FOUND()
            if not anybody and not self.may_act_on(there, target):
                raise refusal()
            yield there, target

    def check_new_roles(self, caller: User, target: User, names: Sequence[str]) -> None:
        """Raises CHANGE_USERS_ROLE for what the caller may not give, and DEMOTE_YOURSELF."""
        if not self.may_give(caller, names):
            raise SET_ROLE.refusal()
        if caller.id != target.id or caller.id in self.admin_user_ids:
            return
        kept = names or (self.default_role,)
        if not any_authorizes(self.known_roles, kept, SET_ROLE.request):
            raise AdminCodes.YOU_CANNOT_DEMOTE_YOURSELF()
