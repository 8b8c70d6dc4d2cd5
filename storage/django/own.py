"""Connections of watchword's own, with the credentials that Django's settings have."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote, urlencode

from django.db.backends.base.base import BaseDatabaseWrapper

from watchword.database.contract import Storage
from watchword.errors import ConfigurationError
from watchword.storage.mysql import MySQLStorage
from watchword.storage.postgres import PostgresStorage
from watchword.storage.sqlite import SQLiteStorage

_OF_DJANGO = {
    "sqlite": ("transaction_mode", "init_command"),
    "postgresql": (
        *("isolation_level", "server_side_binding", "pool", "cursor_factory", "client_encoding"),
        "prepare_threshold",
    ),
    "mysql": ("isolation_level", "charset", "init_command", "sql_mode", "conv", "use_unicode"),
}
"""Options that say how Django itself uses a connection."""
_MODES = {"DISABLED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"}


def storage_of(connection: BaseDatabaseWrapper) -> Storage:
    """The storage of a database in the settings. Raises `ConfigurationError` for an option that
    cannot be said to it."""
    settings = cast("Mapping[str, Any]", connection.settings_dict)
    given = cast("Mapping[str, Any]", settings["OPTIONS"])
    own = _OF_DJANGO.get(connection.vendor, ())
    options = {name: value for name, value in given.items() if name not in own}
    match connection.vendor:
        case "sqlite":
            return _sqlite(settings, options)
        case "postgresql":
            return _postgres(settings, options)
        case "mysql":
            return _mysql(settings, options)
        case other:
            raise ConfigurationError(
                "database", f"{other} is not known", "Use SQLite, PostgreSQL, MySQL or MariaDB"
            )


def _sqlite(settings: Mapping[str, Any], options: dict[str, Any]) -> Storage:
    path = str(settings["NAME"])
    if path == ":memory:" or path.startswith("file:"):
        raise ConfigurationError(
            "DjangoStorage.own",
            "a database in memory has one connection only, which is Django's",
            'Use a file, in tests too (DATABASES: "TEST": {"NAME": ...}), or leave out own=True',
        )
    timeout = float(options.pop("timeout", 5.0))
    _refuse(options)
    return SQLiteStorage(path, busy_timeout=timeout)


def _postgres(settings: Mapping[str, Any], options: dict[str, Any]) -> Storage:
    if role := options.pop("assume_role", None):
        escaped = re.sub(r"([\\\s])", r"\\\1", str(role))
        options["options"] = " ".join(
            [*filter(None, [options.get("options")]), f"-c role={escaped}"]
        )
    parts = {
        "dbname": settings["NAME"],
        "user": settings["USER"],
        "password": settings["PASSWORD"],
        "host": settings["HOST"],
        "port": settings["PORT"],
    }
    query = {name: str(value) for name, value in {**parts, **options}.items() if value}
    return PostgresStorage(f"postgresql://?{urlencode(query, quote_via=quote)}")


def _mysql(settings: Mapping[str, Any], options: dict[str, Any]) -> Storage:
    host, port = str(settings["HOST"] or ""), str(settings["PORT"] or "")
    query = dict(_tls(options))
    if host.startswith("/"):
        query["unix_socket"], host = host, ""
    for name in ("unix_socket", "connect_timeout", "read_timeout"):
        if name in options:
            query[name] = str(options.pop(name))
    _refuse(options)
    person = quote(str(settings["USER"] or "root"), safe="")
    if settings["PASSWORD"]:
        person += f":{quote(str(settings['PASSWORD']), safe='')}"
    place = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    name = quote(str(settings["NAME"]), safe="")
    return MySQLStorage(f"mysql://{person}@{place}/{name}?{urlencode(query)}")


def _tls(options: dict[str, Any]) -> dict[str, str]:
    """How TLS is spoken, by the words of mysqlclient."""
    found: dict[str, str] = {}
    mode = options.pop("ssl_mode", None)
    if mode is not None:
        if mode not in _MODES:
            raise _unknown(f"ssl_mode {mode!r}")
        found["ssl_mode"] = str(mode).lower()
    for name, value in cast("dict[str, Any]", options.pop("ssl", None) or {}).items():
        if name not in ("ca", "cert", "key"):
            raise _unknown(f"{name!r} of ssl")
        found[f"ssl_{name}"] = os.fspath(value)
    return found


def _refuse(options: Mapping[str, Any]) -> None:
    """An option that is left out could be the one that keeps a connection safe."""
    for name in options:
        raise _unknown(repr(name))


def _unknown(what: str) -> ConfigurationError:
    return ConfigurationError(
        "DjangoStorage.own",
        f"the database option {what} cannot be said to a connection of watchword's own",
        "Give Auth the URL of the database instead, or leave out own=True",
    )
