"""Proving that a mailbox is the user's: the mail, and what clicking its link does.

Links that change an address end here too. A token is a signed statement about an address; it does
nothing once the account has another address (spec: e-mail tokens; security M1, M2, M5).
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Generic, TypeAlias, TypeVar

import msgspec

from watchword.call import Call
from watchword.crypto.jwt import TokenExpired, TokenInvalid
from watchword.database.contract import UniqueViolation
from watchword.discreet import Discreet
from watchword.endpoint import get, post
from watchword.errors import APIError, ErrorCode, ErrorCodes
from watchword.identifiers import normal_email
from watchword.options import Duration, seconds
from watchword.plugin import Plugin
from watchword.records import User
from watchword.results import SessionAndUser, Status
from watchword.safe_ranges import Safe
from watchword.security_log import Event, record
from watchword.sessions import create_session, current_session, set_session_cookies
from watchword.validation import Email, TargetURL, Token

from .addresses import replace_address, user_of_address
from .credentials import lock_user
from .email_tokens import (
    CHANGED,
    CONFIRMATION,
    EmailClaims,
    RequestType,
    is_void,
    issue_email_token,
    read_email_token,
    void_change_tokens,
)
from .mails import Mail, MailCallback, UserCallback, in_background, mailed_link
from .redirects import redirect_to

U = TypeVar("U", bound=User)

AddressProof: TypeAlias = Callable[[Call, str, bool], Awaitable[None]]
"""Asks for another proof of an address than the click on a link. The last argument says whether
anything is mailed; if not, the work is the same."""

_LEGACY_LIFETIME = 3600


class EmailVerificationCodes(ErrorCodes):
    """Errors of verifying addresses."""

    VERIFICATION_EMAIL_NOT_ENABLED = ErrorCode(
        400, "VERIFICATION_EMAIL_NOT_ENABLED", "Verification mails are switched off"
    )
    EMAIL_MISMATCH = ErrorCode(400, "EMAIL_MISMATCH", "That is not your address")
    EMAIL_ALREADY_VERIFIED = ErrorCode(
        400, "EMAIL_ALREADY_VERIFIED", "The address has been verified already"
    )
    TOKEN_EXPIRED = ErrorCode(401, "TOKEN_EXPIRED", "The link has expired", guess=True)
    INVALID_TOKEN = ErrorCode(401, "INVALID_TOKEN", "The link is not valid", guess=True)
    USER_NOT_FOUND = ErrorCode(401, "USER_NOT_FOUND", "There is no user with this address")
    INVALID_USER = ErrorCode(401, "INVALID_USER", "The link is for another user")
    USER_ALREADY_EXISTS = ErrorCode(
        422, "USER_ALREADY_EXISTS", "There is an account with this address"
    )
    FAILED_TO_CREATE_SESSION = ErrorCode(
        500, "FAILED_TO_CREATE_SESSION", "Signing in did not work; try again"
    )


class SendVerificationEmail(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """Whose address to verify, and where the link leads afterwards."""

    email: Email
    callback_url: TargetURL = msgspec.field(default="", name="callbackURL")


class VerifyEmail(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """The token of a mailed link."""

    token: Token
    callback_url: TargetURL = msgspec.field(default="", name="callbackURL")


class EmailVerified(Discreet, msgspec.Struct, Generic[U], frozen=True, omit_defaults=True):
    """Done. `user` has the changed address; null where the address stayed."""

    status: bool = msgspec.field()
    user: U | msgspec.UnsetType | None = msgspec.UNSET


class _Refused(Exception):
    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code.code)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class EmailVerification(Plugin):
    """Options of verifying addresses. Without `send_verification_email` no mail goes out."""

    id: ClassVar[str] = "email-verification"
    codes: ClassVar[type[ErrorCodes]] = EmailVerificationCodes
    safe: ClassVar[Mapping[str, Safe]] = {
        "expires_in": Safe("links lie in mailboxes for longer than a day", most=86_400),
        "answer_after": Safe("the time of an answer may tell who has an account", least=0.1),
    }

    send_verification_email: MailCallback | None = None
    """Mails the link; gets a `Mail` and the request."""
    send_on_sign_up: bool | None = None
    """Mail at sign-up. None: if `EmailAndPassword.require_email_verification`."""
    send_on_sign_in: bool = False
    """Mail again when a sign-in is refused because the address is not verified."""
    auto_sign_in_after_verification: bool = False
    """The click that verifies an address also signs in."""
    expires_in: Duration = 3600
    """Life of the links (1 hour)."""
    before_email_verification: UserCallback | None = None
    """Runs before an address is marked as verified; an `APIError` stops it."""
    after_email_verification: UserCallback | None = None
    """Runs once for each address that was verified."""
    answer_after: Duration = 0.5
    """How long /send-verification-email takes at least when nobody is signed in."""
    other_proof: AddressProof | None = field(default=None, repr=False)
    """Set by plugins that prove addresses in another way, in place of the link."""

    def __post_init__(self) -> None:
        seconds("email_verification.expires_in", self.expires_in, least=1)
        seconds("email_verification.answer_after", self.answer_after, most=30)

    def mails_links(self) -> Sequence[str]:
        """Its link, if it is mailed."""
        return (
            ["email_verification.send_verification_email"] if self.send_verification_email else []
        )

    @property
    def lifetime(self) -> int:
        """Life of the links in seconds."""
        return seconds("email_verification.expires_in", self.expires_in)

    @post(
        "/send-verification-email",
        name="send_verification_email",
        check_login_csrf=True,
        promises_mail=True,
    )
    async def send_verification_mail(self, call: Call, body: SendVerificationEmail) -> Status:
        """Mail a link. Without a session the answer does not tell whether anybody has the address.

        With one, a mail that cannot be sent fails the call.
        """
        send = self.send_verification_email
        if send is None and self.other_proof is None:
            raise EmailVerificationCodes.VERIFICATION_EMAIL_NOT_ENABLED()
        found = await signed_in(call)
        if found is None:
            await self._send_unseen(call, body)
            return Status()
        if found.user.email != normal_email(body.email):
            raise EmailVerificationCodes.EMAIL_MISMATCH()
        if found.user.email_verified:
            raise EmailVerificationCodes.EMAIL_ALREADY_VERIFIED()
        if send is None or self.other_proof is not None:
            await self.send(call, found.user, body.callback_url)
        else:
            mail = self.mail(call, found.user, body.callback_url)
            await call.run_with_secret(send, mail, call.request)
        return Status()

    @get("/verify-email", trusted_urls=("callbackURL",))
    async def verify_email(self, call: Call, query: VerifyEmail) -> EmailVerified[User]:
        """Follow a mailed link; with `callbackURL` the browser is sent there, also on failure."""
        try:
            result = await self._follow(call, query)
        except _Refused as refusal:
            if not query.callback_url:
                raise refusal.code() from None
            params = {"error": str(refusal.code.code)}
            raise await redirect_to(call, query.callback_url, params) from None
        if query.callback_url:
            raise await redirect_to(call, query.callback_url)
        return result

    def mail(
        self,
        call: Call,
        user: User,
        callback_url: str,
        *,
        update_to: str | None = None,
        request_type: RequestType | None = None,
        lifetime: int | None = None,
    ) -> Mail:
        """The mail that proves the address of `user`, or `update_to` if that is to replace it."""
        token = issue_email_token(
            call,
            user.email,
            lifetime=lifetime or self.lifetime,
            update_to=update_to,
            request_type=request_type,
        )
        addressee = user if update_to is None else _with_address(user, normal_email(update_to))
        url = mailed_link(call, "/verify-email", callback_url or "/", token=token)
        return Mail(user=addressee, url=url, token=token)

    async def send(self, call: Call, user: User, callback_url: str) -> None:
        """Mail the user a link in the background; nothing happens without a mail callback."""
        if self.other_proof is not None:
            await self.other_proof(call, user.email, True)
        elif self.send_verification_email is not None:
            mail = self.mail(call, user, callback_url)
            in_background(call, self.send_verification_email, mail)

    async def _send_unseen(self, call: Call, body: SendVerificationEmail) -> None:
        started = time.monotonic()
        user = await user_of_address(call, normal_email(body.email))
        if user is not None and not user.email_verified:
            await self.send(call, user, body.callback_url)
        elif self.other_proof is not None:
            await self.other_proof(call, normal_email(body.email), False)
        else:
            issue_email_token(call, body.email, lifetime=self.lifetime)
        floor = self.answer_after
        least = floor if isinstance(floor, int | float) else floor.total_seconds()
        rest = least - (time.monotonic() - started)
        if rest > 0:
            await call.runtime.pause(rest)

    async def _follow(self, call: Call, query: VerifyEmail) -> EmailVerified[User]:
        try:
            claims = read_email_token(call, query.token)
        except TokenExpired:
            raise _Refused(EmailVerificationCodes.TOKEN_EXPIRED) from None
        except TokenInvalid:
            raise _Refused(EmailVerificationCodes.INVALID_TOKEN) from None
        user = await user_of_address(call, normal_email(claims.email))
        if user is None:
            raise _Refused(EmailVerificationCodes.USER_NOT_FOUND)
        if claims.iat < int(user.created_at.timestamp()):
            # The token was made for somebody who had this address before.
            raise _Refused(EmailVerificationCodes.INVALID_TOKEN)
        if claims.update_to is not None:
            return await self._change(call, user, claims.update_to, claims, query.callback_url)
        if claims.request_type is not None:
            raise _Refused(EmailVerificationCodes.INVALID_TOKEN)
        verified = None if user.email_verified else await self.verify(call, user)
        if verified is not None and self.auto_sign_in_after_verification:
            await _sign_in(call, verified, await signed_in(call))
        return EmailVerified(status=True, user=None)

    async def verify(self, call: Call, user: User) -> User | None:
        """Mark the address as verified; the callbacks run.

        None, and nothing told, if it is another address by now or somebody else was first.
        """
        await self.before(call, user)
        verified = await call.db.update(
            User, {"email_verified": True}, id=user.id, email=user.email, email_verified=False
        )
        if verified is not None:
            await record(call, Event.EMAIL_VERIFIED, verified.id)
            await self.after(call, verified)
        return verified

    async def void_change_links(self, call: Call, user_id: str) -> None:
        """Let all links that would change this user's address lead nowhere."""
        await void_change_tokens(call, user_id, lifetime=self.lifetime)

    async def before(self, call: Call, user: User) -> None:
        """Tell the application that an address is about to be verified; it may refuse."""
        await _notify(call, self.before_email_verification, user)

    async def after(self, call: Call, user: User) -> None:
        """Tell the application that an address was verified."""
        await _notify(call, self.after_email_verification, user)

    async def _change(
        self, call: Call, user: User, new: str, claims: EmailClaims, callback_url: str
    ) -> EmailVerified[User]:
        found = await signed_in(call)
        if found is not None and found.user.id != user.id:
            raise _Refused(EmailVerificationCodes.INVALID_USER)
        call.runtime.require_room()
        if claims.request_type == CONFIRMATION:
            if await is_void(call, user.id, claims):
                raise _Refused(EmailVerificationCodes.INVALID_TOKEN)
            if self.send_verification_email is not None:
                mail = self.mail(call, user, callback_url, update_to=new, request_type=CHANGED)
                in_background(call, self.send_verification_email, mail)
            return EmailVerified(status=True)
        proven = claims.request_type == CHANGED
        changed = await self._replace_address(call, user, claims, normal_email(new), proven=proven)
        if proven:
            await self.after(call, changed)
        elif self.other_proof is not None:
            await self.other_proof(call, changed.email, True)
        elif self.send_verification_email is not None:
            mail = self.mail(call, changed, callback_url, lifetime=_LEGACY_LIFETIME)
            in_background(call, self.send_verification_email, mail)
        await _sign_in(call, changed, found)
        return EmailVerified(status=True, user=changed)

    async def _replace_address(
        self, call: Call, user: User, claims: EmailClaims, new: str, *, proven: bool
    ) -> User:
        changes = {"email": new, "email_verified": proven}
        try:
            async with call.db.transaction():
                # Who makes links void holds the user, too.
                await lock_user(call, user.id)
                if await is_void(call, user.id, claims):
                    raise _Refused(EmailVerificationCodes.INVALID_TOKEN)
                changed = await replace_address(call, user, changes)
        except UniqueViolation:
            raise _Refused(EmailVerificationCodes.USER_ALREADY_EXISTS) from None
        if changed is None:
            raise _Refused(EmailVerificationCodes.USER_NOT_FOUND)
        return changed


async def signed_in(call: Call) -> SessionAndUser[User] | None:
    """Who is signed in by the store's word; None also where the look-up is refused."""
    try:
        return await current_session(call, from_store=True)
    except APIError:
        return None


async def _sign_in(call: Call, user: User, found: SessionAndUser[User] | None) -> None:
    session = found.session if found is not None and found.user.id == user.id else None
    if session is None:
        session = await create_session(call, user)
    if session is None:
        raise EmailVerificationCodes.FAILED_TO_CREATE_SESSION()
    set_session_cookies(call, session, user)


async def _notify(call: Call, callback: UserCallback | None, user: User) -> None:
    if callback is not None:
        await call.run(callback, user, call.request)


def _with_address(user: User, email: str) -> User:
    return msgspec.structs.replace(user, email=email)
