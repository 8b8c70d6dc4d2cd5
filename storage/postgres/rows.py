"""Rows of any PostgreSQL database, through a cursor of the server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

import psycopg
from psycopg.rows import dict_row

from watchword.database.contract import StorageError, StorageUnavailable
from watchword.storage.sql.row_reading import RowReader

from .driver import failure_of, name_of
from .url import PostgresOptions, parsed

if TYPE_CHECKING:
    from typing import LiteralString

_AT_ONCE = 1000


class PostgresRows(RowReader):
    """Two connections that only read: one streams, one looks things up meanwhile."""

    def __init__(self, url: str) -> None:
        self._options = parsed(url, PostgresOptions())
        self._streaming = self._opened()
        self._looking = self._opened()
        self._looking.autocommit = True

    def close(self) -> None:
        """Close both connections."""
        self._streaming.close()
        self._looking.close()

    def _described(self, sql: str) -> list[str]:
        try:
            cursor = self._looking.execute(_text(sql))
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            return []
        except psycopg.Error as error:
            raise _failed(error) from None
        return [column.name for column in cursor.description or ()]

    def _streamed(self, sql: str) -> Iterator[dict[str, Any]]:
        try:
            with self._streaming.cursor("watchword_import") as cursor:
                cursor.itersize = _AT_ONCE
                yield from cursor.execute(_text(sql))
        except psycopg.Error as error:
            raise _failed(error) from None

    def _fetched(self, sql: str, params: Sequence[Any]) -> list[dict[str, Any]]:
        try:
            return self._looking.execute(_text(sql), params).fetchall()
        except psycopg.Error as error:
            raise _failed(error) from None

    def _opened(self) -> psycopg.Connection[Any]:
        options = self._options
        try:
            connection: psycopg.Connection[Any] = psycopg.connect(options.conninfo)
        except psycopg.Error as error:
            problem = f"no connection to PostgreSQL at {options.address}: {failure_of(error)}"
            raise StorageUnavailable(problem) from None
        connection.row_factory = dict_row
        connection.read_only = True
        return connection


def _text(sql: str) -> LiteralString:
    return cast("LiteralString", sql)


def _failed(error: psycopg.Error) -> StorageError:
    return StorageError(f"the PostgreSQL database failed ({name_of(error)})")
