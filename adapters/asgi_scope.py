"""ASGI as the core sees it: a scope and its messages as a `Request`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from watchword.http.headers import Headers
from watchword.http.request import NO_BODY, Body, BodyTooLarge, Request

from .wire import covers, cut_short, declared_length, decoded, is_plain, quoted_bytes, undecoded

# ASGI messages are open dictionaries by specification.
Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
# Frameworks do not agree on how to type an application, so it is open here.
Application: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]

_HTTP_SCHEMES = {"ws": "http", "wss": "https"}


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
        length = declared_length(Headers.of_bytes(self._headers))
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
    headers = Headers.of_bytes(scope["headers"])
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
        websocket=scope["type"] == "websocket",
    )


def full_path(scope: Scope) -> str:
    """The undecoded path with the mount prefix.

    By specification `path` includes `root_path`. Behind a proxy that strips a prefix, and in
    frameworks that mount in the WSGI manner, it does not; `raw_path` may lack it as well.
    """
    root: str = scope.get("root_path", "")
    path: str = scope["path"]
    raw_bytes: bytes | None = scope.get("raw_path")
    # Nothing to decode and nothing to add: nearly all requests.
    if not root and raw_bytes == path.encode("utf-8", "replace") and is_plain(path):
        return path
    root = root.rstrip("/")
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
