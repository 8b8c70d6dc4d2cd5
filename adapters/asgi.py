"""A plain ASGI application, and a middleware that puts it beside another one.

Serve it alone (or mount it in any framework), or beside an application:

    application = ASGIApp(auth)
    application = WatchwordMiddleware(app, auth)
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, TypeAlias

from watchword.http.headers import Headers
from watchword.http.request import NO_BODY, Body, BodyTooLarge, Request
from watchword.http.response import Response

from .wire import (
    WITHOUT_RENEWAL,
    covers,
    cut_short,
    declared_length,
    decoded,
    framed,
    quoted_bytes,
    undecoded,
)

if TYPE_CHECKING:
    from watchword.auth import Auth

# ASGI messages are open dictionaries by specification.
Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
# Frameworks do not agree on how to type an application, so it is open here.
Application: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]

_POLICY_VIOLATION = 1008
_HTTP_SCHEMES = {"ws": "http", "wss": "https"}


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
        match scope["type"]:
            case "http":
                await self._serve(scope, receive, send)
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
        response = await self._auth.handle(request_of(scope, body))
        if body.failure is not None:
            raise body.failure
        await _respond(response, scope["method"], send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while (await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        await self._auth.close()
        await send({"type": "lifespan.shutdown.complete"})


class WatchwordMiddleware:
    """Serves `auth` under its base path and passes everything else on to `app`."""

    def __init__(self, app: Application, auth: Auth[Any]) -> None:
        self._app = app
        self._auth = auth
        self._server = ASGIApp(auth)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def close_first(message: Message) -> None:
            if message["type"].startswith("lifespan.shutdown."):
                await self._auth.close()
            await send(message)

        if scope["type"] == "lifespan":
            await self._app(scope, receive, close_first)
        elif covers(self._auth.base_path, full_path(scope)):
            await self._server(scope, receive, send)
        else:
            await self._app(scope, receive, send)


async def consume_action_token(auth: Auth[Any], scope: Scope, type: str) -> None:
    """Burn the grant that plugin `ActionToken` gave to the session of a request.

    Raises `APIError` UNAUTHORIZED (401) or ACTION_CONFIRMATION_REQUIRED (403).
    """
    headers = request_of(scope).headers
    await auth.api.consume_action_token(
        headers=headers, query=WITHOUT_RENEWAL, extra={"type": type}
    )


class ASGIBody:
    """The body of an ASGI request: received when asked for, and never beyond the limit."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._headers = scope["headers"]
        self._receive = receive
        self._data: bytes | None = None
        self.failure: Exception | None = None
        """What the host raised from `receive` (a limit of its own): it belongs to the host."""

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises `BodyTooLarge`, `APIError` for a body that ends early."""
        if self._data is None:
            self._data = await self._pull(limit)
        if len(self._data) > limit:
            raise BodyTooLarge
        return self._data

    async def _pull(self, limit: int) -> bytes:
        length = declared_length(Headers.of(self._headers))
        if length is not None and length > limit:
            raise BodyTooLarge
        data = bytearray()
        more = True
        while more:
            message = await self._next()
            data += message.get("body", b"")
            if len(data) > limit:
                raise BodyTooLarge
            more = message.get("more_body", False)
        if length is not None and len(data) < length:
            raise cut_short()
        return bytes(data)

    async def _next(self) -> Message:
        try:
            message = await self._receive()
        except Exception as error:
            self.failure = error
            raise cut_short() from error
        if message["type"] == "http.disconnect":
            raise cut_short()
        return message


def request_of(scope: Scope, body: Body = NO_BODY) -> Request:
    """The request that an http or websocket scope describes, its path undecoded and whole."""
    headers = Headers.of(scope["headers"])
    client = scope.get("client")
    scheme: str = scope.get("scheme") or "http"
    return Request(
        method=scope.get("method", "GET"),
        path=full_path(scope),
        query=quoted_bytes(scope.get("query_string", b"").decode("latin-1")),
        scheme=_HTTP_SCHEMES.get(scheme, scheme),
        host=headers.get("host") or _server(scope),
        headers=headers,
        body=body,
        client=(client[0] or None) if client else None,
    )


_PLAIN = re.compile(rb"[A-Za-z0-9/_.-]+")


def full_path(scope: Scope) -> str:
    """The undecoded path with the mount prefix.

    By specification `path` includes `root_path`. Behind a proxy that strips a prefix, and in
    frameworks that mount in the WSGI manner, it does not; `raw_path` may lack it as well.
    """
    root: str = scope.get("root_path", "").rstrip("/")
    path: str = scope["path"]
    raw_bytes: bytes | None = scope.get("raw_path")
    # Nothing to decode and nothing to add: nearly all requests.
    if raw_bytes is not None and not root and _PLAIN.fullmatch(raw_bytes):
        plain = raw_bytes.decode("ascii")
        if plain == path:
            return path
    # Some test clients leave the query in raw_path.
    raw = None if raw_bytes is None else raw_bytes.partition(b"?")[0].decode("latin-1")
    received_both = bool(root) and raw is not None and decoded(raw) == root + path
    full = path if not received_both and covers(root, path) else root + path
    return undecoded(full, root, raw)


def _server(scope: Scope) -> str:
    server = scope.get("server")
    if not server:
        return ""
    name, port = server
    return name if port in (None, 80, 443) else f"{name}:{port}"


async def _respond(response: Response, method: str, send: Send) -> None:
    pairs, body = framed(response, method)
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
