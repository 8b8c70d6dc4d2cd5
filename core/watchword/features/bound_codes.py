"""Codes that are sent to somebody: bound to whom they were promised, guessed at, redeemed once.

`guesses` counts, `promises` binds; here both happen in the order in which no code is ever found
beside the note of another one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from watchword.call import Call
from watchword.verifications.guesses import Guess, burn_code, guess_code, replace_code
from watchword.verifications.verifications import sweep_verifications

from .promises import Promise, Redeemed, bind_anew, bound_to, release


async def issue_code(call: Call, identifier: str, promise: Promise, stored: str, life: int) -> None:
    """Promise a code, in its stored form, for `life` seconds. Older ones are dead."""
    await sweep_verifications(call)
    await bind_anew(call, identifier, promise, call.after(life))
    await replace_code(call, identifier, stored, life)


async def redeem_code(
    call: Call,
    identifier: str,
    is_right: Callable[[str], Awaitable[bool]],
    allowed: int,
    *,
    keep: bool = False,
    by_session: bool = False,
) -> tuple[Guess, Redeemed | None]:
    """Try a code; what came of it, and, if it was right, what it is bound to.

    With `keep` a right code stays good until `burn_bound_code`. `by_session` says that only
    somebody signed in could ask for it. Whether it still stands is for the caller to ask.
    """
    note = await bound_to(call, identifier)
    outcome, row = await guess_code(call, identifier, is_right, allowed, redeem=not keep)
    if outcome is not Guess.RIGHT or row is None:
        return outcome, None
    if not keep:
        await release(call, note)
    return outcome, Redeemed(row, None if note is None else note.promise, by_session)


async def burn_bound_code(call: Call, identifier: str, found: Redeemed) -> bool:
    """Use up a code that was kept when it was given; False if it is gone."""
    note = await bound_to(call, identifier)
    if not await burn_code(call, identifier, found.row):
        return False
    await release(call, note)
    return True
