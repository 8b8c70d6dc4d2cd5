"""The endpoints of phone numbers."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import msgspec

from watchword.call import Call
from watchword.configuration.option_checks import check_callback, check_flag, check_type
from watchword.configuration.options import RateLimitRule
from watchword.database.contract import UniqueViolation
from watchword.database.hooks import ModelHooks
from watchword.database.records import Record
from watchword.endpoint import post
from watchword.errors import ErrorCodes
from watchword.features.credentials import lock_user
from watchword.features.email_password import EmailAndPassword
from watchword.features.identifiers import normal_email
from watchword.features.mails import in_background
from watchword.features.notices import notify
from watchword.features.password_reset import PasswordReset
from watchword.features.promises import Redeemed, session_promise, stands
from watchword.features.provisioning import create_user
from watchword.http.request import Request
from watchword.observability.security_log import Event, record
from watchword.pipeline.additional_fields import read_fields, refuse_taken
from watchword.pipeline.validation import is_email
from watchword.plugin_base import RateRule, before
from watchword.records import User
from watchword.results import SessionAndUser, Status
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.sessions import (
    SessionCodes,
    current_session,
    refresh_cache,
    set_session_cookies,
)

from .codes import PhoneCodes, begin_with_code, otp_identifier, reset_identifier, still_stands
from .numbers import (
    NormalForm,
    WithPhoneNumber,
    is_verified,
    normal_number,
    number_of,
    of_changes,
    of_new_user,
    user_of_number,
)
from .wire import (
    ConsumePhoneNumberOTP,
    PhoneNumberCodes,
    PhoneNumberOTPSent,
    PhoneNumberVerified,
    RequestPasswordResetByPhone,
    ResetPasswordByPhone,
    SendPhoneNumberOTP,
    SignedInByPhone,
    SignInByPhone,
    VerifyPhoneNumber,
)

_log = logging.getLogger("watchword.phone_number")

_LIMIT = RateLimitRule(window=60, max=10)
_SIGN_IN = "/sign-in/phone-number"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedNumber:
    """A number that was just proven, and whose it is."""

    phone_number: str
    user: User


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpOnVerification:
    """How users are made who come with nothing but a number. Functions, `def` or `async def`."""

    get_temp_email: Callable[[str], str | Awaitable[str]]
    """Makes an address of the number; it stays unverified. Nobody must be able to get mail there:
    take a domain of your own without mailboxes."""
    get_temp_name: Callable[[str], str | Awaitable[str]] | None = None
    """Makes a name; None: the number itself."""


@dataclass(frozen=True, kw_only=True)
class PhoneNumber(PhoneCodes):
    """Options of what numbers are used for."""

    id: ClassVar[str] = "phone-number"
    codes: ClassVar[type[ErrorCodes]] = PhoneNumberCodes
    extends: ClassVar[Mapping[type[Record], type[msgspec.Struct]]] = {User: WithPhoneNumber}

    normal_form: NormalForm | None = None
    """Makes the form in which a number is stored, looked up and unique, as `E164()`; None where a
    text is no number. Without it numbers are taken as they are typed."""
    phone_number_validator: Callable[[str], bool | Awaitable[bool]] | None = None
    """Says whether a number may sign in, or be sent a code; gets the normal form. None: any."""
    require_verification: bool = False
    """A number that was never proven neither signs in by password nor resets one."""
    callback_on_verification: Callable[[VerifiedNumber, Request | None], object] | None = None
    """Told of each number that was proven, before the answer."""
    sign_up_on_verification: SignUpOnVerification | None = None
    """Makes users of numbers that nobody has; None: nobody signs up by phone."""
    rate_limit: RateLimitRule = _LIMIT
    """For each of the paths below `/phone-number`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("normal_form", "phone_number_validator", "callback_on_verification"):
            check_callback(f"PhoneNumber.{name}", getattr(self, name))
        check_flag("PhoneNumber.require_verification", self.require_verification)
        if self.sign_up_on_verification is not None:
            option = "PhoneNumber.sign_up_on_verification"
            check_type(option, self.sign_up_on_verification, SignUpOnVerification)

    def rate_rules(self) -> Sequence[RateRule]:
        """The same for each path."""
        return (RateRule("/phone-number/*", self.rate_limit),)

    def database_hooks(self) -> Mapping[str, ModelHooks]:
        """A number is somebody's once it is proven, and not before."""
        made, changed = (partial(of, self.normal_form) for of in (of_new_user, of_changes))
        return {"user": ModelHooks(create_before=made, update_before=changed)}

    async def end_ways_in(self, call: Call, user: User) -> None:
        """With a number a stranger would have stayed in the account."""
        if number_of(user) is not None:
            changes = {"phone_number": None, "phone_number_verified": False}
            await call.db.update(User, changes, id=user.id)
            await record(call, Event.PHONE_NUMBER_CHANGED, user.id)

    async def lets_in(self, call: Call, user: User) -> bool:
        """With a number that was proven."""
        return is_verified(user)

    @before("/sign-up*")
    async def refuse_at_sign_up(self, call: Call) -> None:
        """Before anything tells who has the number. Raises PHONE_NUMBER_CANNOT_BE_SET."""
        if call.fields.get("phoneNumber") is not None:
            raise PhoneNumberCodes.PHONE_NUMBER_CANNOT_BE_SET()

    @before("/sign-in/*")
    async def refuse_at_other_sign_ins(self, call: Call) -> None:
        """The same where signing in makes users. Raises PHONE_NUMBER_CANNOT_BE_SET."""
        if call.endpoint is not None and call.endpoint.path != _SIGN_IN:
            await PhoneNumber.refuse_at_sign_up.method(self, call)

    @before("/update-user")
    async def refuse_at_update(self, call: Call) -> None:
        """A number can be given back, and not be taken. Raises PHONE_NUMBER_CANNOT_BE_UPDATED."""
        if call.fields.get("phoneNumber") is not None:
            raise PhoneNumberCodes.PHONE_NUMBER_CANNOT_BE_UPDATED()

    @post(_SIGN_IN, check_login_csrf=True)
    async def sign_in_phone_number(self, call: Call, body: SignInByPhone) -> SignedInByPhone[User]:
        """Sign in; the answer to an unknown number and to a wrong password is the same. Raises
        INVALID_PHONE_NUMBER, PASSWORD_TOO_LONG, INVALID_PHONE_NUMBER_OR_PASSWORD,
        PHONE_NUMBER_NOT_VERIFIED, FAILED_TO_CREATE_SESSION."""
        number = await self._valid(call, body.phone_number)

        async def admit(user: User) -> None:
            if self.require_verification and not is_verified(user):
                await self._send(call, number, user)
                raise PhoneNumberCodes.PHONE_NUMBER_NOT_VERIFIED()

        user, session = await call.config.plugin(EmailAndPassword).session_by_password(
            call,
            partial(user_of_number, call, number),
            body.password,
            unknown=f"phone-number|{number}",
            wrong=PhoneNumberCodes.INVALID_PHONE_NUMBER_OR_PASSWORD,
            admit=admit,
            remember=body.remember_me,
        )
        set_session_cookies(call, session, user, remember=body.remember_me)
        return SignedInByPhone(token=session.token, user=user)

    @post("/phone-number/send-otp", check_login_csrf=True, promises_mail=True)
    async def send_phone_number_otp(
        self, call: Call, body: SendPhoneNumberOTP
    ) -> PhoneNumberOTPSent:
        """Send a code to any number; the answer does not tell whether anybody has it. Raises
        SEND_OTP_NOT_IMPLEMENTED, INVALID_PHONE_NUMBER."""
        if self.send_otp is None:
            raise PhoneNumberCodes.SEND_OTP_NOT_IMPLEMENTED()
        number = await self._valid(call, body.phone_number)
        await self._send(call, number, await user_of_number(call, number))
        return PhoneNumberOTPSent()

    @post("/phone-number/consume-otp", server_only=True)
    async def consume_phone_number_otp(self, call: Call, body: ConsumePhoneNumberOTP) -> Status:
        """Use up a code, for a purpose of your own. Changes no user."""
        number = normal_number(self.normal_form, body.phone_number)
        await self.redeem(call, otp_identifier(number), number, body.code)
        return Status()

    @post("/phone-number/verify", check_login_csrf=True)
    async def verify_phone_number(
        self, call: Call, body: VerifyPhoneNumber
    ) -> PhoneNumberVerified[User]:
        """Prove a number: sign in, or up, or give it to who is signed in. Raises
        INVALID_PHONE_NUMBER, OTP_NOT_FOUND, OTP_EXPIRED, INVALID_OTP, TOO_MANY_ATTEMPTS,
        PHONE_NUMBER_EXIST, USER_NOT_FOUND, MISSING_FIELD, FIELD_NOT_ALLOWED,
        FAILED_TO_CREATE_USER, FAILED_TO_UPDATE_USER, FAILED_TO_CREATE_SESSION."""
        number = normal_number(self.normal_form, body.phone_number)
        identifier, changing = otp_identifier(number), body.update_phone_number
        proof = await self.redeem(call, identifier, number, body.code, keep=changing)
        if changing:
            return await self._give(call, number, proof)
        user = await user_of_number(call, number)
        if user is None:
            user = await self._sign_up(call, number, proof)
            proof = None if proof is None else proof.given_to(user)
        else:
            user = await self._proven(call, number, user, proof)
        call.subject = user.id
        await self._tell(call, number, user)
        if body.disable_session:
            return PhoneNumberVerified(status=True, token=None, user=user)
        session = await begin_with_code(call, user, proof)
        set_session_cookies(call, session, user)
        return PhoneNumberVerified(status=True, token=session.token, user=user)

    @post("/phone-number/request-password-reset", check_login_csrf=True, promises_mail=True)
    async def request_password_reset_phone_number(
        self, call: Call, body: RequestPasswordResetByPhone
    ) -> Status:
        """Send a code for a new password to the user, if any. Raises INVALID_PHONE_NUMBER."""
        number = normal_number(self.normal_form, body.phone_number)
        send = self.send_password_reset_otp
        user = await user_of_number(call, number)
        known = user is not None and (is_verified(user) or not self.require_verification)
        code = await self.issue(call, reset_identifier(number), number, user, known=known)
        if send is None:
            _log.warning("no code for a new password is sent: give send_password_reset_otp")
        elif known:
            in_background(call, send, code)
        return Status()

    @post("/phone-number/reset-password")
    async def reset_password_phone_number(self, call: Call, body: ResetPasswordByPhone) -> Status:
        """Set a new password, or a first one. Signs nobody in. What fails after the right code
        leaves it good. Raises INVALID_PHONE_NUMBER, OTP_NOT_FOUND, OTP_EXPIRED, INVALID_OTP,
        TOO_MANY_ATTEMPTS, PHONE_NUMBER_PENDING_VERIFICATION, PASSWORD_TOO_SHORT,
        PASSWORD_TOO_LONG, INVALID_PASSWORD, UNEXPECTED_ERROR."""
        passwords = call.config.plugin(EmailAndPassword)
        passwords.check_new_password(body.new_password)
        number = normal_number(self.normal_form, body.phone_number)
        identifier = reset_identifier(number)
        proof = await self.redeem(call, identifier, number, body.otp, keep=True)
        user = await self._resettable(call, number, proof, await user_of_number(call, number))
        hashed = await passwords.hash(call, body.new_password)
        reset = call.config.plugin(PasswordReset)
        async with call.db.transaction():
            there = await lock_user(call, user.id)
            moved = there is not None and number_of(there) != number
            user = await self._resettable(call, number, proof, None if moved else there)
            await self.burn(call, identifier, proof)
            await reset.replace(call, user, hashed)
        await reset.after(call, user)
        return Status()

    async def _valid(self, call: Call, text: str) -> str:
        number, check = normal_number(self.normal_form, text), self.phone_number_validator
        if check is not None and not await call.run(check, number):
            raise PhoneNumberCodes.INVALID_PHONE_NUMBER()
        return number

    async def _send(self, call: Call, number: str, user: User | None) -> None:
        call.runtime.require_room()
        code = await self.issue(call, otp_identifier(number), number, user)
        if self.send_otp is not None:
            in_background(call, self.send_otp, code)

    async def _tell(self, call: Call, number: str, user: User) -> None:
        if self.callback_on_verification is not None:
            told = VerifiedNumber(phone_number=number, user=user)
            await call.run(self.callback_on_verification, told, call.request)

    async def _resettable(
        self, call: Call, number: str, proof: Redeemed | None, user: User | None
    ) -> User:
        if user is None:
            raise PhoneNumberCodes.UNEXPECTED_ERROR()
        if self.require_verification and not is_verified(user):
            raise PhoneNumberCodes.PHONE_NUMBER_PENDING_VERIFICATION()
        if not await still_stands(call, proof, user):
            raise PhoneNumberCodes.INVALID_OTP()
        return user

    async def _proven(self, call: Call, number: str, user: User, proof: Redeemed | None) -> User:
        """The user with a verified number, if the code still stands."""
        async with call.db.transaction():
            there = await lock_user(call, user.id)
            same = there is not None and number_of(there) == number
            if there is None or not same or not await still_stands(call, proof, there):
                raise PhoneNumberCodes.INVALID_OTP()
            if is_verified(there):
                return there
            proven = await call.db.update(User, {"phone_number_verified": True}, id=user.id)
            if proven is None:
                raise PhoneNumberCodes.FAILED_TO_UPDATE_USER()
            await record(call, Event.PHONE_NUMBER_VERIFIED, user.id)
            return proven

    async def _sign_up(self, call: Call, number: str, proof: Redeemed | None) -> User:
        options = self.sign_up_on_verification
        if proof is not None and proof.names_account:
            # Whom it was sent for is gone, or has another number.
            raise PhoneNumberCodes.INVALID_OTP()
        if options is None:
            raise PhoneNumberCodes.FAILED_TO_UPDATE_USER()
        values = read_fields(call, User, creating=True)
        values.pop("phone_number", None)
        await refuse_taken(call, User, values, PhoneNumberCodes.FAILED_TO_CREATE_USER())
        email = normal_email(str(await call.run(options.get_temp_email, number)))
        if not is_email(email):
            _log.error("sign_up_on_verification.get_temp_email made what is no address")
            raise PhoneNumberCodes.FAILED_TO_CREATE_USER()
        name = options.get_temp_name
        values |= {
            "name": number if name is None else str(await call.run(name, number)),
            "email": email,
            "phone_number": number,
            "phone_number_verified": True,
        }
        try:
            made = await create_user(call, "phone-number", **values)
        except UniqueViolation:
            made = None
        if made is None:
            raise PhoneNumberCodes.FAILED_TO_CREATE_USER()
        return made

    async def _give(
        self, call: Call, number: str, proof: Redeemed | None
    ) -> PhoneNumberVerified[User]:
        """The number to who is signed in. What fails leaves the code good."""
        found = await current_session(call, from_store=True)
        if found is None:
            raise PhoneNumberCodes.USER_NOT_FOUND()
        promise = await session_promise(call)
        try:
            async with call.db.transaction():
                there = await lock_user(call, found.user.id)
                # The session may have been ended while the code was looked at.
                if there is None or not await stands(call, there, promise):
                    raise SessionCodes.UNAUTHORIZED()
                if await call.db.count(User, phone_number=number):
                    raise PhoneNumberCodes.PHONE_NUMBER_EXIST()
                await self.burn(call, otp_identifier(number), proof)
                changes = {"phone_number": number, "phone_number_verified": True}
                user = await call.db.update(User, changes, id=there.id)
                if user is None:
                    raise PhoneNumberCodes.FAILED_TO_UPDATE_USER()
                await record(call, Event.PHONE_NUMBER_CHANGED, user.id)
                await notify(call, user, "phone-number")
        except UniqueViolation:
            raise PhoneNumberCodes.PHONE_NUMBER_EXIST() from None
        await self._tell(call, number, user)
        refresh_cache(call, SessionAndUser(session=found.session, user=user))
        return PhoneNumberVerified(status=True, token=found.session.token, user=user)


class PhoneNumberAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    sign_in_phone_number: EndpointCall[M, SignInByPhone, SignedInByPhone[U]]
    """Sign in; the answer to an unknown number and to a wrong password is the same. Raises
    INVALID_PHONE_NUMBER, PASSWORD_TOO_LONG, INVALID_PHONE_NUMBER_OR_PASSWORD,
    PHONE_NUMBER_NOT_VERIFIED, FAILED_TO_CREATE_SESSION."""
    send_phone_number_otp: EndpointCall[M, SendPhoneNumberOTP, PhoneNumberOTPSent]
    """Send a code to any number; the answer does not tell whether anybody has it. Raises
    SEND_OTP_NOT_IMPLEMENTED, INVALID_PHONE_NUMBER."""
    consume_phone_number_otp: EndpointCall[M, ConsumePhoneNumberOTP, Status]
    """Use up a code, for a purpose of your own. Changes no user."""
    verify_phone_number: EndpointCall[M, VerifyPhoneNumber, PhoneNumberVerified[U]]
    """Prove a number: sign in, or up, or give it to who is signed in. Raises
    INVALID_PHONE_NUMBER, OTP_NOT_FOUND, OTP_EXPIRED, INVALID_OTP, TOO_MANY_ATTEMPTS,
    PHONE_NUMBER_EXIST, USER_NOT_FOUND, MISSING_FIELD, FIELD_NOT_ALLOWED,
    FAILED_TO_CREATE_USER, FAILED_TO_UPDATE_USER, FAILED_TO_CREATE_SESSION."""
    request_password_reset_phone_number: EndpointCall[M, RequestPasswordResetByPhone, Status]
    """Send a code for a new password to the user, if any. Raises INVALID_PHONE_NUMBER."""
    reset_password_phone_number: EndpointCall[M, ResetPasswordByPhone, Status]
    """Set a new password, or a first one. Signs nobody in. What fails after the right code
    leaves it good. Raises INVALID_PHONE_NUMBER, OTP_NOT_FOUND, OTP_EXPIRED, INVALID_OTP,
    TOO_MANY_ATTEMPTS, PHONE_NUMBER_PENDING_VERIFICATION, PASSWORD_TOO_SHORT,
    PASSWORD_TOO_LONG, INVALID_PASSWORD, UNEXPECTED_ERROR."""
