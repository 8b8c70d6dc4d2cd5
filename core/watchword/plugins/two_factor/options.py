"""The options of second factors, by what they are about."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal

from watchword.configuration.option_checks import check_callback, check_choice, check_number
from watchword.configuration.options import Duration, seconds
from watchword.configuration.safe_ranges import Safe
from watchword.errors import ConfigurationError
from watchword.features.failed_sign_ins import FailedSignIns
from watchword.features.letters import Letter, proven_name
from watchword.http.request import Request
from watchword.pipeline.rate_counters import DAY
from watchword.records import User
from watchword.verifications.stored_codes import CodeCipher, CodeStorage, check_storage


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorCode:
    """A code to send to `user`. Whoever holds it may use it: never log it."""

    user: User
    otp: str = field(repr=False)
    expires_at: datetime | None = field(default=None, compare=False)
    """Until when the code is good."""


def letter(sent: SecondFactorCode) -> Letter:
    """The mail with a code, for the server's own mailer."""
    user = sent.user
    return Letter(
        kind="second-factor-code",
        to=user.email,
        name=proven_name(user),
        code=sent.otp,
        expires_at=sent.expires_at,
        user_id=user.id,
    )


CodeCallback = Callable[[SecondFactorCode, Request | None], object]
CodesGenerator = Callable[[], Sequence[str] | Awaitable[Sequence[str]]]


@dataclass(frozen=True, kw_only=True)
class TOTPOptions:
    """Codes of an authenticator app."""

    digits: Literal[6, 8] = 6
    """Digits of a code."""
    period: Duration = 30
    """How long a code is the present one (30 seconds; 10 to 300). Its neighbours are taken too."""
    disable: bool = False
    """Nobody sets up an app, or is asked for its codes."""
    issuer: str | None = None
    """What the app calls this service where the URI is shown again; None: as at the beginning."""
    allow_passwordless: bool | None = None
    """For showing the URI again; None: as `TwoFactor.allow_passwordless`."""

    def __post_init__(self) -> None:
        check_choice("TOTPOptions.digits", self.digits, (6, 8))
        seconds("TOTPOptions.period", self.period, least=10, most=300)


@dataclass(frozen=True, kw_only=True)
class OTPOptions:
    """Codes that the application sends, by mail or otherwise."""

    safe: ClassVar[Mapping[str, Safe]] = {
        "digits": Safe("so few digits are guessed", least=6, severity="error"),
        "allowed_attempts": Safe("many guesses at each code", most=10),
        "period": Safe("codes lie in mailboxes for long (NIST SP 800-63B-4: 10 minutes)", most=600),
    }

    send_otp: CodeCallback | None = None
    """Sends a code; gets a `SecondFactorCode` and the request (None for server-side calls). `def`
    or `async def`; runs in the background, failures are logged. None: `Auth(mail=...)` does."""
    period: Duration = 180
    """Life of a code (3 minutes)."""
    digits: int = 6
    """Digits of a code (4 to 32)."""
    allowed_attempts: int = 5
    """Wrong guesses that a code survives."""
    store_otp: CodeStorage = "plain"
    """How codes are stored: `plain`, `hashed` (SHA-256), `encrypted`, by an own hash function, or
    by a `CodeCipher`."""

    def __post_init__(self) -> None:
        check_callback("OTPOptions.send_otp", self.send_otp)
        seconds("OTPOptions.period", self.period, least=1)
        check_number("OTPOptions.digits", self.digits, 4, 32)
        check_number("OTPOptions.allowed_attempts", self.allowed_attempts, 1, 100)
        check_storage("OTPOptions.store_otp", self.store_otp)


@dataclass(frozen=True, kw_only=True)
class BackupCodeOptions:
    """Codes on paper, for whoever lost the phone. Each is good once."""

    safe: ClassVar[Mapping[str, Safe]] = {
        "length": Safe("short backup codes are guessed", least=8, severity="error"),
    }

    amount: int = 10
    """How many (1 to 100)."""
    length: int = 10
    """Characters of one, beside the dash (6 to 64)."""
    custom_backup_codes_generate: CodesGenerator | None = None
    """Makes the codes, which are used as they are. They must not be guessable."""
    store_backup_codes: Literal["plain", "encrypted"] | CodeCipher = "encrypted"
    """How the list is stored: `plain`, `encrypted`, or by a `CodeCipher`."""
    allow_passwordless: bool | None = None
    """For new codes; None: as `TwoFactor.allow_passwordless`."""

    def __post_init__(self) -> None:
        check_number("BackupCodeOptions.amount", self.amount, 1, 100)
        check_number("BackupCodeOptions.length", self.length, 6, 64)
        option = "BackupCodeOptions.custom_backup_codes_generate"
        check_callback(option, self.custom_backup_codes_generate)
        option, form = "BackupCodeOptions.store_backup_codes", self.store_backup_codes
        if callable(form):
            remedy = "Give 'plain', 'encrypted' or a CodeCipher"
            raise ConfigurationError(option, "codes that are hashed cannot be shown", remedy)
        check_storage(option, form, ("plain", "encrypted"))


@dataclass(frozen=True, kw_only=True)
class AccountLockout:
    """How many wrong codes in a row an account takes, over all sign-ins and kinds of codes."""

    safe: ClassVar[Mapping[str, Safe]] = {
        "enabled": Safe("who knows the password begins anew and guesses without end", exactly=True),
        "max_failed_attempts": Safe("NIST SP 800-63B-4, 3.2.2 allows 100 in a row", most=100),
        "duration": Safe("guesses go on at once", least=60),
    }

    enabled: bool = True
    """False: wrong codes lock nothing."""
    max_failed_attempts: int = 10
    """Wrong codes in a row that lock the second factor (1 to 1,000)."""
    duration: Duration = 900
    """How long the second factor is locked then (15 minutes; at most a day)."""
    rowless: FailedSignIns = field(init=False, repr=False, compare=False)
    """Counts for those who have no row that holds the count: codes are sent to them, and they have
    no app."""

    def __post_init__(self) -> None:
        option = "AccountLockout.max_failed_attempts"
        check_number(option, self.max_failed_attempts, 1, 1000)
        seconds("AccountLockout.duration", self.duration, least=1, most=DAY)
        rowless = FailedSignIns(most=self.max_failed_attempts, pause=self.duration)
        object.__setattr__(self, "rowless", rowless)
