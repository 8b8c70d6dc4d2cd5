"""Usernames: a name of one's own choice, to sign in with beside the e-mail address.

A name is stored in its normal form, which nobody else can have, and as it was typed, to be shown
(spec: plugin username; security E1, W13).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, ClassVar, Literal, TypeAlias

import msgspec

from watchword.call import Call, Change
from watchword.configuration.option_checks import (
    check_callback,
    check_choice,
    check_flag,
    check_number,
)
from watchword.database.hooks import ModelHooks, Values
from watchword.database.records import Column, Record
from watchword.discreet import Discreet
from watchword.endpoint import post
from watchword.errors import ErrorCode, ErrorCodes
from watchword.features.email_password import EmailAndPassword, signed_in
from watchword.features.email_password_wire import SignedIn
from watchword.pipeline.validation import Identifier, Password, TargetURL
from watchword.plugin_base import Plugin, before
from watchword.records import User
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.sessions import current_session

Validator: TypeAlias = "Callable[[str], bool | Awaitable[bool]]"
Normalization: TypeAlias = "Callable[[str], str | Awaitable[str]]"
Order: TypeAlias = Literal["pre-normalization", "post-normalization"]

_SIGN_UP, _UPDATE, _ADMIN = "/sign-up/email", "/update-user", "/admin/update-user"
_ORDERS = ("pre-normalization", "post-normalization")
_LONGEST = 255
"""Characters of a name: what a unique column of MySQL holds."""
_LONGEST_SHOWN = 1000
_USUAL = re.compile(r"[a-zA-Z0-9_.]+", re.ASCII)


class UsernameCodes(ErrorCodes):
    """Errors of usernames."""

    INVALID_USERNAME_OR_PASSWORD = ErrorCode(
        401,
        "INVALID_USERNAME_OR_PASSWORD",
        "The username or the password is wrong",
        field="password",
    )
    USERNAME_IS_ALREADY_TAKEN = ErrorCode(
        400,
        "USERNAME_IS_ALREADY_TAKEN",
        "Somebody else has this username; choose another one",
        field="username",
    )
    USERNAME_TOO_SHORT = ErrorCode(
        400, "USERNAME_TOO_SHORT", "The username is too short", field="username"
    )
    USERNAME_TOO_LONG = ErrorCode(
        400, "USERNAME_TOO_LONG", "The username is too long", field="username"
    )
    INVALID_USERNAME = ErrorCode(
        400, "INVALID_USERNAME", "A username cannot look like this", field="username"
    )
    INVALID_DISPLAY_USERNAME = ErrorCode(
        400,
        "INVALID_DISPLAY_USERNAME",
        "The name to be shown cannot look like this",
        field="displayUsername",
    )
    USERNAME_IS_IMMUTABLE = ErrorCode(
        400, "USERNAME_IS_IMMUTABLE", "The username cannot be changed any more", field="username"
    )


class Named(Discreet, msgspec.Struct):
    """What is added to users."""

    username: Annotated[Identifier | None, Column(unique=True, sortable=True)] = None
    """In its normal form."""


class Shown(Named):
    """The same, with a name to be shown."""

    display_username: Annotated[str, msgspec.Meta(max_length=_LONGEST_SHOWN)] | None = None


class SignInUsername(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Credentials. With `callback_url` the answer tells the client to go there."""

    username: Identifier
    password: Password
    remember_me: bool = True
    callback_url: TargetURL = msgspec.field(default="", name="callbackURL")


class WantedUsername(Discreet, msgspec.Struct, frozen=True):
    """The name that somebody would like to have."""

    username: Identifier


class UsernameAvailable(Discreet, msgspec.Struct, frozen=True):
    """Whether nobody has it."""

    available: bool


@dataclass(frozen=True, kw_only=True)
class Username(Plugin):
    """Options of usernames."""

    id: ClassVar[str] = "username"
    codes: ClassVar[type[ErrorCodes]] = UsernameCodes
    extends: ClassVar[Mapping[type[Record], type[msgspec.Struct]]] = {User: Shown}

    min_username_length: int = 3
    """Characters, of the form that is validated."""
    max_username_length: int = 30
    """At most 255."""
    username_validator: Validator | None = None
    """Says whether a name may be one; None: ASCII letters, digits, `_` and `.` may stand in it."""
    username_normalization: Normalization | None = str.lower
    """Makes the form that is stored, looked up and unique; None: as it is typed. What it makes of
    its own result must be the same. What it makes no text of is no username."""
    display_username: bool = True
    """Whether there is a second column, `displayUsername`, for the name as it was typed."""
    display_username_validator: Validator | None = None
    """Says whether a name may be shown; None: any."""
    display_username_normalization: Normalization | None = None
    """Changes the name that is shown; None: as it is typed."""
    validation_order: Order = "pre-normalization"
    """Whether a name is validated as it was typed, or in its normal form."""
    display_validation_order: Order = "pre-normalization"
    """The same for the name that is shown."""
    immutable_username: bool = False
    """Who has a username keeps it."""

    def __post_init__(self) -> None:
        option, longest = "Username.max_username_length", self.max_username_length
        check_number(option, longest, 1, _LONGEST)
        check_number("Username.min_username_length", self.min_username_length, 1, longest)
        for name in (
            "username_validator",
            "username_normalization",
            "display_username_validator",
            "display_username_normalization",
        ):
            check_callback(f"Username.{name}", getattr(self, name))
        for name in ("validation_order", "display_validation_order"):
            check_choice(f"Username.{name}", getattr(self, name), _ORDERS)
        check_flag("Username.display_username", self.display_username)
        check_flag("Username.immutable_username", self.immutable_username)

    def added_fields(self) -> Mapping[type[Record], type[msgspec.Struct]]:
        """One column, or two."""
        return self.extends if self.display_username else {User: Named}

    def database_hooks(self) -> Mapping[str, ModelHooks]:
        """Names that come from elsewhere (providers, other plugins) are held to the same rules."""
        return {"user": ModelHooks(create_before=self._of_new_user, update_before=self._of_changes)}

    @post("/sign-in/username", check_login_csrf=True, trusted_urls=("callbackURL",))
    async def sign_in_username(self, call: Call, body: SignInUsername) -> SignedIn[User]:
        """Sign in; the answer to an unknown name and to a wrong password is the same. Raises
        USERNAME_TOO_SHORT (422), USERNAME_TOO_LONG (422), INVALID_USERNAME (422),
        PASSWORD_TOO_LONG, INVALID_USERNAME_OR_PASSWORD, EMAIL_NOT_VERIFIED,
        FAILED_TO_CREATE_SESSION."""
        if not body.username or not body.password:
            raise UsernameCodes.INVALID_USERNAME_OR_PASSWORD()
        problem = await self._problem(call, body.username)
        if problem is not None:
            raise problem(status=422)
        name = await self._normal(call, body.username)
        passwords = call.config.plugin(EmailAndPassword)

        async def admit(user: User) -> None:
            await passwords.require_proven_address(call, user, body.callback_url)

        user, session = await passwords.session_by_password(
            call,
            partial(user_of_name, call, name),
            body.password,
            unknown=f"username|{name}",
            wrong=UsernameCodes.INVALID_USERNAME_OR_PASSWORD,
            admit=admit,
            remember=body.remember_me,
        )
        return signed_in(call, user, session, body.callback_url, remember=body.remember_me)

    @post("/is-username-available")
    async def is_username_available(self, call: Call, body: WantedUsername) -> UsernameAvailable:
        """Whether somebody new could have this name. Refused if nobody could. Raises
        USERNAME_TOO_SHORT (422), USERNAME_TOO_LONG (422), INVALID_USERNAME (422)."""
        if not body.username:
            raise UsernameCodes.INVALID_USERNAME(status=422)
        problem = await self._problem(call, body.username)
        if problem is not None:
            raise problem(status=422)
        name = await self._normal(call, body.username)
        return UsernameAvailable(available=not await _is_taken(call, name))

    @before(_SIGN_UP)
    async def check_new_name(self, call: Call) -> Change | None:
        """Names of who signs up; one stands in for the other. Before anything else is looked at, so
        that the answer does not tell whether the address is known. Raises USERNAME_TOO_SHORT,
        USERNAME_TOO_LONG, INVALID_USERNAME, INVALID_DISPLAY_USERNAME, USERNAME_IS_ALREADY_TAKEN."""
        given = call.fields
        name, shown = given.get("username"), given.get("displayUsername")
        # A name to be shown that cannot be a username is no error: then there is no username.
        alone = "username" not in given and isinstance(shown, str)
        if alone and isinstance(shown, str) and await self._problem(call, shown) is None:
            name = shown
        changes: dict[str, object] = {}
        if isinstance(name, str):
            changes["username"] = await self._free(call, name)
        changes |= await self._to_be_shown(call, "displayUsername", shown or name)
        return Change(body=changes) if changes else None

    @before(_UPDATE)
    async def check_other_name(self, call: Call) -> Change | None:
        """Names of who is signed in and wants others. Raises USERNAME_TOO_SHORT, USERNAME_TOO_LONG,
        INVALID_USERNAME, INVALID_DISPLAY_USERNAME, USERNAME_IS_ALREADY_TAKEN,
        USERNAME_IS_IMMUTABLE."""
        given, changes = call.fields, dict[str, object]()
        name = given.get("username")
        if isinstance(name, str):
            changes["username"] = await self._fit(call, name)
        if "username" in given:
            # The store's word: a copy in a cookie may be from before the name was given.
            found = await current_session(call, from_store=True)
            user = None if found is None else found.user
            normal, own = changes.get("username"), None if user is None else name_of(user)
            if self.immutable_username and own and own != normal:
                raise UsernameCodes.USERNAME_IS_IMMUTABLE()
            if isinstance(normal, str) and await _is_taken(call, normal, but=user):
                raise UsernameCodes.USERNAME_IS_ALREADY_TAKEN()
        shown = given.get("displayUsername")
        changes |= await self._to_be_shown(call, "displayUsername", shown)
        return Change(body=changes) if changes else None

    async def _of_new_user(self, values: Values, call: object) -> Values | None:
        if not isinstance(call, Call) or _path_of(call) == _SIGN_UP:
            return None
        changes: dict[str, object] = {}
        name, shown = values.get("username"), values.get("display_username")
        if isinstance(name, str) and name:
            changes["username"] = await self._free(call, name)
        return changes | await self._to_be_shown(call, "display_username", shown or name)

    async def _of_changes(self, values: Values, call: object) -> Values | None:
        if not isinstance(call, Call) or _path_of(call) == _UPDATE:
            return None
        changes: dict[str, object] = {}
        name = values.get("username")
        if isinstance(name, str) and name:
            changes["username"] = normal = await self._fit(call, name)
            if await _is_taken(call, normal, but=await _who_is_changed(call)):
                raise UsernameCodes.USERNAME_IS_ALREADY_TAKEN()
        shown = values.get("display_username")
        return changes | await self._to_be_shown(call, "display_username", shown)

    async def _free(self, call: Call, name: str) -> str:
        normal = await self._fit(call, name)
        if await _is_taken(call, normal):
            raise UsernameCodes.USERNAME_IS_ALREADY_TAKEN()
        return normal

    async def _fit(self, call: Call, name: str) -> str:
        """The normal form of a name that may be one; raises what is wrong with it."""
        problem = await self._problem(call, name)
        if problem is not None:
            raise problem()
        return await self._normal(call, name)

    async def _problem(self, call: Call, name: str) -> ErrorCode | None:
        if len(name) > _LONGEST:
            return UsernameCodes.USERNAME_TOO_LONG
        normal = await self._normal(call, name)
        seen = normal if self.validation_order == "post-normalization" else name
        if len(seen) < self.min_username_length:
            return UsernameCodes.USERNAME_TOO_SHORT
        if len(seen) > self.max_username_length:
            return UsernameCodes.USERNAME_TOO_LONG
        if self.username_validator is None:
            is_valid = _USUAL.fullmatch(seen) is not None
        else:
            is_valid = bool(await call.run(self.username_validator, seen))
        return None if is_valid and 0 < len(normal) <= _LONGEST else UsernameCodes.INVALID_USERNAME

    async def _normal(self, call: Call, name: str) -> str:
        return await _normalized(call, self.username_normalization, name) or ""

    async def _to_be_shown(self, call: Call, field: str, shown: object) -> dict[str, object]:
        """The field for a name to be shown, if there are both; raises INVALID_DISPLAY_USERNAME."""
        if not self.display_username or not isinstance(shown, str) or len(shown) > _LONGEST_SHOWN:
            return {}
        normal = await _normalized(call, self.display_username_normalization, shown)
        if normal is None:
            raise UsernameCodes.INVALID_DISPLAY_USERNAME()
        if self.display_username_validator is not None:
            seen = normal if self.display_validation_order == "post-normalization" else shown
            if not await call.run(self.display_username_validator, seen):
                raise UsernameCodes.INVALID_DISPLAY_USERNAME()
        return {field: normal}


def name_of(user: User) -> str | None:
    """The username of a user, in its normal form."""
    return getattr(user, "username", None)


async def user_of_name(call: Call, name: str) -> User | None:
    """The user with a username, in its normal form; None if nobody has it.

    What the database found is compared again: many collations call names equal that differ in case
    or in an accent.
    """
    alike = await call.db.find_many(User, username=name)
    return next((user for user in alike if name_of(user) == name), None)


async def _is_taken(call: Call, name: str, *, but: User | None = None) -> bool:
    """Whether somebody has a name, or one that the unique column would not tell from it."""
    alike = await call.db.find_many(User, limit=2, username=name)
    return any(but is None or user.id != but.id for user in alike)


async def _normalized(call: Call, change: Normalization | None, name: str) -> str | None:
    """None where an own function makes no text: the name of None would be everybody's."""
    if change is None or change is str.lower:
        return name if change is None else name.lower()
    made = await call.run(change, name)
    return made if isinstance(made, str) else None


async def _who_is_changed(call: Call) -> User | None:
    if _path_of(call) == _ADMIN:
        return await call.db.find_one(User, id=str(call.fields.get("userId")))
    found = None if call.lookup is None else call.lookup.found
    return None if found is None else found.user


def _path_of(call: Call) -> str:
    return "" if call.endpoint is None else call.endpoint.path


class UsernameAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    sign_in_username: EndpointCall[M, SignInUsername, SignedIn[U]]
    """Sign in; the answer to an unknown name and to a wrong password is the same. Raises
    USERNAME_TOO_SHORT (422), USERNAME_TOO_LONG (422), INVALID_USERNAME (422),
    PASSWORD_TOO_LONG, INVALID_USERNAME_OR_PASSWORD, EMAIL_NOT_VERIFIED,
    FAILED_TO_CREATE_SESSION.
    """
    is_username_available: EndpointCall[M, WantedUsername, UsernameAvailable]
    """Whether somebody new could have this name. Refused if nobody could. Raises
    USERNAME_TOO_SHORT (422), USERNAME_TOO_LONG (422), INVALID_USERNAME (422).
    """
