"""PyMySQL as the engines use it: one connection, its settings, and the driver's errors as ours."""

from __future__ import annotations

import re
import select
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, TypeAlias, cast

import pymysql
from pymysql.constants import CLIENT, CR, ER, FIELD_TYPE
from pymysql.converters import encoders

from watchword.database.contract import (
    InvalidValue,
    ReferenceViolation,
    SchemaMismatch,
    StorageError,
    StorageUnavailable,
    UniqueViolation,
)
from watchword.storage.connections import keepalive
from watchword.storage.sql.engine import refused_empty

from .url import MySQLOptions

Rows: TypeAlias = "list[tuple[Any, ...]]"
Written: TypeAlias = "tuple[Rows, int]"

DRIVER_ERRORS = (pymysql.err.MySQLError, OSError)
ATTEMPTS = 5
"""How often work alone in its transaction is tried that gave way to another one."""

_SQL_MODE = (
    "ANSI_QUOTES,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION"
)
_MOST_IDLE = 600.0
_LIFETIME = 3600.0
_LONGEST_MIGRATION = 3600.0

MIGRATION_LOCK = "SELECT GET_LOCK(CONCAT('watchword:', MD5(DATABASE())), 60)"
"""One process at a time changes the schema. The lock ends with its connection."""


class GaveWay(StorageUnavailable):
    """The server undid a transaction, because it and another one waited for each other."""


class Link:
    """One connection, made with its first statement. Used by one caller at a time.

    It is strict about values, speaks UTC and utf8mb4, counts rows that match (not only those that
    change) and runs at READ COMMITTED, whatever the defaults of the server are. `patient` waits for
    statements of any length.
    """

    def __init__(self, options: MySQLOptions, *, patient: bool = False) -> None:
        self._options = options
        self._patient = patient
        self._connection: pymysql.Connection[Any] | None = None
        self._cursor: Any = None
        self._opened = self._used = time.monotonic()

    def run(self, sql: str, params: Sequence[Any] | None) -> Written:
        """Rows of a statement, and how many it matched. After an INSERT for which the database made
        an id, the one row is this id. Raises what the driver raises.
        """
        cursor = self._cursor or self._open()
        cursor.execute(sql, params)
        if cursor.description is not None:
            return list(cursor.fetchall()), cursor.rowcount
        made: int = cursor.lastrowid
        return ([(made,)] if made else []), cursor.rowcount

    def usable(self) -> bool:
        """Whether an idle connection is still what it was; asks no server.

        A server that ends a connection says so: there is something to read where nothing was asked.
        """
        now = time.monotonic()
        if now - self._used > _MOST_IDLE or now - self._opened > _LIFETIME:
            return False
        connection = self._connection
        return connection is not None and connection.open and not _readable(connection)

    def rested(self) -> None:
        """Note that nobody uses it any more."""
        self._used = time.monotonic()

    def close(self) -> None:
        """Close without a word to the server, which undoes what is not committed."""
        connection, self._connection, self._cursor = self._connection, None, None
        if connection is not None:
            _drop(connection)

    def _open(self) -> Any:
        options = self._options
        connection = connected(
            options,
            client_flag=CLIENT.FOUND_ROWS,
            conv=_CONVERSIONS,
            read_timeout=_LONGEST_MIGRATION if self._patient else options.read_timeout,
            write_timeout=options.read_timeout,
            program_name="watchword",
        )
        cursor = connection.cursor()
        wait = 60 if self._patient else round(options.lock_timeout)
        try:
            cursor.execute(
                f"SET time_zone = '+00:00', sql_mode = '{_SQL_MODE}', "
                f"innodb_lock_wait_timeout = {wait}, lock_wait_timeout = {wait}"
            )
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        except BaseException:
            _drop(connection)
            raise
        self._connection, self._cursor = connection, cursor
        self._opened = time.monotonic()
        return cursor


def connected(
    options: MySQLOptions, *, read_timeout: float, **settings: Any
) -> pymysql.Connection[Any]:
    """A connection to the server of the options, with further settings of PyMySQL.

    The server may be silent for `read_timeout` seconds, and for `connect_timeout` while the
    connection is made.
    """
    connection = pymysql.connect(
        host=options.host,
        port=options.port,
        user=options.user,
        password=options.password,
        database=options.database,
        unix_socket=options.unix_socket,
        charset="utf8mb4",
        autocommit=True,
        connect_timeout=options.connect_timeout,
        read_timeout=options.connect_timeout,
        ssl=options.tls,
        ssl_disabled=options.tls is None,
        **settings,
    )
    made = cast("Any", connection)  # the driver has no public names for these two
    made._read_timeout = read_timeout
    keepalive.watch(made._sock)
    return connection


def translated(error: BaseException, options: MySQLOptions) -> StorageError:
    """The driver's error as one of the contract; its text could hold values, ours does not."""
    code = number_of(error)
    if code in _KNOWN:
        return _KNOWN[code]()
    if code in _SHAPE:
        # Only names of the schema are in this text.
        text = " ".join(str(error.args[-1]).split())
        return SchemaMismatch(text)
    if code in _EMPTY:
        return refused_empty(str(error.args[-1]).partition("'")[2].partition("'")[0])
    if code in _VALUES:
        return InvalidValue(f"{_column(error)}a value cannot be stored ({code})")
    if not code or code in _PASSING or 2000 <= code < 3000:
        name = f"{type(error).__name__} {code}" if code else type(error).__name__
        problem = _REFUSALS.get(code, "is busy or cannot be reached")
        return StorageUnavailable(f"MySQL at {options.address} {problem} ({name})")
    if isinstance(error, pymysql.err.IntegrityError):
        return StorageError(f"the database refused the row ({code})")
    return StorageError(f"the MySQL database failed ({type(error).__name__} {code})")


def ended(error: BaseException) -> bool:
    """Whether the connection is of no use after an error.

    To a server that takes no writes it may stand: after a failover that one is not the first any
    more, and a new connection finds the one that is.
    """
    code = number_of(error)
    return not code or code in _ENDED or 2000 <= code < 3000


def undone(error: BaseException) -> bool:
    """Whether the server has undone the transaction in which an error came up."""
    return number_of(error) in _GAVE_WAY or ended(error)


def is_there_already(error: BaseException) -> bool:
    """Whether a statement of the schema wanted to add what is there."""
    return number_of(error) in (ER.TABLE_EXISTS_ERROR, ER.DUP_FIELDNAME, ER.DUP_KEYNAME, 1826)


def refused_statement(error: BaseException, statement: str, options: MySQLOptions) -> StorageError:
    """The error of a statement of the schema."""
    code = number_of(error)
    if code in (*_DUPLICATES, *_ORPHANS, 1138, 1451):
        return StorageError(f"rows of the table stand against: {statement}")
    if code in _PASSING or code in _GAVE_WAY or ended(error):
        return translated(error, options)
    text = "" if code in _VALUES else f": {' '.join(str(error.args[-1]).split())}"
    return StorageError(f"MySQL refused: {statement} ({code}{text})")


def number_of(error: BaseException) -> int:
    """The number of an error, 0 for none."""
    first = error.args[0] if isinstance(error, pymysql.err.MySQLError) and error.args else 0
    return first if isinstance(first, int) else 0


def _column(error: BaseException) -> str:
    """The column at the end of an error's text; all before it may be of the value."""
    found = re.search(r"column [^\s]*?[`']([^`'\s]{1,64})[`'] at row \d+$", str(error.args[-1]))
    return f"{found[1]}: " if found else ""


_REFUSALS = {
    ER.ACCESS_DENIED_ERROR: "refuses the user or the password",
    ER.DBACCESS_DENIED_ERROR: "does not let the user into the database",
    ER.BAD_DB_ERROR: "has no database of this name",
}
_DUPLICATES = (ER.DUP_ENTRY, 1586, 1859)
_ORPHANS = (ER.NO_REFERENCED_ROW, ER.NO_REFERENCED_ROW_2)
_GAVE_WAY = (ER.LOCK_DEADLOCK, 1020, 3101)  # deadlock; changed since it was read; Galera, groups
_EMPTY = (1048, 1364)
"""NULL, or nothing at all, for a column that must have a value."""
_SHAPE = (ER.NO_SUCH_TABLE, ER.BAD_FIELD_ERROR)
_VALUES = (1264, 1265, 1292, 1366, 1406, 1411, 3140, 3141, 3156, 3903, 4025, 1153, 1690)
_READ_ONLY = (1290, 1792, 1836)
_ENDED = (*_READ_ONLY, 1152, 1153, 1184, 1927, 1053, 1317, 3169, 4031)
_PASSING = (
    *(1021, 1037, 1038, 1040, 1041, 1042, 1043, 1044, 1045, 1049, 1053, 1129, 1130, 1135, 1158),
    *(1159, 1160, 1161, 1152, 1184, 1203, 1205, 1206, 1213, 1226, 1317, 1614, *_READ_ONLY),
    *(1927, 1969, 3024, 3159, 3169, 4031, 1047),
)
"""Numbers that pass, or that an operator mends: limits, locks, shutdown, read-only, grants."""

_KNOWN: dict[int, Callable[[], StorageError]] = {
    **dict.fromkeys(_DUPLICATES, lambda: UniqueViolation("a row with this unique value exists")),
    **dict.fromkeys(
        (*_ORPHANS, 1217, 1451),
        lambda: ReferenceViolation("the row refers to one that does not exist, or is referred to"),
    ),
    **dict.fromkeys(
        _GAVE_WAY, lambda: GaveWay("the transaction gave way to another one that needs its rows")
    ),
    ER.LOCK_WAIT_TIMEOUT: lambda: StorageUnavailable("rows stayed locked for too long"),
    CR.CR_SERVER_LOST: lambda: StorageUnavailable("the connection to MySQL was lost"),
}


def _number(text: str) -> int | float:
    value = Decimal(text)
    return int(value) if value == value.to_integral_value() else float(value)


_CONVERSIONS: dict[Any, Any] = {
    **encoders,
    **dict.fromkeys(
        (
            FIELD_TYPE.TINY,
            FIELD_TYPE.SHORT,
            FIELD_TYPE.INT24,
            FIELD_TYPE.LONG,
            FIELD_TYPE.LONGLONG,
            FIELD_TYPE.YEAR,
        ),
        int,
    ),
    FIELD_TYPE.FLOAT: float,
    FIELD_TYPE.DOUBLE: float,
    FIELD_TYPE.DECIMAL: _number,
    FIELD_TYPE.NEWDECIMAL: _number,
}
"""Moments stay text here: the dialect reads them, in UTC."""


def _drop(connection: Any) -> None:
    connection._force_close()  # `close` would tell the server first, and may wait for it


def _readable(connection: Any) -> bool:
    found = connection._sock  # the driver has no public name for it
    if found is None:
        return True
    if not hasattr(select, "poll"):
        return bool(select.select([found], [], [], 0)[0])
    poll = select.poll()
    poll.register(found, select.POLLIN)
    return bool(poll.poll(0))
