"""psycopg as the engines use it: values on the wire, statements, and the driver's errors as ours.

Values arrive in PostgreSQL's binary form: quicker, and without regard to the time zone or the date
style of server, role or process. Text is sent without a type, so that the column decides: a text id
is found in a column of uuid, varchar or citext alike.
"""

from __future__ import annotations

import logging
import select
import struct
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap, Loader
from psycopg.pq import Format, TransactionStatus
from psycopg.types.numeric import Int8BinaryDumper

from watchword.database.contract import StorageError, StorageUnavailable

from .errors import gave_way as gave_way
from .errors import name_of as name_of
from .errors import refused_statement as refused_statement
from .errors import translated as translated
from .storage import MIGRATION_LOCK as MIGRATION_LOCK
from .url import PostgresOptions

Rows: TypeAlias = "list[tuple[Any, ...]]"
Written: TypeAlias = "tuple[Rows, int]"
Connections: TypeAlias = "psycopg.Connection[Any] | psycopg.AsyncConnection[Any]"

BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
ATTEMPTS = 5
"""How often a statement alone is tried that gave way to another one."""

WHO_ANSWERS = "SELECT pg_catalog.pg_backend_pid()"
"""Asked of each new connection, unless the options say when statements are prepared."""

_log = logging.getLogger("watchword.database")
_USES = 5
_PREPARED = 500
_MOST_IDLE = 600.0
_LIFETIME = 3600.0


def pool_settings(options: PostgresOptions) -> dict[str, Any]:
    """What both kinds of pool are made with. Connections are opened when they are needed."""
    threshold = options.prepare_threshold
    return {
        "conninfo": options.conninfo,
        "kwargs": {
            "autocommit": True,
            "prepare_threshold": _USES if threshold == "auto" else threshold,
            "context": _Context(),
        },
        "min_size": 0,
        "max_size": options.pool_size,
        "timeout": options.pool_timeout,
        "reconnect_timeout": options.pool_timeout,
        "max_idle": _MOST_IDLE,
        "max_lifetime": _LIFETIME,
        "name": "watchword",
        "open": False,
    }


def configure(connection: Connections) -> None:
    """Prepare a new connection for many shapes of statements."""
    connection.prepared_max = _PREPARED


def spare(connection: Connections, answered: object, options: PostgresOptions) -> None:
    """Prepare nothing on a connection where somebody stands between: the process that `answered`
    is not the one that was connected to.

    A pooler may send the next statement to another server process, where the name of a prepared
    one is unknown, or that of somebody else's.
    """
    if answered == connection.info.backend_pid:
        return
    connection.prepare_threshold = None
    if options.address not in _told:
        _told.add(options.address)
        _log.info(
            "a pooler answers for PostgreSQL at %s: statements are not prepared "
            "(prepare_threshold says otherwise)",
            options.address,
        )


_told = set[str]()
"""The servers of which it was told that a pooler answers for them."""


def usable(connection: Connections) -> bool:
    """Whether an idle connection is still what it was; asks no server.

    A server that ends a connection says so: there is something to read where nothing was asked.
    """
    server = connection.pgconn  # of a closed connection the status is unknown
    if server.transaction_status != TransactionStatus.IDLE:
        return False
    return not _readable(server.socket)


def check_committed(status: str | None) -> None:
    """A transaction in which a statement had failed answers COMMIT with ROLLBACK."""
    if status != "COMMIT":
        raise StorageError("the transaction was undone: a statement in it had been refused")


def no_connection(options: PostgresOptions, failure: str) -> StorageUnavailable:
    """The error for a caller who got no connection, with the reason of the last failure."""
    reason = failure or f"all {options.pool_size} of the pool stayed busy"
    return StorageUnavailable(
        f"no connection to PostgreSQL at {options.address} in {options.pool_timeout:g} s: {reason}"
    )


def probe(options: PostgresOptions) -> None:
    """Connect once, without a pool. Raises `StorageUnavailable` with the reason."""
    try:
        psycopg.connect(options.conninfo, connect_timeout=round(options.pool_timeout) or 1).close()
    except psycopg.Error as error:
        raise StorageUnavailable(
            f"no connection to PostgreSQL at {options.address}: {failure_of(error)}"
        ) from None


def failure_of(error: Exception) -> str:
    """What libpq says about a connection that could not be made, in one line."""
    return " ".join(str(error).split())


def _readable(descriptor: int) -> bool:
    if not hasattr(select, "poll"):
        return bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


class _TextLoader(Loader):
    """Text, also of types that extensions and applications add (citext, enumerations), and JSON."""

    format = Format.BINARY

    def load(self, data: Buffer) -> str:
        return bytes(data).decode()


class _JsonbLoader(Loader):
    """JSON as text: the version number in front of it is left out."""

    format = Format.BINARY

    def load(self, data: Buffer) -> str:
        return bytes(data[1:]).decode()


class _UUIDLoader(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> str:
        return str(UUID(bytes=bytes(data)))


class _MomentLoader(Loader):
    """Moments in UTC and whole milliseconds; what is beyond the years 1 to 9999 is at their end."""

    format = Format.BINARY

    def load(self, data: Buffer) -> datetime:
        microseconds = _unpack_long(data)[0]
        try:
            return _EPOCH + timedelta(0, 0, microseconds - microseconds % 1000)
        except OverflowError:
            return _moment(microseconds // 1000)


class _DayLoader(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> datetime:
        return _moment(_unpack_int(data)[0] * 86_400_000)


_unpack_long, _unpack_int = struct.Struct(">q").unpack, struct.Struct(">i").unpack
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_DAYS_BEFORE = date(2000, 1, 1).toordinal() - 1
_EARLIEST = -_DAYS_BEFORE * 86_400_000
_LATEST = (date.max.toordinal() - _DAYS_BEFORE) * 86_400_000 - 1


def _moment(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=min(max(milliseconds, _EARLIEST), _LATEST))


def _adapters() -> AdaptersMap:
    adapters = AdaptersMap(psycopg.adapters)
    # One type for all integers: a statement is prepared once, whatever the numbers.
    adapters.register_dumper(int, Int8BinaryDumper)
    for kind in (0, "json"):
        adapters.register_loader(kind, _TextLoader)
    adapters.register_loader("jsonb", _JsonbLoader)
    adapters.register_loader("uuid", _UUIDLoader)
    for kind in ("timestamptz", "timestamp"):
        adapters.register_loader(kind, _MomentLoader)
    adapters.register_loader("date", _DayLoader)
    return adapters


class _Context:
    """Where connections get their adapters from."""

    adapters = _adapters()
    connection = None
