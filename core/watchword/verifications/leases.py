"""Leases: what one caller does at a time, among all processes of a server.

A lease is a row under an id that follows from its name, so that it needs no index of the database,
and no transaction while other servers are asked. Whoever holds one and dies is waited for no longer
than the lease lives.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import TypeVar

from watchword.call import Call
from watchword.crypto.signing import hash_identifier
from watchword.errors import Overloaded
from watchword.records import Verification

from .verifications import (
    exchange_verification,
    in_database,
    newest_verification,
    place_verification,
)

T = TypeVar("T")

_PREFIX = "lease:"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.25  # seconds


class Leased(Exception):
    """Somebody else holds the lease: look again in a moment."""


class Lease:
    """What its holder has."""

    def __init__(self, call: Call, identifier: str, row: Verification) -> None:
        self._call = call
        self._identifier = identifier
        self._row = row
        self._held = True

    async def settle(self) -> None:
        """Be the last thing that is done in the transaction which the lease is for.

        Raises `Leased` if it ended before, and somebody else may be at it: store nothing then.
        """
        if in_database(self._call):
            # With the transaction's end the lease ends.
            mine = await exchange_verification(self._call, self._row, None)
            self._held = not mine
        else:
            there = await newest_verification(self._call, self._identifier)
            mine = there is not None and there.value == self._row.value
        if not mine:
            raise Leased

    async def release(self, *, undone: bool) -> None:
        """Let others have it; `undone` says that what was settled may not be stored."""
        if self._held or undone:
            await exchange_verification(self._call, self._row, None)


@asynccontextmanager
async def lease(call: Call, name: str, life: float) -> AsyncGenerator[Lease, None]:
    """Be the only one who does what the name stands for, for `life` seconds at most.

    Raises `Leased`. Begin it outside of the transaction that it is for.
    """
    identifier = _PREFIX + hash_identifier(name)
    now = call.config.options.clock()
    there = await newest_verification(call, identifier)
    if there is not None and there.expires_at > now:
        raise Leased
    value, ends = call.random(), now + timedelta(seconds=life)
    if not await place_verification(call, identifier, value, ends, stale=there):
        raise Leased
    row = await newest_verification(call, identifier)
    if row is None or row.value != value:
        raise Leased
    held = Lease(call, identifier, row)
    try:
        yield held
    except BaseException:
        await held.release(undone=True)
        raise
    await held.release(undone=False)


async def persevere(call: Call, work: Callable[[], Awaitable[T]], patience: float) -> T:
    """Do what may raise `Leased`, again and again, with growing pauses.

    Raises `Overloaded` (503) after `patience` seconds.
    """
    waited, pause = 0.0, _FIRST_PAUSE
    while True:
        with suppress(Leased):
            return await work()
        if waited >= patience:
            raise Overloaded
        await call.runtime.pause(pause)
        waited, pause = waited + pause, min(pause * 1.5, _LONGEST_PAUSE)
