"""Proving that a mailbox is the user's: the mail, and what clicking its link does.

Links that change an address end here too; they sign nobody in. A token is a signed statement about
an account and its address; it does nothing once the account has another address, nor once what it
was asked for in has ended (spec: e-mail tokens; security M1, M2, M5, W5).
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

from watchword.call import Call
from watchword.configuration.options import Duration, seconds
from watchword.configuration.safe_ranges import Safe
from watchword.crypto.jwt import TokenExpired, TokenInvalid
from watchword.database.contract import UniqueViolation
from watchword.database.hidden import replaced
from watchword.endpoint import Endpoint, get, post
from watchword.errors import ErrorCode, ErrorCodes
from watchword.observability.security_log import Event, record
from watchword.plugin_base import Letters, Plugin
from watchword.records import User
from watchword.results import SessionAndUser, Status
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.sessions import set_session_cookies, signed_in

from .addresses import replace_address, user_of_address
from .confirmation import Question, asking_first
from .credentials import lock_user
from .email_tokens import (
    CHANGED,
    CONFIRMATION,
    EmailClaims,
    RequestType,
    issue_email_token,
    new_address,
    promise_of,
    read_email_token,
    token_stands,
    use_up,
)
from .email_verification_wire import (
    EmailVerificationCodes,
    EmailVerified,
    SendVerificationEmail,
    VerifyEmail,
)
from .identifiers import normal_email, same_email
from .letters import Post
from .mails import Mail, MailCallback, UserCallback, link_letter, mailed_link, send_mail
from .promises import Promise, Void, account_promise, begin_session, mailbox_promise
from .redirects import redirect_to

AddressProof: TypeAlias = Callable[[Call, str, bool], Awaitable[None]]
"""Asks for another proof of an address than the click on a link. The last argument says whether
anything is mailed; if not, the work is the same."""

_LEGACY_LIFETIME = 3600


class _Refused(Exception):
    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code.code)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class EmailVerification(Plugin):
    """Options of verifying addresses. Without `send_verification_email` no mail goes out."""

    id: ClassVar[str] = "email-verification"
    codes: ClassVar[type[ErrorCodes]] = EmailVerificationCodes
    letters: ClassVar[Letters] = {
        "send_verification_email": link_letter("verify-email", greets=False)
    }
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
    confirm: bool = False
    """A link leads to a page with one button, which verifies by POST; the GET does nothing. The
    links of a change of address do so, too."""
    before_email_verification: UserCallback | None = None
    """Runs before an address is marked as verified; an `APIError` stops it."""
    after_email_verification: UserCallback | None = None
    """Runs once for each address that was verified."""
    answer_after: Duration = 0.5
    """How long /send-verification-email takes at least when nobody is signed in."""
    confirm_changes: bool = field(default=False, repr=False)
    """Set by `ChangeEmail.confirm`: links that change an address ask first, those that verify one
    do not."""
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

    def endpoints(self) -> Iterator[Endpoint[Any, Any]]:
        """Its endpoints; links ask first, if the options say so."""
        own = super().endpoints()
        if not (self.confirm or self.confirm_changes):
            return own
        ask = EmailVerification._question
        return asking_first(own, EmailVerification.verify_email, ask, always=self.confirm)

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

        With one, a callback that cannot send it fails the call. Raises
        VERIFICATION_EMAIL_NOT_ENABLED, EMAIL_MISMATCH, EMAIL_ALREADY_VERIFIED.
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
        if send is None or self.other_proof is not None or isinstance(send, Post):
            await self.send(call, found.user, body.callback_url)
        else:
            mail = await self.mail(call, found.user, body.callback_url)
            await call.run_with_secret(send, mail, call.request)
        return Status()

    @get("/verify-email", trusted_urls=("callbackURL",), redeems=True)
    async def verify_email(self, call: Call, query: VerifyEmail) -> EmailVerified[User]:
        """Follow a mailed link; with `callbackURL` the browser is sent there, also on failure.
        Raises TOKEN_EXPIRED, INVALID_TOKEN, USER_NOT_FOUND, INVALID_USER, USER_ALREADY_EXISTS,
        FAILED_TO_CREATE_SESSION."""
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

    async def mail(
        self,
        call: Call,
        user: User,
        callback_url: str,
        *,
        update_to: str | None = None,
        request_type: RequestType | None = None,
        lifetime: int | None = None,
        promise: Promise | None = None,
    ) -> Mail:
        """The mail that proves the address of `user`, or `update_to` if that is to replace it.

        `promise` is what the link is bound to; None: what a mail to the user's mailbox is.
        """
        life = lifetime or self.lifetime
        token = issue_email_token(
            call,
            user.email,
            lifetime=life,
            update_to=update_to,
            request_type=request_type,
            user_id=user.id,
            promise=promise or await mailbox_promise(call, user, user.email),
        )
        addressee = user if update_to is None else replaced(user, email=normal_email(update_to))
        url = mailed_link(call, "/verify-email", callback_url or "/", token=token)
        return Mail(user=addressee, url=url, token=token, expires_at=call.after(life))

    async def send(self, call: Call, user: User, callback_url: str) -> None:
        """Mail the user a link in the background; nothing happens without a mail callback."""
        if self.other_proof is not None:
            await self.other_proof(call, user.email, True)
        elif self.send_verification_email is not None:
            mail = await self.mail(call, user, callback_url)
            await send_mail(call, self.send_verification_email, mail)

    async def _send_unseen(self, call: Call, body: SendVerificationEmail) -> None:
        started = time.monotonic()
        user = await user_of_address(call, normal_email(body.email))
        if user is not None and not user.email_verified:
            await self.send(call, user, body.callback_url)
        elif self.other_proof is not None:
            await self.other_proof(call, normal_email(body.email), False)
        else:
            promise = await mailbox_promise(call, user, normal_email(body.email))
            decoy = call.random(32)
            issue_email_token(
                call, body.email, lifetime=self.lifetime, user_id=decoy, promise=promise
            )
            await send_mail(call, self.send_verification_email, None)
        floor = self.answer_after
        least = floor if isinstance(floor, int | float) else floor.total_seconds()
        rest = least - (time.monotonic() - started)
        if rest > 0:
            await call.runtime.pause(rest)

    def _question(self, call: Call, query: VerifyEmail) -> Question | None:
        if (new := new_address(call, query.token)) is not None:
            return Question(purpose="change-email", email=new)
        return Question(purpose="verify-email") if self.confirm else None

    async def _follow(self, call: Call, query: VerifyEmail) -> EmailVerified[User]:
        try:
            claims = read_email_token(call, query.token)
        except TokenExpired:
            raise _Refused(EmailVerificationCodes.TOKEN_EXPIRED) from None
        except TokenInvalid:
            raise _Refused(EmailVerificationCodes.INVALID_TOKEN) from None
        if claims.update_to is not None:
            return await self._change(call, query, claims, normal_email(claims.update_to))
        user = await user_of_address(call, normal_email(claims.email))
        if user is None:
            raise _Refused(EmailVerificationCodes.USER_NOT_FOUND)
        # The token may have been made for somebody who had this address before.
        older = claims.user_id is None and claims.iat < int(user.created_at.timestamp())
        if older or claims.user_id not in (None, user.id):
            raise _Refused(EmailVerificationCodes.INVALID_TOKEN)
        verified = None if user.email_verified else await self.verify(call, user)
        if verified is not None and self.auto_sign_in_after_verification:
            await _sign_in(call, verified, claims)
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

    def promise_life(self) -> int:
        """Seconds that a link may live."""
        return max(self.lifetime, _LEGACY_LIFETIME)

    async def before(self, call: Call, user: User) -> None:
        """Tell the application that an address is about to be verified; it may refuse."""
        await _notify(call, self.before_email_verification, user)

    async def after(self, call: Call, user: User) -> None:
        """Tell the application that an address was verified."""
        await _notify(call, self.after_email_verification, user)

    async def _change(
        self, call: Call, query: VerifyEmail, claims: EmailClaims, new: str
    ) -> EmailVerified[User]:
        user, found = await _owner(call, claims)
        call.runtime.require_room()
        if claims.request_type == CONFIRMATION:
            await self._ask_new_address(call, query, user, claims)
            return EmailVerified(status=True)
        legacy = claims.request_type is None
        changes: dict[str, object] = {"email": new}
        if legacy:
            changes["email_verified"] = False

        async def allowed(there: User) -> bool:
            return await token_stands(call, there, claims)

        try:
            changed = await replace_address(call, user, changes, allowed=allowed)
        except UniqueViolation:
            raise _Refused(EmailVerificationCodes.USER_ALREADY_EXISTS) from None
        if changed is None:
            raise _Refused(EmailVerificationCodes.INVALID_TOKEN)
        if not legacy and changed.email_verified:
            await self.after(call, changed)
        elif legacy and self.other_proof is not None:
            await self.other_proof(call, changed.email, True)
        elif legacy and self.send_verification_email is not None:
            mail = await self.mail(call, changed, query.callback_url, lifetime=_LEGACY_LIFETIME)
            await send_mail(call, self.send_verification_email, mail)
        if found is not None:
            set_session_cookies(call, found.session, changed)
        return EmailVerified(status=True, user=changed)

    async def _ask_new_address(
        self, call: Call, query: VerifyEmail, user: User, claims: EmailClaims
    ) -> None:
        async with call.db.transaction():
            there = await lock_user(call, user.id)
            if (
                there is None
                or there.email != user.email
                or not await token_stands(call, there, claims)
                or not await use_up(call, query.token, claims)
            ):
                raise _Refused(EmailVerificationCodes.INVALID_TOKEN)
            promise = promise_of(claims) or await account_promise(call, there)
            mail = await self.mail(
                call,
                there,
                query.callback_url,
                update_to=claims.update_to,
                request_type=CHANGED,
                promise=promise,
            )
            await send_mail(call, self.send_verification_email, mail)


async def _owner(call: Call, claims: EmailClaims) -> tuple[User, SessionAndUser[User] | None]:
    """Whose address a link changes, and the session of this user, if the click is made in one."""
    if claims.user_id is None:
        raise _Refused(EmailVerificationCodes.INVALID_TOKEN)
    user = await call.db.find_one(User, id=claims.user_id)
    if user is None:
        raise _Refused(EmailVerificationCodes.USER_NOT_FOUND)
    if not same_email(user.email, claims.email):
        raise _Refused(EmailVerificationCodes.INVALID_TOKEN)
    found = await signed_in(call)
    if found is not None and found.user.id != user.id:
        raise _Refused(EmailVerificationCodes.INVALID_USER)
    return user, found


async def _sign_in(call: Call, user: User, claims: EmailClaims) -> None:
    found = await signed_in(call)
    session = found.session if found is not None and found.user.id == user.id else None
    if session is None:

        async def allowed(there: User) -> bool:
            return await token_stands(call, there, claims)

        try:
            session = await begin_session(call, user, allowed)
        except Void:
            # The address is verified all the same: that the mailbox answered is still true.
            return
    if session is None:
        raise EmailVerificationCodes.FAILED_TO_CREATE_SESSION()
    set_session_cookies(call, session, user)


async def _notify(call: Call, callback: UserCallback | None, user: User) -> None:
    if callback is not None:
        await call.run(callback, user, call.request)


class EmailVerificationAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    send_verification_email: EndpointCall[M, SendVerificationEmail, Status]
    """Mail a link. Without a session the answer does not tell whether anybody has the address.

    With one, a callback that cannot send it fails the call. Raises
    VERIFICATION_EMAIL_NOT_ENABLED, EMAIL_MISMATCH, EMAIL_ALREADY_VERIFIED.
    """
    verify_email: EndpointCall[M, VerifyEmail, EmailVerified[U]]
    """Follow a mailed link; with `callbackURL` the browser is sent there, also on failure.
    Raises TOKEN_EXPIRED, INVALID_TOKEN, USER_NOT_FOUND, INVALID_USER, USER_ALREADY_EXISTS,
    FAILED_TO_CREATE_SESSION.
    """
