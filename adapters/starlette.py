"""Starlette: a route for the authentication server, and its sessions as Starlette's own.

Mount it, and guard a route:

    app = Starlette(
        routes=[mount(auth), Route("/me", me)],
        middleware=[Middleware(SessionMiddleware, auth=auth)],
        lifespan=lifespan(auth),
    )

    @requires("authenticated")
    async def me(request): return JSONResponse({"email": request.user.record.email})
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from watchword.configuration.options import Duration
from watchword.errors import APIError, ConfigurationError
from watchword.http.request import Request as AuthRequest
from watchword.records import User
from watchword.results import SessionAndUser
from watchword.runtime.loops import require_asyncio

from . import asgi as plain
from .asgi import ASGIApp, Receive, Scope, Send, full_path
from .asgi_session import SessionRelay, lookup_for
from .demands import Demand, confirmed_action, fresh_session, second_factor
from .wire import covers

try:
    from starlette.authentication import AuthCredentials, AuthenticationBackend, BaseUser
    from starlette.concurrency import run_in_threadpool
    from starlette.datastructures import URLPath
    from starlette.middleware.authentication import AuthenticationMiddleware
    from starlette.requests import HTTPConnection, Request
    from starlette.responses import JSONResponse, Response
    from starlette.routing import BaseRoute, Match, NoMatchFound
except ModuleNotFoundError as error:
    raise ImportError(
        'watchword.adapters.starlette needs Starlette: pip install "watchword[starlette]"'
    ) from error

if TYPE_CHECKING:
    from starlette.types import ASGIApp as StarletteApp

    from watchword.auth import Auth

U = TypeVar("U", bound=User)
Endpoint: TypeAlias = Callable[[Request], Awaitable[Response] | Response]
Guarded: TypeAlias = Callable[[Request], Awaitable[Response]]


def mount(auth: Auth[Any]) -> AuthRoute:
    """The route that serves `auth` under its base path, for `Starlette(routes=[...])`.

    Put it first. It compares the whole path, so below a `Mount` or a `root_path` the base path
    includes their prefix.
    """
    return AuthRoute(auth)


def lifespan(auth: Auth[Any]) -> Callable[[object], AbstractAsyncContextManager[None]]:
    """A lifespan that awaits `auth.close()` at shutdown, for applications without another one.

    Under trio it fails the start: `WrongLoop`.
    """

    @asynccontextmanager
    async def closing(app: object) -> AsyncGenerator[None]:
        require_asyncio()
        try:
            yield
        finally:
            await auth.close()

    return closing


def request_of(connection: HTTPConnection) -> AuthRequest:
    """A request as `auth.api.sign_in_email(..., request=request_of(request))` wants it."""
    return plain.request_of(connection.scope)


class AuthRoute(BaseRoute):
    """Every method and every path under the base path; no slash is merged, added or removed."""

    def __init__(self, auth: Auth[Any]) -> None:
        self.auth = auth
        self._app = ASGIApp(auth)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] in ("http", "websocket") and covers(self.auth.base_path, full_path(scope)):
            return Match.FULL, {"endpoint": self._app}
        return Match.NONE, {}

    def goes_before(self, other: Auth[Any]) -> bool:
        """Whether this route must be asked before one for `other`, whose base path covers its own.

        Raises `ConfigurationError` if nothing would be left for one of the two.
        """
        own = self.auth.base_path
        if own == other.base_path:
            raise ConfigurationError(
                "base_path",
                f"{own or '/'!r} is taken: another Auth is mounted there",
                "Give each Auth a base path of its own",
            )
        return covers(other.base_path, own)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


class SignedInUser(BaseUser, Generic[U]):
    """`request.user` of somebody who is signed in."""

    def __init__(self, found: SessionAndUser[U]) -> None:
        self.session = found.session
        self.record = found.user
        """The user record, of the type given to `Auth`."""

    @property
    def is_authenticated(self) -> bool:
        return True

    @property
    def display_name(self) -> str:
        return self.record.name or self.record.email

    @property
    def identity(self) -> str:
        return self.record.id


class SessionBackend(AuthenticationBackend, Generic[U]):
    """Asks the session for the user; scope `authenticated`. Stands inside a `SessionRelay`.

    Nobody is asked for under the base path: the authentication server looks for itself.
    """

    def __init__(self, auth: Auth[U]) -> None:
        self._auth = auth

    async def authenticate(
        self, conn: HTTPConnection
    ) -> tuple[AuthCredentials, SignedInUser[U]] | None:
        """Raises `RuntimeError` where no `SessionRelay` for the same `Auth` stands around."""
        lookup = lookup_for(self._auth, conn.scope)
        if covers(self._auth.base_path, full_path(conn.scope)):
            return None
        checked = await lookup.checked()
        if checked.session is None:
            return None
        return AuthCredentials(["authenticated"]), SignedInUser(checked.session)


class SessionMiddleware(SessionRelay):
    """`request.user` and `request.auth` from the session, renewed cookies on the response.

    `backend` may be one of your own that asks `SessionBackend(auth)` and other sources.
    """

    def __init__(
        self,
        app: StarletteApp,
        auth: Auth[Any],
        backend: AuthenticationBackend | None = None,
    ) -> None:
        inner = AuthenticationMiddleware(app, backend=backend or SessionBackend(auth))
        super().__init__(inner, auth)


def action_required(auth: Auth[Any], type: str) -> Callable[[Endpoint], Guarded]:
    """Decorator of an endpoint: only with a grant of plugin `ActionToken`.

    The grant is burned; others get 401 or 403 as JSON. Stands inside a `SessionRelay`.
    """

    return _guard(auth, confirmed_action(type))


def fresh_session_required(
    auth: Auth[Any], within: Duration | None = None
) -> Callable[[Endpoint], Guarded]:
    """Decorator of an endpoint: only for who signed in lately.

    Within `session.fresh_age`, or a time of one's own; others get 401 UNAUTHORIZED or 403
    SESSION_NOT_FRESH as JSON. Stands inside a `SessionRelay`.
    """
    return _guard(auth, fresh_session(within))


def second_factor_required(
    auth: Auth[Any], within: Duration | None = None
) -> Callable[[Endpoint], Guarded]:
    """Decorator of an endpoint: only for who gave the second factor in this session.

    At any time or lately; others get 401 UNAUTHORIZED, 403 TWO_FACTOR_NOT_ENABLED or
    SECOND_FACTOR_REQUIRED as JSON. Stands inside a `SessionRelay`. Raises `ConfigurationError`
    without plugin `TwoFactor(note_in_session=True)`.
    """
    return _guard(auth, second_factor(within))


def _guard(auth: Auth[Any], demand: Demand) -> Callable[[Endpoint], Guarded]:
    demand.check(auth)

    def guard(endpoint: Endpoint) -> Guarded:
        run = _asynchronous(endpoint)

        @functools.wraps(endpoint)
        async def guarded(request: Request) -> Response:
            try:
                await lookup_for(auth, request.scope).meet(demand)
            except APIError as refusal:
                return JSONResponse(refusal.body, refusal.status)
            return await run(request)

        return guarded

    return guard


def _asynchronous(endpoint: Endpoint) -> Guarded:
    """An endpoint as Starlette runs it: one that is no `async def` in a thread."""
    if inspect.iscoroutinefunction(endpoint):
        return endpoint

    async def run(request: Request) -> Response:
        found = await run_in_threadpool(endpoint, request)
        # Decorators of others hand out awaitables without being `async def`.
        return await found if inspect.isawaitable(found) else found

    return run
