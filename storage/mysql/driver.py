"""Connections of PyMySQL and asyncmy, with the settings that statements of ours count on.

Each is strict about values, speaks UTC and utf8mb4, counts rows that match (not only those that
change) and runs in autocommit and at READ COMMITTED, whatever the defaults of the server are. It is
closed without a word to the server, which undoes what is not committed: who says goodbye may wait.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from asyncmy.connection import Connection as AsyncConnection
from pymysql.connections import Connection
from pymysql.constants import CLIENT, FIELD_TYPE
from pymysql.converters import conversions

from watchword.storage.connections import keepalive

from .url import MySQLOptions

_SQL_MODE = (
    "ANSI_QUOTES,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION"
)
_MOMENTS = (FIELD_TYPE.DATE, FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP)
_CONVERSIONS = {kind: made for kind, made in conversions.items() if kind not in _MOMENTS}
"""Moments stay text: the dialect reads them, and quicker."""


if TYPE_CHECKING:
    _Connection: TypeAlias = Connection[Any]
else:
    _Connection = Connection


class Link(_Connection):
    """A connection of PyMySQL."""

    def close(self) -> None:
        cast("Any", self)._force_close()

    def usable(self) -> bool:
        """Whether an idle connection is still what it was; asks no server.

        A server that ends a connection says so: there is something to read where nothing was asked.
        """
        found = cast("Any", self)._sock
        return found is not None and not _readable(found.fileno())


class AsyncLink(AsyncConnection):
    """A connection of asyncmy. Used by the loop on which it was made."""

    _loop: asyncio.AbstractEventLoop
    _transport: Any

    async def ensure_closed(self) -> None:
        if self._transport is not None:
            self._transport.abort()
        self.close()

    def usable(self) -> bool:
        """See `Link.usable`."""
        lost = self._transport is None or self._transport.is_closing()
        return not lost and not _readable(self.descriptor())

    def descriptor(self) -> int:
        """The number of its socket."""
        return self._transport.get_extra_info("socket").fileno()

    def abandon(self) -> None:
        """Close it if its loop is closed: its transport cannot, and Python would warn."""
        transport = self._transport
        if transport is None or not self._loop.is_closed():
            return
        self._transport = None
        with suppress(RuntimeError):
            transport.abort()
        inner = getattr(getattr(transport, "_ssl_protocol", None), "_transport", transport)
        if (found := getattr(inner, "_sock", None)) is not None:
            found.close()
            inner._sock = None


def connected(options: MySQLOptions, *, read_timeout: float, **settings: Any) -> Link:
    """A connection to the server of the options, with further settings of PyMySQL.

    The server may be silent for `read_timeout` seconds, and for `connect_timeout` while the
    connection is made.
    """
    link = Link(
        **_common(options),
        read_timeout=options.connect_timeout,
        ssl_disabled=options.tls is None,
        **settings,
    )
    made = cast("Any", link)  # the driver has no public names for these two
    made._read_timeout = read_timeout
    keepalive.watch(made._sock)
    return link


def opened(options: MySQLOptions) -> Link:
    """A connection for the blocking engine."""
    link = connected(
        options,
        client_flag=CLIENT.FOUND_ROWS,
        conv=_CONVERSIONS,
        read_timeout=options.read_timeout,
        write_timeout=options.read_timeout,
        program_name="watchword",
    )
    try:
        with link.cursor() as cursor:
            for statement in _settings(options):
                cursor.execute(statement)
    except BaseException:
        link.close()
        raise
    return link


async def opened_in_loop(options: MySQLOptions) -> AsyncLink:
    """A connection for the asynchronous engine."""
    link = AsyncLink(
        **_common(options),
        client_flag=CLIENT.FOUND_ROWS,
        read_timeout=options.read_timeout,
        program_name="watchword",
    )
    try:
        async with asyncio.timeout(options.connect_timeout):
            await link.connect()
        with socket.socket(fileno=os.dup(link.descriptor())) as same:
            keepalive.watch(same)
        async with cast("Any", link).cursor() as cursor:
            for statement in _settings(options):
                await cursor.execute(statement)
    except BaseException:
        await link.ensure_closed()
        raise
    return link


def be_patient(link: Link | AsyncLink, read_timeout: float) -> None:
    """Have a connection wait longer for what comes next."""
    cast("Any", link)._read_timeout = read_timeout


def _common(options: MySQLOptions) -> dict[str, Any]:
    return {
        "host": options.host,
        "port": options.port,
        "user": options.user,
        "password": options.password,
        "database": options.database,
        "unix_socket": options.unix_socket,
        "charset": "utf8mb4",
        "autocommit": True,
        "connect_timeout": options.connect_timeout,
        "ssl": options.tls,
    }


def _settings(options: MySQLOptions) -> tuple[str, ...]:
    return (
        f"SET time_zone = '+00:00', sql_mode = '{_SQL_MODE}'",
        lock_waits(round(options.lock_timeout)),
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    )


def lock_waits(seconds: int) -> str:
    """The statement that bounds how long a connection waits for what others have locked."""
    return f"SET innodb_lock_wait_timeout = {seconds}, lock_wait_timeout = {seconds}"


def _readable(descriptor: int) -> bool:
    if not hasattr(select, "poll"):
        return bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
