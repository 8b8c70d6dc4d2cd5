"""A new password by mail: asking for the link, following it, setting the password.

The token is random, stored and good once. A refused password does not use it up; a successful
reset withdraws all others (spec: password reset; security M1 to M4, M7).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import msgspec

from watchword.call import Call
from watchword.configuration.options import Duration, seconds
from watchword.configuration.safe_ranges import Safe
from watchword.discreet import Discreet
from watchword.endpoint import get, post
from watchword.errors import ErrorCode, ErrorCodes, Redirect
from watchword.http.query import append_query
from watchword.pipeline.validation import Email, Password, TargetURL, Token
from watchword.plugin_base import Letters, Plugin
from watchword.records import User
from watchword.results import Status
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.verifications.verifications import sweep_verifications

from .addresses import user_of_address
from .credentials import lock_user
from .email_password import EmailAndPassword
from .identifiers import normal_email
from .mails import Mail, MailCallback, UserCallback, link_letter, mailed_link, send_mail
from .new_password import give_password
from .promises import find_promise, mailbox_promise, take_promise
from .proven_mailbox import end_ways_in
from .redirects import redirect_from_origin
from .reset_tokens import issue_reset_token, reset_identifier
from .status import error_page_url

_log = logging.getLogger("watchword.password_reset")

_SENT = "If this email exists in our system, check your email for the reset link"


class PasswordResetCodes(ErrorCodes):
    """Errors of resetting a password."""

    RESET_PASSWORD_DISABLED = ErrorCode(
        400, "RESET_PASSWORD_DISABLED", "Resetting passwords is switched off"
    )
    INVALID_TOKEN = ErrorCode(400, "INVALID_TOKEN", "The link is not valid", guess=True)
    USER_NOT_FOUND = ErrorCode(400, "USER_NOT_FOUND", "The user does not exist any more")


class RequestPasswordReset(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whose password to reset, and the page that asks for the new one."""

    email: Email
    redirect_to: TargetURL = ""


class ResetRequested(Discreet, msgspec.Struct, frozen=True):
    """What everybody is told, known or not."""

    status: bool = True
    message: str = _SENT


class FollowResetLink(Discreet, msgspec.Struct, frozen=True):
    """The page that asks for the new password."""

    callback_url: TargetURL = msgspec.field(name="callbackURL")


class ResetPassword(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The new password. The token may stand in the query instead."""

    new_password: Password
    token: Token = ""


@dataclass(frozen=True, kw_only=True)
class PasswordReset(Plugin):
    """Options of resetting passwords. Without `send_reset_password` it is switched off."""

    id: ClassVar[str] = "password-reset"
    codes: ClassVar[type[ErrorCodes]] = PasswordResetCodes
    letters: ClassVar[Letters] = {"send_reset_password": link_letter("reset-password")}
    safe: ClassVar[Mapping[str, Safe]] = {
        "token_expires_in": Safe(
            "links that open accounts lie in mailboxes for longer than a day", most=86_400
        ),
    }

    send_reset_password: MailCallback | None = None
    """Mails the link; gets a `Mail` and the request."""
    reset_page: str = ""
    """The page that asks for the new password, where a request names none (`redirectTo`): a path or
    a trusted URL. It gets the parameter `token`, or `error`."""
    token_expires_in: Duration = 3600
    """Life of the links (1 hour)."""
    on_password_reset: UserCallback | None = None
    """Runs after a reset."""
    revoke_sessions: bool = False
    """A reset ends all sessions. It always does where the address was never verified."""

    def __post_init__(self) -> None:
        seconds("password_reset.token_expires_in", self.token_expires_in, least=1)

    def mails_links(self) -> Sequence[str]:
        """Its link, if it is mailed."""
        return ["password_reset.send_reset_password"] if self.send_reset_password else []

    def promise_life(self) -> int:
        """Seconds that a link may live."""
        return seconds("password_reset.token_expires_in", self.token_expires_in)

    @post(
        "/request-password-reset",
        check_login_csrf=True,
        trusted_urls=("redirectTo",),
        promises_mail=True,
    )
    async def request_password_reset(
        self, call: Call, body: RequestPasswordReset
    ) -> ResetRequested:
        """Mail a link to the user, if there is one; the answer is always the same. Raises
        RESET_PASSWORD_DISABLED."""
        send = self.send_reset_password
        if send is None:
            raise PasswordResetCodes.RESET_PASSWORD_DISABLED()
        target = self._target(body)
        user = await user_of_address(call, normal_email(body.email))
        promise = await mailbox_promise(call, user, normal_email(body.email))
        # An unknown address gets a token too, which nobody hears of: so the time tells nothing.
        owner = call.random(32) if user is None else user.id
        await sweep_verifications(call)
        token = await issue_reset_token(call, owner, promise, lifetime=self.promise_life())
        url, ends = mailed_link(call, f"/reset-password/{token}", target), self.promise_life()
        known = user and Mail(user=user, url=url, token=token, expires_at=call.after(ends))
        await send_mail(call, send, known)
        return ResetRequested()

    @get("/reset-password/:token", trusted_urls=("callbackURL",))
    async def request_password_reset_callback(self, call: Call, query: FollowResetLink) -> None:
        """Send the browser on with the token, or with an error. The token stays good. Raises
        INVALID_CALLBACK_URL."""
        token = call.params.get("token", "")
        good = await _is_good(call, token)
        if not query.callback_url:
            error = "RESET_PAGE_MISSING" if good else "INVALID_TOKEN"
            raise Redirect(append_query(error_page_url(call), {"error": error}))
        params = {"token": token} if good else {"error": "INVALID_TOKEN"}
        raise await redirect_from_origin(call, query.callback_url, params)

    @post("/reset-password")
    async def reset_password(self, call: Call, body: ResetPassword) -> Status:
        """Set a new password with a mailed token. Signs nobody in. Raises INVALID_TOKEN,
        USER_NOT_FOUND, PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG, INVALID_PASSWORD."""
        token = body.token or call.query.get("token")
        if not token or not isinstance(token, str):
            raise PasswordResetCodes.INVALID_TOKEN()
        passwords = call.config.plugin(EmailAndPassword)
        passwords.check_new_password(body.new_password)
        found = await find_promise(call, reset_identifier(token))
        if found is None:
            raise PasswordResetCodes.INVALID_TOKEN()
        if await call.db.find_one(User, id=found.row.value) is None:
            raise PasswordResetCodes.USER_NOT_FOUND()
        hashed = await passwords.hash(call, body.new_password)
        user = await self._store(call, token, found.row.value, hashed)
        await self.after(call, user)
        return Status()

    async def _store(self, call: Call, token: str, user_id: str, hashed: str) -> User:
        async with call.db.transaction():
            # The user before the token: two tokens of one user must not wait for each other.
            user = await lock_user(call, user_id)
            if user is None:
                raise PasswordResetCodes.USER_NOT_FOUND()
            taken = await take_promise(call, reset_identifier(token))
            if taken is None or taken.row.value != user.id or not await taken.stands(call, user):
                raise PasswordResetCodes.INVALID_TOKEN()
            if not user.email_verified:
                await end_ways_in(call, user)
            await self.replace(call, user, hashed)
        return user

    async def replace(self, call: Call, user: User, hashed: str) -> None:
        """Inside a transaction, with the user locked: set a password, void all that was mailed, end
        sessions where due."""
        await give_password(call, user, hashed)
        if self.revoke_sessions or not user.email_verified:
            await call.sessions.remove_all(call, user.id)

    def _target(self, body: RequestPasswordReset) -> str:
        target = body.redirect_to or self.reset_page
        if not target:
            _log.warning(
                "a link that resets a password has no page to lead to: give redirectTo with the "
                "request, or PasswordReset(reset_page=...). Its token is good all the same"
            )
        return target

    async def after(self, call: Call, user: User) -> None:
        """Let the user sign in, whoever guessed before, and tell the application of the reset."""
        bound = call.config.plugin(EmailAndPassword).failed_sign_ins
        if bound is not None:
            await bound.forget(call, user.id)
        if self.on_password_reset is not None:
            await call.run(self.on_password_reset, user, call.request)


async def _is_good(call: Call, token: str) -> bool:
    found = await find_promise(call, reset_identifier(token))
    user = None if found is None else await call.db.find_one(User, id=found.row.value)
    return found is not None and user is not None and await found.stands(call, user)


class PasswordResetAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    request_password_reset: EndpointCall[M, RequestPasswordReset, ResetRequested]
    """Mail a link to the user, if there is one; the answer is always the same. Raises
    RESET_PASSWORD_DISABLED.
    """
    request_password_reset_callback: EndpointCall[M, FollowResetLink, None]
    """Send the browser on with the token, or with an error. The token stays good. Raises
    INVALID_CALLBACK_URL.
    """
    reset_password: EndpointCall[M, ResetPassword, Status]
    """Set a new password with a mailed token. Signs nobody in. Raises INVALID_TOKEN,
    USER_NOT_FOUND, PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG, INVALID_PASSWORD.
    """
