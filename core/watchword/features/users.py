"""The user's own profile: updating it, and deleting the user for good.

Deletion asks for the password, a fresh session or a click in a mail; the link works only for the
user who asked, signed in, and while the session that asked lives (spec: update-user, delete user;
security M10, S9, S11, W5).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import msgspec

from watchword.call import Call
from watchword.configuration.options import Duration, seconds
from watchword.configuration.safe_ranges import Safe
from watchword.crypto.random_strings import LOWER_ALPHANUMERIC
from watchword.database.contract import UniqueViolation
from watchword.discreet import Discreet
from watchword.endpoint import Endpoint, get, post
from watchword.errors import APIError, ErrorCode, ErrorCodes
from watchword.observability.security_log import Event, record
from watchword.pipeline.additional_fields import read_fields
from watchword.pipeline.validation import Password, PersonName, Picture, TargetURL, Token
from watchword.plugin_base import Letters, Plugin
from watchword.records import User
from watchword.results import Status
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.life import is_fresh
from watchword.sessions.sessions import (
    SessionCodes,
    clear_session_cookies,
    current_session,
    set_session_cookies,
)
from watchword.verifications.verifications import create_verification

from .confirmation import Question, asking_first
from .credentials import lock_user
from .mails import Mail, MailCallback, UserCallback, link_letter, mailed_link, send_mail
from .passwords import check_password
from .promises import bind, session_promise, stands, take_promise
from .redirects import redirect_to
from .removal import erase_user


class UserCodes(ErrorCodes):
    """Errors of changing or deleting a user."""

    EMAIL_CAN_NOT_BE_UPDATED = ErrorCode(
        400, "EMAIL_CAN_NOT_BE_UPDATED", "The e-mail address cannot be changed here", field="email"
    )
    NO_FIELDS_TO_UPDATE = ErrorCode(400, None, "No fields to update")
    FAILED_TO_UPDATE_USER = ErrorCode(
        422, "FAILED_TO_UPDATE_USER", "Somebody else has one of these values"
    )
    SESSION_EXPIRED = ErrorCode(400, "SESSION_EXPIRED", "Sign in again to do this")
    NOT_FOUND = ErrorCode(404, "NOT_FOUND", "Not found")
    FAILED_TO_GET_USER_INFO = ErrorCode(404, "FAILED_TO_GET_USER_INFO", "Sign in first")
    INVALID_TOKEN = ErrorCode(404, "INVALID_TOKEN", "The link is not valid", guess=True)


class UpdateUser(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """What to change. Additional fields of the user stand beside these."""

    name: PersonName | msgspec.UnsetType = msgspec.UNSET
    image: Picture | msgspec.UnsetType | None = msgspec.UNSET


class DeleteUserNow(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """Proof that the user means it: the password, or the token of a mail. Both may be missing."""

    password: Password = ""
    token: Token = ""
    callback_url: TargetURL = msgspec.field(default="", name="callbackURL")


class DeletionToken(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """The token of a mailed deletion link."""

    token: Token
    callback_url: TargetURL = msgspec.field(default="", name="callbackURL")


class Deletion(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """What was done: the user was deleted, or asked by mail."""

    success: bool = True
    message: str = "User deleted"


@dataclass(frozen=True, kw_only=True)
class Profiles(Plugin):
    """Installed in every `Auth`."""

    id: ClassVar[str] = "users"
    codes: ClassVar[type[ErrorCodes]] = UserCodes

    @post("/update-user", requires="sensitive")
    async def update_user(self, call: Call, body: UpdateUser) -> Status:
        """Set name, image and additional fields of who is signed in. Raises
        EMAIL_CAN_NOT_BE_UPDATED, NO_FIELDS_TO_UPDATE, FIELD_NOT_ALLOWED, FAILED_TO_UPDATE_USER."""
        if call.fields.get("email"):
            raise UserCodes.EMAIL_CAN_NOT_BE_UPDATED()
        changes = read_fields(call, User, creating=False)
        if body.name is not msgspec.UNSET:
            changes["name"] = body.name
        if body.image is not msgspec.UNSET:
            changes["image"] = body.image
        if not changes:
            raise UserCodes.NO_FIELDS_TO_UPDATE()
        found = call.session
        try:
            user = await _changed(call, found.user, changes)
        except UniqueViolation:
            raise UserCodes.FAILED_TO_UPDATE_USER() from None
        set_session_cookies(call, found.session, user or found.user)
        return Status()


async def _changed(call: Call, user: User, changes: Mapping[str, object]) -> User | None:
    if call.config.stateless and await call.db.find_one(User, id=user.id) is None:
        # The row is in another process, or in none any more: the cookie is what is left.
        return await call.db.amend(user, changes)
    return await call.db.update(User, changes, id=user.id)


@dataclass(frozen=True, kw_only=True)
class DeleteUser(Plugin):
    """Options of deleting users by themselves."""

    id: ClassVar[str] = "delete-user"
    letters: ClassVar[Letters] = {"send_delete_account_verification": link_letter("delete-account")}
    safe: ClassVar[Mapping[str, Safe]] = {
        "token_expires_in": Safe(
            "links that delete accounts lie in mailboxes for long", most=604_800
        ),
    }

    enabled: bool = False
    """Whether users may delete themselves."""
    send_delete_account_verification: MailCallback | None = None
    """With it, a mailed link must be clicked; gets a `Mail` and the request."""
    before_delete: UserCallback | None = None
    """Runs before the deletion; an `APIError` stops it."""
    after_delete: UserCallback | None = None
    """Runs once after the deletion."""
    token_expires_in: Duration = 86_400
    """Life of the links (1 day)."""
    confirm: bool = False
    """A link leads to a page with one button, which deletes by POST; the GET does nothing."""

    def __post_init__(self) -> None:
        seconds("delete_user.token_expires_in", self.token_expires_in, least=1)

    def mails_links(self) -> Sequence[str]:
        """Its link, if it is mailed."""
        return (
            ["delete_user.send_delete_account_verification"]
            if self.send_delete_account_verification
            else []
        )

    def promise_life(self) -> int:
        """Seconds that a link may live."""
        return seconds("delete_user.token_expires_in", self.token_expires_in)

    def endpoints(self) -> Iterator[Endpoint[Any, Any]]:
        """Its endpoints; the link asks first, if the option says so."""
        own = super().endpoints()
        if not self.confirm:
            return own
        return asking_first(
            own, DeleteUser.delete_user_callback, Question(purpose="delete-account")
        )

    @post("/delete-user", requires="sensitive")
    async def delete_user(self, call: Call, body: DeleteUserNow) -> Deletion:
        """Delete who is signed in, or mail the link that does. Raises SESSION_EXPIRED,
        PASSWORD_TOO_LONG, INVALID_PASSWORD, CREDENTIAL_ACCOUNT_NOT_FOUND, INVALID_TOKEN,
        NOT_FOUND."""
        if not self.enabled:
            raise APIError(404)
        user, stays = call.session.user, await _while_signed_in(call)
        if body.password:
            await check_password(call, body.password)
        if body.token:
            stays = await _redeem(call, user, body.token)
        elif self.send_delete_account_verification is not None:
            await self._ask(call, self.send_delete_account_verification, user, body.callback_url)
            return Deletion(message="Verification email sent")
        elif not body.password and not is_fresh(call, call.session.session):
            raise UserCodes.SESSION_EXPIRED()
        await self._delete(call, user, stays)
        return Deletion()

    @get("/delete-user/callback", trusted_urls=("callbackURL",), redeems=True)
    async def delete_user_callback(self, call: Call, query: DeletionToken) -> Deletion:
        """Follow a deletion link in the session of the user who asked for it. Raises NOT_FOUND,
        FAILED_TO_GET_USER_INFO, INVALID_TOKEN."""
        if not self.enabled:
            raise UserCodes.NOT_FOUND()
        found = await current_session(call, from_store=True)
        if found is None:
            raise UserCodes.FAILED_TO_GET_USER_INFO()
        stays = await _redeem(call, found.user, query.token)
        await self._delete(call, found.user, stays)
        if query.callback_url:
            raise await redirect_to(call, query.callback_url)
        return Deletion()

    async def _ask(self, call: Call, send: MailCallback, user: User, callback_url: str) -> None:
        call.runtime.require_room()
        token = call.random(32, LOWER_ALPHANUMERIC)
        identifier, ends = _identifier(token), call.after(self.promise_life())
        await bind(call, identifier, await session_promise(call), ends)
        await create_verification(call, identifier, user.id, ends)
        url = mailed_link(call, "/delete-user/callback", callback_url or "/", token=token)
        await send_mail(call, send, Mail(user=user, url=url, token=token, expires_at=ends))

    async def _delete(self, call: Call, user: User, stays: Check) -> None:
        if self.before_delete is not None:
            await call.run(self.before_delete, user, call.request)
        async with call.db.transaction():
            there = await lock_user(call, user.id)
            if there is not None:
                await stays(there)
            deleted = await erase_user(call, user)
        await record(call, Event.USER_DELETED, user.id)
        clear_session_cookies(call)
        # Without any store the row may be elsewhere: the application must hear of it all the same.
        gone = deleted or call.config.stateless
        if gone and self.after_delete is not None:
            await call.run(self.after_delete, user, call.request)


Check: TypeAlias = Callable[[User], Awaitable[None]]
"""Looks once more, under the user's lock, at what allows a deletion; raises where it ended."""


async def _while_signed_in(call: Call) -> Check:
    promise = await session_promise(call)

    async def check(user: User) -> None:
        if not await stands(call, user, promise):
            raise SessionCodes.UNAUTHORIZED()

    return check


async def _redeem(call: Call, user: User, token: str) -> Check:
    taken = await take_promise(call, _identifier(token), by_session=True)
    if taken is None or taken.row.value != user.id:
        raise UserCodes.INVALID_TOKEN()

    async def check(there: User) -> None:
        if not await taken.stands(call, there):
            raise UserCodes.INVALID_TOKEN()

    # Before the application hears of it, and again when nothing can come in between any more.
    await check(user)
    return check


def _identifier(token: str) -> str:
    return f"delete-account-{token}"


class UserAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    update_user: EndpointCall[M, UpdateUser | None, Status]
    """Set name, image and additional fields of who is signed in. Raises
    EMAIL_CAN_NOT_BE_UPDATED, NO_FIELDS_TO_UPDATE, FIELD_NOT_ALLOWED, FAILED_TO_UPDATE_USER.
    """
    delete_user: EndpointCall[M, DeleteUserNow | None, Deletion]
    """Delete who is signed in, or mail the link that does. Raises SESSION_EXPIRED,
    PASSWORD_TOO_LONG, INVALID_PASSWORD, CREDENTIAL_ACCOUNT_NOT_FOUND, INVALID_TOKEN,
    NOT_FOUND.
    """
    delete_user_callback: EndpointCall[M, DeletionToken, Deletion]
    """Follow a deletion link in the session of the user who asked for it. Raises NOT_FOUND,
    FAILED_TO_GET_USER_INFO, INVALID_TOKEN.
    """
