"""URLs of MySQL and MariaDB, taken apart and checked before anything connects.

Nothing here shows a password: refusals name the parameter, never the whole URL.
"""

from __future__ import annotations

import math
import re
import ssl
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from watchword.errors import ConfigurationError

_SCHEMES = ("mysql", "mariadb", "mysql+pymysql", "mariadb+pymysql")
_FORM = "Use mysql://user:password@host:3306/name?pool_size=10&ssl_ca=/path/to/ca.pem"
_SSL_MODES = ("disabled", "required", "verify_ca", "verify_identity")
_LONGEST_WAIT = 3600
_SECONDS = ("pool_timeout", "connect_timeout", "lock_timeout", "read_timeout")
_TEXTS = ("unix_socket", "ssl_mode", "ssl_ca", "ssl_cert", "ssl_key")


@dataclass(frozen=True, slots=True, kw_only=True)
class MySQLOptions:
    """Where the server is, and how its connections are used. Durations in seconds."""

    host: str = "localhost"
    port: int = 3306
    user: str = "root"
    password: str = field(default="", repr=False)
    database: str = ""
    pool_size: int = 10
    pool_timeout: float = 5.0
    connect_timeout: float = 5.0
    lock_timeout: float = 10.0
    read_timeout: float = 30.0
    unix_socket: str | None = None
    ssl_mode: str | None = None
    ssl_ca: str | None = None
    ssl_cert: str | None = None
    ssl_key: str | None = None
    tls: ssl.SSLContext | None = field(default=None, repr=False, compare=False)

    @property
    def address(self) -> str:
        """Host, port and database, to be shown."""
        return f"{self.unix_socket or f'{self.host}:{self.port}'}/{self.database}"


def parsed(url: str, given: MySQLOptions) -> MySQLOptions:
    """The options of a URL, over those that are given. Raises `ConfigurationError`."""
    scheme, separator, _ = url.partition("://")
    if not separator or scheme.lower() not in _SCHEMES:
        raise ConfigurationError("database", "is no URL of MySQL or MariaDB", _FORM)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        # What the parser says may quote the password.
        raise ConfigurationError("database", "the URL cannot be read", _FORM) from None
    name = unquote(parts.path[1:])
    if not name or "/" in name or "\0" in name or parts.fragment:
        raise ConfigurationError(
            "database", "the URL does not end with the name of a database", _FORM
        )
    options = replace(
        given,
        host=parts.hostname or given.host,
        port=given.port if port is None else port,
        user=unquote(parts.username) if parts.username else given.user,
        password=unquote(parts.password or ""),
        database=name,
    )
    for parameter, value in parse_qsl(parts.query, keep_blank_values=True):
        options = _with(options, parameter, value)
    _check(options)
    return replace(options, tls=_tls(options))


def _with(options: MySQLOptions, name: str, value: str) -> MySQLOptions:
    changes: dict[str, Any] = {}
    if name == "pool_size":
        if not re.fullmatch("[0-9]{1,4}", value):
            raise _refused(name, value, "Use a whole number")
        changes[name] = int(value)
    elif name in _SECONDS:
        try:
            changes[name] = float(value)
        except ValueError:
            raise _refused(name, value, "Use seconds") from None
    elif name in _TEXTS:
        changes[name] = value
    else:
        known = ", ".join(("pool_size", *_SECONDS, *_TEXTS))
        raise ConfigurationError(
            "database", f"{name!r} is no parameter of MySQL URLs", f"Use one of: {known}"
        )
    return replace(options, **changes)


def _check(options: MySQLOptions) -> None:
    if not 1 <= options.pool_size <= 1000:
        raise _refused("pool_size", options.pool_size, "Use a number from 1 to 1000")
    if not options.port:
        raise _refused("port", options.port, "Use a port from 1 to 65535")
    for name in _SECONDS:
        value: float = getattr(options, name)
        if not (math.isfinite(value) and 0 < value <= _LONGEST_WAIT):
            raise _refused(name, value, "Use seconds, up to 3600")
    if options.lock_timeout < 1:
        raise _refused("lock_timeout", options.lock_timeout, "Use one second or more")
    if options.read_timeout <= options.lock_timeout:
        raise _refused(
            "read_timeout", options.read_timeout, "Use more seconds than lock_timeout has"
        )
    for name in _TEXTS:
        text: str | None = getattr(options, name)
        if text is not None and (not text or "\0" in text):
            raise _refused(name, text, "Leave it away, or give it a value")
    if options.ssl_mode is not None and options.ssl_mode not in _SSL_MODES:
        raise _refused("ssl_mode", options.ssl_mode, f"Use one of: {', '.join(_SSL_MODES)}")


def _tls(options: MySQLOptions) -> ssl.SSLContext | None:
    """What TLS is spoken with, or None for none of it."""
    files = (options.ssl_ca, options.ssl_cert, options.ssl_key)
    # Whoever names an authority wants to be sure of the server.
    mode = options.ssl_mode or ("verify_identity" if any(files) else "disabled")
    if mode == "disabled":
        if any(files):
            raise _refused(
                "ssl_mode", mode, "Leave away ssl_ca, ssl_cert and ssl_key, or change it"
            )
        return None
    if options.ssl_key and not options.ssl_cert:
        raise _refused("ssl_key", options.ssl_key, "Give ssl_cert as well")
    try:
        context = ssl.create_default_context(cafile=options.ssl_ca)
    except (OSError, ssl.SSLError):
        raise _refused(
            "ssl_ca", options.ssl_ca, "Use a readable file of PEM certificates"
        ) from None
    if options.ssl_cert:
        try:
            context.load_cert_chain(options.ssl_cert, options.ssl_key)
        except (OSError, ssl.SSLError):
            remedy = "Use a readable PEM certificate, with its key in it or in ssl_key"
            raise _refused("ssl_cert", options.ssl_cert, remedy) from None
    context.check_hostname = mode == "verify_identity"
    if mode == "required":
        context.verify_mode = ssl.CERT_NONE
    return context


def _refused(name: str, value: object, remedy: str) -> ConfigurationError:
    return ConfigurationError(name, f"{value!r} is no value for it", remedy)
