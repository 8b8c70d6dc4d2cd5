"""A plain WSGI application (PEP 3333), for every WSGI server and as a mount in every framework.

Serve it alone, or beside an application:

    application = WSGIApp(auth)
    application = DispatcherMiddleware(app, {"/api/auth": WSGIApp(auth)})
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from wsgiref.types import InputStream, StartResponse, WSGIEnvironment

from watchword.errors import APIError
from watchword.http.headers import Headers
from watchword.http.request import NO_BODY, Body, BodyTooLarge, Request

from .wire import (
    WITHOUT_RENEWAL,
    bad_body,
    cut_short,
    declared_length,
    framed,
    quoted_bytes,
    target_path,
    undecoded,
)

if TYPE_CHECKING:
    from watchword.auth import Auth

_CHUNK = 65_536


class WSGIApp:
    """Serves `auth` to a WSGI server. Wherever it is mounted, it sees the whole path.

    Paths outside `auth.base_path` are answered 404. When the process ends, call
    `auth.blocking.close()`.
    """

    def __init__(self, auth: Auth[Any]) -> None:
        self._auth = auth

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = request_of(environ, WSGIBody(environ))
        response = self._auth.blocking.handle(request)
        headers, body = framed(response, request.method)
        start_response(f"{response.status} {_phrase(response.status)}", headers)
        return [body] if body else []


def consume_action_token(auth: Auth[Any], environ: WSGIEnvironment, type: str) -> None:
    """Burn the grant that plugin `ActionToken` gave to the session of a request.

    Raises `APIError` UNAUTHORIZED (401) or ACTION_CONFIRMATION_REQUIRED (403).
    """
    headers = request_of(environ).headers
    auth.blocking.api.consume_action_token(
        headers=headers, query=WITHOUT_RENEWAL, extra={"type": type}
    )


class WSGIBody:
    """The body of a WSGI request: read when asked for, and never past its announced end."""

    def __init__(self, environ: WSGIEnvironment) -> None:
        self._environ = environ
        self._data: bytes | None = None

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises `BodyTooLarge`, `APIError` for wrong framing or a short body."""
        if self._data is None:
            self._data = self._pull(limit)
        if len(self._data) > limit:
            raise BodyTooLarge
        return self._data

    def _pull(self, limit: int) -> bytes:
        length = body_length(self._environ)
        if length is not None and length > limit:
            raise BodyTooLarge
        data = _read(self._environ["wsgi.input"], limit + 1 if length is None else length)
        if length is not None and len(data) < length:
            raise cut_short()
        return data


def body_length(environ: WSGIEnvironment) -> int | None:
    """The announced length of a body in bytes; None if the server ends the stream itself.

    Raises `APIError` for a wrong, contradictory or missing announcement.
    """
    length = declared_length(Headers(_fields(environ)))
    chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    if chunked and length is not None:
        raise bad_body("Content-Length and Transfer-Encoding contradict each other")
    if length is not None or environ.get("wsgi.input_terminated"):
        return length
    if chunked:
        raise APIError(411, "LENGTH_REQUIRED", "This server needs a Content-Length")
    return 0


def request_of(environ: WSGIEnvironment, body: Body = NO_BODY) -> Request:
    """The request that an environ describes, its path undecoded and with SCRIPT_NAME."""
    root, path = (_text(environ.get(name, "")) for name in ("SCRIPT_NAME", "PATH_INFO"))
    target: str | None = environ.get("REQUEST_URI") or environ.get("RAW_URI")
    return Request(
        method=environ["REQUEST_METHOD"],
        path=undecoded(root + path, root, None if target is None else target_path(target)),
        query=quoted_bytes(environ.get("QUERY_STRING", "")),
        scheme=environ["wsgi.url_scheme"],
        host=environ.get("HTTP_HOST") or _server(environ),
        headers=Headers(_fields(environ)),
        body=body,
        client=environ.get("REMOTE_ADDR") or None,
    )


def _fields(environ: WSGIEnvironment) -> Iterator[tuple[str, str]]:
    # A header field "content_length" would arrive as HTTP_CONTENT_LENGTH: never let it pass for
    # the real one, which has no prefix.
    for name, value in environ.items():
        if name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            if value:
                yield name.replace("_", "-").lower(), value
        elif name.startswith("HTTP_") and name[5:] not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            yield name[5:].replace("_", "-").lower(), value


def _text(native: str) -> str:
    # PEP 3333: native strings carry bytes as latin-1.
    return native.encode("latin-1", "replace").decode("utf-8", "replace")


def _server(environ: WSGIEnvironment) -> str:
    name, port = environ.get("SERVER_NAME", ""), environ.get("SERVER_PORT", "")
    default = {"http": "80", "https": "443"}.get(environ["wsgi.url_scheme"])
    return name if not port or port == default else f"{name}:{port}"


def _read(stream: InputStream, size: int) -> bytes:
    data = bytearray()
    try:
        while len(data) < size:
            piece = stream.read(min(_CHUNK, size - len(data)))
            if not piece:
                break
            data += piece
    except (OSError, ValueError):  # how servers say that the client is gone or talks nonsense
        raise cut_short() from None
    return bytes(data)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
