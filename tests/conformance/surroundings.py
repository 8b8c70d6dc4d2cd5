"""What a profile is built in: address, database, clock and outbox."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from watchword.storage.memory import MemoryStorage


class Clock:
    """The real time plus an offset that the runner sets."""

    offset = 0.0

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.offset)


@dataclass
class Surroundings:
    """The server's address and database, its clock, its outbox."""

    origin: str
    database: str
    clock: Clock = field(default_factory=Clock)
    outbox: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    secondary: MemoryStorage | None = None

    def post(self, kind: str, to: str, **rest: Any) -> None:
        """Put a message into the outbox."""
        self.outbox.append({"kind": kind, "to": to, **rest})
