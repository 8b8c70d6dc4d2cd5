"""The outbox: mails are stored with what they promise, and stay until they are sent.

A mail that is due is claimed in one step by one of all processes, for the length of a lease: so
each attempt is made once, and a process that dies in the middle gives it back. Between the server
taking a mail and the row going lies a moment; who dies there sends it twice, under one Message-ID.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar, Literal, TypeAlias

from watchword.configuration.durations import Duration, in_seconds, seconds
from watchword.configuration.option_checks import check_callback, check_number
from watchword.configuration.safe_ranges import Safe
from watchword.database.records import Column, Record
from watchword.database.schema import Index

HandOver: TypeAlias = "Callable[[str, float], object]"
"""Gets the id of a mail and the seconds until it is due; `def` or `async def`."""
State: TypeAlias = Literal["waiting", "failed", "expired", "decoy"]


class QueuedMail(Record, kw_only=True):
    """A mail in the outbox. What it says is encrypted."""

    __model__: ClassVar[str] = "mailOutbox"
    __indexes__: ClassVar[tuple[Index, ...]] = (Index(("state", "nextAttempt")),)
    kind: str
    state: State = "waiting"
    content: Annotated[str, Column(returned=False)]
    attempts: int = 0
    next_attempt: datetime
    """When it is due."""
    leased_until: datetime
    """Until then an attempt may be under way."""
    expires_at: datetime | None = None
    """When its link or code ends: it is not sent any more then."""
    last_error: str | None = None
    purge_at: datetime | None = None
    """When the row goes; None: not before the mail is sent."""
    created_at: Annotated[datetime, Column(now="create", input=False)]
    updated_at: Annotated[datetime, Column(now="write", now_in_database=False, input=False)]


@dataclass(frozen=True, kw_only=True)
class Outbox:
    """Options of the outbox. It needs a table of its own: `watchword migrate`."""

    safe: ClassVar[dict[str, Safe]] = {
        "lease": Safe("a mail may be sent twice while the first attempt goes on", least=60),
    }

    attempts: int = 12
    """How often a mail is tried (1 to 100) before it counts as failed."""
    first_wait: Duration = 15
    """After the first attempt (15 seconds); doubled with each further one."""
    longest_wait: Duration = 7200
    """Between two attempts at most (2 hours)."""
    lease: Duration = 300
    """How long an attempt belongs to who began it (5 minutes): longer than the transport takes."""
    keep_failed: Duration = 2_592_000
    """How long failed and expired mails are kept (30 days)."""
    hand_over: HandOver | None = None
    """Puts a mail into a queue of the application's instead of sending it here, by its id; the
    queue's worker calls `auth.mails.send(id)`."""

    def __post_init__(self) -> None:
        check_number("Outbox.attempts", self.attempts, 1, 100)
        first = seconds("Outbox.first_wait", self.first_wait, most=86_400)
        seconds("Outbox.longest_wait", self.longest_wait, least=first, most=86_400)
        seconds("Outbox.lease", self.lease, least=1, most=86_400)
        seconds("Outbox.keep_failed", self.keep_failed)
        check_callback("Outbox.hand_over", self.hand_over)

    @property
    def waits(self) -> tuple[float, float]:
        """The first and the longest wait, in seconds."""
        return in_seconds(self.first_wait), in_seconds(self.longest_wait)
