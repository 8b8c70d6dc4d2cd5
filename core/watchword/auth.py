"""`Auth`: the options put together, once. After construction nothing about it changes."""

from __future__ import annotations

import secrets as entropy
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from watchword.configuration.compilation import compile_configuration, open_storage
from watchword.configuration.contradictions import check_arguments, check_together
from watchword.configuration.neighbours import check_neighbours
from watchword.configuration.options import (
    AccountOptions,
    Advanced,
    DynamicBaseURL,
    Hooks,
    OnAPIError,
    RateLimit,
    SessionOptions,
    TrustedOrigins,
    UserInfoValidator,
    VerificationOptions,
)
from watchword.crypto.passwords import PasswordHasher
from watchword.crypto.secrets_list import VersionedSecret
from watchword.database.contract import Engine, Storage, check_schema
from watchword.database.hooks import ModelHooks
from watchword.database.migration import bring_up
from watchword.database.names import Names
from watchword.database.own_store import check_secondary
from watchword.database.secondary import KeyValueStore, SecondaryStorage
from watchword.features.accounts import Accounts
from watchword.features.change_email import ChangeEmail
from watchword.features.email_password import EmailAndPassword
from watchword.features.email_verification import EmailVerification
from watchword.features.notices import Notices
from watchword.features.password_reset import PasswordReset
from watchword.features.passwords import Passwords
from watchword.features.sessions import SessionEndpoints
from watchword.features.status import StatusPages
from watchword.features.users import DeleteUser, Profiles
from watchword.http.headers import HeaderSource
from watchword.http.request import Request
from watchword.http.response import Response
from watchword.observability.opening import TracingOption, open_tracing
from watchword.pipeline.pipeline import Pipeline
from watchword.pipeline.rate_limit import RateLimiter, placed_limits
from watchword.runtime.blocking import BlockingRuntime, finish
from watchword.runtime.contract import Runtime
from watchword.runtime.lazy import open_async_runtime
from watchword.sessions.checked import Checked

from .api import Api
from .plugin import Plugin
from .records import User
from .server import Server
from .server_api import Arguments, Async, Blocking

if TYPE_CHECKING:
    from typing_extensions import TypeVar as DefaultTypeVar

    from watchword.runtime.asynchronous import AsyncRuntime

    U = DefaultTypeVar("U", bound=User, default=User)
else:
    U = TypeVar("U", bound=User)


def system_clock() -> datetime:
    """The time of this machine (aware, UTC)."""
    return datetime.now(UTC)


class Auth(Generic[U]):
    """An authentication server: `await auth.handle(request)`, `await auth.api.get_session(...)`.

    `auth.blocking` is the same for synchronous code. Raises `ConfigurationError` for wrong options.
    """

    def __init__(
        self,
        *,
        database: str | Storage | None = None,
        secondary_storage: SecondaryStorage | KeyValueStore | None = None,
        secret: str | None = None,
        secrets: Sequence[VersionedSecret] = (),
        base_url: str | DynamicBaseURL | None = None,
        base_path: str | None = None,
        app_name: str = "watchword",
        trusted_origins: TrustedOrigins = (),
        email_and_password: EmailAndPassword | None = None,
        email_verification: EmailVerification | None = None,
        password_reset: PasswordReset | None = None,
        change_email: ChangeEmail | None = None,
        delete_user: DeleteUser | None = None,
        notices: Notices | None = None,
        session: SessionOptions | None = None,
        user_type: type[U] | None = None,
        validate_user_info: UserInfoValidator | None = None,
        names: Names | None = None,
        account: AccountOptions | None = None,
        verification: VerificationOptions | None = None,
        rate_limit: RateLimit | None = None,
        plugins: Sequence[Plugin] = (),
        hooks: Hooks | None = None,
        database_hooks: Mapping[str, ModelHooks] | None = None,
        on_api_error: OnAPIError | None = None,
        disabled_paths: Sequence[str] = (),
        advanced: Advanced | None = None,
        tracing: TracingOption = None,
        production: bool | None = None,
        environ: Mapping[str, str] | None = None,
        clock: Callable[[], datetime] = system_clock,
        token_bytes: Callable[[int], bytes] = entropy.token_bytes,
    ) -> None:
        """Put the options together.

        `database` is a URL (`sqlite:///app.db`) or a `Storage`; without one, and without
        `secondary_storage`, sessions live in cookies alone. `secret` signs cookies; without it
        `BETTER_AUTH_SECRET` is read. `user_type` is your subclass of `User`; `validate_user_info`
        may refuse users before they exist. `names` are those of tables and columns. `production`
        is read from `WATCHWORD_ENV` or `NODE_ENV` when None. `tracing` makes OpenTelemetry spans;
        by itself if the application has set a provider of tracers. `environ` None: that of the
        process. `clock` and `token_bytes` are for tests.
        """
        check_arguments(locals())
        passwords = email_and_password or EmailAndPassword()
        every: tuple[Plugin, ...] = (
            StatusPages(),
            SessionEndpoints(),
            passwords,
            email_verification or EmailVerification(),
            password_reset or PasswordReset(),
            Passwords(),
            Profiles(),
            change_email or ChangeEmail(),
            delete_user or DeleteUser(),
            notices or Notices(),
            Accounts(),
            *plugins,
        )
        for plugin in plugins:
            every = tuple(map(plugin.adapt, every))
        spans = open_tracing(tracing)
        counts = None if secondary_storage is None else check_secondary(secondary_storage)
        limits = placed_limits(rate_limit or RateLimit(), counts)
        self.config = compile_configuration(
            app_name=app_name,
            secret=secret,
            secrets=secrets,
            base_url=base_url,
            base_path=base_path,
            trusted_origins=trusted_origins,
            session=session or SessionOptions(),
            user_type=user_type or User,
            account=account or AccountOptions(),
            verification=verification or VerificationOptions(),
            rate_limit=limits,
            has_secondary=secondary_storage is not None,
            has_database=database is not None,
            passwords=PasswordHasher(passwords.password_hash, passwords.argon2_cost),
            plugins=every,
            validate_user_info=validate_user_info,
            names=names,
            hooks=hooks or Hooks(),
            database_hooks=database_hooks or {},
            on_api_error=on_api_error or OnAPIError(),
            advanced=advanced or Advanced(),
            production=production,
            environ=environ,
            clock=clock,
            token_bytes=token_bytes,
            tracing=spans,
        )
        check_together(self.config, database_hooks or {})
        limited = self.config.production if limits.enabled is None else limits.enabled
        rules = [rule for plugin in every for rule in plugin.rate_rules()]
        pipeline = Pipeline(
            self.config,
            every,
            limiter=RateLimiter(limits, rules) if limited else None,
            disabled_paths=disabled_paths,
            tracing=spans,
        )
        storage = open_storage(database)
        check_schema(storage, self.config.tables.schema)
        self._server = Server(self.config, pipeline, storage, secondary_storage, spans)
        self._database = database
        self._runtime: AsyncRuntime | None = None
        self._opened: dict[str, AsyncRuntime] = {}
        self.blocking: BlockingAuth[U] = BlockingAuth(self._server)
        """The same server for synchronous code."""
        self.api: Api[Async, U] = Api(self.endpoints, self._invoke)
        """Every endpoint as an awaitable function."""

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
        together = self._database is not None and self._database == other._database
        check_neighbours(self.config, other.config, one_database=together)

    @property
    def base_path(self) -> str:
        """The path under which the server answers, without a trailing slash."""
        return self.config.sites.base_path

    @property
    def user_type(self) -> type[User]:
        """The class of users, as given."""
        return self.config.user_type

    @property
    def body_limit(self) -> int:
        """Bytes of a request body that are read at most."""
        return self.config.advanced.body_limit

    async def handle(self, request: Request) -> Response:
        """Answer an HTTP request."""
        return await self._server.handle(request, self._async_runtime())

    async def check(
        self, headers: HeaderSource, request: Request | None = None, *, renew: bool = True
    ) -> Checked[U]:
        """Who is behind a request to a route of the application, by the rules of the endpoints.

        The session may be renewed on the way: put `headers` of the answer on the response; where
        that cannot be done, say `renew=False`. Hooks around endpoints do not run; a credential
        that is refused is nobody.
        """
        return await self._server.check(self._async_runtime(), headers, request, renew=renew)

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
            await _give_back(runtime)
            runtime.release()

    async def _invoke(self, name: str, arguments: Arguments) -> Any:
        return await self._server.invoke(self._async_runtime(), name, arguments)

    def _async_runtime(self) -> AsyncRuntime:
        if self._runtime is None:
            runtime = open_async_runtime(
                self._server.open_engine(blocking=False),
                self.config.capacity,
                self.config.advanced.background,
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

    def check(
        self, headers: HeaderSource, request: Request | None = None, *, renew: bool = True
    ) -> Checked[U]:
        """Who is behind a request to a route of the application."""
        return finish(self._server.check(self.runtime, headers, request, renew=renew))

    def migrate(self) -> list[str]:
        """Bring the database to the schema; the statements that were run."""
        return finish(_migrate(self.runtime.engine))

    def close(self) -> None:
        """Finish background work and give back connections."""
        self._runtime, runtime = None, self._opened.pop("runtime", None)
        if runtime is not None:
            runtime.drain()
            finish(_give_back(runtime))

    @property
    def runtime(self) -> BlockingRuntime:
        """The blocking world, opened with its first use."""
        if self._runtime is None:
            config = self._server.config
            runtime = BlockingRuntime(
                self._server.open_engine(blocking=True), config.capacity, config.advanced.background
            )
            runtime.secondary = self._server.open_secondary(runtime.call, blocking=True)
            # As with the asynchronous one: several threads may be the first at once.
            self._runtime = self._opened.setdefault("runtime", runtime)
        return self._runtime

    def _invoke(self, name: str, arguments: Arguments) -> Any:
        return finish(self._server.invoke(self.runtime, name, arguments))


async def _give_back(runtime: Runtime) -> None:
    await runtime.engine.close()
    if runtime.secondary is not None:
        await runtime.secondary.close()


async def _migrate(engine: Engine) -> list[str]:
    statements = await engine.plan()
    if statements:
        await bring_up(engine, statements)
    return statements
