"""Errors of MySQL and MariaDB as those of the contract, told by number in the form of PyMySQL."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import cast

import pymysql
from pymysql.constants import CR, ER

from watchword.database.contract import (
    InvalidValue,
    ReferenceViolation,
    SchemaMismatch,
    StorageError,
    StorageUnavailable,
    UniqueViolation,
)
from watchword.storage.sql.engine import refused_empty

from .url import MySQLOptions


class GaveWay(StorageUnavailable):
    """The server undid a transaction, because it and another one waited for each other."""


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


def as_pymysql(error: BaseException) -> BaseException:
    """An error of another driver as PyMySQL would raise it: classes and numbers are the same."""
    if isinstance(error, pymysql.err.MySQLError | OSError | StorageError):
        return error
    kind = getattr(pymysql.err, type(error).__name__, pymysql.err.MySQLError)
    made = kind if isinstance(kind, type) else pymysql.err.MySQLError
    return cast("BaseException", made(*error.args))


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
