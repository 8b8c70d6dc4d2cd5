"""Passwords of people who are signed in: changing, checking, setting a first one.

Spec: e-mail and password, section 10; security W6, S6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

import msgspec

from watchword.call import Call
from watchword.discreet import Discreet
from watchword.endpoint import post
from watchword.errors import ErrorCode, ErrorCodes
from watchword.observability.security_log import Event, record
from watchword.pipeline.validation import Password
from watchword.plugin_base import Plugin
from watchword.records import Account, Session, User
from watchword.results import Status
from watchword.server_api import EndpointCall, M, ServerAPI
from watchword.sessions.life import browser_remembers, lent_by
from watchword.sessions.sessions import (
    SessionCodes,
    create_session,
    require_stored_sessions,
    set_session_cookies,
)

from .credentials import credential_of, lock_user
from .email_password import EmailAndPassword
from .generations import account_subject, raise_generation
from .new_password import give_password
from .notices import notify
from .promises import Promise, session_promise, stands
from .reset_tokens import forget_reset_tokens

U = TypeVar("U", bound=User)

_TRIES = 3


class PasswordCodes(ErrorCodes):
    """Errors of one's own password."""

    CREDENTIAL_ACCOUNT_NOT_FOUND = ErrorCode(
        400, "CREDENTIAL_ACCOUNT_NOT_FOUND", "This account has no password"
    )
    INVALID_PASSWORD = ErrorCode(
        400,
        "INVALID_PASSWORD",
        "The password is wrong",
        guess=True,
        field=("currentPassword", "password"),
    )
    PASSWORD_ALREADY_SET = ErrorCode(
        400, "PASSWORD_ALREADY_SET", "This account has a password already"
    )
    FAILED_TO_GET_SESSION = ErrorCode(
        500, "FAILED_TO_GET_SESSION", "Signing in did not work; try again"
    )


class ChangePassword(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The new password, and the one that it replaces."""

    new_password: Password
    current_password: Password
    revoke_other_sessions: bool = False


class PasswordChanged(Discreet, msgspec.Struct, Generic[U], frozen=True):
    """The user, and the token of the new session if the others were ended."""

    token: str | None
    user: U


class VerifyPassword(Discreet, msgspec.Struct, frozen=True):
    """The password to check."""

    password: Password


class SetPassword(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """The first password of a user who has none."""

    new_password: Password


@dataclass(frozen=True, kw_only=True)
class Passwords(Plugin):
    """Installed in every `Auth`."""

    id: ClassVar[str] = "passwords"
    codes: ClassVar[type[ErrorCodes]] = PasswordCodes

    @post("/change-password", requires="sensitive")
    async def change_password(self, call: Call, body: ChangePassword) -> PasswordChanged[User]:
        """Replace the password; of several changes at once, one wins. Reset links are void then.
        Raises PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG, INVALID_PASSWORD,
        CREDENTIAL_ACCOUNT_NOT_FOUND, SESSIONS_NOT_STORED, FAILED_TO_GET_SESSION."""
        passwords = call.config.plugin(EmailAndPassword)
        passwords.check_new_password(body.new_password)
        if body.revoke_other_sessions:
            require_stored_sessions(call)
        user, promise = call.session.user, await session_promise(call)
        account = await check_password(call, body.current_password)
        hashed = await passwords.hash(call, body.new_password)
        for _ in range(_TRIES):
            try:
                session = await _replace(
                    call, account, hashed, promise, revoke=body.revoke_other_sessions
                )
            except _Overtaken:
                # Perhaps the stored form of the same password was renewed: look once more.
                account = await check_password(call, body.current_password)
                continue
            if session is not None:
                set_session_cookies(call, session, user)
            return PasswordChanged(token=session.token if session else None, user=user)
        raise PasswordCodes.INVALID_PASSWORD()

    @post("/verify-password", requires="sensitive")
    async def verify_password(self, call: Call, body: VerifyPassword) -> Status:
        """Whether the password is the user's: 200, or INVALID_PASSWORD. Raises PASSWORD_TOO_LONG,
        INVALID_PASSWORD, CREDENTIAL_ACCOUNT_NOT_FOUND."""
        await check_password(call, body.password, without=PasswordCodes.INVALID_PASSWORD)
        return Status()

    @post("/set-password", requires="sensitive", server_only=True)
    async def set_password(self, call: Call, body: SetPassword) -> Status:
        """Give a user who came by another way a first password."""
        passwords = call.config.plugin(EmailAndPassword)
        passwords.check_new_password(body.new_password)
        user_id, promise = call.session.user.id, await session_promise(call)
        hashed = await passwords.hash(call, body.new_password)
        async with call.db.transaction():
            there = await lock_user(call, user_id)
            # First, as it raises the generation: who comes second is told what happened.
            account = await credential_of(call, user_id)
            if account is not None and account.password is not None:
                raise PasswordCodes.PASSWORD_ALREADY_SET()
            # Hashing takes a while, and those who take an account back are quick.
            if there is None or not await stands(call, there, promise):
                raise SessionCodes.UNAUTHORIZED()
            await give_password(call, there, hashed)
        return Status()


async def check_password(
    call: Call,
    password: str,
    *,
    without: ErrorCode = PasswordCodes.CREDENTIAL_ACCOUNT_NOT_FOUND,
) -> Account:
    """The account that holds the password of who is signed in; refused unless this is it.

    Guesses are counted with those of sign-ins at the same account: a session is no licence to try
    passwords. Raises PASSWORD_TOO_LONG, INVALID_PASSWORD, `without` where there is no password, and
    `TooManyRequests`.
    """
    passwords = call.config.plugin(EmailAndPassword)
    passwords.check_given_password(password)
    user_id = call.session.user.id
    account = await credential_of(call, user_id)
    if account is None or account.password is None:
        raise passwords.wrong(password, without)
    if not await passwords.guess(call, user_id, account.password, password):
        raise passwords.wrong(password, PasswordCodes.INVALID_PASSWORD)
    return account


class _Overtaken(Exception):
    """The password that was checked is not the stored one any more."""


async def _replace(
    call: Call, old: Account, hashed: str, promise: Promise, *, revoke: bool
) -> Session | None:
    async with call.db.transaction():
        # The user first, as everywhere: who waits for an account must not hold one already.
        there = await call.db.find_one(User, id=old.user_id)
        # Guarded by the old hash.
        changed = await call.db.update(
            Account, {"password": hashed}, id=old.id, password=old.password
        )
        if changed is None:
            raise _Overtaken
        # Knowing the password is not enough: the session may have been ended while it was hashed.
        if there is None or not await stands(call, there, promise):
            raise SessionCodes.UNAUTHORIZED()
        await record(call, Event.PASSWORD_CHANGED, old.user_id)
        await forget_reset_tokens(call, old.user_id)
        await raise_generation(call, account_subject(old.user_id))
        await notify(call, call.session.user, "password")
        if not revoke:
            return None
        await call.sessions.remove_all(call, old.user_id)
        # The password was just proven: the new session is a fresh one, and inherits nothing else
        # than in whose hands it is.
        own = call.session.session
        lent, remember = lent_by(call, own), browser_remembers(call, own)
        until = own.expires_at if lent else None
        session = await create_session(
            call, call.session.user, remember=remember, extra=lent, until=until
        )
        if session is None:
            raise PasswordCodes.FAILED_TO_GET_SESSION()
        return session


class PasswordAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    change_password: EndpointCall[M, ChangePassword, PasswordChanged[U]]
    """Replace the password; of several changes at once, one wins. Reset links are void then.
    Raises PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG, INVALID_PASSWORD,
    CREDENTIAL_ACCOUNT_NOT_FOUND, SESSIONS_NOT_STORED, FAILED_TO_GET_SESSION.
    """
    verify_password: EndpointCall[M, VerifyPassword, Status]
    """Whether the password is the user's: 200, or INVALID_PASSWORD. Raises PASSWORD_TOO_LONG,
    INVALID_PASSWORD, CREDENTIAL_ACCOUNT_NOT_FOUND.
    """
    set_password: EndpointCall[M, SetPassword, Status]
    """Give a user who came by another way a first password."""
