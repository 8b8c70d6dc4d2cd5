"""A bound on wrong passwords for one account, wherever they come from (spec: security, L6).

Every attempt takes a ticket before the password is looked at, so that a burst compares exactly as
many as are allowed; the right password gives all tickets back. Known and unknown addresses are
counted alike, and so is who is signed in and guesses on: whoever stole a session pauses sign-ins
with his guesses, as anybody without one does. Where rate limits are counted, this is too
(`RateLimit.storage`); beside an own store, in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import msgspec

from watchword.call import Call
from watchword.configuration.options import Duration, RateLimitRule, seconds
from watchword.configuration.safe_ranges import Safe
from watchword.crypto.signing import hash_identifier
from watchword.discreet import Discreet
from watchword.errors import ConfigurationError
from watchword.pipeline.rate_counters import (
    DAY,
    ClearableCounters,
    MemoryCounters,
    account_counters,
)
from watchword.pipeline.rate_limit import TooManyRequests


class Ticket(Discreet, msgspec.Struct, frozen=True):
    """An attempt that was counted."""

    call: Call
    counters: ClearableCounters
    key: str
    rule: RateLimitRule

    async def give_back(self) -> None:
        """Take it out of the count: the attempt told nothing."""
        await self.counters.give_back(self.call, self.key, self.rule)


@dataclass(frozen=True, kw_only=True)
class FailedSignIns:
    """How many wrong passwords in a row an account takes before it pauses.

    Then one attempt per `pause` is compared, until the right password or a password reset. A row
    is forgotten after a day. NIST SP 800-63B-4, 3.2.2 wants at most 100.
    """

    safe: ClassVar[Mapping[str, Safe]] = {
        "most": Safe("NIST SP 800-63B-4, 3.2.2 allows 100 failures in a row", most=100),
        "pause": Safe("guesses go on at once", least=60),
    }

    most: int = 100
    """Wrong passwords in a row that make it pause."""
    pause: Duration = 900
    """How long sign-in pauses (15 minutes; at most a day)."""
    _memory: MemoryCounters = field(
        default_factory=MemoryCounters, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if type(self.most) is not int or self.most < 1:
            raise ConfigurationError(
                "FailedSignIns.most",
                f"{self.most!r} allows nothing",
                "Give >= 1",
            )
        seconds("FailedSignIns.pause", self.pause, least=1, most=DAY)

    async def attempt(self, call: Call, account: str) -> Ticket:
        """Count an attempt as failed before it is made. Raises `TooManyRequests`.

        `account` is the text that names the account for good. An attempt that came to nothing,
        since there was no room to look at the password, gives the ticket back.
        """
        counters, key = self._counters(call), _key(account)
        if self.most > 1:
            row = RateLimitRule(window=DAY, max=self.most - 1)
            if await counters.consume(call, f"{key}|row", row) is None:
                return Ticket(call, counters, f"{key}|row", row)
        # The last of the row starts the first pause.
        pause = RateLimitRule(window=self.pause, max=1)
        wait = await counters.consume(call, f"{key}|pause", pause)
        if wait is not None:
            raise TooManyRequests(wait)
        return Ticket(call, counters, f"{key}|pause", pause)

    async def forget(self, call: Call, account: str) -> None:
        """Begin a new row: the password was right, or was replaced by its owner."""
        counters, key = self._counters(call), _key(account)
        await counters.clear(call, f"{key}|row")
        await counters.clear(call, f"{key}|pause")

    def _counters(self, call: Call) -> ClearableCounters:
        return account_counters(call, self._memory)


def _key(account: str) -> str:
    # Hashed: the store of counters need not know who has an account.
    return f"failed-sign-in|{hash_identifier(account)}"
