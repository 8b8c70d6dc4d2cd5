"""The authenticator app of a user: its stored secret, and which of its codes were used.

A code is good once: the last step of which one was accepted is kept for as long as a code of it
could be given again, and neither it nor an earlier one is accepted (RFC 6238, 5.2; security F4).
"""

from __future__ import annotations

import logging

from watchword.call import Call
from watchword.configuration.options import seconds
from watchword.crypto.random_strings import URL_SAFE
from watchword.crypto.symmetric import DecryptionFailed, decrypt, encrypt
from watchword.verifications.verifications import newest_verification, replace_verification

from .lockout import UNLOCKED
from .options import TOTPOptions
from .records import SecondFactor
from .totp import matching_step, totp_key, totp_uri
from .wire import TwoFactorCodes

_log = logging.getLogger("watchword.two_factor")


def new_secret(call: Call) -> tuple[str, str]:
    """The text of a new secret, and the form in which it is stored."""
    secret = call.random(32, URL_SAFE)
    return secret, encrypt(secret, call.config.secrets, call.config.options.token_bytes)


def key_of(call: Call, row: SecondFactor) -> bytes:
    """The key of a user's app. Raises TOTP_NOT_ENABLED for one that cannot be read."""
    try:
        return totp_key(decrypt(row.secret, call.config.secrets))
    except (DecryptionFailed, ValueError) as error:
        _log.error("the second factor of user %s cannot be read: %s", row.user_id, error)
        raise TwoFactorCodes.TOTP_NOT_ENABLED() from None


def uri_of(options: TOTPOptions, key: bytes, issuer: str, email: str) -> str:
    """What the app is set up with."""
    return totp_uri(key, issuer, email, digits=options.digits, period=_period(options))


async def use_code(
    call: Call, options: TOTPOptions, row: SecondFactor, key: bytes, given: str
) -> None:
    """Use up a code of the app; the account is unlocked. Raises INVALID_CODE."""
    period = _period(options)
    step = matching_step(key, given, call.now, digits=options.digits, period=period)
    if step is None:
        raise TwoFactorCodes.INVALID_CODE()
    async with call.db.transaction():
        # Holds the row: no two callers look for the last step at once. Another secret is another
        # app, which knows nothing of this code.
        same = {"id": row.id, "secret": row.secret}
        if await call.db.increment(SecondFactor, {}, UNLOCKED, **same) is None:
            raise TwoFactorCodes.INVALID_CODE()
        place = f"totp-step:{row.id}"
        last = await newest_verification(call, place)
        if last is not None and last.value.isdecimal() and int(last.value) >= step:
            raise TwoFactorCodes.INVALID_CODE()
        await replace_verification(call, place, str(step), call.after(4 * period))


def _period(options: TOTPOptions) -> int:
    return seconds("TOTPOptions.period", options.period)
