"""Litestar: a plugin with routes, a guard and dependencies.

Add it, and ask for the user, or guard a route:

    app = Litestar([me, news], plugins=[WatchwordPlugin(auth)])

    @get("/me")
    async def me(user: NamedDependency[User]) -> str: return user.email

    @get("/news", guards=[requires_session])
    async def news() -> str: ...
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, cast

try:
    from litestar import Request, asgi
    from litestar.config.app import AppConfig
    from litestar.connection import ASGIConnection
    from litestar.di import Provide
    from litestar.exceptions import ImproperlyConfiguredException
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
from watchword.features.access_control import Connector
from watchword.http.request import Request as AuthRequest
from watchword.submitted import NO_PARAMS, Submitted

from . import asgi as plain
from .asgi_session import SessionRelay, lookup_for, lookup_of
from .demands import (
    Demand,
    InOrganization,
    confirmed_action,
    fresh_session,
    permission,
    role,
    second_factor,
)
from .described import is_described
from .litestar_answers import answer_error, refusing
from .litestar_dependencies import dependencies_on, handlers_of, take_as_given
from .litestar_dtos import refuse_unnamed
from .litestar_forms import next_of_form, submit_form
from .litestar_guards import (
    OWN,
    OWN_ROUTE,
    DemandGuard,
    Guard,
    is_own,
    open_scope,
    requires_action,
    requires_fresh_session,
    requires_login,
    requires_permission,
    requires_roles,
    requires_second_factor,
    requires_session,
)
from .litestar_openapi import described
from .litestar_records import show_records
from .live_session import EVERY
from .live_session_async import LiveSession
from .wire import covers, decoded

if TYPE_CHECKING:
    from watchword.auth import Auth

__all__ = [
    "LiveSession",
    "WatchwordPlugin",
    "live_session",
    "request_of",
    "requires_action",
    "requires_fresh_session",
    "requires_login",
    "requires_permission",
    "requires_roles",
    "requires_second_factor",
    "requires_session",
    "safe_next",
    "submit",
]


class WatchwordPlugin(InitPlugin, ReceiveRoutePlugin):
    """Serves `auth` under its base path, closes it at shutdown, relays renewed cookies.

    Dependencies: `session` and `user` (401 if nobody is signed in), `optional_session` and
    `optional_user` (None then); the application's own of these names win. `path` is the base path
    as Litestar sees it, where that differs from `auth.base_path`: without a `root_path`, and
    without the prefix of `Litestar(path=...)`. A second server in the same application has a
    `prefix` for the names of its dependencies (`prefix="staff_"`: `staff_user`), and guards of its
    own: `staff.requires_session`. With plugin `OpenAPI` the server's endpoints are in the
    application's own document.

    An `APIError` that a handler raises becomes its answer. Raises `ConfigurationError` for guards
    that ask for what nobody can have, `ImproperlyConfiguredException` for routes that Litestar
    would not tell from the mount, and for DTOs that show hidden fields of records without including
    them by name.
    """

    def __init__(self, auth: Auth[Any], *, path: str | None = None, prefix: str = "") -> None:
        self._auth = auth
        self._prefix = prefix
        self._providers = dependencies_on(auth, prefix)
        self._path = normalize_path(auth.base_path if path is None else path)
        self._mounted_at = self._path
        self._alone = True

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Add everything to the application."""
        self._check(app_config)
        self._mounted_at = normalize_path(f"{app_config.path or ''}/{self._path}")
        opt: dict[str, object] = {OWN_ROUTE: OWN, "exclude_from_auth": True}
        if app_config.csrf_config is not None:
            # Litestar's check would read the form; the core checks origins itself.
            opt[app_config.csrf_config.exclude_from_csrf_key] = True
        server = asgi(self._path, is_mount=True, copy_scope=True, opt=opt)(self._serve())
        app_config.route_handlers.append(server)
        app_config.middleware.insert(0, DefineMiddleware(_relay, auth=self._auth))
        app_config.on_shutdown.append(self._auth.close)
        if app_config.openapi_config is not None and is_described(self._auth):
            app_config.openapi_config = described(
                app_config.openapi_config, self._auth, self._mounted_at
            )
        cast("Any", app_config).exception_handlers.setdefault(APIError, answer_error)
        for name, provider in self._providers.items():
            app_config.dependencies.setdefault(name, Provide(provider))
        return app_config

    def _check(self, app_config: AppConfig) -> None:
        for other in app_config.plugins:
            if not isinstance(other, WatchwordPlugin) or other is self:
                continue
            self._auth.check_beside(other._auth)
            self._alone = False
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
        if not is_own(route_handler):
            with refusing(connection):
                await lookup_for(self._auth, open_scope(connection.scope)).admit(None)

    def requires_login(self, login_url: str) -> Guard:
        """Guard: who is not signed in at this server goes to `login_url`."""
        return self._demanding(None, login_url)

    async def live_session(
        self, connection: ASGIConnection[Any, Any, Any, Any], *, every: Duration = EVERY
    ) -> LiveSession[Any]:
        """`live_session` of who is signed in at this server."""
        with refusing(connection):
            return await lookup_for(self._auth, open_scope(connection.scope)).live(every)

    async def submit(
        self,
        request: Request[Any, Any, Any],
        endpoint: str,
        data: object = None,
        *,
        params: Mapping[str, str] = NO_PARAMS,
    ) -> Submitted[Any]:
        """`submit` to an endpoint of this server."""
        return await submit_form(
            lookup_for(self._auth, open_scope(request.scope)), request, endpoint, data, params
        )

    async def safe_next(self, request: Request[Any, Any, Any], default: str = "/") -> str:
        """`safe_next` by what this server trusts."""
        return await next_of_form(
            lookup_for(self._auth, open_scope(request.scope)), request, default
        )

    def requires_action(self, type: str) -> Guard:
        """Guard: burns a grant of plugin `ActionToken` of this server; 401 or 403 without one."""
        return self._demanding(confirmed_action(type))

    def requires_fresh_session(
        self, within: Duration | None = None, *, login_url: str | None = None
    ) -> Guard:
        """Guard: 401 or 403 for who did not sign in lately at this server, or `login_url`."""
        return self._demanding(fresh_session(within), login_url)

    def requires_second_factor(
        self, within: Duration | None = None, *, login_url: str | None = None
    ) -> Guard:
        """Guard: 401 or 403 for who did not give the second factor in a session of this server.

        Raises `ConfigurationError` without plugin `TwoFactor(note_in_session=True)`.
        """
        return self._demanding(second_factor(within), login_url)

    def requires_roles(
        self,
        *roles: str,
        connector: Connector = "AND",
        in_organization: InOrganization = False,
        login_url: str | None = None,
    ) -> Guard:
        """Guard: 401 or 403 for who does not have the roles at this server.

        Raises `ConfigurationError` without plugin `Admin`, and for roles that do not exist.
        """
        return self._demanding(role(roles, connector, in_organization), login_url)

    def requires_permission(
        self,
        permissions: Mapping[str, object] | None = None,
        /,
        in_organization: InOrganization = False,
        **named: Sequence[str],
    ) -> Guard:
        """Guard: 401 or 403 for who may not do all of it at this server.

        Raises `ConfigurationError` without plugin `Admin`, and for what no role allows.
        """
        return self._demanding(permission(permissions, named, in_organization))

    def _demanding(self, demand: Demand | None, login_url: str | None = None) -> Guard:
        if demand is not None:
            demand.check(self._auth)
        return DemandGuard(partial(lookup_for, self._auth), demand, login_url)

    def receive_route(self, route: BaseRoute) -> None:
        """Refuse a route that the mount would swallow: Litestar compares prefixes of text.

        Users that its handlers ask for are taken as they are, records that they give are shown, and
        DTOs that would show hidden fields without naming them are refused.
        """
        for handler in handlers_of(route):
            self._check_guards(handler)
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

    def _check_guards(self, handler: BaseRouteHandler) -> None:
        if self._alone:
            for guard in cast("list[object]", cast("Any", handler).resolve_guards()):
                if isinstance(guard, DemandGuard) and guard.demand is not None:
                    guard.demand.check(self._auth)

    def _serve(self) -> LitestarApp:
        app = plain.ASGIApp(self._auth)
        mounted_at = self._mounted_at

        async def watchword(scope: Scope, receive: Receive, send: Send) -> None:
            routed = open_scope(scope)
            whole: plain.Scope = {**routed, "path": _path_received(routed, mounted_at)}
            await app(whole, cast("plain.Receive", receive), cast("plain.Send", send))

        return watchword


def request_of(connection: ASGIConnection[Any, Any, Any, Any]) -> AuthRequest:
    """A request as `auth.api.sign_in_email(..., request=request_of(request))` wants it."""
    return plain.request_of(open_scope(connection.scope))


async def live_session(
    connection: ASGIConnection[Any, Any, Any, Any], *, every: Duration = EVERY
) -> LiveSession[Any]:
    """The session of who opens a web socket or a stream, for as long as that lasts.

    `every` is how often, in seconds, the store is asked whether it still stands. Raises `APIError`
    UNAUTHORIZED (401), and INVALID_ORIGIN or MISSING_OR_NULL_ORIGIN (403) for a web socket that a
    page opens which is not trusted. Where several servers are mounted, use
    `WatchwordPlugin.live_session`.
    """
    with refusing(connection):
        return await lookup_of(open_scope(connection.scope)).live(every)


async def submit(
    request: Request[Any, Any, Any],
    endpoint: str,
    data: object = None,
    *,
    params: Mapping[str, str] = NO_PARAMS,
) -> Submitted[Any]:
    """Run an endpoint (its name in `auth.api`) for the browser whose form this handler answers.

    `data` are the form's fields, without it those of `request.form()`; links have theirs in
    `request.query_params`. All that holds for the endpoint holds here, and its cookies go on the
    response. See `Auth.submit`. Where several servers are mounted, use `WatchwordPlugin.submit`.
    """
    return await submit_form(lookup_of(open_scope(request.scope)), request, endpoint, data, params)


async def safe_next(request: Request[Any, Any, Any], default: str = "/") -> str:
    """Where to go on to: what `next` says in form or query, if it may, or `default`.

    By the rules of `callbackURL`: a path of this site, or a URL of a trusted origin. Where several
    servers are mounted, use `WatchwordPlugin.safe_next`.
    """
    return await next_of_form(lookup_of(open_scope(request.scope)), request, default)


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


def _relay(app: LitestarApp, auth: Auth[Any]) -> LitestarApp:
    return cast("LitestarApp", SessionRelay(app, auth))
