"""What verifying addresses says and hears: bodies, answers, codes."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from watchword.discreet import Discreet
from watchword.errors import ErrorCode, ErrorCodes
from watchword.pipeline.validation import Email, TargetURL, Token
from watchword.records import User

U = TypeVar("U", bound=User)


class EmailVerificationCodes(ErrorCodes):
    """Errors of verifying addresses."""

    VERIFICATION_EMAIL_NOT_ENABLED = ErrorCode(
        400, "VERIFICATION_EMAIL_NOT_ENABLED", "Verification mails are switched off"
    )
    EMAIL_MISMATCH = ErrorCode(400, "EMAIL_MISMATCH", "That is not your address", field="email")
    EMAIL_ALREADY_VERIFIED = ErrorCode(
        400, "EMAIL_ALREADY_VERIFIED", "The address has been verified already", field="email"
    )
    TOKEN_EXPIRED = ErrorCode(401, "TOKEN_EXPIRED", "The link has expired", guess=True)
    INVALID_TOKEN = ErrorCode(401, "INVALID_TOKEN", "The link is not valid", guess=True)
    USER_NOT_FOUND = ErrorCode(401, "USER_NOT_FOUND", "There is no user with this address")
    INVALID_USER = ErrorCode(401, "INVALID_USER", "The link is for another user")
    USER_ALREADY_EXISTS = ErrorCode(
        422,
        "USER_ALREADY_EXISTS",
        "There is an account with this address",
        field=("newEmail", "email"),
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
