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

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from watchword.configuration.options import Duration
from watchword.errors import APIError, ConfigurationError
from watchword.http.request import Request as AuthRequest
from watchword.records import User
from watchword.results import SessionAndUser
from watchword.runtime.loops import require_asyncio

from . import asgi as plain
from .asgi import ASGIApp, Receive, Scope, Send, full_path
from .asgi_answers import ErrorAnswers
from .asgi_session import SessionRelay, lookup_for
from .demands import own_rights
from .live_session import EVERY
from .live_session_async import LiveSession
from .wire import covers

try:
    from starlette.authentication import AuthCredentials, AuthenticationBackend, BaseUser
    from starlette.datastructures import URLPath
    from starlette.middleware.authentication import AuthenticationMiddleware
    from starlette.requests import HTTPConnection
    from starlette.routing import BaseRoute, Match, NoMatchFound
except ModuleNotFoundError as error:
    raise ImportError(
        'watchword.adapters.starlette needs Starlette: pip install "watchword[starlette]"'
    ) from error

from .starlette_forms import BACKEND, PostedForm, safe_next, submit
from .starlette_guards import (
    action_required,
    answer,
    fresh_session_required,
    login_required,
    permission_required,
    roles_required,
    second_factor_required,
)

if TYPE_CHECKING:
    from starlette.types import ASGIApp as StarletteApp

    from watchword.auth import Auth
    from watchword.plugins.admin import OwnRights

__all__ = [
    "AuthRoute",
    "LiveSession",
    "PostedForm",
    "SessionBackend",
    "SessionMiddleware",
    "SignedInUser",
    "action_required",
    "answer",
    "fresh_session_required",
    "lifespan",
    "live_session",
    "login_required",
    "mount",
    "permission_required",
    "request_of",
    "roles_required",
    "safe_next",
    "second_factor_required",
    "submit",
]

U = TypeVar("U", bound=User)


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


async def live_session(
    auth: Auth[U], connection: HTTPConnection, *, every: Duration = EVERY
) -> LiveSession[U]:
    """The session of who opens a web socket or a stream, for as long as that lasts.

    `every` is how often, in seconds, the store is asked whether it still stands. Raises `APIError`
    UNAUTHORIZED (401), and INVALID_ORIGIN or MISSING_OR_NULL_ORIGIN (403) for a web socket that a
    page opens which is not trusted. Inside a `SessionMiddleware`.
    """
    return await lookup_for(auth, connection.scope).live(every)


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

    With `rights=True`, for plugin `Admin`, there are also scopes for what the user has at this
    moment: `role:admin`, `project:create`. The database is asked on every page then, and whoever is
    banned is nobody. Nobody is asked for under the base path: the authentication server looks for
    itself.
    """

    def __init__(self, auth: Auth[U], *, rights: bool = False) -> None:
        """Raises `ConfigurationError` for `rights` without plugin `Admin`."""
        self._auth = auth
        self._rights = own_rights() if rights else None
        if self._rights is not None:
            self._rights.check(auth)

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
        scopes = ["authenticated"]
        if self._rights is not None:
            try:
                scopes += _scopes(await lookup.meet(self._rights))
            except APIError as refusal:
                if refusal.status not in (401, 403):
                    raise
                return None
        return AuthCredentials(scopes), SignedInUser(checked.session)


class SessionMiddleware(SessionRelay):
    """`request.user` and `request.auth` from the session, renewed cookies on the response.

    An `APIError` that the application raises becomes its answer. `rights` is that of
    `SessionBackend`; `backend` may be one of your own that asks `SessionBackend(auth)` and other
    sources.
    """

    def __init__(
        self,
        app: StarletteApp,
        auth: Auth[Any],
        backend: AuthenticationBackend | None = None,
        *,
        rights: bool = False,
    ) -> None:
        known = backend or SessionBackend(auth, rights=rights)
        super().__init__(ErrorAnswers(_Authentication(app, backend=known)), auth)


class _Authentication(AuthenticationMiddleware):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[BACKEND] = self.backend
        await super().__call__(scope, receive, send)


def _scopes(found: OwnRights) -> list[str]:
    rights = [
        f"{name}:{action}" for name, actions in found.permissions.items() for action in actions
    ]
    return [*(f"role:{name}" for name in found.roles), *rights]
