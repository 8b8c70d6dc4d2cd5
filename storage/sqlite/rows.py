"""Rows of any SQLite file, one after another."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from watchword.database.contract import StorageError, StorageUnavailable
from watchword.storage.sql.row_reading import RowReader

from .storage import SQLiteStorage

_AT_ONCE = 1000


class SQLiteRows(RowReader):
    """A file, opened for reading only. Raises `StorageUnavailable` where there is none."""

    placeholder = "?"

    def __init__(self, url: str) -> None:
        path = SQLiteStorage.from_url(url).path
        try:
            self._link = sqlite3.connect(f"{Path(path).as_uri()}?mode=ro", uri=True)
        except (sqlite3.Error, ValueError):
            raise StorageUnavailable(f"cannot open the SQLite database {path}") from None

    def close(self) -> None:
        """Close the file."""
        self._link.close()

    def _described(self, sql: str) -> list[str]:
        try:
            return _names(self._link.execute(sql))
        except sqlite3.OperationalError as error:
            if "no such table" in str(error) or "unknown database" in str(error):
                return []
            raise _failed(error) from None
        except sqlite3.DatabaseError as error:
            raise _failed(error) from None

    def _streamed(self, sql: str) -> Iterator[dict[str, Any]]:
        cursor = self._ran(sql, ())
        names = _names(cursor)
        while rows := cursor.fetchmany(_AT_ONCE):
            for row in rows:
                yield dict(zip(names, row, strict=True))

    def _fetched(self, sql: str, params: Sequence[Any]) -> list[dict[str, Any]]:
        cursor = self._ran(sql, params)
        names = _names(cursor)
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _ran(self, sql: str, params: Sequence[Any]) -> sqlite3.Cursor:
        try:
            return self._link.execute(sql, params)
        except sqlite3.Error as error:
            raise _failed(error) from None


def _names(cursor: sqlite3.Cursor) -> list[str]:
    return [column[0] for column in cursor.description]


def _failed(error: sqlite3.Error) -> StorageError:
    return StorageError(f"the SQLite database failed ({error})")
