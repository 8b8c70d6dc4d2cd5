"""The life of a code: made, stored, mailed, guessed at, redeemed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal

from watchword.call import Call
from watchword.configuration.option_checks import check_choice, check_number
from watchword.configuration.options import Duration, seconds
from watchword.configuration.safe_ranges import Safe
from watchword.crypto.random_strings import DIGITS
from watchword.database.contract import StorageUnavailable
from watchword.features.bound_codes import burn_bound_code, issue_code, redeem_code
from watchword.features.failed_sign_ins import FailedSignIns
from watchword.features.letters import MAILER, Letter
from watchword.features.mails import send_mail
from watchword.features.promises import Promise, Redeemed, bind, bound_to, mailbox_promise
from watchword.http.request import Request
from watchword.plugin_base import Letters, Plugin
from watchword.records import User, Verification
from watchword.verifications.guesses import Guess, code_of, place_code
from watchword.verifications.stored_codes import (
    CodeStorage,
    check_storage,
    code_matches,
    readable_code,
    stored_code,
)
from watchword.verifications.verifications import (
    exchange_verification,
    extend_verification,
    newest_verification,
    sweep_verifications,
)

from .wire import EmailOTPCodes, OTPType

_DECOY = "nobody:"
"""Begins the codes of addresses to which nothing is mailed. The rest is random and long."""

_ATTEMPTS = 100
"""Looks at a code that others keep replacing."""

_REFUSALS = {
    Guess.WRONG: EmailOTPCodes.INVALID_OTP,
    Guess.ABSENT: EmailOTPCodes.INVALID_OTP,
    Guess.EXPIRED: EmailOTPCodes.OTP_EXPIRED,
    Guess.EXHAUSTED: EmailOTPCodes.TOO_MANY_ATTEMPTS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeMail:
    """A code to mail to `email`. Whoever holds it may use it: never log it."""

    email: str
    """The address, in lower case."""
    otp: str = field(repr=False)
    type: OTPType
    expires_at: datetime | None = field(default=None, compare=False)
    """Until when the code is good."""


_KINDS: Mapping[OTPType, str] = {
    "sign-in": "sign-in-code",
    "email-verification": "verify-email-code",
    "forget-password": "reset-password-code",
    "change-email": "change-email-code",
}


def _letter(mail: CodeMail) -> Letter:
    return Letter(kind=_KINDS[mail.type], to=mail.email, code=mail.otp, expires_at=mail.expires_at)


@dataclass(frozen=True, slots=True)
class Target:
    """What a code is for: the identifier of its row, and what it is bound to."""

    identifier: str
    promise: Promise


CodeMailCallback = Callable[[CodeMail, Request | None], object]
CodeGenerator = Callable[[str, OTPType], "str | Awaitable[str | None] | None"]


@dataclass(frozen=True, kw_only=True)
class EmailCodes(Plugin):
    """Options of the codes themselves."""

    letters: ClassVar[Letters] = {"send_verification_otp": _letter}
    safe: ClassVar[Mapping[str, Safe]] = {
        "otp_length": Safe("so few digits are guessed", least=6, severity="error"),
        "allowed_attempts": Safe("many guesses at each code", most=10),
        "expires_in": Safe(
            "codes lie in mailboxes for long (NIST SP 800-63B-4: 10 minutes)", most=900
        ),
        "wrong_guesses": Safe("guesses at one account over many codes are not bounded", given=True),
    }

    send_verification_otp: CodeMailCallback | None = None
    """Mails a code; gets a `CodeMail` and the request (None for server-side calls). `def` or
    `async def`; runs in the background, failures are logged. None: `Auth(mail=...)` does."""
    otp_length: int = 6
    """Digits of a code (4 to 32)."""
    expires_in: Duration = 300
    """Life of a code (5 minutes)."""
    generate_otp: CodeGenerator | None = None
    """Makes the code, from address and type; nothing or an empty text means: as usual."""
    allowed_attempts: int = 3
    """Wrong guesses that a code survives."""
    store_otp: CodeStorage = "plain"
    """How codes are stored: `plain`, `hashed` (SHA-256), `encrypted`, by an own hash function, or
    by a `CodeCipher`."""
    resend_strategy: Literal["rotate", "reuse"] = "rotate"
    """`reuse` sends a code that is still good once more and lets it live longer. Hashed codes
    cannot be sent again: they rotate."""
    wrong_guesses: FailedSignIns | None = field(default_factory=FailedSignIns)
    """Bounds wrong codes in a row per address, over all its codes; None: no bound."""

    def __post_init__(self) -> None:
        seconds("EmailOTP.expires_in", self.expires_in, least=1)
        check_storage("EmailOTP.store_otp", self.store_otp)
        check_number("EmailOTP.otp_length", self.otp_length, 4, 32)
        check_number("EmailOTP.allowed_attempts", self.allowed_attempts, 1, 100)
        check_choice("EmailOTP.resend_strategy", self.resend_strategy, ("rotate", "reuse"))

    def needs(self) -> Sequence[tuple[str, str]]:
        """Somebody who mails."""
        return () if self.send_verification_otp else [("EmailOTP.send_verification_otp", MAILER)]

    def promise_life(self) -> int:
        """Seconds that a code may live."""
        return seconds("EmailOTP.expires_in", self.expires_in)

    async def send(
        self,
        call: Call,
        email: str,
        type: OTPType,
        *,
        user: User | None,
        known: bool | None = None,
        target: Target | None = None,
    ) -> None:
        """Mail a code. To an address that is not `known` (that of a user is) nothing goes out.

        There is a code all the same, which nobody can guess: so neither answers nor the work tell
        the two apart, not even after the last allowed guess. `target` is what the code is for, if
        it is not for the mailbox of the user.
        """
        known = user is not None if known is None else known
        target = target or await mailbox_target(call, type, email, user)
        code = await self.issue(call, email, type, target, known=known)
        ends = call.after(self.promise_life())
        mail = CodeMail(email=email, otp=code, type=type, expires_at=ends) if known else None
        await send_mail(call, self.send_verification_otp, mail)

    async def issue(
        self, call: Call, email: str, type: OTPType, target: Target, *, known: bool = True
    ) -> str:
        """A code that is stored: a fresh one, or the last one again. Older ones are dead."""
        if self.resend_strategy == "rotate":
            return await self.create(call, email, type, target, known=known)
        for _ in range(_ATTEMPTS):
            found = await newest_verification(call, target.identifier)
            kept = await self._kept(call, target, found, known)
            if kept is not None:
                return kept
            if found is not None and not await exchange_verification(call, found, None):
                continue
            code, stored = await self._fresh(call, email, type, known)
            await sweep_verifications(call)
            # After the old code is gone: it must not be found beside the note of the new one.
            await bind(call, target.identifier, target.promise, call.after(self.promise_life()))
            if await place_code(call, target.identifier, stored, self.promise_life(), stale=None):
                return code
        raise StorageUnavailable("a code was replaced by others all the time")

    async def create(
        self, call: Call, email: str, type: OTPType, target: Target, *, known: bool = True
    ) -> str:
        """A fresh code that is stored. Older ones are dead."""
        code, stored = await self._fresh(call, email, type, known)
        await issue_code(call, target.identifier, target.promise, stored, self.promise_life())
        return code

    async def read(self, call: Call, identifier: str) -> str | None:
        """The newest code, if it is in time. Raises OTP_IS_HASHED (400, no code)."""
        found = await newest_verification(call, identifier)
        if found is None or found.expires_at <= call.now:
            return None
        if callable(self.store_otp) or self.store_otp == "hashed":
            raise EmailOTPCodes.OTP_IS_HASHED()
        code = await readable_code(call, self.store_otp, code_of(found)[0])
        return None if code is None or code.startswith(_DECOY) else code

    async def redeem(
        self,
        call: Call,
        identifier: str,
        otp: str,
        *,
        account: str,
        keep: bool = False,
        by_session: bool = False,
    ) -> Redeemed:
        """Go on only with the right code, which is used up then unless to be kept.

        Whether it still stands is for the caller to ask; `by_session` says that only somebody
        signed in could ask for it. Raises INVALID_OTP, OTP_EXPIRED (400) or
        TOO_MANY_ATTEMPTS (403), and `TooManyRequests` when the account pauses.
        """
        bound, subject = self.wrong_guesses, f"email-otp|{account}"
        if bound is not None:
            await bound.attempt(call, subject)

        async def is_right(stored: str) -> bool:
            if not stored:
                # An own cipher must not be asked for what it never made.
                await stored_code(call, self.store_otp, otp)
                return False
            return await code_matches(call, self.store_otp, stored, otp)

        outcome, redeemed = await redeem_code(
            call, identifier, is_right, self.allowed_attempts, keep=keep, by_session=by_session
        )
        if redeemed is None:
            raise _REFUSALS[outcome]()
        if bound is not None:
            await bound.forget(call, subject)
        return redeemed

    async def burn(self, call: Call, identifier: str, found: Redeemed) -> None:
        """Use up a code that was kept when it was given. Raises INVALID_OTP if it is gone."""
        if not await burn_bound_code(call, identifier, found):
            raise EmailOTPCodes.INVALID_OTP()

    async def _generated(self, call: Call, email: str, type: OTPType) -> str:
        made = None
        if self.generate_otp is not None:
            made = await call.run(self.generate_otp, email, type)
        return str(made) if made else call.random(self.otp_length, DIGITS)

    async def _fresh(self, call: Call, email: str, type: OTPType, known: bool) -> tuple[str, str]:
        code = await self._generated(call, email, type)
        if not known:
            code = _DECOY + call.random(32)
        return code, await stored_code(call, self.store_otp, code)

    async def _kept(
        self, call: Call, target: Target, found: Verification | None, known: bool
    ) -> str | None:
        if found is None or found.expires_at <= call.now:
            return None
        stored, attempts = code_of(found)
        code = await readable_code(call, self.store_otp, stored)
        # A code that was made while nobody had the address must not be mailed to who has it now.
        if attempts >= self.allowed_attempts or not code or code.startswith(_DECOY) is known:
            return None
        note = await bound_to(call, target.identifier)
        if note is None or note.promise != target.promise:
            return None
        ends = call.after(self.promise_life())
        kept = await extend_verification(call, note.row, ends)
        return code if kept and await extend_verification(call, found, ends) else None


def otp_identifier(type: OTPType, email: str) -> str:
    """Under which identifier a code is promised."""
    return f"{type}-otp-{email}"


def change_identifier(user_id: str, new: str) -> str:
    """Under which identifier the code for another address is promised."""
    return f"change-email-otp-{user_id}:{new}"


async def mailbox_target(call: Call, type: OTPType, email: str, user: User | None) -> Target:
    """A code for a mailbox (lower-case address), and for the account that has it, if any."""
    return Target(otp_identifier(type, email), await mailbox_promise(call, user, email))
