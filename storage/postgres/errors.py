"""Errors of PostgreSQL's drivers as those of the contract. All drivers tell its SQLSTATE."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from watchword.database.contract import (
    InvalidValue,
    ReferenceViolation,
    SchemaMismatch,
    StorageError,
    StorageUnavailable,
    UniqueViolation,
)
from watchword.storage.sql.engine import refused_empty


def translated(error: Exception, shown: str = "") -> StorageError:
    """The driver's error as one of the contract; its text could hold values, ours does not."""
    code = _state(error) or ""
    if code in _KNOWN:
        return _KNOWN[code]()
    if code in ("42P01", "42703", "3F000"):
        # Only names of the schema are in this text.
        text = " ".join(str(error).partition("\n")[0].split())
        return SchemaMismatch(text)
    if code.startswith("22") or (not code and _is(error, "DataError")):
        return InvalidValue(f"a value cannot be stored or compared ({name_of(error)})")
    if code[:2] in _PASSING or (not code and _is(error, "OperationalError")):
        at = f" at {shown}" if shown else ""
        return StorageUnavailable(f"PostgreSQL{at} is busy or cannot be reached ({name_of(error)})")
    if code == "23502":
        told: Any = getattr(error, "diag", error)  # psycopg's; asyncpg has it on the error itself
        return refused_empty(f"{told.table_name}.{told.column_name}")
    if code.startswith("23"):
        return StorageError(f"the database refused the row ({name_of(error)})")
    return StorageError(f"the PostgreSQL database failed ({name_of(error)})")


def gave_way(error: BaseException) -> bool:
    """Whether a statement only failed because of another one at the same time."""
    return _state(error) in ("40001", "40P01")


def is_read_only(error: BaseException) -> bool:
    """Whether the server takes no writes: after a failover this one is not the first any more."""
    return _state(error) == "25006"


def refused_statement(error: Exception, statement: str) -> StorageError:
    """The error of a statement of the schema: its text holds names and constants, no values."""
    if (_state(error) or "").startswith("23"):
        return StorageError(f"rows of the table stand against: {statement}")
    known = translated(error)
    if isinstance(known, StorageUnavailable):
        return known
    diagnosis = getattr(error, "diag", None)  # psycopg's; elsewhere the text is no more than that
    primary = getattr(diagnosis, "message_primary", None) or str(error).partition("\n")[0]
    return StorageError(f"PostgreSQL refused: {statement} ({primary or name_of(error)})")


def name_of(error: Exception) -> str:
    """The name of an error, with PostgreSQL's code."""
    code = _state(error)
    return f"{type(error).__name__} {code}" if code else type(error).__name__


def _state(error: BaseException) -> str | None:
    """PostgreSQL's code of an error; psycopg2 has it under another name."""
    return getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)


def _is(error: Exception, name: str) -> bool:
    """Whether an error is of the class that Python's database interface calls so."""
    return any(base.__name__ == name for base in type(error).__mro__)


_PASSING = ("08", "40", "53", "55", "57", "58")
"""Classes of SQLSTATE that pass: connection, conflict, resources, locks, shutdown, disk."""

_KNOWN: dict[str, Callable[[], StorageError]] = {
    "23505": lambda: UniqueViolation("a row with this unique value exists"),
    "23503": lambda: ReferenceViolation("the row refers to one that does not exist"),
    "25006": lambda: StorageUnavailable("the PostgreSQL database is read-only for now"),
    "25P02": lambda: StorageError("a statement in this transaction had been refused: it is lost"),
    "25P03": lambda: StorageUnavailable("the transaction took too long"),
    "54000": lambda: InvalidValue("a value is too long for the index of its column"),
    "54001": lambda: InvalidValue("a value is too deep to be stored"),
}
