"""Redis and Valkey as secondary storage: sessions, verifications and rate limits.

Keys, values and ends are those of Better Auth's own storage for Redis, so that both servers can
share one (spec: cookies and sessions, secondary storage).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from urllib.parse import SplitResult, parse_qsl, urlsplit

from watchword.configuration.options import Duration
from watchword.errors import ConfigurationError

try:
    from redis.exceptions import RedisError

    from watchword.storage.connections import keepalive

    from .engine import RedisEngine
    from .pool import BlockingLink, LoopLink, blocking_pool, loop_opening_of_url, opening_of_url
except ModuleNotFoundError as error:
    raise ImportError(
        'watchword.storage.redis needs redis-py: pip install "watchword[redis]"'
    ) from error

from watchword.storage.connections.circuit_breaker import CircuitBreaker

PREFIX = "better-auth:"
"""What Better Auth's storage for Redis puts before its keys."""

_SCHEMES = {
    "redis": "redis",
    "rediss": "rediss",
    "unix": "unix",
    "valkey": "redis",
    "valkeys": "rediss",
}
_PARAMETERS = frozenset(
    (
        *("db", "client_name", "max_connections", "timeout", "health_check_interval"),
        *("socket_timeout", "socket_connect_timeout", "socket_keepalive", "protocol"),
        *("ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile", "ssl_password"),
        *("ssl_cert_reqs", "ssl_check_hostname", "ssl_ciphers"),
    )
)
"""Of redis-py's parameters of URLs, those that make sense here."""

_REMEDY = "Use redis://host:6379/0, rediss:// for TLS, or unix:///path?db=0"


class RedisStorage:
    """A Redis (6.2 or newer) or Valkey server; connected on first use.

    `url` is `redis://`, `rediss://` (TLS), `valkey://`, `valkeys://` or `unix://`, with user,
    password and database, and with redis-py's parameters (`?ssl_ca_certs=ca.pem`), which win.
    `prefix` stands before every key. Seconds: `connect_timeout` to reach the server, `timeout` for
    an answer, and for a free connection when all `max_connections` are busy; after a failure every
    call fails at once for `pause`, then one tries again. `clock` is for tests.

    One server, or one that stands for several (a failover endpoint). Sentinel and Redis Cluster are
    for `RedisClients`; here the first redirection of a cluster is a `ConfigurationError`, over HTTP
    503.

    Raises `ConfigurationError`.
    """

    def __init__(
        self,
        url: str,
        *,
        prefix: str = PREFIX,
        connect_timeout: Duration = 1,
        timeout: Duration = 1,
        max_connections: int = 50,
        pause: Duration = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        address = _address(url)
        self._url = f"{address.scheme}:{url.partition(':')[2]}"
        self.server = _server(address)
        self.prefix = prefix
        if max_connections < 1:
            raise ConfigurationError("max_connections", f"{max_connections!r} is none", "Give >= 1")
        wait = positive("timeout", timeout)
        self._options: dict[str, object] = {
            "socket_timeout": wait,
            "socket_connect_timeout": positive("connect_timeout", connect_timeout),
            "timeout": wait,
            "max_connections": max_connections,
            **_watched(address),
            **_tls(address),
        }
        self._breaker = CircuitBreaker(self.server, positive("pause", pause), clock)
        _try_out(self._url, self._options)

    def blocking(self) -> RedisEngine:
        """An engine for synchronous code; safe under threads and after fork."""
        link = BlockingLink(lambda: opening_of_url(self._url, self._options))
        return RedisEngine(link, self.prefix, self._breaker)

    def asynchronous(self) -> RedisEngine:
        """An engine for event loops, one after the other or several at once."""
        link = LoopLink(lambda: loop_opening_of_url(self._url, self._options))
        return RedisEngine(link, self.prefix, self._breaker)

    def __repr__(self) -> str:
        return f"RedisStorage({self.server!r})"


def _address(url: str) -> SplitResult:
    try:
        address = urlsplit(url)
        scheme = _SCHEMES.get(address.scheme)
        known = scheme is not None and (address.port is None or address.port > 0)
    except ValueError:
        raise ConfigurationError("url", "the URL cannot be parsed", _REMEDY) from None
    if scheme is None or not known:
        raise ConfigurationError("url", f"no Redis serves {address.scheme!r} URLs", _REMEDY)
    database = address.path.strip("/")
    if scheme != "unix" and database and not database.isdecimal():
        raise ConfigurationError("url", "the database is no number", _REMEDY)
    for name, _ in parse_qsl(address.query, keep_blank_values=True):
        if name not in _PARAMETERS:
            listed = ", ".join(sorted(_PARAMETERS))
            raise ConfigurationError("url", f"{name!r} is no parameter", f"Use one of: {listed}")
    return address._replace(scheme=scheme)


def _server(address: SplitResult) -> str:
    if address.scheme == "unix":
        return f"Redis at {address.path}"
    return f"Redis at {address.hostname or 'localhost'}:{address.port or 6379}"


def _watched(address: SplitResult) -> Mapping[str, object]:
    if address.scheme == "unix":
        return {}
    return {"socket_keepalive": True, "socket_keepalive_options": keepalive.OPTIONS}


def _tls(address: SplitResult) -> Mapping[str, object]:
    # Some versions of redis-py do not compare the name in the certificate unless they are told to.
    unchecked = dict(parse_qsl(address.query)).get("ssl_cert_reqs") == "none"
    return {"ssl_check_hostname": not unchecked} if address.scheme == "rediss" else {}


def positive(option: str, value: Duration) -> float:
    number = value.total_seconds() if isinstance(value, timedelta) else value
    if not 0 < number <= 3600:
        raise ConfigurationError(option, f"{value!r} is out of range", "Use seconds, up to 3600")
    return float(number)


def _try_out(url: str, options: Mapping[str, object]) -> None:
    # The text of an error may quote the URL, which may hold a password.
    try:
        pool = blocking_pool(url, options)
        pool.connection_class(**pool.connection_kwargs)
    except (TypeError, ValueError, OSError, RedisError):
        raise ConfigurationError("url", "a parameter has a wrong value", _REMEDY) from None
