"""The life of a code: made, stored, sent, guessed at, redeemed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

from watchword.call import Call
from watchword.configuration.option_checks import check_callback, check_number
from watchword.configuration.options import Duration, seconds
from watchword.configuration.safe_ranges import Safe
from watchword.crypto.random_strings import DIGITS
from watchword.features.bound_codes import burn_bound_code, issue_code, redeem_code
from watchword.features.failed_sign_ins import FailedSignIns
from watchword.features.promises import Redeemed, Void, begin_session, mailbox_promise
from watchword.http.request import Request
from watchword.plugin_base import Plugin
from watchword.records import Session, User
from watchword.verifications.guesses import Guess
from watchword.verifications.stored_codes import (
    CodeStorage,
    check_storage,
    code_matches,
    stored_code,
)
from watchword.verifications.verifications import delete_verifications

from .wire import PhoneNumberCodes

_DECOY = "nobody"
"""Begins the codes of numbers to which nothing is sent. The rest is random and long."""

_REFUSALS = {
    Guess.WRONG: PhoneNumberCodes.INVALID_OTP,
    Guess.ABSENT: PhoneNumberCodes.OTP_NOT_FOUND,
    Guess.EXPIRED: PhoneNumberCodes.OTP_EXPIRED,
    Guess.EXHAUSTED: PhoneNumberCodes.TOO_MANY_ATTEMPTS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneCode:
    """A code to send to `phone_number`. Whoever holds it may use it: never log it."""

    phone_number: str
    code: str = field(repr=False)


PhoneCodeCallback = Callable[[PhoneCode, Request | None], object]
CodeCheck = Callable[[PhoneCode, Request | None], bool | Awaitable[bool]]


@dataclass(frozen=True, kw_only=True)
class PhoneCodes(Plugin):
    """Options of the codes themselves."""

    safe: ClassVar[Mapping[str, Safe]] = {
        "otp_length": Safe("so few digits are guessed", least=6, severity="error"),
        "allowed_attempts": Safe("many guesses at each code", most=10),
        "expires_in": Safe(
            "codes lie on phones for long (NIST SP 800-63B-4: 10 minutes)", most=600
        ),
        "wrong_guesses": Safe("guesses at one number over many codes are not bounded", given=True),
    }

    send_otp: PhoneCodeCallback | None = None
    """Sends a code; gets a `PhoneCode` and the request (None for server-side calls). `def` or
    `async def`; runs in the background, failures are logged. None: no codes but for resets."""
    send_password_reset_otp: PhoneCodeCallback | None = None
    """Sends a code that resets the password. None: none is sent."""
    verify_otp: CodeCheck | None = None
    """Checks codes that a provider made; gets a `PhoneCode` and the request. That a code is good
    once is for the provider to see to. None: the codes are those that `send_otp` got."""
    otp_length: int = 6
    """Digits of a code (4 to 32)."""
    expires_in: Duration = 300
    """Life of a code (5 minutes)."""
    allowed_attempts: int = 3
    """Wrong guesses that a code survives."""
    store_otp: CodeStorage = "plain"
    """How codes are stored: `plain`, `hashed` (SHA-256), `encrypted`, by an own hash function, or
    by a `CodeCipher`."""
    wrong_guesses: FailedSignIns | None = field(default_factory=FailedSignIns)
    """Bounds wrong codes in a row per number, over all its codes; None: no bound."""

    def __post_init__(self) -> None:
        for name in ("send_otp", "send_password_reset_otp", "verify_otp"):
            check_callback(f"PhoneNumber.{name}", getattr(self, name))
        seconds("PhoneNumber.expires_in", self.expires_in, least=1)
        check_storage("PhoneNumber.store_otp", self.store_otp)
        check_number("PhoneNumber.otp_length", self.otp_length, 4, 32)
        check_number("PhoneNumber.allowed_attempts", self.allowed_attempts, 1, 100)

    def promise_life(self) -> int:
        """Seconds that a code may live."""
        return seconds("PhoneNumber.expires_in", self.expires_in)

    async def issue(
        self, call: Call, identifier: str, number: str, user: User | None, *, known: bool = True
    ) -> PhoneCode:
        """A fresh code that is stored; older ones are dead.

        Where nothing will be sent, since the number is not `known`, it is one that nobody can
        guess: neither answers nor the work tell the two apart.
        """
        code = call.random(self.otp_length, DIGITS) if known else _DECOY + call.random(32)
        promise = await mailbox_promise(call, user, f"tel:{number}")
        stored = await stored_code(call, self.store_otp, code)
        await issue_code(call, identifier, promise, stored, self.promise_life())
        return PhoneCode(phone_number=number, code=code)

    async def redeem(
        self, call: Call, identifier: str, number: str, code: str, *, keep: bool = False
    ) -> Redeemed | None:
        """Go on only with the right code, which is used up then unless to be kept.

        None where `verify_otp` said so, and nothing is known of whom it was sent to. Raises
        OTP_NOT_FOUND, OTP_EXPIRED, INVALID_OTP (400), TOO_MANY_ATTEMPTS (403), and
        `TooManyRequests` when the number pauses.
        """
        bound, subject = self.wrong_guesses, f"phone-number-otp|{number}"
        if bound is not None:
            await bound.attempt(call, subject)
        redeemed = None
        if self.verify_otp is not None:
            given = PhoneCode(phone_number=number, code=code)
            if not await call.run_with_secret(self.verify_otp, given, call.request):
                raise PhoneNumberCodes.INVALID_OTP()
            await delete_verifications(call, identifier)
        else:
            redeemed = await self._redeemed(call, identifier, code, keep)
        if bound is not None:
            await bound.forget(call, subject)
        return redeemed

    async def burn(self, call: Call, identifier: str, found: Redeemed | None) -> None:
        """Use up a code that was kept when it was given. Raises INVALID_OTP if it is gone."""
        if found is not None and not await burn_bound_code(call, identifier, found):
            raise PhoneNumberCodes.INVALID_OTP()

    async def _redeemed(self, call: Call, identifier: str, code: str, keep: bool) -> Redeemed:
        async def is_right(stored: str) -> bool:
            if not stored:
                # An own cipher must not be asked for what it never made.
                await stored_code(call, self.store_otp, code)
                return False
            return await code_matches(call, self.store_otp, stored, code)

        outcome, redeemed = await redeem_code(
            call, identifier, is_right, self.allowed_attempts, keep=keep
        )
        if redeemed is None:
            raise _REFUSALS[outcome]()
        return redeemed


def otp_identifier(number: str) -> str:
    """Under which identifier the code of a number is promised."""
    return f"phone-number-otp-{number}"


def reset_identifier(number: str) -> str:
    """Under which identifier the code for a new password is promised."""
    return f"phone-number-reset-{number}"


async def still_stands(call: Call, proof: Redeemed | None, user: User) -> bool:
    """Whether a code that was right is this user's; a provider's, checked just now, is."""
    return proof is None or await proof.stands(call, user)


async def begin_with_code(call: Call, user: User, proof: Redeemed | None) -> Session:
    """A session by a code. Raises INVALID_OTP if it stands no more, FAILED_TO_CREATE_SESSION."""
    try:
        session = await begin_session(call, user, partial(still_stands, call, proof))
    except Void:
        raise PhoneNumberCodes.INVALID_OTP() from None
    if session is None:
        raise PhoneNumberCodes.FAILED_TO_CREATE_SESSION()
    return session
