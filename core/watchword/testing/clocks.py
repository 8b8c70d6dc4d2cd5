"""Time that tests move, for a server that somebody else built."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from watchword.auth import Auth

from .rehearsing import another, require_tests


class Clock:
    """A clock that stands still until it is moved. It gives an aware time, in UTC.

    It is what `Auth(clock=)` and `JWTVerifier(clock=)` take, too.
    """

    def __init__(self, at: datetime | None = None) -> None:
        """It stands at `at`, which is aware, or at this very second."""
        self.now = datetime.now(UTC).replace(microsecond=0) if at is None else _utc(at)
        """The time that it shows."""

    def __call__(self) -> datetime:
        return self.now

    def __repr__(self) -> str:
        return f"<Clock at {self.now.isoformat()}>"

    def forward(self, by: timedelta | float) -> None:
        """Let so much time pass, or so many seconds."""
        self.now += by if isinstance(by, timedelta) else timedelta(seconds=by)

    def move_to(self, moment: datetime) -> None:
        """Set it to an aware time, before or after."""
        self.now = _utc(moment)


@runtime_checkable
class _WithClock(Protocol):
    """A secondary storage that knows by itself when keys end, as `MemoryStorage` does."""

    clock: Callable[[], datetime]


@contextmanager
def frozen(*auths: Auth[Any], at: datetime | None = None) -> Generator[Clock, None, None]:
    """Give built servers one clock that stands still, until the end of the block.

    Sessions, codes, links, limits and a `MemoryStorage` go by it. What others keep the time of does
    not: keys in Redis, cookies in a browser. Raises `ConfigurationError` outside of tests.
    """
    require_tests("testing.frozen")
    clock = Clock(at)
    with ExitStack() as changed:
        for auth in auths:
            options = auth.config.options
            changed.enter_context(another(options, {"clock": clock}))
            if isinstance(secondary := options.secondary_storage, _WithClock):
                changed.enter_context(another(secondary, {"clock": clock}))
        yield clock


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("the time has no zone; give an aware one, such as datetime(..., UTC)")
    return moment.astimezone(UTC)
