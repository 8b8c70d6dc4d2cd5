"""Rows as they are stored, whatever the database (PROFILES.md, section 3)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
import pymysql
from psycopg import sql
from psycopg.rows import dict_row
from pymysql.cursors import DictCursor

_NO_SUCH_TABLE = 1146


def raw_rows(url: str, table: str, column: str, value: str) -> list[dict[str, Any]]:
    """Rows of a table with a value in a column; none if there is no such table.

    Raises `ValueError` for what cannot be asked.
    """
    if url.startswith("sqlite:///"):
        return _sqlite(url.removeprefix("sqlite:///"), table, column, value)
    if url.startswith("postgres"):
        return _postgresql(url, table, column, value)
    return _mysql(url, table, column, value)


def _sqlite(file: str, table: str, column: str, value: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(file)) as database:
        database.row_factory = sqlite3.Row
        statement = f'SELECT * FROM "{table}" WHERE "{column}" = ? ORDER BY rowid'
        try:
            return [dict(row) for row in database.execute(statement, (value,))]
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise ValueError(str(error)) from None


def _postgresql(url: str, table: str, column: str, value: str) -> list[dict[str, Any]]:
    query = sql.SQL("SELECT * FROM {} WHERE {}::text = %s ORDER BY ctid").format(
        sql.Identifier(table), sql.Identifier(column)
    )
    with psycopg.connect(url) as database, database.cursor(row_factory=dict_row) as cursor:
        try:
            return cursor.execute(query, (value,)).fetchall()
        except psycopg.errors.UndefinedTable:
            return []
        except psycopg.Error as error:
            raise ValueError(str(error)) from None


def _mysql(url: str, table: str, column: str, value: str) -> list[dict[str, Any]]:
    address = urlsplit(url)
    database = pymysql.connect(
        host=address.hostname,
        port=address.port or 3306,
        user=unquote(address.username or "root"),
        password=unquote(address.password or ""),
        database=address.path.lstrip("/"),
        cursorclass=DictCursor,
    )
    with database, database.cursor() as cursor:
        try:
            cursor.execute(f"SELECT * FROM `{table}` WHERE `{column}` = %s", (value,))
            return [{name: _zoned(one) for name, one in row.items()} for row in cursor.fetchall()]
        except pymysql.err.ProgrammingError as error:
            if error.args[0] == _NO_SUCH_TABLE:
                return []
            raise ValueError(str(error)) from None


def _zoned(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
