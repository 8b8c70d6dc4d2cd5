"""A plain ASGI application, and a middleware that puts it beside another one.

Serve it alone (or mount it in any framework), or beside an application:

    application = ASGIApp(auth)
    application = WatchwordMiddleware(app, auth)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from watchword.configuration.options import Duration
from watchword.features.access_control import Connector
from watchword.records import User
from watchword.results import SessionAndUser
from watchword.runtime.loops import WrongLoop, require_asyncio
from watchword.submitted import NO_PARAMS, Submitted

from .asgi_answers import POLICY_VIOLATION, ErrorAnswers, send_response
from .asgi_lifespan import Lifespan
from .asgi_scope import (
    Application,
    ASGIBody,
    Message,
    Receive,
    Scope,
    Send,
    full_path,
    request_of,
)
from .asgi_session import SessionLookup, SessionRelay, found_lookup, lookup_in
from .demands import Demand, confirmed_action, fresh_session, permission, role, second_factor
from .live_session import EVERY
from .live_session_async import LiveSession
from .wire import covers

if TYPE_CHECKING:
    from watchword.auth import Auth, Checked

__all__ = [
    "ASGIApp",
    "ASGIBody",
    "Application",
    "LiveSession",
    "Message",
    "Receive",
    "Scope",
    "Send",
    "SessionMiddleware",
    "WatchwordMiddleware",
    "checked_of",
    "consume_action_token",
    "full_path",
    "live_session",
    "request_of",
    "require_fresh_session",
    "require_permission",
    "require_role",
    "require_second_factor",
    "submit",
]

U = TypeVar("U", bound=User)


class ASGIApp:
    """Serves `auth` to an ASGI server. Wherever it is mounted, it sees the whole path.

    Paths outside `auth.base_path` are answered 404, WebSockets are refused. At the end of the
    lifespan `auth.close()` is awaited; a framework that mounts this application does not forward
    its lifespan, so call it there yourself.
    """

    def __init__(self, auth: Auth[Any]) -> None:
        self._auth = auth

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises `ValueError` for a scope that is not http, websocket or lifespan."""
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
            return
        match scope["type"]:
            case "websocket":
                await receive()
                await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            case "lifespan":
                await self._live(receive, send)
            case other:
                raise ValueError(
                    f"scope type {other!r} is not supported; "
                    "watchword serves http and lifespan, and refuses websocket"
                )

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = ASGIBody(scope, receive)
        request = request_of(scope, body)
        response = await self._auth.handle(request)
        if body.failure is not None:
            raise body.failure
        await send_response(response, scope["method"], send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while (await receive())["type"] == "lifespan.startup":
            try:
                require_asyncio()
            except WrongLoop as error:
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            await send({"type": "lifespan.startup.complete"})
        await self._auth.close()
        await send({"type": "lifespan.shutdown.complete"})


class SessionMiddleware(SessionRelay):
    """Offers the request's session to `app` (`checked_of`), and serves nothing itself.

    What comes of looking it up goes on the response, and an `APIError` that `app` raises becomes
    its answer. For applications beside which the endpoints are served: by another process, or by a
    mount of the framework.
    """

    def __init__(self, app: Application, auth: Auth[Any]) -> None:
        """Raises `ConfigurationError` around another server that would believe its cookies."""
        super().__init__(ErrorAnswers(app), auth)


class WatchwordMiddleware:
    """Serves `auth` under its base path and passes everything else on to `app`.

    What comes of looking a session up (`checked_of`) goes on the response, and an `APIError` that
    `app` raises becomes its answer: `SessionMiddleware` stands around it.
    """

    def __init__(self, app: Application, auth: Auth[Any]) -> None:
        """Raises `ConfigurationError` around another server that would believe its cookies."""
        self._app = SessionMiddleware(app, auth)
        self._auth = auth
        self._server = ASGIApp(auth)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await Lifespan(self._app, self._server, self._auth).live(scope, receive, send)
        elif covers(self._auth.base_path, full_path(scope)):
            await self._server(scope, receive, send)
        else:
            await self._app(scope, receive, send)


async def checked_of(auth: Auth[U], scope: Scope) -> Checked[U]:
    """Who is behind a request, looked up once however often it is asked.

    `WatchwordMiddleware` and `SessionMiddleware` put what comes of it on the response; without one,
    do so yourself (`Checked.headers`). Who opens a web socket from a page that is not trusted is
    nobody: `checked.required()` says why.
    """
    return await lookup_in(auth, scope).checked()


async def submit(
    auth: Auth[Any],
    scope: Scope,
    endpoint: str,
    data: object,
    *,
    params: Mapping[str, str] = NO_PARAMS,
) -> Submitted[Any]:
    """Run an endpoint for the browser whose form this request brought (`Auth.submit`).

    `data` are the form's fields. `WatchwordMiddleware` puts the cookies on the response, and
    `checked_of` goes by them from here on; without one, put `Submitted.cookies` there yourself.
    """
    return await lookup_in(auth, scope).submit(endpoint, data, params)


async def live_session(auth: Auth[U], scope: Scope, *, every: Duration = EVERY) -> LiveSession[U]:
    """The session of who opens a web socket or a stream, for as long as that lasts.

    `every` is how often, in seconds, the store is asked whether it still stands. Raises `APIError`
    UNAUTHORIZED (401), and INVALID_ORIGIN or MISSING_OR_NULL_ORIGIN (403) for a web socket that a
    page opens which is not trusted.
    """
    return await lookup_in(auth, scope).live(every)


async def consume_action_token(auth: Auth[Any], scope: Scope, type: str) -> None:
    """Burn the grant that plugin `ActionToken` gave to the session that `checked_of` finds.

    Raises `APIError` UNAUTHORIZED (401) or ACTION_CONFIRMATION_REQUIRED (403).
    """
    await _met(auth, scope, confirmed_action(type))


async def require_fresh_session(
    auth: Auth[U], scope: Scope, within: Duration | None = None
) -> SessionAndUser[U]:
    """Session and user of who signed in lately: within `session.fresh_age`, or a time of one's own.

    Raises `APIError` UNAUTHORIZED (401) or SESSION_NOT_FRESH (403).
    """
    return await _met(auth, scope, fresh_session(within))


async def require_second_factor(
    auth: Auth[U], scope: Scope, within: Duration | None = None
) -> SessionAndUser[U]:
    """Session and user of who gave the second factor in this session, at any time or lately.

    For plugin `TwoFactor(note_in_session=True)`. Raises `APIError` UNAUTHORIZED (401),
    TWO_FACTOR_NOT_ENABLED or SECOND_FACTOR_REQUIRED (403).
    """
    return await _met(auth, scope, second_factor(within))


async def require_role(
    auth: Auth[U],
    scope: Scope,
    *roles: str,
    connector: Connector = "AND",
    in_organization: bool | str = False,
) -> SessionAndUser[U]:
    """Session and user of who has all of the roles, or with OR one of them.

    For plugin `Admin`, or `in_organization` (an id; True: the active one) for `Organization`.
    Raises `APIError` UNAUTHORIZED (401), FORBIDDEN or BANNED_USER (403).
    """
    return await _met(
        auth, scope, role(roles, connector, in_organization is not False).of(in_organization)
    )


async def require_permission(
    auth: Auth[U],
    scope: Scope,
    permissions: Mapping[str, object],
    in_organization: bool | str = False,
) -> SessionAndUser[U]:
    """Session and user of who may do all of it: `{"project": ["create"]}`.

    For plugin `Admin`, or `in_organization` (an id; True: the active one) for `Organization`.
    Raises `APIError` UNAUTHORIZED (401), FORBIDDEN or BANNED_USER (403).
    """
    return await _met(
        auth, scope, permission(permissions, {}, in_organization is not False).of(in_organization)
    )


async def _met(auth: Auth[Any], scope: Scope, demand: Demand) -> Any:
    # Where nobody relays cookies, nothing may be renewed behind the application's back.
    lookup = found_lookup(auth, scope) or SessionLookup(auth, scope, renew=False)
    return await lookup.meet(demand)
