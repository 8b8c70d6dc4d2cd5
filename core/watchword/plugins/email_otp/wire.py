"""What goes over the wire: inputs, results and error codes."""

from __future__ import annotations

from typing import Generic, Literal, TypeAlias, TypeVar

import msgspec

from watchword.discreet import Discreet
from watchword.errors import ErrorCode, ErrorCodes
from watchword.pipeline.validation import Code, Identifier, Password, PersonName, Picture
from watchword.records import User

U = TypeVar("U", bound=User)

OTPType: TypeAlias = Literal["email-verification", "sign-in", "forget-password", "change-email"]
"""What a code is good for. A code of one type is nothing to another."""


class EmailOTPCodes(ErrorCodes):
    """Errors of codes by mail."""

    INVALID_EMAIL = ErrorCode(
        400, "INVALID_EMAIL", "This is not an e-mail address", field=("newEmail", "email")
    )
    INVALID_OTP = ErrorCode(
        400, "INVALID_OTP", "The code is wrong, or there is none", guess=True, field="otp"
    )
    OTP_EXPIRED = ErrorCode(
        400, "OTP_EXPIRED", "The code has expired; ask for another one", guess=True, field="otp"
    )
    TOO_MANY_ATTEMPTS = ErrorCode(
        403,
        "TOO_MANY_ATTEMPTS",
        "There were too many wrong codes; ask for another one",
        field="otp",
    )
    USER_NOT_FOUND = ErrorCode(400, "USER_NOT_FOUND", "There is no user with this address")
    FAILED_TO_CREATE_SESSION = ErrorCode(
        401, "FAILED_TO_CREATE_SESSION", "Signing in did not work; try again"
    )
    INVALID_OTP_TYPE = ErrorCode(400, None, "Invalid OTP type")
    OTP_IS_HASHED = ErrorCode(400, None, "OTP is hashed, cannot return the plain text OTP")
    CHANGE_EMAIL_DISABLED = ErrorCode(400, None, "Change email with OTP is disabled")
    SAME_EMAIL = ErrorCode(400, None, "Email is the same", field="newEmail")
    OTP_REQUIRED = ErrorCode(400, None, "OTP is required to verify current email", field="otp")
    EMAIL_IN_USE = ErrorCode(400, None, "Email already in use", field="newEmail")


class OTPFor(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """Whose code, and what it is good for."""

    email: Identifier
    type: OTPType


class OTPRead(Discreet, msgspec.Struct, frozen=True):
    """The code; null if there is none, or if it has expired."""

    otp: str | None


class CheckOTP(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """The code to check; it stays good."""

    email: Identifier
    type: OTPType
    otp: Code


class VerifyEmailByOTP(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """A code of type `email-verification`."""

    email: Identifier
    otp: Code


class EmailOTPVerified(Discreet, msgspec.Struct, Generic[U], frozen=True):
    """The user with the verified address, and the token of the session if one was made."""

    status: bool
    token: str | None
    user: U


class SignInByOTP(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """A code of type `sign-in`. The rest is for a user who is new, as are additional fields."""

    email: Identifier
    otp: Code
    name: PersonName = ""
    image: Picture | msgspec.UnsetType = msgspec.UNSET


class SignedInByOTP(Discreet, msgspec.Struct, Generic[U], frozen=True):
    """The user and the token of the new session."""

    token: str
    user: U


class RequestPasswordResetByOTP(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """Whose password to reset."""

    email: Identifier


class ResetPasswordByOTP(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """A code of type `forget-password`, and the new password."""

    email: Identifier
    otp: Code
    password: Password


class RequestEmailChangeByOTP(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The new address. `otp` proves the current one, where the options ask for that."""

    new_email: Identifier
    otp: Code = ""


class ChangeEmailByOTP(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The new address, and the code that was mailed there."""

    new_email: Identifier
    otp: Code
