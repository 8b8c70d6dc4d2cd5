"""A plain ASGI application, and a middleware that puts it beside another one.

Serve it alone (or mount it in any framework), or beside an application:

    application = ASGIApp(auth)
    application = WatchwordMiddleware(app, auth)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from watchword.configuration.options import Duration
from watchword.http.response import Constant, Response, encoded
from watchword.records import User
from watchword.results import SessionAndUser
from watchword.runtime.loops import WrongLoop, require_asyncio

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
from .asgi_session import SessionLookup, SessionRelay, found_lookup
from .demands import Demand, confirmed_action, fresh_session, second_factor
from .wire import covers, framed, preflight

if TYPE_CHECKING:
    from watchword.auth import Auth, Checked

__all__ = [
    "ASGIApp",
    "ASGIBody",
    "Application",
    "Message",
    "Receive",
    "Scope",
    "Send",
    "WatchwordMiddleware",
    "checked_of",
    "consume_action_token",
    "full_path",
    "request_of",
    "require_fresh_session",
    "require_second_factor",
]

U = TypeVar("U", bound=User)

_POLICY_VIOLATION = 1008


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
                await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
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
        response = preflight(request) or await self._auth.handle(request)
        if body.failure is not None:
            raise body.failure
        await _respond(response, scope["method"], send)

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


class WatchwordMiddleware:
    """Serves `auth` under its base path and passes everything else on to `app`.

    What comes of looking a session up (`checked_of`) goes on the response.
    """

    def __init__(self, app: Application, auth: Auth[Any]) -> None:
        self._app = SessionRelay(app, auth)
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

    `WatchwordMiddleware` puts what comes of it on the response; without one, do so yourself
    (`Checked.headers`).
    """
    lookup = found_lookup(auth, scope) or SessionLookup(auth, scope).within(scope)
    return await lookup.checked()


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


async def _met(auth: Auth[Any], scope: Scope, demand: Demand) -> Any:
    # Where nobody relays cookies, nothing may be renewed behind the application's back.
    lookup = found_lookup(auth, scope) or SessionLookup(auth, scope, renew=False)
    return await lookup.meet(demand)


async def _respond(response: Response, method: str, send: Send) -> None:
    pairs, body = framed(response, method)
    headers = [pair.encoded if type(pair) is Constant else encoded(*pair) for pair in pairs]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
