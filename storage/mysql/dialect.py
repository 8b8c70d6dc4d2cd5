"""The SQL of MySQL 8.0.19 and MariaDB 10.6 or newer, and the forms of values in it.

Tables are those of the reference (spec: data model, physical types), but for text and moments that
hold more (docs/storage.md).
"""

from __future__ import annotations

from typing import Any

from watchword.database.contract import InvalidValue
from watchword.database.schema import FieldType
from watchword.storage.sql.dialect import Dialect
from watchword.storage.sql.stored_forms import (
    SPACED_MILLIS,
    boolean_number,
    checked_number,
    checked_text,
    from_json_text,
    iso_date,
    json_text,
    moment,
    plain_number,
)


def _whole_number(value: Any) -> int:
    """A whole number: a column of integers would round a fraction without a word."""
    number = checked_number(value)
    if number != int(number):
        raise InvalidValue("expected a whole number")
    return int(number)


def _moment_text(value: Any) -> str:
    """A moment as text that columns of both DATETIME and TIMESTAMP take, in UTC."""
    return iso_date(value)[:23].replace("T", " ")


DIALECT = Dialect(
    name="mysql",
    placeholder="%s",
    quote="`",
    id_columns={
        "text": "varchar(64) NOT NULL PRIMARY KEY",
        "uuid": "varchar(64) NOT NULL PRIMARY KEY",
        "serial": "integer NOT NULL AUTO_INCREMENT PRIMARY KEY",
    },
    id_references={"text": "varchar(64)", "uuid": "varchar(64)", "serial": "integer"},
    types={
        FieldType.STRING: "mediumtext",
        FieldType.BOOLEAN: "boolean",
        FieldType.NUMBER: "integer",
        FieldType.BIGINT: "bigint",
        FieldType.DATE: "datetime(3)",
        FieldType.JSON: "json",
        FieldType.STRING_LIST: "json",
        FieldType.NUMBER_LIST: "json",
    },
    key_text_type="varchar(512)",
    now_default="CURRENT_TIMESTAMP(3)",
    adds_not_null=True,
    empty_text_dates=SPACED_MILLIS,
    store={
        FieldType.STRING: checked_text,
        FieldType.BOOLEAN: boolean_number,
        FieldType.NUMBER: _whole_number,
        FieldType.BIGINT: _whole_number,
        FieldType.DATE: _moment_text,
        FieldType.JSON: json_text,
        FieldType.STRING_LIST: json_text,
        FieldType.NUMBER_LIST: json_text,
    },
    load={
        FieldType.BOOLEAN: bool,
        FieldType.NUMBER: plain_number,
        FieldType.BIGINT: plain_number,
        FieldType.DATE: moment,
        FieldType.JSON: from_json_text,
        FieldType.STRING_LIST: from_json_text,
        FieldType.NUMBER_LIST: from_json_text,
    },
    lower="CAST(LOWER(CONVERT({} USING utf8mb4)) AS BINARY)",
    like_escape="",  # a backslash already
    longest_pattern=50_000,
    returning="",
    # It knows no order of insertion; by the id, pages at least do not overlap.
    insertion_order="`id`",
    no_limit=" LIMIT 18446744073709551615",
    lock_row=" FOR UPDATE",
    lock_joined_row=" FOR UPDATE",
)
