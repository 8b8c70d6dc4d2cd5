"""Which connections to PostgreSQL are given up: to a server that is silent, or takes no writes.

A server behind a middlebox that acknowledges everything and forwards nothing looks well to TCP. So
each wait is bounded here, beside keep-alive (`keepalive`) and the server's own time-outs.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from time import monotonic
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

from .errors import is_read_only

T = TypeVar("T")

_LONGEST_MIGRATION = 3600.0


class ServerSilent(psycopg.OperationalError):
    """The server did not answer in time. The connection waits for something, and is of no use."""


def spent(error: BaseException) -> bool:
    """Whether the connection is of no use after an error, though it stands."""
    return isinstance(error, ServerSilent) or is_read_only(error)


class BoundedWaits:
    """What both kinds of connection wait with."""

    longest_silence: float
    """Seconds from one word of the server to the next one, while it has something to say."""

    def bounded(self, work: PQGen[T]) -> PQGen[T]:
        """A step of psycopg's, given up after a silence. Raises `ServerSilent`.

        psycopg comes back to it ten times a second with nothing (0), or with what happened.
        """
        latest = monotonic() + self.longest_silence
        try:
            wanted = next(work)
            while True:
                happened = yield wanted
                if happened:
                    latest = monotonic() + self.longest_silence
                elif monotonic() > latest:
                    raise ServerSilent("the server did not answer in time")
                wanted = work.send(happened)
        except StopIteration as done:
            return done.value


@contextmanager
def patient(connection: Any) -> Generator[None, None, None]:
    """Let statements take as long as a change of the schema may."""
    usual, connection.longest_silence = connection.longest_silence, _LONGEST_MIGRATION
    try:
        yield
    finally:
        connection.longest_silence = usual
