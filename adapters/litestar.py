"""Litestar: a plugin with routes, a guard and dependencies.

Add it, and ask for the user, or guard a route:

    app = Litestar([me, news], plugins=[WatchwordPlugin(auth)])

    @get("/me")
    async def me(user: NamedDependency[User]) -> str: return user.email

    @get("/news", guards=[requires_session])
    async def news() -> str: ...
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, cast

try:
    from litestar import asgi
    from litestar.config.app import AppConfig
    from litestar.connection import ASGIConnection
    from litestar.di import Provide
    from litestar.exceptions import HTTPException, ImproperlyConfiguredException
    from litestar.handlers import BaseRouteHandler
    from litestar.middleware import DefineMiddleware
    from litestar.plugins import InitPlugin, ReceiveRoutePlugin
    from litestar.routes import BaseRoute
    from litestar.types import ASGIApp as LitestarApp
    from litestar.types import Receive, Scope, Send
    from litestar.utils import normalize_path
except ModuleNotFoundError as error:
    raise ImportError(
        'watchword.adapters.litestar needs Litestar: pip install "watchword[litestar]"'
    ) from error

from watchword.configuration.options import Duration
from watchword.errors import APIError
from watchword.http.request import Request as AuthRequest

from . import asgi as plain
from .asgi_session import SessionLookup, SessionRelay, lookup_for, lookup_of
from .demands import Demand, confirmed_action, fresh_session, second_factor
from .litestar_dependencies import dependencies_on, handlers_of, required, take_as_given
from .litestar_dtos import refuse_unnamed
from .litestar_records import show_records
from .wire import covers, decoded

if TYPE_CHECKING:
    from watchword.auth import Auth

Guard: TypeAlias = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]

_OWN_ROUTE = "watchword"


class WatchwordPlugin(InitPlugin, ReceiveRoutePlugin):
    """Serves `auth` under its base path, closes it at shutdown, relays renewed cookies.

    Dependencies: `session` and `user` (401 if nobody is signed in), `optional_session` and
    `optional_user` (None then); the application's own of these names win. `path` is the base path
    as Litestar sees it, where that differs from `auth.base_path`: without a `root_path`, and
    without the prefix of `Litestar(path=...)`. A second server in the same application has a
    `prefix` for the names of its dependencies (`prefix="staff_"`: `staff_user`), and guards of its
    own: `staff.requires_session`.

    Raises `ImproperlyConfiguredException` for routes that Litestar would not tell from the mount,
    and for DTOs that show hidden fields of records without including them by name.
    """

    def __init__(self, auth: Auth[Any], *, path: str | None = None, prefix: str = "") -> None:
        self._auth = auth
        self._prefix = prefix
        self._providers = dependencies_on(auth, prefix)
        self._path = normalize_path(auth.base_path if path is None else path)
        self._mounted_at = self._path

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Add everything to the application."""
        self._check(app_config)
        self._mounted_at = normalize_path(f"{app_config.path or ''}/{self._path}")
        opt: dict[str, object] = {_OWN_ROUTE: True, "exclude_from_auth": True}
        if app_config.csrf_config is not None:
            # Litestar's check would read the form; the core checks origins itself.
            opt[app_config.csrf_config.exclude_from_csrf_key] = True
        server = asgi(self._path, is_mount=True, copy_scope=True, opt=opt)(self._serve())
        app_config.route_handlers.append(server)
        app_config.middleware.insert(0, DefineMiddleware(_relay, auth=self._auth))
        app_config.on_shutdown.append(self._auth.close)
        for name, provider in self._providers.items():
            app_config.dependencies.setdefault(name, Provide(provider))
        return app_config

    def _check(self, app_config: AppConfig) -> None:
        for other in app_config.plugins:
            if not isinstance(other, WatchwordPlugin) or other is self:
                continue
            self._auth.check_beside(other._auth)
            if other._prefix == self._prefix:
                raise ImproperlyConfiguredException(
                    "Two servers in one application need different names for their dependencies: "
                    'give one of them a prefix, WatchwordPlugin(auth, prefix="staff_")'
                )
            shorter, longer = sorted((other._path, self._path), key=len)
            if longer.startswith(shorter):
                raise ImproperlyConfiguredException(
                    f"Litestar would hand requests for {longer!r} to what is mounted at "
                    f"{shorter!r}: give each Auth a base path that the other does not begin with"
                )

    async def requires_session(
        self, connection: ASGIConnection[Any, Any, Any, Any], route_handler: BaseRouteHandler
    ) -> None:
        """Guard: 401 if nobody is signed in at this server."""
        if not route_handler.opt.get(_OWN_ROUTE):
            required((await lookup_for(self._auth, _open(connection.scope)).checked()).session)

    def requires_action(self, type: str) -> Guard:
        """Guard: burns a grant of plugin `ActionToken` of this server; 401 or 403 without one."""
        return self._demanding(confirmed_action(type))

    def requires_fresh_session(self, within: Duration | None = None) -> Guard:
        """Guard: 401 or 403 for who did not sign in lately at this server."""
        return self._demanding(fresh_session(within))

    def requires_second_factor(self, within: Duration | None = None) -> Guard:
        """Guard: 401 or 403 for who did not give the second factor in a session of this server.

        Raises `ConfigurationError` without plugin `TwoFactor(note_in_session=True)`.
        """
        return self._demanding(second_factor(within))

    def _demanding(self, demand: Demand) -> Guard:
        demand.check(self._auth)
        return _demand_guard(partial(lookup_for, self._auth), demand)

    def receive_route(self, route: BaseRoute) -> None:
        """Refuse a route that the mount would swallow: Litestar compares prefixes of text.

        Users that its handlers ask for are taken as they are, records that they give are shown, and
        DTOs that would show hidden fields without naming them are refused.
        """
        for handler in handlers_of(route):
            take_as_given(handler, self._providers.values(), self._auth.user_type)
            show_records(handler)
            refuse_unnamed(handler)
        path, mounted_at = route.path_format, self._mounted_at
        if "{" in path and path.startswith(mounted_at) and not covers(mounted_at, path):
            raise ImproperlyConfiguredException(
                f"Litestar would hand requests for {path!r} to what is mounted at {mounted_at!r}. "
                "Rename the route or the base path, or leave the plugin out and wrap the "
                "application: watchword.adapters.asgi.WatchwordMiddleware(app, auth)"
            )

    def _serve(self) -> LitestarApp:
        app = plain.ASGIApp(self._auth)
        mounted_at = self._mounted_at

        async def watchword(scope: Scope, receive: Receive, send: Send) -> None:
            routed = _open(scope)
            whole: plain.Scope = {**routed, "path": _path_received(routed, mounted_at)}
            await app(whole, cast("plain.Receive", receive), cast("plain.Send", send))

        return watchword


def request_of(connection: ASGIConnection[Any, Any, Any, Any]) -> AuthRequest:
    """A request as `auth.api.sign_in_email(..., request=request_of(request))` wants it."""
    return plain.request_of(_open(connection.scope))


async def requires_session(
    connection: ASGIConnection[Any, Any, Any, Any], route_handler: BaseRouteHandler
) -> None:
    """Guard: 401 if nobody is signed in. On the whole application it spares the mount.

    Where several servers are mounted, use `WatchwordPlugin.requires_session`.
    """
    if not route_handler.opt.get(_OWN_ROUTE):
        required((await lookup_of(_open(connection.scope)).checked()).session)


def requires_action(type: str) -> Guard:
    """Guard: burns a grant of plugin `ActionToken`; 401 or 403 without one.

    Litestar reads the body after it: a wrong one costs the grant.
    """
    return _demand_guard(lookup_of, confirmed_action(type))


def requires_fresh_session(within: Duration | None = None) -> Guard:
    """Guard: only for who signed in lately, within `session.fresh_age` or a time of one's own.

    401 UNAUTHORIZED, 403 SESSION_NOT_FRESH. On the whole application it spares the mount.
    """
    return _demand_guard(lookup_of, fresh_session(within))


def requires_second_factor(within: Duration | None = None) -> Guard:
    """Guard: only for who gave the second factor in this session, at any time or lately.

    For plugin `TwoFactor(note_in_session=True)`. 401 UNAUTHORIZED, 403 TWO_FACTOR_NOT_ENABLED,
    SECOND_FACTOR_REQUIRED. On the whole application it spares the mount.
    """
    return _demand_guard(lookup_of, second_factor(within))


def _demand_guard(lookup: Callable[[plain.Scope], SessionLookup[Any]], demand: Demand) -> Guard:
    async def guard(
        connection: ASGIConnection[Any, Any, Any, Any], route_handler: BaseRouteHandler
    ) -> None:
        if route_handler.opt.get(_OWN_ROUTE):
            return
        try:
            await lookup(_open(connection.scope)).meet(demand)
        except APIError as refusal:
            raise HTTPException(
                refusal.message or "",
                status_code=refusal.status,
                extra={"code": refusal.code},
            ) from None

    return guard


def _path_received(scope: plain.Scope, mounted_at: str) -> str:
    """The decoded path before Litestar took the mount off, merged slashes and added one."""
    root: str = scope.get("root_path", "")
    routed = f"{mounted_at}{scope['path'].rstrip('/')}"
    raw: bytes | None = scope.get("raw_path")
    if raw is not None:
        path = decoded(raw.partition(b"?")[0].decode("latin-1"))
        if normalize_path(path.removeprefix(root)) == normalize_path(routed):
            return path
    return root + routed


# Litestar types scopes and messages as closed dictionaries; they are open by specification.
def _open(scope: Scope) -> plain.Scope:
    return cast("plain.Scope", scope)


def _relay(app: LitestarApp, auth: Auth[Any]) -> LitestarApp:
    return cast("LitestarApp", SessionRelay(app, auth))
