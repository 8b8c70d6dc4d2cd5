"""WSGI as the core sees it: an environ as a `Request`."""

from __future__ import annotations

from wsgiref.types import InputStream, WSGIEnvironment

from watchword.errors import APIError
from watchword.http.headers import Headers
from watchword.http.request import NO_BODY, Body, BodyTooLarge, Request

from .wire import (
    bad_body,
    cut_short,
    declared_length,
    is_plain,
    quoted_bytes,
    target_path,
    undecoded,
)

_CHUNK = 65_536
_UNPREFIXED = (("CONTENT_TYPE", "content-type"), ("CONTENT_LENGTH", "content-length"))
_FORGED = frozenset(f"HTTP_{name}" for name, _ in _UNPREFIXED)


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
    return Request(
        method=environ["REQUEST_METHOD"],
        path=full_path(environ),
        query=quoted_bytes(environ.get("QUERY_STRING", "")),
        scheme=environ["wsgi.url_scheme"],
        host=environ.get("HTTP_HOST") or _server(environ),
        headers=Headers(_fields(environ)),
        body=body,
        client=environ.get("REMOTE_ADDR") or None,
    )


def full_path(environ: WSGIEnvironment) -> str:
    """The undecoded path with SCRIPT_NAME."""
    root: str = environ.get("SCRIPT_NAME", "")
    path: str = environ.get("PATH_INFO", "")
    full = root + path
    target: str | None = environ.get("REQUEST_URI") or environ.get("RAW_URI")
    # Nothing to decode: nearly all requests.
    if is_plain(full) and (target is None or target.partition("?")[0] == full):
        return full
    root, path = _text(root), _text(path)
    return undecoded(root + path, root, None if target is None else target_path(target))


def _fields(environ: WSGIEnvironment) -> list[tuple[str, str]]:
    # A header field "content_length" would arrive as HTTP_CONTENT_LENGTH: never let it pass for
    # the real one, which has no prefix.
    found = [
        (name[5:].replace("_", "-").lower(), value)
        for name, value in environ.items()
        if name.startswith("HTTP_") and name not in _FORGED
    ]
    for name, field in _UNPREFIXED:
        if value := environ.get(name):
            found.append((field, value))
    return found


def _text(native: str) -> str:
    # PEP 3333: native strings carry bytes as latin-1.
    return native.encode("latin-1", "replace").decode("utf-8", "replace")


def _server(environ: WSGIEnvironment) -> str:
    name, port = environ.get("SERVER_NAME", ""), str(environ.get("SERVER_PORT", ""))
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
