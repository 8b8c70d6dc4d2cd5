"""The endpoints of e-mail codes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from watchword.call import Call
from watchword.configuration.options import RateLimitRule
from watchword.database.contract import UniqueViolation
from watchword.endpoint import get, post
from watchword.errors import ConfigurationError, ErrorCodes
from watchword.features.addresses import replace_address, user_of_address
from watchword.features.credentials import lock_user
from watchword.features.email_password import EmailAndPassword
from watchword.features.email_password_wire import EmailPasswordCodes
from watchword.features.email_verification import EmailVerification
from watchword.features.identifiers import normal_email
from watchword.features.password_reset import PasswordReset
from watchword.features.promises import (
    Redeemed,
    Void,
    begin_session,
    session_promise,
    stands,
)
from watchword.features.proven_mailbox import give_to_owner, owner_of_mailbox
from watchword.pipeline.additional_fields import read_fields, refuse_taken
from watchword.pipeline.validation import is_email
from watchword.plugin_base import Plugin, RateRule, after
from watchword.records import Session, User
from watchword.results import SessionAndUser, Success
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.sessions import refresh_cache, set_session_cookies, signed_in

from .codes import EmailCodes, Target, change_identifier, mailbox_target, otp_identifier
from .wire import (
    ChangeEmailByOTP,
    CheckOTP,
    EmailOTPCodes,
    EmailOTPVerified,
    OTPFor,
    OTPRead,
    RequestEmailChangeByOTP,
    RequestPasswordResetByOTP,
    ResetPasswordByOTP,
    SignedInByOTP,
    SignInByOTP,
    VerifyEmailByOTP,
)

_log = logging.getLogger("watchword.email_otp")

_LIMIT = RateLimitRule(window=60, max=3)
_LIMITED = ("/email-otp/*", "/sign-in/email-otp", "/forget-password/email-otp")


@dataclass(frozen=True, kw_only=True)
class EmailOTP(EmailCodes):
    """Options of what codes are used for."""

    id: ClassVar[str] = "email-otp"
    codes: ClassVar[type[ErrorCodes]] = EmailOTPCodes

    disable_sign_up: bool = False
    """Signing in by code never creates users."""
    send_verification_on_sign_up: bool = False
    """Signing up in another way mails a code that verifies the address."""
    override_default_email_verification: bool = False
    """Wherever the core would mail a link that verifies an address, a code is mailed."""
    change_email: bool = False
    """Users may change their address by a code to the new one."""
    verify_current_email: bool = False
    """They need a code from the current address (type `email-verification`) for that, too."""
    rate_limit: RateLimitRule = _LIMIT
    """For each of the paths."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.verify_current_email and not self.change_email:
            raise ConfigurationError(
                "EmailOTP.verify_current_email",
                "it is on, and changing the address is off",
                "Give change_email=True, too",
            )

    def rate_rules(self) -> Sequence[RateRule]:
        """The same for each path."""
        return [RateRule(pattern, self.rate_limit) for pattern in _LIMITED]

    def adapt(self, feature: Plugin) -> Plugin:
        """Verification mails become codes, where wanted."""
        if self.override_default_email_verification and isinstance(feature, EmailVerification):
            return replace(feature, other_proof=self._send_proof)
        return feature

    @post(
        "/email-otp/send-verification-otp",
        name="send_verification_otp",
        check_login_csrf=True,
        promises_mail=True,
    )
    async def send_code(self, call: Call, body: OTPFor) -> Success:
        """Mail a code. The answer does not tell whether anybody has the address. Raises
        INVALID_EMAIL, INVALID_OTP_TYPE."""
        email = _address(body.email)
        if body.type == "change-email":
            raise EmailOTPCodes.INVALID_OTP_TYPE()
        user = await user_of_address(call, email)
        may_sign_up = body.type == "sign-in" and not self.disable_sign_up
        await self.send(call, email, body.type, user=user, known=user is not None or may_sign_up)
        return Success()

    @post("/email-otp/create-verification-otp", server_only=True)
    async def create_verification_otp(self, call: Call, body: OTPFor) -> str:
        """A code to be delivered in another way."""
        email = normal_email(body.email)
        user = await user_of_address(call, email)
        target = await mailbox_target(call, body.type, email, user)
        return await self.create(call, email, body.type, target)

    @get("/email-otp/get-verification-otp", server_only=True)
    async def get_verification_otp(self, call: Call, query: OTPFor) -> OTPRead:
        """The newest code of an address. Refused where only hashes are stored."""
        identifier = otp_identifier(query.type, normal_email(query.email))
        return OTPRead(otp=await self.read(call, identifier))

    @post("/email-otp/check-verification-otp")
    async def check_verification_otp(self, call: Call, body: CheckOTP) -> Success:
        """Whether the code is right. It stays good; a wrong one counts as a guess. Raises
        INVALID_EMAIL, USER_NOT_FOUND, INVALID_OTP, OTP_EXPIRED, TOO_MANY_ATTEMPTS."""
        email = _address(body.email)
        identifier = otp_identifier(body.type, email)
        found = await self.redeem(call, identifier, body.otp, account=email, keep=True)
        await _standing(call, found, await user_of_address(call, email))
        return Success()

    @post("/email-otp/verify-email")
    async def verify_email_otp(self, call: Call, body: VerifyEmailByOTP) -> EmailOTPVerified[User]:
        """Mark the address as verified; sign in if the options of the core say so. Raises
        INVALID_EMAIL, USER_NOT_FOUND, INVALID_OTP, OTP_EXPIRED, TOO_MANY_ATTEMPTS,
        FAILED_TO_CREATE_SESSION."""
        email = _address(body.email)
        identifier = otp_identifier("email-verification", email)
        taken = await self.redeem(call, identifier, body.otp, account=email)
        verification = call.config.plugin(EmailVerification)
        user = await _standing(call, taken, await user_of_address(call, email))
        if not user.email_verified:
            # Without a winner somebody else verified it, or the user is another one by now.
            there = await verification.verify(call, user) or await call.db.find_one(
                User, id=user.id, email=email
            )
            if there is None:
                raise EmailOTPCodes.USER_NOT_FOUND()
            user = there
        if verification.auto_sign_in_after_verification:
            session = await _sign_in(call, user, taken)
            return EmailOTPVerified(status=True, token=session.token, user=user)
        await _refresh_cache(call, user)
        return EmailOTPVerified(status=True, token=None, user=user)

    @post("/sign-in/email-otp", check_login_csrf=True)
    async def sign_in_email_otp(self, call: Call, body: SignInByOTP) -> SignedInByOTP[User]:
        """Sign in, or up. Whoever held an unverified account under this address is out. Raises
        INVALID_OTP, OTP_EXPIRED, TOO_MANY_ATTEMPTS, FIELD_NOT_ALLOWED, MISSING_FIELD,
        FAILED_TO_CREATE_USER, FAILED_TO_CREATE_SESSION."""
        email = normal_email(body.email)
        identifier = otp_identifier("sign-in", email)
        taken = await self.redeem(call, identifier, body.otp, account=email)
        new_user: dict[str, object] | None = None
        if not self.disable_sign_up and await user_of_address(call, email) is None:
            extra = read_fields(call, User, creating=True)
            await refuse_taken(
                call, User, extra, EmailPasswordCodes.FAILED_TO_CREATE_USER(status=422)
            )
            new_user = {**extra, "name": body.name, "image": body.image or None}
        try:
            owner = await owner_of_mailbox(call, email, new_user, proof=taken, method="email-otp")
        except Void:
            owner = None
        if owner is None:
            raise EmailOTPCodes.INVALID_OTP()
        call.subject = owner.user.id
        session = await _sign_in(call, owner.user, owner.proof)
        return SignedInByOTP(token=session.token, user=owner.user)

    @post("/email-otp/request-password-reset", check_login_csrf=True, promises_mail=True)
    async def request_password_reset_email_otp(
        self, call: Call, body: RequestPasswordResetByOTP
    ) -> Success:
        """Mail a code for a new password to the user, if there is one. Raises INVALID_EMAIL."""
        email = _address(body.email)
        user = await user_of_address(call, email)
        await self.send(call, email, "forget-password", user=user)
        return Success()

    @post("/forget-password/email-otp", check_login_csrf=True, promises_mail=True)
    async def forget_password_email_otp(
        self, call: Call, body: RequestPasswordResetByOTP
    ) -> Success:
        """The same under its old path, for old clients. Raises INVALID_EMAIL."""
        _log.warning("/forget-password/email-otp: use /email-otp/request-password-reset")
        return await EmailOTP.request_password_reset_email_otp.handler(self, call, body)

    @post("/email-otp/reset-password")
    async def reset_password_email_otp(self, call: Call, body: ResetPasswordByOTP) -> Success:
        """Set a new password, or a first one. The address counts as verified. Signs nobody in.

        What fails after the right code leaves it good. Raises INVALID_EMAIL, USER_NOT_FOUND,
        INVALID_OTP, OTP_EXPIRED, TOO_MANY_ATTEMPTS, PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG,
        INVALID_PASSWORD.
        """
        email = _address(body.email)
        passwords = call.config.plugin(EmailAndPassword)
        passwords.check_new_password(body.password)
        identifier = otp_identifier("forget-password", email)
        found = await self.redeem(call, identifier, body.otp, account=email, keep=True)
        user = await _standing(call, found, await user_of_address(call, email))
        hashed = await passwords.hash(call, body.password)
        reset = call.config.plugin(PasswordReset)
        async with call.db.transaction():
            there = await lock_user(call, user.id)
            moved = there is not None and there.email != email
            before = await _standing(call, found, None if moved else there)
            await self.burn(call, identifier, found)
            if not before.email_verified:
                await give_to_owner(call, before)
            await reset.replace(call, before, hashed)
        await reset.after(call, before)
        return Success()

    @post("/email-otp/request-email-change", requires="sensitive", promises_mail=True)
    async def request_email_change_email_otp(
        self, call: Call, body: RequestEmailChangeByOTP
    ) -> Success:
        """Mail a code to the new address. The answer does not tell whether anybody has it. Raises
        CHANGE_EMAIL_DISABLED, SAME_EMAIL, OTP_REQUIRED, INVALID_EMAIL, USER_NOT_FOUND,
        INVALID_OTP, OTP_EXPIRED, TOO_MANY_ATTEMPTS."""
        user, new = self._addresses(call, body.new_email)
        promise = await session_promise(call)
        if self.verify_current_email:
            if not body.otp:
                raise EmailOTPCodes.OTP_REQUIRED()
            identifier = otp_identifier("email-verification", user.email)
            proof = await self.redeem(call, identifier, body.otp, account=user.email)
            await _standing(call, proof, user)
        free = await user_of_address(call, new) is None
        target = Target(change_identifier(user.id, new), promise)
        await self.send(call, new, "change-email", user=user, known=free, target=target)
        return Success()

    @post("/email-otp/change-email", requires="sensitive")
    async def change_email_email_otp(self, call: Call, body: ChangeEmailByOTP) -> Success:
        """Replace the address, which counts as verified. Other sessions stay. Raises
        CHANGE_EMAIL_DISABLED, SAME_EMAIL, EMAIL_IN_USE, INVALID_EMAIL, USER_NOT_FOUND,
        INVALID_OTP, OTP_EXPIRED, TOO_MANY_ATTEMPTS."""
        user, new = self._addresses(call, body.new_email)
        found, stays = call.session, await session_promise(call)
        # Counted for the mailbox that is guessed at: nobody but its owner can end the row.
        identifier = change_identifier(user.id, new)
        taken = await self.redeem(call, identifier, body.otp, account=new, by_session=True)
        await _standing(call, taken, user)
        if await user_of_address(call, new) is not None:
            raise EmailOTPCodes.EMAIL_IN_USE()
        verification = call.config.plugin(EmailVerification)
        await verification.before(call, user)

        async def allowed(there: User) -> bool:
            # Both sessions: the one that asked, and the one that gives the code.
            return await taken.stands(call, there) and await stands(call, there, stays)

        try:
            changes = {"email": new, "email_verified": True}
            changed = await replace_address(call, user, changes, allowed=allowed)
        except UniqueViolation:
            raise EmailOTPCodes.EMAIL_IN_USE() from None
        if changed is None:
            raise EmailOTPCodes.INVALID_OTP()
        await verification.after(call, changed)
        set_session_cookies(call, found.session, changed)
        return Success()

    @after("/sign-up*")
    async def mail_on_sign_up(self, call: Call) -> None:
        """A code for the address of who just signed up, unless it is verified already."""
        if not self.send_verification_on_sign_up or self.override_default_email_verification:
            return
        signed_up = getattr(call.returned, "user", None)
        if isinstance(signed_up, User):
            # The answer to a taken address tells of a user who does not exist: ask the store.
            user = await user_of_address(call, signed_up.email)
            unproven = user is not None and not user.email_verified
            email = signed_up.email
            await self.send(call, email, "email-verification", user=user, known=unproven)

    async def _send_proof(self, call: Call, email: str, known: bool) -> None:
        user = await user_of_address(call, email)
        await self.send(call, email, "email-verification", user=user, known=known)

    def _addresses(self, call: Call, new: str) -> tuple[User, str]:
        if not self.change_email:
            raise EmailOTPCodes.CHANGE_EMAIL_DISABLED()
        user, new = call.session.user, _address(new)
        if new == user.email:
            raise EmailOTPCodes.SAME_EMAIL()
        return user, new


def _address(text: str) -> str:
    email = normal_email(text)
    if not is_email(email):
        raise EmailOTPCodes.INVALID_EMAIL()
    return email


async def _standing(call: Call, given: Redeemed, user: User | None) -> User:
    """The user for whom a right code is; raises USER_NOT_FOUND, INVALID_OTP."""
    if user is None:
        raise EmailOTPCodes.USER_NOT_FOUND()
    if not await given.stands(call, user):
        raise EmailOTPCodes.INVALID_OTP()
    return user


async def _sign_in(call: Call, user: User, proof: Redeemed) -> Session:
    async def allowed(there: User) -> bool:
        return await proof.stands(call, there)

    try:
        session = await begin_session(call, user, allowed)
    except Void:
        raise EmailOTPCodes.INVALID_OTP() from None
    if session is None:
        raise EmailOTPCodes.FAILED_TO_CREATE_SESSION()
    set_session_cookies(call, session, user)
    return session


async def _refresh_cache(call: Call, user: User) -> None:
    found = await signed_in(call)
    if found is not None and found.user.id == user.id:
        refresh_cache(call, SessionAndUser(session=found.session, user=user))


class EmailOTPAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    send_verification_otp: EndpointCall[M, OTPFor, Success]
    """Mail a code. The answer does not tell whether anybody has the address. Raises
    INVALID_EMAIL, INVALID_OTP_TYPE.
    """
    create_verification_otp: EndpointCall[M, OTPFor, str]
    """A code to be delivered in another way."""
    get_verification_otp: EndpointCall[M, OTPFor, OTPRead]
    """The newest code of an address. Refused where only hashes are stored."""
    check_verification_otp: EndpointCall[M, CheckOTP, Success]
    """Whether the code is right. It stays good; a wrong one counts as a guess. Raises
    INVALID_EMAIL, USER_NOT_FOUND, INVALID_OTP, OTP_EXPIRED, TOO_MANY_ATTEMPTS.
    """
    verify_email_otp: EndpointCall[M, VerifyEmailByOTP, EmailOTPVerified[U]]
    """Mark the address as verified; sign in if the options of the core say so. Raises
    INVALID_EMAIL, USER_NOT_FOUND, INVALID_OTP, OTP_EXPIRED, TOO_MANY_ATTEMPTS,
    FAILED_TO_CREATE_SESSION.
    """
    sign_in_email_otp: EndpointCall[M, SignInByOTP, SignedInByOTP[U]]
    """Sign in, or up. Whoever held an unverified account under this address is out. Raises
    INVALID_OTP, OTP_EXPIRED, TOO_MANY_ATTEMPTS, FIELD_NOT_ALLOWED, MISSING_FIELD,
    FAILED_TO_CREATE_USER, FAILED_TO_CREATE_SESSION.
    """
    request_password_reset_email_otp: EndpointCall[M, RequestPasswordResetByOTP, Success]
    """Mail a code for a new password to the user, if there is one. Raises INVALID_EMAIL."""
    forget_password_email_otp: EndpointCall[M, RequestPasswordResetByOTP, Success]
    """The same under its old path, for old clients. Raises INVALID_EMAIL."""
    reset_password_email_otp: EndpointCall[M, ResetPasswordByOTP, Success]
    """Set a new password, or a first one. The address counts as verified. Signs nobody in.

    What fails after the right code leaves it good. Raises INVALID_EMAIL, USER_NOT_FOUND,
    INVALID_OTP, OTP_EXPIRED, TOO_MANY_ATTEMPTS, PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG,
    INVALID_PASSWORD.
    """
    request_email_change_email_otp: EndpointCall[M, RequestEmailChangeByOTP, Success]
    """Mail a code to the new address. The answer does not tell whether anybody has it. Raises
    CHANGE_EMAIL_DISABLED, SAME_EMAIL, OTP_REQUIRED, INVALID_EMAIL, USER_NOT_FOUND,
    INVALID_OTP, OTP_EXPIRED, TOO_MANY_ATTEMPTS.
    """
    change_email_email_otp: EndpointCall[M, ChangeEmailByOTP, Success]
    """Replace the address, which counts as verified. Other sessions stay. Raises
    CHANGE_EMAIL_DISABLED, SAME_EMAIL, EMAIL_IN_USE, INVALID_EMAIL, USER_NOT_FOUND,
    INVALID_OTP, OTP_EXPIRED, TOO_MANY_ATTEMPTS.
    """
