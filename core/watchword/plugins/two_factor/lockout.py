"""A bound on wrong codes for one account, over all sign-ins and kinds of codes.

Every guess takes a ticket before it is compared, so that a burst compares exactly as many as are
allowed; the right code gives all of them back. The count stands in the user's row, as the reference
has it; those without one are counted beside (spec: plugin two-factor, (f); security F3, T4).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from watchword.call import Call
from watchword.configuration.options import seconds
from watchword.database.table import gte, lt, lte
from watchword.pipeline.rate_limit import TooManyRequests
from watchword.records import User
from watchword.verifications.verifications import in_database

from .options import AccountLockout
from .records import SecondFactor
from .wire import TwoFactorCodes

UNLOCKED: Mapping[str, object] = {"failed_verification_count": 0, "locked_until": None}
"""Of an account whose owner gave a right code."""


async def refuse_locked(call: Call, options: AccountLockout, row: SecondFactor | None) -> None:
    """Raise ACCOUNT_TEMPORARILY_LOCKED for an account that is locked; a lock that is over goes."""
    if not options.enabled or row is None or row.locked_until is None:
        return
    if row.locked_until > call.now:
        raise TwoFactorCodes.ACCOUNT_TEMPORARILY_LOCKED()
    await call.db.update(SecondFactor, UNLOCKED, id=row.id, locked_until=lte(call.now))


async def count_guess(
    call: Call, options: AccountLockout, user: User, row: SecondFactor | None
) -> None:
    """Count a guess as wrong before it is compared. Raises ACCOUNT_TEMPORARILY_LOCKED.

    Raises `WouldNotLast` inside a transaction, with which the count could be undone.
    """
    if row is not None or in_database(call):
        await call.db.must_last("guesses at a code")
    if not options.enabled:
        return
    if row is None:
        try:
            await options.rowless.attempt(call, _subject(user))
        except TooManyRequests:
            raise TwoFactorCodes.ACCOUNT_TEMPORARILY_LOCKED() from None
        return
    last = options.max_failed_attempts - 1
    lock = {"locked_until": call.after(seconds("AccountLockout.duration", options.duration))}
    if row.failed_verification_count is None:
        # An older server of the reference made it.
        nothing = {"id": row.id, "failed_verification_count": None}
        await call.db.update(SecondFactor, {"failed_verification_count": 0}, **nothing)
    one: Mapping[str, int] = {"failed_verification_count": 1}
    open_row: dict[str, Any] = {"id": row.id, "locked_until": None}
    if last and await call.db.increment(
        SecondFactor, one, **open_row, failed_verification_count=lt(last)
    ):
        return
    if await call.db.increment(SecondFactor, one, lock, **open_row, failed_verification_count=last):
        return
    # Another server may have counted the last one and ended before it locked.
    over = gte(options.max_failed_attempts)
    await call.db.update(SecondFactor, lock, **open_row, failed_verification_count=over)
    raise TwoFactorCodes.ACCOUNT_TEMPORARILY_LOCKED()


async def forgive_guesses(
    call: Call, options: AccountLockout, user: User, row: SecondFactor | None
) -> None:
    """Begin a new row: the code was right."""
    if not options.enabled:
        return
    if row is None:
        await options.rowless.forget(call, _subject(user))
    else:
        await call.db.update(SecondFactor, UNLOCKED, id=row.id)


def _subject(user: User) -> str:
    return f"two-factor|{user.id}"
