"""`Advanced(outgoing=Outgoing(...))`: how the server asks others over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from watchword.errors import ConfigurationError
from watchword.runtime.outgoing import OutgoingSettings

from .durations import Duration, in_seconds
from .option_checks import check_flag, check_number
from .safe_ranges import Safe

if TYPE_CHECKING:
    from watchword.runtime.outgoing import Transport


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """Bounds of requests to identity providers and other servers, for each process."""

    safe: ClassVar[Mapping[str, Safe]] = {
        "timeout": Safe("a server that hangs holds up requests", most=60),
        "allow_private": Safe(
            "URLs that tenants register may reach your own network", exactly=False
        ),
    }

    timeout: Duration = 10
    """How long one request may take in all, from waiting for its turn to the last byte (10 s)."""
    most_bytes: int = 1_048_576
    """Bytes of an answer that are read; longer ones are failures."""
    parallel: int = 100
    """Requests at a time; at most half of them to one server."""
    queue: int = 1000
    """Requests that wait for their turn; beyond, the answer is 503."""
    allow_private: bool = False
    """Let URLs that users or tenants register lead to private addresses: for intranets."""
    transport: Transport | None = None
    """A transport of httpx2 that connects instead of ours: a proxy, or a test's. It has to serve
    the world that is used (`BaseTransport`, `AsyncBaseTransport`), resolves names by itself, and is
    yours to close."""

    def __post_init__(self) -> None:
        seconds = in_seconds(self.timeout)
        if not 0 < seconds <= 600:
            raise ConfigurationError(
                "advanced.outgoing.timeout",
                f"{self.timeout!r} does not fit",
                "Give a duration of at most 600 seconds",
            )
        check_number("advanced.outgoing.most_bytes", self.most_bytes, 1024)
        check_number("advanced.outgoing.parallel", self.parallel, 1, 10_000)
        check_number("advanced.outgoing.queue", self.queue, 0)
        check_flag("advanced.outgoing.allow_private", self.allow_private)

    def settings(self) -> OutgoingSettings:
        """The same as the runtime wants it."""
        return OutgoingSettings(
            timeout=in_seconds(self.timeout),
            most_bytes=self.most_bytes,
            parallel=self.parallel,
            queue=self.queue,
            allow_private=self.allow_private,
            transport=self.transport,
        )
