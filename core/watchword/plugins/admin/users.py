"""Users in the hands of administrators: making, changing and deleting them, roles and passwords."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from watchword.call import Call
from watchword.database.contract import UniqueViolation
from watchword.endpoint import post
from watchword.features.access_control import role_names
from watchword.features.email_password import EmailAndPassword
from watchword.features.managed_fields import ROLE, read_data
from watchword.features.managed_users import (
    change_user,
    free_address,
    hash_for,
    insert_user,
    remove_user,
    taken,
)
from watchword.features.new_password import give_password
from watchword.features.provisioning import check_new_user
from watchword.observability.security_log import Event, record
from watchword.pipeline.validation import ValidationCodes
from watchword.records import User
from watchword.results import SessionAndUser, Status, Success
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.sessions import refresh_cache, require_stored_sessions

from .administration import BAN, SET_ROLE, Caller, Need
from .bans import Bans, end_impersonations, end_lent_sessions
from .permissions import AdminStatements
from .records import Administered
from .wire import (
    AdminCodes,
    AdministeredUser,
    Administrated,
    AdminUpdateUser,
    CreateUser,
    SetRole,
    SetUserPassword,
)

_CREATE = Need({"user": ["create"]}, AdminCodes.YOU_ARE_NOT_ALLOWED_TO_CREATE_USERS)
_UPDATE = Need({"user": ["update"]}, AdminCodes.YOU_ARE_NOT_ALLOWED_TO_UPDATE_USERS)
_DELETE = Need({"user": ["delete"]}, AdminCodes.YOU_ARE_NOT_ALLOWED_TO_DELETE_USERS)
_EMAIL = Need({"user": ["set-email"]}, AdminCodes.YOU_ARE_NOT_ALLOWED_TO_SET_USERS_EMAIL)
_PHONE = Need({"user": ["set-phone"]}, AdminCodes.YOU_ARE_NOT_ALLOWED_TO_SET_USERS_PHONE_NUMBER)
_PASSWORD = Need({"user": ["set-password"]}, AdminCodes.YOU_ARE_NOT_ALLOWED_TO_SET_USERS_PASSWORD)
_IMPERSONATE: AdminStatements = {"user": ["impersonate"]}
_EMAIL_FIELDS = frozenset(("email", "emailVerified"))
_BAN_FIELDS = frozenset(("banned", "banReason", "banExpires"))
_PHONE_FIELDS = frozenset(("phoneNumber", "phoneNumberVerified"))


@dataclass(frozen=True, kw_only=True)
class ManagedUsers(Bans):
    """Writing users."""

    @post("/admin/set-role")
    async def set_role(self, call: Call, body: SetRole) -> AdministeredUser[User]:
        """Give a user these roles, and no others.

        Raises YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE, USER_NOT_FOUND,
        YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE, YOU_CANNOT_DEMOTE_YOURSELF.
        """
        caller = await self.require(call, SET_ROLE)
        names = self.checked_roles(body.role)
        async with self.acting(call, caller, str(body.user_id), SET_ROLE) as (own, target):
            self.check_new_roles(own, target, names)
            user = await self.give_roles(call, target, names)
        _renew(call, caller, user)
        return AdministeredUser(user)

    @post("/admin/create-user")
    async def create_user(self, call: Call, body: CreateUser) -> AdministeredUser[User]:
        """A new user; the server itself needs no permission for it.

        Raises YOU_ARE_NOT_ALLOWED_TO_..., INVALID_ROLE_TYPE, INVALID_EMAIL, PASSWORD_TOO_LONG,
        USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL, FAILED_TO_CREATE_USER.
        """
        caller = None if call.for_itself else await self.require(call, _CREATE)
        data = dict(body.data or {})
        if data.get("phoneNumberVerified") is not True:
            # A number is somebody's once it is proven.
            data = {wire: value for wire, value in data.items() if wire not in _PHONE_FIELDS}
        wanted = data.get(ROLE) if body.role is None else body.role
        needs = [_CREATE, *_needs(data, role=wanted is not None)]
        values = await self._new_values(call, caller, body, data, wanted, needs)
        hashed = await hash_for(call, body.password, however_short=True)
        await check_new_user(call, "admin", **values)
        try:
            async with self._creating(call, caller, needs, values.get("role")):
                user = await insert_user(call, values, hashed)
        except UniqueViolation:
            raise await taken(call, values) from None
        return AdministeredUser(user)

    @post("/admin/update-user")
    async def admin_update_user(self, call: Call, body: AdminUpdateUser) -> User:
        """Change fields of a user.

        Raises YOU_ARE_NOT_ALLOWED_TO_..., NO_DATA_TO_UPDATE, USER_ID_CANNOT_BE_UPDATED,
        PASSWORD_CANNOT_BE_UPDATED_VIA_UPDATE_USER, INVALID_ROLE_TYPE, INVALID_EMAIL,
        USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL, YOU_CANNOT_BAN_YOURSELF, USER_NOT_FOUND.
        """
        caller, data = await self.require(call, _UPDATE), dict(body.data)
        user_id = str(body.user_id)
        if not data:
            raise AdminCodes.NO_DATA_TO_UPDATE()
        if "password" in data:
            raise AdminCodes.PASSWORD_CANNOT_BE_UPDATED_VIA_UPDATE_USER()
        if "id" in data:
            raise AdminCodes.USER_ID_CANNOT_BE_UPDATED()
        needs = [_UPDATE, *_needs(data, role=ROLE in data)]
        changes = await self._changes(call, caller, user_id, data, needs)
        try:
            async with self.acting(call, caller, user_id, *needs) as (own, target):
                user = await self._updated(call, own, target, changes)
        except UniqueViolation:
            raise await taken(call, changes) from None
        _renew(call, caller, user)
        return user

    @post("/admin/remove-user")
    async def remove_user(self, call: Call, body: Administrated) -> Success:
        """Delete a user with sessions and accounts.

        Raises YOU_ARE_NOT_ALLOWED_TO_DELETE_USERS, YOU_CANNOT_REMOVE_YOURSELF, USER_NOT_FOUND.
        """
        caller, user_id = await self.require(call, _DELETE), str(body.user_id)
        if caller.user.id == user_id:
            raise AdminCodes.YOU_CANNOT_REMOVE_YOURSELF()
        require_stored_sessions(call)
        async with self.acting(call, caller, user_id, _DELETE) as (own, target):
            if own.id == target.id:
                raise AdminCodes.YOU_CANNOT_REMOVE_YOURSELF()
            if not await self.remove(call, target):
                # A hook of the database wants to keep the user: so everything of his stays.
                raise _DELETE.refusal()
        return Success()

    @post("/admin/set-user-password")
    async def set_user_password(self, call: Call, body: SetUserPassword) -> Status:
        """Give a user another password, or a first one. Sessions go on.

        Raises YOU_ARE_NOT_ALLOWED_TO_SET_USERS_PASSWORD, PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG,
        USER_NOT_FOUND.
        """
        caller = await self.require(call, _PASSWORD)
        passwords = call.config.plugin(EmailAndPassword)
        passwords.check_new_password(body.new_password)
        user_id = str(body.user_id)
        if await call.db.find_one(User, id=user_id) is None:
            raise AdminCodes.USER_NOT_FOUND()
        hashed = await passwords.hash(call, body.new_password)
        async with self.acting(call, caller, user_id, _PASSWORD) as (_, target):
            await give_password(call, target, hashed)
        return Status()

    async def give_roles(self, call: Call, target: User, names: Sequence[str]) -> User:
        """Give a user these roles, and end what the old ones allowed. In a transaction that holds
        the target."""
        user = await call.db.update(User, {"role": ",".join(names)}, id=target.id) or target
        await self._role_changed(call, user)
        return user

    async def remove(self, call: Call, target: User) -> bool:
        """Delete a user and end what is in the user's hands; False where a hook kept the row. In a
        transaction that holds the target."""
        await end_impersonations(call, target.id)
        return await remove_user(call, target)

    @asynccontextmanager
    async def _creating(
        self, call: Call, caller: Caller | None, needs: list[Need], role: object
    ) -> AsyncGenerator[None]:
        if caller is None:
            async with call.db.transaction():
                yield
        else:
            async with self.acting(call, caller, caller.user.id, *needs) as (own, _):
                if isinstance(role, str) and not self.may_give(own, role_names(role)):
                    raise SET_ROLE.refusal()
                yield

    async def _new_values(
        self,
        call: Call,
        caller: Caller | None,
        body: CreateUser,
        data: Mapping[str, object],
        wanted: object,
        needs: list[Need],
    ) -> dict[str, object]:
        names = None
        if wanted is not None:
            self._check(caller, SET_ROLE)
            names = self.checked_roles(wanted)
            if caller is not None and not self.may_give(caller.user, names):
                raise SET_ROLE.refusal()
        for need in needs:
            self._check(caller, need)
        if "id" in data:
            # It could be one that is spoken for: `admin_user_ids`, rows of somebody who is gone.
            raise ValidationCodes.FIELD_NOT_ALLOWED("id is not allowed to be set")
        values = read_data(call, data, opened=Administered)
        values |= {"email": await free_address(call, body.email), "name": body.name}
        return values if names is None else {**values, "role": ",".join(names)}

    async def _changes(
        self,
        call: Call,
        caller: Caller,
        user_id: str,
        data: Mapping[str, object],
        needs: list[Need],
    ) -> dict[str, object]:
        changes: dict[str, object] = {}
        for need in needs:
            self._check(caller, need)
            if need is SET_ROLE:
                changes["role"] = ",".join(self.checked_roles(data[ROLE]))
            elif need is BAN and data.get("banned") is True and caller.user.id == user_id:
                raise AdminCodes.YOU_CANNOT_BAN_YOURSELF()
            elif need is _EMAIL and "email" in data:
                changes["email"] = await free_address(call, data["email"], user_id)
        return {**read_data(call, data, opened=Administered), **changes}

    async def _updated(
        self, call: Call, own: User, target: User, changes: Mapping[str, object]
    ) -> User:
        if not changes:
            return target
        if changes.get("banned") is True:
            if own.id == target.id:
                raise AdminCodes.YOU_CANNOT_BAN_YOURSELF()
            require_stored_sessions(call)
        roles = changes.get("role")
        if isinstance(roles, str):
            self.check_new_roles(own, target, self.checked_roles(roles or []))
        user = await change_user(call, target, changes)
        if roles is not None:
            await self._role_changed(call, user)
        if changes.get("banned") is True:
            await self.shut_out(call, target.id)
        return user

    async def _role_changed(self, call: Call, user: User) -> None:
        await record(call, Event.ROLE_CHANGED, user.id)
        # Who may be in the place of a user is decided by his role: now it is another one.
        await end_lent_sessions(call, user.id)
        if not self.permits(user, _IMPERSONATE):
            await end_impersonations(call, user.id)

    def _check(self, caller: Caller | None, need: Need) -> None:
        if caller is not None and not self.permits(caller.user, need.request):
            raise need.refusal()


def _needs(data: Mapping[str, object], *, role: bool) -> list[Need]:
    """What fields need beside the permission to write a user at all."""
    found = [SET_ROLE] if role else []
    found += [BAN] if _BAN_FIELDS & data.keys() else []
    found += [_EMAIL] if _EMAIL_FIELDS & data.keys() else []
    return found + ([_PHONE] if _PHONE_FIELDS & data.keys() else [])


def _renew(call: Call, caller: Caller, user: User) -> None:
    """Whoever changed himself: the browser's copy is to say so."""
    found = None if call.lookup is None else call.lookup.found
    if found is not None and caller.user.id == user.id:
        refresh_cache(call, SessionAndUser(session=found.session, user=user))


class ManagedUsersAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    set_role: EndpointCall[M, SetRole, AdministeredUser[U]]
    """Give a user these roles, and no others.

    Raises YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE, USER_NOT_FOUND,
    YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE, YOU_CANNOT_DEMOTE_YOURSELF.
    """
    create_user: EndpointCall[M, CreateUser, AdministeredUser[U]]
    """A new user; the server itself needs no permission for it.

    Raises YOU_ARE_NOT_ALLOWED_TO_..., INVALID_ROLE_TYPE, INVALID_EMAIL, PASSWORD_TOO_LONG,
    USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL, FAILED_TO_CREATE_USER.
    """
    admin_update_user: EndpointCall[M, AdminUpdateUser, U]
    """Change fields of a user.

    Raises YOU_ARE_NOT_ALLOWED_TO_..., NO_DATA_TO_UPDATE, USER_ID_CANNOT_BE_UPDATED,
    PASSWORD_CANNOT_BE_UPDATED_VIA_UPDATE_USER, INVALID_ROLE_TYPE, INVALID_EMAIL,
    USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL, YOU_CANNOT_BAN_YOURSELF, USER_NOT_FOUND.
    """
    remove_user: EndpointCall[M, Administrated, Success]
    """Delete a user with sessions and accounts.

    Raises YOU_ARE_NOT_ALLOWED_TO_DELETE_USERS, YOU_CANNOT_REMOVE_YOURSELF, USER_NOT_FOUND.
    """
    set_user_password: EndpointCall[M, SetUserPassword, Status]
    """Give a user another password, or a first one. Sessions go on.

    Raises YOU_ARE_NOT_ALLOWED_TO_SET_USERS_PASSWORD, PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG,
    USER_NOT_FOUND.
    """
