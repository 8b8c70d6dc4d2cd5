"""What sign-up and sign-in with e-mail and password say and hear: bodies, answers, codes."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from watchword.discreet import Discreet
from watchword.errors import ErrorCode, ErrorCodes
from watchword.pipeline.validation import (
    Identifier,
    NewEmail,
    NewPassword,
    Password,
    PersonName,
    Picture,
    TargetURL,
)
from watchword.records import User

U = TypeVar("U", bound=User)


class EmailPasswordCodes(ErrorCodes):
    """Errors of sign-up and sign-in by password."""

    EMAIL_PASSWORD_SIGN_UP_DISABLED = ErrorCode(
        400, "EMAIL_PASSWORD_SIGN_UP_DISABLED", "Signing up by e-mail and password is switched off"
    )
    EMAIL_PASSWORD_DISABLED = ErrorCode(
        400, "EMAIL_PASSWORD_DISABLED", "Signing in by e-mail and password is switched off"
    )
    INVALID_EMAIL_OR_PASSWORD = ErrorCode(
        401,
        "INVALID_EMAIL_OR_PASSWORD",
        "The e-mail address or the password is wrong",
        field="password",
    )
    EMAIL_NOT_VERIFIED = ErrorCode(403, "EMAIL_NOT_VERIFIED", "Verify the e-mail address first")
    INVALID_EMAIL = ErrorCode(400, "INVALID_EMAIL", "This is not an e-mail address", field="email")
    INVALID_PASSWORD = ErrorCode(
        400, "INVALID_PASSWORD", "The password cannot be used", field="password"
    )
    PASSWORD_TOO_SHORT = ErrorCode(
        400, "PASSWORD_TOO_SHORT", "The password is too short", field=("newPassword", "password")
    )
    PASSWORD_TOO_LONG = ErrorCode(
        400, "PASSWORD_TOO_LONG", "The password is too long", field=("newPassword", "password")
    )
    USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL = ErrorCode(
        422,
        "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
        "There is an account with this address",
        field="email",
    )
    FAILED_TO_CREATE_USER = ErrorCode(
        400, "FAILED_TO_CREATE_USER", "The account could not be created"
    )
    FAILED_TO_CREATE_SESSION = ErrorCode(
        400, "FAILED_TO_CREATE_SESSION", "Signing in did not work; try again"
    )


class SignUpEmail(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A new user. Additional fields of the user stand beside these."""

    name: PersonName
    email: NewEmail
    password: NewPassword
    image: Picture | None = None
    callback_url: TargetURL = msgspec.field(default="", name="callbackURL")
    """Where the link of the verification mail leads."""
    remember_me: bool = True


class SignInEmail(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Credentials. With `callback_url` the answer tells the client to go there."""

    email: Identifier
    password: Password
    callback_url: TargetURL = msgspec.field(default="", name="callbackURL")
    remember_me: bool = True


class SignedUp(Discreet, msgspec.Struct, Generic[U], frozen=True):
    """The new user, and the token of the session if one was made."""

    token: str | None
    user: U


class SignedIn(Discreet, msgspec.Struct, Generic[U], frozen=True, omit_defaults=True):
    """The user and the token of the new session."""

    redirect: bool = msgspec.field()
    token: str
    user: U
    url: str | None = None
