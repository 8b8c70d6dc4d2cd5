"""What stands around every connection of a Quart application, inside of all its middleware.

Session cookies go on whatever is answered, an accepted web socket included. Quart reads bodies
ahead, whoever wants them: those of the authentication server are left to the core, which knows how
much it wants of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from quart import request
from quart.signals import request_started
from werkzeug.exceptions import BadHost

from watchword.errors import APIError
from watchword.http.request import NO_BODY, Body

from .asgi_answers import POLICY_VIOLATION, send_error
from .asgi_scope import ASGIBody, Message, Receive, Scope, Send, full_path
from .asgi_session import SessionRelay
from .flask_extension import MountedExtension
from .quart_guards import scope_of
from .wire import covers

if TYPE_CHECKING:
    from quart import Quart

    from watchword.auth import Auth

Connect: TypeAlias = Callable[[Any, Any], Callable[[Any, Any], Awaitable[None]]]
"""Quart's class of connections: it is made of an application and a scope, then called."""

_BODY = "watchword.body"
_REFUSAL = "watchword.refusal"


def stand_around(app: Quart, auth: Auth[Any]) -> None:
    """Have the connections of an application pass through here."""
    # As attributes of the application: what its middleware does to a scope is done by then.
    open_app = cast("Any", app)
    open_app.asgi_http_class = _relaying(open_app.asgi_http_class, auth, _leave_body)
    open_app.asgi_websocket_class = _relaying(open_app.asgi_websocket_class, auth, _say_why)
    request_started.connect(_decide, sender=app)


def body_of(scope: Scope) -> Body:
    """The body of a request to the authentication server."""
    return scope.get(_BODY, NO_BODY)


def note_refusal(scope: Scope, error: APIError) -> None:
    """Have a web socket closed for a reason."""
    scope[_REFUSAL] = error


def _relaying(known: Connect, auth: Auth[Any], prepare: Any) -> Connect:
    def connect(app: Any, scope: Scope) -> Callable[[Any, Any], Awaitable[None]]:
        if covers(auth.base_path, full_path(scope)):
            scope = _with_root(scope)

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await known(app, scope)(*prepare(auth, scope, receive, send))
            except BadHost:
                # Quart looks for the route before it is ready to answer anything.
                await send_error(APIError(400), scope, send)

        relay = SessionRelay(serve, auth)
        return lambda receive, send: relay(scope, receive, send)

    return connect


def _with_root(scope: Scope) -> Scope:
    """Quart finds nothing where a proxy has stripped the prefix that the server says all the same
    (Hypercorn does)."""
    root, path = scope.get("root_path", ""), scope["path"]
    if not root or path.startswith(root):
        return scope
    return {**scope, "path": root.rstrip("/") + path}


def _leave_body(
    auth: Auth[Any], scope: Scope, receive: Receive, send: Send
) -> tuple[Receive, Send]:
    if _BODY in scope or not covers(auth.base_path, full_path(scope)):
        return receive, send
    body = scope[_BODY] = _UndecidedBody(scope, receive)
    return body.receive_for_quart, send


class _UndecidedBody(ASGIBody):
    """A body that Quart gets unless the request turns out to be the authentication server's: the
    application may have routes of its own below the base path."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        super().__init__(scope, receive)
        self._is_decided = asyncio.Event()
        self._is_own = False
        self._is_told = False

    def decide(self, *, is_own: bool) -> None:
        """Say whose it is, as soon as the route is known."""
        self._is_own = is_own
        self._is_decided.set()

    async def receive_for_quart(self) -> Message:
        """What Quart reads ahead of whoever wants it."""
        await self._is_decided.wait()
        if not self._is_own:
            return await self._receive()
        if self._is_told:
            # Until the answer is out; a client that is gone must not undo what was begun.
            await asyncio.Event().wait()
        self._is_told = True
        return {"type": "http.request", "body": b"", "more_body": False}


async def _decide(app: Quart, **_: object) -> None:
    """Runs once the route of a request is known, before any hook of the application."""
    body: Any = scope_of(request).get(_BODY)
    if isinstance(body, _UndecidedBody):
        view = app.view_functions.get(request.endpoint or "")
        body.decide(is_own=isinstance(getattr(view, "__self__", None), MountedExtension))


def _say_why(auth: Auth[Any], scope: Scope, receive: Receive, send: Send) -> tuple[Receive, Send]:
    async def closing(message: Message) -> None:
        error: APIError | None = scope.get(_REFUSAL)
        if error is not None and message["type"] == "websocket.close":
            reason = error.code or ""
            message = {**message, "code": POLICY_VIOLATION, "reason": reason}
        await send(message)

    return receive, closing
