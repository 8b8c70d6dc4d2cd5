"""What goes over the wire: inputs, results and error codes."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from watchword.discreet import Discreet
from watchword.errors import ErrorCode, ErrorCodes
from watchword.pipeline.validation import Code, Identifier, Password
from watchword.records import User

U = TypeVar("U", bound=User)


class PhoneNumberCodes(ErrorCodes):
    """Errors of phone numbers and their codes."""

    INVALID_PHONE_NUMBER = ErrorCode(
        400, "INVALID_PHONE_NUMBER", "This is not a phone number", field="phoneNumber"
    )
    PHONE_NUMBER_EXIST = ErrorCode(
        400, "PHONE_NUMBER_EXIST", "There is an account with this phone number", field="phoneNumber"
    )
    INVALID_PHONE_NUMBER_OR_PASSWORD = ErrorCode(
        401,
        "INVALID_PHONE_NUMBER_OR_PASSWORD",
        "The phone number or the password is wrong",
        field="password",
    )
    UNEXPECTED_ERROR = ErrorCode(400, "UNEXPECTED_ERROR", "There is no account with this number")
    OTP_NOT_FOUND = ErrorCode(
        400,
        "OTP_NOT_FOUND",
        "There is no code; ask for another one",
        guess=True,
        field=("otp", "code"),
    )
    OTP_EXPIRED = ErrorCode(
        400,
        "OTP_EXPIRED",
        "The code has expired; ask for another one",
        guess=True,
        field=("otp", "code"),
    )
    INVALID_OTP = ErrorCode(
        400, "INVALID_OTP", "The code is wrong, or there is none", guess=True, field=("otp", "code")
    )
    TOO_MANY_ATTEMPTS = ErrorCode(
        403,
        "TOO_MANY_ATTEMPTS",
        "There were too many wrong codes; ask for another one",
        field=("otp", "code"),
    )
    PHONE_NUMBER_NOT_VERIFIED = ErrorCode(
        401, "PHONE_NUMBER_NOT_VERIFIED", "Verify the phone number first"
    )
    PHONE_NUMBER_PENDING_VERIFICATION = ErrorCode(
        400, "PHONE_NUMBER_PENDING_VERIFICATION", "Verify the phone number first"
    )
    PHONE_NUMBER_CANNOT_BE_UPDATED = ErrorCode(
        400,
        "PHONE_NUMBER_CANNOT_BE_UPDATED",
        "The phone number is changed by a code, not here",
        field="phoneNumber",
    )
    PHONE_NUMBER_CANNOT_BE_SET = ErrorCode(
        400,
        "PHONE_NUMBER_CANNOT_BE_SET",
        "The phone number is set by a code, not here",
        field="phoneNumber",
    )
    SEND_OTP_NOT_IMPLEMENTED = ErrorCode(
        501, "SEND_OTP_NOT_IMPLEMENTED", "Codes cannot be sent here"
    )
    USER_NOT_FOUND = ErrorCode(401, "USER_NOT_FOUND", "Sign in first")
    FAILED_TO_CREATE_USER = ErrorCode(
        422, "FAILED_TO_CREATE_USER", "The account could not be created"
    )
    FAILED_TO_UPDATE_USER = ErrorCode(
        400, "FAILED_TO_UPDATE_USER", "There is no account with this number, or it is refused"
    )
    FAILED_TO_CREATE_SESSION = ErrorCode(
        401, "FAILED_TO_CREATE_SESSION", "Signing in did not work; try again"
    )


class SendPhoneNumberOTP(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """Where to send a code."""

    phone_number: Identifier


class PhoneNumberOTPSent(Discreet, msgspec.Struct, frozen=True):
    """What everybody is told."""

    message: str = "code sent"


class ConsumePhoneNumberOTP(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A code, and the number that it was sent to."""

    phone_number: Identifier
    code: Code


class VerifyPhoneNumber(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The same. Additional fields of a user who is new stand beside these."""

    phone_number: Identifier
    code: Code
    disable_session: bool = False
    """Verifies and signs nobody in."""
    update_phone_number: bool = False
    """Gives the number to who is signed in."""


class PhoneNumberVerified(Discreet, msgspec.Struct, Generic[U], frozen=True):
    """The user with the number, and the token of the session, if there is one."""

    status: bool
    token: str | None
    user: U


class SignInByPhone(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Credentials."""

    phone_number: Identifier
    password: Password
    remember_me: bool = True


class SignedInByPhone(Discreet, msgspec.Struct, Generic[U], frozen=True):
    """The user and the token of the new session."""

    token: str
    user: U


class RequestPasswordResetByPhone(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """Whose password to reset."""

    phone_number: Identifier


class ResetPasswordByPhone(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The code for a reset, and the new password."""

    otp: Code
    phone_number: Identifier
    new_password: Password
