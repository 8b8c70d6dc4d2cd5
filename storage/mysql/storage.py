"""MySQL 8.0.19 and MariaDB 10.6 or newer, through PyMySQL: one driver for both kinds of engine.

Tables are those of the reference (spec: data model, physical types), but for text and moments that
hold more (docs/storage.md). Statements run at READ COMMITTED; a transaction locks each row that
it looks up, since it may go on to change it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from watchword.database.contract import InvalidValue
from watchword.database.schema import FieldType, Schema
from watchword.errors import ConfigurationError
from watchword.storage.sql.dialect import Dialect
from watchword.storage.sql.engine import SQLDatabase
from watchword.storage.sql.stored_forms import (
    SPACED_MILLIS,
    boolean_number,
    checked_number,
    checked_text,
    from_json_text,
    iso_date,
    json_text,
)

from .conditions import MySQLQueries
from .ddl import declared_types, inspect
from .engine import MySQLEngine

if TYPE_CHECKING:
    from .url import MySQLOptions


def _whole_number(value: Any) -> int:
    """A whole number: a column of integers would round a fraction without a word."""
    number = checked_number(value)
    if number != int(number):
        raise InvalidValue("expected a whole number")
    return int(number)


def _moment_text(value: Any) -> str:
    """A moment as text that columns of both DATETIME and TIMESTAMP take, in UTC."""
    return iso_date(value)[:23].replace("T", " ")


def _moment(value: Any) -> datetime:
    """What a column of DATETIME, TIMESTAMP or DATE holds. Raises `ValueError`."""
    found = datetime.fromisoformat(value)
    return found.replace(microsecond=found.microsecond // 1000 * 1000, tzinfo=UTC)


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
        FieldType.DATE: _moment,
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


class MySQLStorage:
    """A database of MySQL or MariaDB; each engine has a pool, which connects on first use.

    `url` is `mysql://user:password@host:port/name?...` (or `mariadb://`). In its query may stand
    the options below, which win over the arguments. Durations are in seconds.

    - `pool_size`: the most connections that one engine opens (per event loop).
    - `pool_timeout`: how long a caller waits for one of them.
    - `connect_timeout`: how long a connection may take to be made.
    - `lock_timeout`: how long a statement waits for a row that another one has locked.
    - `read_timeout`: how long the server may be silent; longer than `lock_timeout`.
    - `unix_socket`: the path of a socket, instead of host and port.
    - `ssl_mode`: `disabled`, `required` (encrypted, whoever it is), `verify_ca`, `verify_identity`;
      the last one where `ssl_ca` or `ssl_cert` is given, and otherwise none.
    - `ssl_ca`, `ssl_cert`, `ssl_key`: files with the authority to trust, and with one's own
      certificate and its key.

    Raises `ConfigurationError`, also when the package of the extra `mysql` is missing.
    """

    system = "mysql"
    """Its name in traces (`db.system.name`)."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        pool_timeout: float = 5.0,
        connect_timeout: float = 5.0,
        lock_timeout: float = 10.0,
        read_timeout: float = 30.0,
        unix_socket: str | None = None,
        ssl_mode: str | None = None,
        ssl_ca: str | None = None,
        ssl_cert: str | None = None,
        ssl_key: str | None = None,
    ) -> None:
        _driver("driver")
        urls = _driver("url")
        given = urls.MySQLOptions(
            pool_size=pool_size,
            pool_timeout=pool_timeout,
            connect_timeout=connect_timeout,
            lock_timeout=lock_timeout,
            read_timeout=read_timeout,
            unix_socket=unix_socket,
            ssl_mode=ssl_mode,
            ssl_ca=ssl_ca,
            ssl_cert=ssl_cert,
            ssl_key=ssl_key,
        )
        self.options: MySQLOptions = urls.parsed(url, given)

    @classmethod
    def from_url(cls, url: str) -> MySQLStorage:
        """The storage of a URL. Raises `ConfigurationError`."""
        return cls(url)

    def check(self, schema: Schema) -> None:
        """Refuse a schema that it cannot keep. Raises `ConfigurationError`."""
        DIALECT.check(schema)

    def blocking(self, schema: Schema) -> MySQLEngine:
        """An engine for synchronous code; safe under threads and after fork."""
        connections = _driver("blocking").BlockingConnections(self.options)
        return MySQLEngine(_database(schema), connections)

    def asynchronous(self, schema: Schema) -> MySQLEngine:
        """An engine for event loops, one after the other or several at once."""
        connections = _driver("asynchronous").LoopConnections(self.options)
        return MySQLEngine(_database(schema), connections)

    def __repr__(self) -> str:
        return f"MySQLStorage({self.options.address!r})"


def _database(schema: Schema) -> SQLDatabase:
    queries = MySQLQueries(schema, DIALECT)
    return SQLDatabase.of(schema, DIALECT, inspect, declared_types, queries)


def _driver(module: str) -> Any:
    """A module that needs PyMySQL, which only those have who use MySQL."""
    try:
        return import_module(f".{module}", __package__)
    except ImportError as error:
        raise ConfigurationError(
            "database",
            f"MySQL and MariaDB need the package PyMySQL ({error})",
            'Install it: pip install "watchword[mysql]"',
        ) from None
