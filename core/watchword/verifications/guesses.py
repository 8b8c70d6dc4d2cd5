"""Codes that are short enough to guess: a row's value carries the wrong guesses so far.

Spec: plugin email-otp, (e) and (f); security requirements, section 10. The value is
`<stored code>:<attempts>`. Every guess that was compared is counted, and one caller redeems.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum

from watchword.call import Call
from watchword.records import Verification

from .verifications import (
    delete_until,
    exchange_verification,
    in_database,
    newest_verification,
    place_verification,
    replace_verification,
)

_ATTEMPTS = 100
"""Looks at a code at which others keep guessing."""


class Guess(Enum):
    """What became of a guess."""

    RIGHT = "right"
    WRONG = "wrong"
    ABSENT = "absent"
    """There is no such code, or another caller redeemed it."""
    EXPIRED = "expired"
    EXHAUSTED = "exhausted"
    """All attempts were used up before; one caller hears it, and the code is gone."""


async def replace_code(call: Call, identifier: str, stored: str, life: int) -> None:
    """Promise a code, in its stored form, for `life` seconds. Older ones are dead."""
    await replace_verification(call, identifier, f"{stored}:0", call.after(life))


async def place_code(
    call: Call, identifier: str, stored: str, life: int, *, stale: Verification | None
) -> bool:
    """Promise a code where there is none but `stale`. False if another caller was first."""
    value, ends = f"{stored}:0", call.after(life)
    return await place_verification(call, identifier, value, ends, stale=stale)


def code_of(found: Verification) -> tuple[str, int]:
    """The stored code of a row and the wrong guesses so far."""
    stored, colon, attempts = found.value.rpartition(":")
    if not colon:
        # So the reference stores a code that it sends when it refuses a sign-in by phone number.
        return found.value, 0
    return stored, int(attempts) if attempts.isdecimal() else 0


async def guess_code(
    call: Call,
    identifier: str,
    is_right: Callable[[str], Awaitable[bool]],
    allowed: int,
    *,
    redeem: bool = True,
) -> tuple[Guess, Verification | None]:
    """Try a code against the newest one of an identifier; what came of it, and the code's row.

    `is_right` gets the stored form; it runs also when there is none, on an empty text, so that
    the work does not tell. With `redeem=False` a right code stays good. Raises `WouldNotLast`
    inside a transaction of the database that counts (security, W8).
    """
    if in_database(call):
        await call.db.must_last("guesses at a code")
    # Each lost exchange means that another caller's guess was counted, or the code redeemed.
    for _ in range(allowed + 2):
        found = await newest_verification(call, identifier)
        stored, attempts = ("", 0) if found is None else code_of(found)
        right = await is_right(stored)
        if found is None:
            return Guess.ABSENT, None
        outcome = _outcome(right, found.expires_at <= call.now, attempts >= allowed)
        if outcome is Guess.RIGHT and not redeem:
            return outcome, found
        kept = f"{stored}:{attempts + 1}" if outcome is Guess.WRONG else None
        if await exchange_verification(call, found, kept):
            if kept is None:
                await delete_until(call, found)
            return outcome, found
    return Guess.ABSENT, None


async def burn_code(call: Call, identifier: str, given: Verification) -> bool:
    """Redeem a code that was found right and kept; False if another caller did, or it is dead.

    Guesses that were counted meanwhile do not matter.
    """
    for _ in range(_ATTEMPTS):
        found = await newest_verification(call, identifier)
        if found is None or code_of(found)[0] != code_of(given)[0]:
            return False
        if await exchange_verification(call, found, None):
            await delete_until(call, found)
            return True
    return False


def _outcome(right: bool, expired: bool, exhausted: bool) -> Guess:
    if expired:
        return Guess.EXPIRED
    if exhausted:
        return Guess.EXHAUSTED
    return Guess.RIGHT if right else Guess.WRONG
