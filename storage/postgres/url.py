"""URLs of PostgreSQL: the parameters that are ours, checked, and the rest for libpq.

Nothing here shows a password: refusals name the parameter, never the whole URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias
from urllib.parse import unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from watchword.errors import ConfigurationError
from watchword.storage.connections import keepalive

PrepareThreshold: TypeAlias = "int | Literal['auto'] | None"

_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")
_FORM = "Use postgresql://user:password@host:5432/name?sslmode=verify-full&pool_size=10"
_LONGEST_WAIT = 3600
_GRACE = 5

_DEFAULTS = {
    "connect_timeout": "5",
    "client_encoding": "utf8",
    "fallback_application_name": "watchword",
    **keepalive.LIBPQ,
}
_WHOLE_NUMBERS = (
    "port",
    "connect_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
)
_CHOICES = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "channel_binding": ("disable", "prefer", "require"),
    "gssencmode": ("disable", "prefer", "require"),
    "load_balance_hosts": ("disable", "random"),
    "target_session_attrs": (
        "any",
        "read-write",
        "read-only",
        "primary",
        "standby",
        "prefer-standby",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresOptions:
    """Where the server is, and how its connections are used. Durations in seconds."""

    conninfo: str = field(default="", repr=False)
    """What libpq is told; holds the password."""
    address: str = ""
    """Host, port and database, to be shown."""
    pool_size: int = 10
    pool_timeout: float = 5.0
    statement_timeout: float | None = None
    read_timeout: float = 30.0
    prepare_threshold: PrepareThreshold = "auto"
    search_path: str | None = None

    @property
    def longest_silence(self) -> float:
        """How long a statement may stay without an answer before its connection is given up."""
        # Where the server breaks statements off, it must have had the time to say so.
        timeout = self.statement_timeout
        return self.read_timeout if timeout is None else max(self.read_timeout, timeout + _GRACE)


def parsed(url: str, given: PostgresOptions) -> PostgresOptions:
    """The options of a URL, over those that are given. Raises `ConfigurationError`."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() not in _SCHEMES:
        raise ConfigurationError("database", "is no URL of PostgreSQL", _FORM)
    place, _, query = rest.partition("?")
    options, left = _own(given, query)
    _check(options)
    kept = _checked_libpq(f"postgresql://{place}" + (f"?{'&'.join(left)}" if left else ""), left)
    settings = _settings(options)
    if settings:
        kept["options"] = " ".join([*filter(None, [kept.get("options")]), *settings])
    conninfo = make_conninfo(**{**_DEFAULTS, **kept})
    return replace(options, conninfo=conninfo, address=_address(kept))


def _own(given: PostgresOptions, query: str) -> tuple[PostgresOptions, list[str]]:
    """The options with those of a query, and the parts of it that are not ours."""
    left: list[str] = []
    for part in filter(None, query.split("&")):
        name, equals, value = part.partition("=")
        name, value = unquote(name), unquote(value)
        if not equals:
            raise ConfigurationError("database", f"the parameter {name!r} has no value", _FORM)
        if name == "pool_size":
            given = replace(given, pool_size=_whole(name, value))
        elif name == "pool_timeout":
            given = replace(given, pool_timeout=_seconds(name, value))
        elif name == "statement_timeout":
            given = replace(given, statement_timeout=_seconds(name, value))
        elif name == "read_timeout":
            given = replace(given, read_timeout=_seconds(name, value))
        elif name == "prepare_threshold":
            given = replace(given, prepare_threshold=_threshold(name, value.lower()))
        elif name == "search_path":
            given = replace(given, search_path=value)
        else:
            left.append(part)
    return given, left


def _check(options: PostgresOptions) -> None:
    if not 1 <= options.pool_size <= 1000:
        raise _refused("pool_size", options.pool_size, "Use a number from 1 to 1000")
    if not 0 < options.pool_timeout <= _LONGEST_WAIT:
        raise _refused("pool_timeout", options.pool_timeout, "Use seconds, up to 3600")
    if not 0 < options.read_timeout <= _LONGEST_WAIT:
        raise _refused("read_timeout", options.read_timeout, "Use seconds, up to 3600")
    timeout = options.statement_timeout
    if timeout is not None and not 0.001 <= timeout <= _LONGEST_WAIT:
        raise _refused("statement_timeout", timeout, "Use seconds, up to 3600")
    threshold = options.prepare_threshold
    if threshold not in (None, "auto") and not 0 <= threshold <= 1_000_000:
        raise _refused("prepare_threshold", threshold, "Use a number of uses, auto or none")
    path = options.search_path
    if path is not None and (not path.strip() or "\0" in path):
        raise _refused("search_path", path, "Use names of schemas, separated by commas")


def _checked_libpq(url: str, query: Iterable[str]) -> dict[str, str]:
    """What libpq makes of a URL: unknown names and ill values are refused before its first use."""
    known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()} | {"ssl"}
    for part in query:
        name = unquote(part.partition("=")[0])
        if name not in known:
            raise ConfigurationError(
                "database",
                f"{name!r} is a parameter neither of watchword nor of libpq",
                "Use pool_size, pool_timeout, statement_timeout, read_timeout, prepare_threshold, "
                "search_path, or a connection parameter of libpq",
            )
    try:
        found = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except (psycopg.Error, UnicodeError, ValueError):
        # What libpq says may quote the password.
        raise ConfigurationError("database", "libpq cannot read the URL", _FORM) from None
    for name in _WHOLE_NUMBERS:
        for number in found.get(name, "0").split(","):
            if number and not re.fullmatch("[0-9]{1,9}", number):
                raise _refused(name, number, "Use a whole number")
    for number in filter(None, found.get("port", "").split(",")):
        if not 0 < int(number) < 65536:
            raise _refused("port", number, "Use a port from 1 to 65535")
    for name, choices in _CHOICES.items():
        if name in found and found[name] not in choices:
            raise _refused(name, found[name], f"Use one of: {', '.join(choices)}")
    return found


def _settings(options: PostgresOptions) -> list[str]:
    """Settings of the server that every connection begins with."""
    settings: list[str] = []
    if options.search_path is not None:
        path = re.sub(r"([\\\s])", r"\\\1", options.search_path)
        settings.append(f"-csearch_path={path}")
    if options.statement_timeout is not None:
        settings.append(f"-cstatement_timeout={round(options.statement_timeout * 1000)}")
    return settings


def _address(found: dict[str, str]) -> str:
    host = found.get("host") or found.get("hostaddr") or "localhost"
    return f"{host}:{found.get('port') or 5432}/{found.get('dbname', '')}"


def _whole(name: str, value: str) -> int:
    if not re.fullmatch("[0-9]{1,7}", value):
        raise _refused(name, value, "Use a whole number")
    return int(value)


def _threshold(name: str, value: str) -> PrepareThreshold:
    if value in ("auto", "none"):
        return "auto" if value == "auto" else None
    return _whole(name, value)


def _seconds(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise _refused(name, value, "Use seconds") from None


def _refused(name: str, value: object, remedy: str) -> ConfigurationError:
    return ConfigurationError(name, f"{value!r} is no value for it", remedy)
