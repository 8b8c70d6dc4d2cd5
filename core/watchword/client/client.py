"""`Client` and `AsyncClient`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Generic, Self

from watchword.configuration.core_options import U
from watchword.configuration.durations import Duration, in_seconds
from watchword.configuration.option_checks import check_number, check_subclass
from watchword.database.records import Record
from watchword.errors import ConfigurationError
from watchword.plugin_base import Plugin
from watchword.records import User
from watchword.runtime.blocking import finish
from watchword.runtime.outgoing import OutgoingHTTP, OutgoingSettings
from watchword.runtime.outgoing_opening import (
    open_async_outgoing,
    open_blocking_outgoing,
    require_http,
)
from watchword.server_api import Async, Blocking, Invoke, M

from .api import ClientAPI
from .catalog import Catalog
from .exchange import Exchange
from .site import Site

if TYPE_CHECKING:
    import httpx2

    from watchword.runtime.outgoing import Transport

    from .jar import Jar

_LONGEST_TIMEOUT = 600
_MOST_RETRIES = 10


class _Base(Generic[M, U]):
    """What both kinds of clients are told, and know."""

    def __init__(
        self,
        base_url: str,
        *,
        base_path: str | None = None,
        token: str | None = None,
        user_type: type[U] | None = None,
        records: Sequence[type[Record]] = (),
        plugins: Sequence[type[Plugin]] = (),
        origin: str | None = None,
        timeout: Duration = 10,
        most_bytes: int = 1_048_576,
        retries: int = 2,
        transport: Transport | None = None,
    ) -> None:
        """Say where the server is; nothing is sent yet. Raises `ConfigurationError`.

        `base_url`: the server's URL; its path is the base path, `/api/auth` if it has none.
        `base_path`: the base path, whatever the URL's is.
        `token`: a bearer token, for servers with plugin Bearer.
        `user_type`: the application's class of users.
        `records`: its other classes of records, of sessions or organizations, say.
        `plugins`: classes of plugins whose fields users and sessions have, and of those that are
        not ours. Endpoints of the plugins that we ship are there without.
        `origin`: what `Origin` says; the server must trust it. By itself the server's own.
        `timeout`: for one request, from waiting for a connection to the last byte.
        `most_bytes`: of an answer's body; longer ones are failures.
        `retries`: how often a GET that could not be delivered is sent again. Nothing else is.
        `transport`: one of httpx2 that connects instead of ours: a proxy, say, own certificates, or
        an application itself. It is yours to close.
        """
        require_http(type(self).__name__)
        check_number("most_bytes", most_bytes, 1024)
        check_number("retries", retries, 0, _MOST_RETRIES)
        users = User if user_type is None else user_type
        check_subclass("user_type", users, User)
        for record in records:
            check_subclass("records", record, Record)
        if not 0 < in_seconds(timeout) <= _LONGEST_TIMEOUT:
            raise ConfigurationError(
                "timeout", f"{timeout!r} does not fit", f"Give at most {_LONGEST_TIMEOUT} seconds"
            )
        self._site = Site.of(base_url, base_path, origin)
        self._jar: Jar = import_module("..jar", __name__).Jar(token)
        catalog = Catalog(plugins)
        settings = OutgoingSettings(
            timeout=in_seconds(timeout), most_bytes=most_bytes, transport=transport
        )
        http, invoke = self._open(settings)
        self._exchange = Exchange(
            self._site,
            self._jar,
            http,
            catalog=catalog,
            records=(users, *records),
            retries=retries,
        )
        self.api: ClientAPI[M, U] = ClientAPI(catalog, invoke)
        """Every endpoint as a function, with the types of `auth.api`."""

    def _open(self, settings: OutgoingSettings) -> tuple[OutgoingHTTP, Invoke]:
        """What sends, and what runs a call."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._site.url!r})"

    @property
    def cookies(self) -> httpx2.Cookies:
        """The jar, in which a session can be kept for another time. Whoever has it is the user."""
        return self._jar.cookies

    @property
    def token(self) -> str | None:
        """The bearer token: the one that was given, or the latest that the server handed out."""
        return self._jar.token

    @token.setter
    def token(self, token: str | None) -> None:
        self._jar.token = token


class Client(_Base[Blocking, U]):
    """Calls a server's endpoints: `client.api.get_session()`. Threads may share one, and its
    session with it: one client is one user.

    Closes its connections at the end of a `with`; a later call connects anew.
    """

    def _open(self, settings: OutgoingSettings) -> tuple[OutgoingHTTP, Invoke]:
        self._http = open_blocking_outgoing(settings)
        return self._http, lambda name, arguments: finish(self._exchange.invoke(name, arguments))

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


class AsyncClient(_Base[Async, U]):
    """The same for asyncio: `await client.api.get_session()`. Connections are a loop's own.

    Closes those of the running loop at the end of an `async with`; a later call connects anew.
    """

    def _open(self, settings: OutgoingSettings) -> tuple[OutgoingHTTP, Invoke]:
        self._http = open_async_outgoing(settings)
        return self._http, lambda name, arguments: self._exchange.invoke(name, arguments)

    async def close(self) -> None:
        """Close the running loop's connections."""
        await self._http.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.close()
