"""What goes over the wire: inputs, results and error codes."""

from __future__ import annotations

from typing import ClassVar, Generic, Literal, TypeAlias, TypeVar

import msgspec

from watchword.discreet import Discreet
from watchword.errors import ErrorCode, ErrorCodes
from watchword.pipeline.validation import Code, Identifier, Password, PersonName
from watchword.records import User

U = TypeVar("U", bound=User)

Method: TypeAlias = Literal["totp", "otp"]
"""An authenticator app, or codes that are sent."""


class TwoFactorCodes(ErrorCodes):
    """Errors of second factors."""

    OTP_NOT_CONFIGURED = ErrorCode(400, "OTP_NOT_CONFIGURED", "Codes are not sent here")
    OTP_HAS_EXPIRED = ErrorCode(
        400,
        "OTP_HAS_EXPIRED",
        "The code has expired, or was used; ask for another one",
        field="code",
    )
    TOTP_NOT_ENABLED = ErrorCode(400, "TOTP_NOT_ENABLED", "There is no authenticator app")
    TOTP_ALREADY_ENABLED = ErrorCode(
        400, "TOTP_ALREADY_ENABLED", "There is an authenticator app already"
    )
    TOTP_NOT_CONFIGURED = ErrorCode(
        400, "TOTP_NOT_CONFIGURED", "Authenticator apps are switched off here"
    )
    TWO_FACTOR_NOT_ENABLED = ErrorCode(
        400, "TWO_FACTOR_NOT_ENABLED", "There is no second factor with backup codes"
    )
    BACKUP_CODES_NOT_ENABLED = ErrorCode(
        400, "BACKUP_CODES_NOT_ENABLED", "There are no backup codes"
    )
    INVALID_BACKUP_CODE = ErrorCode(
        401,
        "INVALID_BACKUP_CODE",
        "The backup code is wrong, or was used",
        guess=True,
        field="code",
    )
    BACKUP_CODES_CHANGED = ErrorCode(409, None, "The backup codes were just changed; try again")
    INVALID_CODE = ErrorCode(
        401, "INVALID_CODE", "The code is wrong, or was used already", guess=True, field="code"
    )
    TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE = ErrorCode(
        400,
        "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE",
        "There were too many wrong codes; begin again",
        field="code",
    )
    ACCOUNT_TEMPORARILY_LOCKED = ErrorCode(
        429,
        "ACCOUNT_TEMPORARILY_LOCKED",
        "There were too many wrong codes for this account; try again later",
    )
    INVALID_TWO_FACTOR_COOKIE = ErrorCode(
        401, "INVALID_TWO_FACTOR_COOKIE", "This sign-in has ended; begin again"
    )
    SECOND_FACTOR_REQUIRED = ErrorCode(
        403, "SECOND_FACTOR_REQUIRED", "Give your second factor to do this"
    )
    FAILED_TO_CREATE_SESSION = ErrorCode(
        500, "FAILED_TO_CREATE_SESSION", "Signing in did not work; try again"
    )


class EnableTwoFactor(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """Which second factor to set up, and the password. `issuer` is what the app shows."""

    password: Password
    method: Method = "totp"
    issuer: PersonName = ""


class EnablePasswordless(EnableTwoFactor, frozen=True, kw_only=True):
    """The same where users without a password need none."""

    password: Password = ""


class TwoFactorSetUp(Discreet, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an authenticator app is set up with, and the backup codes. Shown this once."""

    method: Method = msgspec.field()
    totp_uri: str | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="totpURI")
    backup_codes: list[str] | msgspec.UnsetType = msgspec.field(
        default=msgspec.UNSET, name="backupCodes"
    )


class ProvenPassword(Discreet, msgspec.Struct, frozen=True):
    """The password of who is signed in."""

    password: Password


class ProvenPasswordless(ProvenPassword, frozen=True):
    """The same where users without a password need none."""

    password: Password = ""


class TOTPURI(Discreet, msgspec.Struct, frozen=True):
    """What an authenticator app is set up with."""

    totp_uri: str = msgspec.field(name="totpURI")


class VerifyCode(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A code, and whether this browser is to be asked for none for a while."""

    code: Code
    trust_device: bool = False


class VerifyBackupCode(VerifyCode, frozen=True, kw_only=True, rename="camel"):
    """A backup code. `disable_session` uses it up without signing anybody in."""

    disable_session: bool = False


class SendTwoFactorOTP(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Nothing that matters."""

    trust_device: bool = False


class SecondFactorPassed(
    Discreet, msgspec.Struct, Generic[U], frozen=True, kw_only=True, omit_defaults=True
):
    """The user and the token of the session; no token where none was to be made."""

    token: str | msgspec.UnsetType = msgspec.UNSET
    user: U


class BackupCodes(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """All codes that are good."""

    status: bool
    backup_codes: list[str]


class WhoseBackupCodes(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """Whose codes to show."""

    user_id: Identifier


class TOTPSecret(Discreet, msgspec.Struct, frozen=True):
    """The text of a secret."""

    secret: Code


class TOTPCode(Discreet, msgspec.Struct, frozen=True):
    """The code of this moment."""

    code: str


class SecondFactorAsked(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """The answer to the first factor alone: how to give the second one."""

    __secrets__: ClassVar[frozenset[str]] = frozenset()

    two_factor_redirect: bool
    two_factor_methods: list[Method]
