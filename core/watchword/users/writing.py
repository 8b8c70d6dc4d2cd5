"""Making, changing and deleting users."""

from __future__ import annotations

from typing import TypeVar, cast

import msgspec

from watchword.call import Call
from watchword.database.contract import StorageUnavailable, UniqueViolation
from watchword.errors import APIError
from watchword.features.email_password import EmailAndPassword
from watchword.features.email_verification import EmailVerification
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
from watchword.features.sessions import end_all_sessions
from watchword.pipeline.validation import Identifier, NewPassword, PersonName, Picture
from watchword.plugins.admin.bans import end_impersonations
from watchword.records import User
from watchword.sessions.sessions import require_stored_sessions

from .arguments import checked, fields_of, user_id_of
from .serving import Hand, M, found, held, served
from .standing import Roles, administration, role_value

U = TypeVar("U", bound=User)
Unset = msgspec.UnsetType
UNSET = msgspec.UNSET


class Writing(Hand[M, U]):
    """The functions that make, change and delete users."""

    @served
    async def create(
        self,
        call: Call,
        *,
        email: str,
        name: str = "",
        password: str | None = None,
        email_verified: bool = False,
        image: str | None = None,
        role: Roles | None = None,
        **fields: object,
    ) -> U:
        """A new user, with a password or without; nobody is signed in, nothing is mailed.

        `fields` are additional fields by their names in Python. Raises INVALID_EMAIL,
        USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL, USER_ALREADY_EXISTS (another unique value),
        PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG, MISSING_FIELD, FIELD_NOT_ALLOWED, VALIDATION_ERROR,
        YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE (no such role), FAILED_TO_CREATE_USER (a hook
        refused), and what `validate_user_info` says.
        """
        values = fields_of(call, fields, creating=True)
        values |= {
            "name": checked("name", name, PersonName),
            "email": await _address(call, email),
            "email_verified": checked("email_verified", email_verified, bool),
        }
        if image is not None:
            values["image"] = checked("image", image, Picture)
        if role is not None:
            values["role"] = role_value(call, role)
        if password is not None:
            checked("password", password, NewPassword)
        hashed = await hash_for(call, password)
        await check_new_user(call, "server", **values)
        try:
            async with call.db.transaction():
                user = await insert_user(call, values, hashed)
        except UniqueViolation:
            raise await taken(call, values) from None
        return cast("U", user)

    @served
    async def update(
        self,
        call: Call,
        user_id: str | int,
        *,
        email: str | Unset = UNSET,
        name: str | Unset = UNSET,
        email_verified: bool | Unset = UNSET,
        image: str | Unset | None = UNSET,
        **fields: object,
    ) -> U:
        """The user with these fields changed, and every copy with it.

        Another address is unproven, unless `email_verified=True`, and what was mailed to the old
        one is void. Raises USER_NOT_FOUND, and what `create` raises.
        """
        who = user_id_of(user_id)
        changes = fields_of(call, fields, creating=False)
        if name is not UNSET:
            changes["name"] = checked("name", name, PersonName)
        if image is not UNSET:
            changes["image"] = None if image is None else checked("image", image, Picture)
        if email_verified is not UNSET:
            changes["email_verified"] = checked("email_verified", email_verified, bool)
        if email is not UNSET:
            changes["email"] = await _address(call, email, who)
        try:
            async with held(call, who) as user:
                if changes:
                    user = await change_user(call, user, changes)
        except UniqueViolation:
            raise await taken(call, changes) from None
        return cast("U", user)

    @served
    async def set_password(
        self, call: Call, user_id: str | int, password: str, *, end_sessions: bool = True
    ) -> None:
        """Give a user another password, or a first one. All sessions end, unless
        `end_sessions=False`; what was mailed before is void.

        Raises USER_NOT_FOUND, PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG, INVALID_PASSWORD,
        SESSIONS_NOT_STORED.
        """
        who = user_id_of(user_id)
        passwords = call.config.plugin(EmailAndPassword)
        passwords.check_new_password(checked("password", password, NewPassword))
        if end_sessions:
            require_stored_sessions(call)
        await found(call, who)
        hashed = await passwords.hash(call, password)
        async with held(call, who) as user:
            await give_password(call, user, hashed)
            if end_sessions:
                await end_all_sessions(call, user.id)

    @served
    async def verify_email(self, call: Call, user_id: str | int) -> U:
        """Mark a user's address as proven, as a click on the mailed link does: the callbacks of
        `EmailVerification` run, nobody is signed in. Raises USER_NOT_FOUND."""
        user = await found(call, user_id_of(user_id))
        if not user.email_verified:
            await call.config.plugin(EmailVerification).verify(call, user)
            user = await found(call, user.id)
        return cast("U", user)

    @served
    async def delete(self, call: Call, user_id: str | int) -> None:
        """Delete a user with sessions and accounts.

        Raises USER_NOT_FOUND, 409 without a code where a hook of the database keeps the user (all
        stays), SESSIONS_NOT_STORED.
        """
        require_stored_sessions(call)
        admin = administration(call)
        async with held(call, user_id_of(user_id)) as user:
            remove = remove_user if admin is None else admin.remove
            if not await remove(call, user):
                raise APIError(409, None, "A hook of the database keeps this user")

    @served
    async def changed(self, call: Call, user_id: str | int) -> U | None:
        """Tell of a user whose row the application wrote by itself: with its ORM, or SQL.

        Copies in a secondary storage are renewed, or the user's sessions ended where that fails;
        `update_after` hooks run. Who is banned now is out, and of a user whose row is gone the
        sessions are; so is whoever may not be in the place of another user any more. Call it after
        the commit. Raises SESSIONS_NOT_STORED.
        """
        require_stored_sessions(call)
        who, admin = user_id_of(user_id), administration(call)
        user = await call.db.find_one(User, id=who)
        if user is None:
            await end_all_sessions(call, who)
            if admin is not None:
                await end_impersonations(call, who)
            return None
        if admin is not None:
            await admin.user_changed(call, user)
        try:
            await call.db.announce(user)
        except StorageUnavailable:
            await end_all_sessions(call, who)
        return cast("U", user)


async def _address(call: Call, given: str, user_id: str | None = None) -> str:
    text = checked("email", given, Identifier).strip()
    try:
        return await free_address(call, text, user_id)
    except APIError as error:
        error.message = f"email: {given!r}: {error.message}"
        raise
