"""MySQL 8.0.19 and MariaDB 10.6 or newer, by URL.

Statements run at READ COMMITTED; a transaction locks each row that it looks up, since it may go on
to change it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from watchword.database.schema import Schema
from watchword.errors import ConfigurationError
from watchword.storage.sql.engine import SQLEngine

from .dialect import DIALECT

if TYPE_CHECKING:
    from .url import MySQLOptions


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

    Raises `ConfigurationError`, also when a package of the extra `mysql` is missing.
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
        _driver("engines")
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

    def blocking(self, schema: Schema) -> SQLEngine:
        """An engine for synchronous code; safe under threads and after fork."""
        return _driver("engines").blocking(self.options, schema)

    def asynchronous(self, schema: Schema) -> SQLEngine:
        """An engine for event loops, one after the other or several at once."""
        return _driver("engines").asynchronous(self.options, schema)

    def __repr__(self) -> str:
        return f"MySQLStorage({self.options.address!r})"


def _driver(module: str) -> Any:
    """A module that needs the packages of the extra, which only those have who use MySQL."""
    try:
        return import_module(f".{module}", __package__)
    except ImportError as error:
        raise ConfigurationError(
            "database",
            f"MySQL and MariaDB need PyMySQL, asyncmy and SQLAlchemy ({error})",
            'Install it: pip install "watchword[mysql]"',
        ) from None
