"""`Auth`: the options put together, once. After construction nothing about it changes."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic

import msgspec

from watchword.configuration.auth_options import AuthOptions, taking
from watchword.configuration.compilation import compile_configuration, open_storage
from watchword.configuration.contradictions import check_together
from watchword.configuration.core_options import U
from watchword.configuration.neighbours import check_neighbours
from watchword.database.contract import Engine, Storage, check_schema
from watchword.database.hidden import public
from watchword.database.migration import bring_up
from watchword.http.headers import HeaderSource
from watchword.http.request import Request
from watchword.http.response import Response
from watchword.observability.opening import open_tracing
from watchword.pipeline.pipeline import Pipeline
from watchword.runtime.blocking import BlockingRuntime, finish
from watchword.runtime.contract import Runtime
from watchword.runtime.lazy import open_async_runtime
from watchword.sessions.checked import Checked

from .api import Api
from .records import User
from .results import SessionAndUser
from .server import Server
from .server_api import Arguments, Async, Blocking
from .submitted import NO_DATA, NO_PARAMS, Submitted

if TYPE_CHECKING:
    from watchword.mail.hand import Mails
    from watchword.runtime.asynchronous import AsyncRuntime
    from watchword.users import Users
    from watchword.users.serving import Run, Work


class Auth(Generic[U]):
    """An authentication server: `await auth.handle(request)`, `await auth.api.get_session(...)`.

    `auth.blocking` is the same for synchronous code. Raises `ConfigurationError` for wrong options.
    """

    @taking(AuthOptions[U])
    def __init__(self, options: AuthOptions[U]) -> None:
        """Put the options together: `AuthOptions` says what each of them is."""
        plugins, tracing = options.installed(), open_tracing(options.tracing)
        self.config = compile_configuration(options, plugins, tracing)
        check_together(self.config)
        pipeline = Pipeline(self.config, plugins, tracing=tracing)
        storage = open_storage(options.database)
        check_schema(storage, self.config.tables.schema)
        self._server = Server(self.config, pipeline, storage, options.secondary_storage, tracing)
        self._runtime: AsyncRuntime | None = None
        self._opened: dict[str, AsyncRuntime] = {}
        self.blocking: BlockingAuth[U] = BlockingAuth(self._server)
        """The same server for synchronous code."""
        self.api: Api[Async, U] = Api(self.endpoints, self._invoke)
        """Every endpoint as an awaitable function."""

    @property
    def users(self) -> Users[Async, U]:
        """The server's own hand on its users, without HTTP and without a session."""
        return _open_users(self._server, self._act)

    @property
    def mails(self) -> Mails[Async, U]:
        """The server's own hand on its outbox (`Auth(mail=Mailer(..., outbox=True))`)."""
        return _open_mails(self._server, self._act)

    @property
    def endpoints(self) -> Mapping[str, Any]:
        """All declared endpoints by name."""
        return self._server.endpoints

    @property
    def storage(self) -> Storage:
        """The database; without one, rows in the memory of the process."""
        return self._server.storage

    def check_beside(self, other: Auth[Any]) -> None:
        """Whether both may serve one application. Raises `ConfigurationError`."""
        one, another = self.config.options.database, other.config.options.database
        together = one is not None and one == another
        check_neighbours(self.config, other.config, one_database=together)

    @property
    def base_path(self) -> str:
        """The path under which the server answers, without a trailing slash."""
        return self.config.sites.base_path

    @property
    def user_type(self) -> type[User]:
        """The class of users, as given."""
        return self.config.options.user_type

    def public(self, record: msgspec.Struct, *, snake_case: bool = False) -> dict[str, Any]:
        """What clients may see of a record, or of a result with records, as a plain dict.

        Dates are texts; names are those of the wire, or with `snake_case` of the attributes.
        """
        return public(record, snake_case=snake_case)

    @property
    def body_limit(self) -> int:
        """Bytes of a request body that are read at most."""
        return self.config.options.advanced.body_limit

    async def handle(self, request: Request) -> Response:
        """Answer an HTTP request."""
        return await self._server.handle(request, self._async_runtime())

    async def submit(
        self,
        endpoint: str,
        request: Request,
        data: Mapping[str, object] | msgspec.Struct = NO_DATA,
        *,
        params: Mapping[str, str] = NO_PARAMS,
    ) -> Submitted[Any]:
        """Run an endpoint (its name in `auth.api`) for the browser whose form a page answers.

        `request` is the page's own. The endpoint is asked as that browser would have asked it, the
        whole way: disabled paths, rate limits, checks of origin and URLs, hooks. What is refused is
        a value that a template shows. `data` are the form's fields by their names on the wire;
        those that the endpoint does not know are left out. `params` are path parameters.

        The application puts the `cookies` of the answer on its response; the adapters' own
        functions do. Raises `LookupError` for an endpoint that there is not, `RuntimeError` where a
        page that is only looked at (GET) would change something.
        """
        return await self._server.submit(self._async_runtime(), endpoint, request, data, params)

    async def safe_next(self, url: str | None, request: Request, default: str = "/") -> str:
        """The URL if a browser may be sent there, by the rules of `callbackURL`, or `default`.

        That is a path of this site, or a URL of a trusted origin. For what comes back with a form:
        `?next=` of a page to sign in on.
        """
        return await self._server.safe_next(self._async_runtime(), request, url, default)

    async def check(
        self, headers: HeaderSource, request: Request | None = None, *, renew: bool = True
    ) -> Checked[U]:
        """Who is behind a request to a route of the application, by the rules of the endpoints.

        The session may be renewed on the way: put `headers` of the answer on the response; where
        that cannot be done, say `renew=False`. Hooks around endpoints do not run; a credential
        that is refused is nobody, and so is a page that is not trusted and opens a web socket.
        """
        return await self._server.check(self._async_runtime(), headers, request, renew=renew)

    async def recheck(self, checked: Checked[U]) -> SessionAndUser[U] | None:
        """Who `check` found, as the store knows it now; None once that is over.

        For what outlasts a request, web sockets and streams: over is a session that was ended, a
        key that was switched off, a user who is deleted or banned. Nothing is renewed, and no use
        of a key is counted.
        """
        return await self._server.recheck(self._async_runtime(), checked)

    async def migrate(self) -> list[str]:
        """Bring the database to the schema; the statements that were run."""
        return await _migrate(self._async_runtime().engine)

    async def close(self) -> None:
        """Finish the running event loop's background work and give back its connections.

        Other loops keep theirs. The server may be used again.
        """
        runtime = self._runtime
        if runtime is not None:
            await runtime.drain()
            await runtime.hang_up()
            await _give_back(runtime)
            runtime.release()

    async def _act(self, work: Work) -> Any:
        return await work(self._async_runtime())

    async def _invoke(self, name: str, arguments: Arguments) -> Any:
        return await self._server.invoke(self._async_runtime(), name, arguments)

    def _async_runtime(self) -> AsyncRuntime:
        if self._runtime is None:
            runtime = open_async_runtime(
                self._server.open_engine(blocking=False),
                self.config.capacity,
                self.config.options.advanced.background,
                self.config.options.advanced.outgoing.settings(),
            )
            runtime.secondary = self._server.open_secondary(runtime.call, blocking=False)
            # Of several first callers at once, all go on with the same one: the rest are dropped
            # before they opened anything.
            self._runtime = self._opened.setdefault("runtime", runtime)
        return self._runtime


class BlockingAuth(Generic[U]):
    """`Auth` for synchronous code: no event loop, no thread hop. Safe under threads and fork."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._runtime: BlockingRuntime | None = None
        self._opened: dict[str, BlockingRuntime] = {}
        self.api: Api[Blocking, U] = Api(server.endpoints, self._invoke)
        """Every endpoint as a function."""

    def handle(self, request: Request) -> Response:
        """Answer an HTTP request."""
        return finish(self._server.handle(request, self.runtime))

    def submit(
        self,
        endpoint: str,
        request: Request,
        data: Mapping[str, object] | msgspec.Struct = NO_DATA,
        *,
        params: Mapping[str, str] = NO_PARAMS,
    ) -> Submitted[Any]:
        """Run an endpoint for the browser whose form a page answers: see `Auth.submit`."""
        return finish(self._server.submit(self.runtime, endpoint, request, data, params))

    def safe_next(self, url: str | None, request: Request, default: str = "/") -> str:
        """The URL if a browser may be sent there, or `default`: see `Auth.safe_next`."""
        return finish(self._server.safe_next(self.runtime, request, url, default))

    def check(
        self, headers: HeaderSource, request: Request | None = None, *, renew: bool = True
    ) -> Checked[U]:
        """Who is behind a request to a route of the application."""
        return finish(self._server.check(self.runtime, headers, request, renew=renew))

    def recheck(self, checked: Checked[U]) -> SessionAndUser[U] | None:
        """Who `check` found, as the store knows it now; None once that is over."""
        return finish(self._server.recheck(self.runtime, checked))

    def migrate(self) -> list[str]:
        """Bring the database to the schema; the statements that were run."""
        return finish(_migrate(self.runtime.engine))

    def close(self) -> None:
        """Finish background work and give back connections."""
        self._runtime, runtime = None, self._opened.pop("runtime", None)
        if runtime is not None:
            runtime.drain()
            runtime.hang_up()
            finish(_give_back(runtime))

    @property
    def users(self) -> Users[Blocking, U]:
        """The server's own hand on its users, without HTTP and without a session."""
        return _open_users(self._server, self._act)

    @property
    def mails(self) -> Mails[Blocking, U]:
        """The server's own hand on its outbox."""
        return _open_mails(self._server, self._act)

    @property
    def runtime(self) -> BlockingRuntime:
        """The blocking world, opened with its first use."""
        if self._runtime is None:
            config = self._server.config
            runtime = BlockingRuntime(
                self._server.open_engine(blocking=True),
                config.capacity,
                config.options.advanced.background,
                config.options.advanced.outgoing.settings(),
            )
            runtime.secondary = self._server.open_secondary(runtime.call, blocking=True)
            # As with the asynchronous one: several threads may be the first at once.
            self._runtime = self._opened.setdefault("runtime", runtime)
        return self._runtime

    def _act(self, work: Work) -> Any:
        return finish(work(self.runtime))

    def _invoke(self, name: str, arguments: Arguments) -> Any:
        return finish(self._server.invoke(self.runtime, name, arguments))


def _open_users(server: Server, run: Run) -> Any:
    # Loaded with its first use: most servers never touch a user but through the endpoints.
    return import_module("watchword.users").Users(server.config, run)


def _open_mails(server: Server, run: Run) -> Any:
    return import_module("watchword.mail.hand").Mails(server.config, run)


async def _give_back(runtime: Runtime) -> None:
    await runtime.engine.close()
    if runtime.secondary is not None:
        await runtime.secondary.close()


async def _migrate(engine: Engine) -> list[str]:
    statements = await engine.plan()
    if statements:
        await bring_up(engine, statements)
    return statements
