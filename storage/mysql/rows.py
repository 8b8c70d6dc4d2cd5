"""Rows of any MySQL or MariaDB database, unbuffered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pymysql
from pymysql.constants import ER
from pymysql.cursors import DictCursor, SSDictCursor

from watchword.database.contract import StorageError, StorageUnavailable
from watchword.storage.sql.row_reading import RowReader

from .driver import connected
from .errors import number_of
from .url import MySQLOptions, parsed

_LONGEST_QUERY = 3600
"""Seconds: what is imported may be sorted first."""
_ABSENT = {ER.NO_SUCH_TABLE, ER.BAD_DB_ERROR, ER.TABLEACCESS_DENIED_ERROR}


class MySQLRows(RowReader):
    """Two connections that only read: one streams, one looks things up meanwhile."""

    mark = "`"

    def __init__(self, url: str) -> None:
        self._options = parsed(url, MySQLOptions())
        self._streaming = self._opened()
        self._looking = self._opened()

    def close(self) -> None:
        """Close both connections."""
        self._streaming.close()
        self._looking.close()

    def _described(self, sql: str) -> list[str]:
        with self._looking.cursor() as cursor:
            try:
                cursor.execute(sql)
            except pymysql.MySQLError as error:
                if number_of(error) in _ABSENT:
                    return []
                raise _failed(error) from None
            return [column[0] for column in cursor.description or ()]

    def _streamed(self, sql: str) -> Iterator[dict[str, Any]]:
        try:
            with self._streaming.cursor(SSDictCursor) as cursor:
                cursor.execute(sql)
                yield from cursor
        except pymysql.MySQLError as error:
            raise _failed(error) from None

    def _fetched(self, sql: str, params: Sequence[Any]) -> list[dict[str, Any]]:
        try:
            with self._looking.cursor(DictCursor) as cursor:
                cursor.execute(sql, params)
                return list(cursor.fetchall())
        except pymysql.MySQLError as error:
            raise _failed(error) from None

    def _opened(self) -> Any:
        try:
            return connected(
                self._options,
                program_name="watchword import",
                read_timeout=_LONGEST_QUERY,
                write_timeout=_LONGEST_QUERY,
                # Without it the server hangs up on a stream whose reader writes for a minute.
                init_command="SET SESSION net_write_timeout = 3600, time_zone = '+00:00'",
            )
        except pymysql.MySQLError as error:
            problem = f"no connection to MySQL at {self._options.address} ({number_of(error)})"
            raise StorageUnavailable(problem) from None


def _failed(error: BaseException) -> StorageError:
    return StorageError(f"the MySQL database failed ({number_of(error)})")
