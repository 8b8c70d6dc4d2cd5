"""Codes that the application sends: made, stored, guessed at, used up.

Each is for one challenge or one session (spec: plugin two-factor, send-otp and verify-otp; security
T1 to T4).
"""

from __future__ import annotations

from watchword.call import Call
from watchword.configuration.options import seconds
from watchword.crypto.random_strings import DIGITS
from watchword.features.mails import send_mail
from watchword.verifications.guesses import Guess, code_of, guess_code, replace_code
from watchword.verifications.stored_codes import code_matches, stored_code
from watchword.verifications.verifications import newest_verification

from .challenge import Verifying
from .lockout import count_guess, forgive_guesses
from .options import AccountLockout, OTPOptions, SecondFactorCode
from .records import SecondFactor
from .wire import TwoFactorCodes

UNSENT = OTPOptions(send_otp=lambda code, request: None)
"""How codes are read that a server with other options sent."""

_REFUSALS = {
    Guess.WRONG: TwoFactorCodes.INVALID_CODE,
    Guess.ABSENT: TwoFactorCodes.OTP_HAS_EXPIRED,
    Guess.EXPIRED: TwoFactorCodes.OTP_HAS_EXPIRED,
    Guess.EXHAUSTED: TwoFactorCodes.TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE,
}


async def send_code(call: Call, options: OTPOptions, who: Verifying) -> None:
    """Send a code; earlier ones are dead."""
    code = call.random(options.digits, DIGITS)
    stored = await stored_code(call, options.store_otp, code)
    life = seconds("OTPOptions.period", options.period)
    await replace_code(call, _place(who), stored, life)
    code_to_send = SecondFactorCode(user=who.user, otp=code, expires_at=call.after(life))
    await send_mail(call, options.send_otp, code_to_send)


async def use_sent_code(
    call: Call,
    options: OTPOptions,
    lockout: AccountLockout,
    who: Verifying,
    row: SecondFactor | None,
    given: str,
) -> None:
    """Use up a code; the account is unlocked. `row` is the user's, if there is one.

    Raises OTP_HAS_EXPIRED, INVALID_CODE, TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE and
    ACCOUNT_TEMPORARILY_LOCKED.
    """
    found = await newest_verification(call, _place(who))
    if found is None or found.expires_at <= call.now:
        raise TwoFactorCodes.OTP_HAS_EXPIRED()
    counted = code_of(found)[1] < options.allowed_attempts
    if counted:
        await count_guess(call, lockout, who.user, row)

    async def is_right(stored: str) -> bool:
        # Nor is a guess that took no ticket at a code that was sent meanwhile.
        if not stored or not counted:
            return False
        return await code_matches(call, options.store_otp, stored, given)

    outcome, _ = await guess_code(call, _place(who), is_right, options.allowed_attempts)
    if outcome is not Guess.RIGHT:
        raise _REFUSALS[outcome]()
    await forgive_guesses(call, lockout, who.user, row)


def _place(who: Verifying) -> str:
    return f"2fa-otp-{who.key}"
