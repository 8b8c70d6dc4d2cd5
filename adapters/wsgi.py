"""A plain WSGI application (PEP 3333), for every WSGI server and as a mount in every framework.

Serve it alone, or beside an application:

    application = WSGIApp(auth)
    application = WatchwordMiddleware(app, auth)
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar
from wsgiref.types import InputStream, StartResponse, WSGIApplication, WSGIEnvironment

from watchword.configuration.options import Duration
from watchword.errors import APIError
from watchword.http.headers import Headers
from watchword.http.request import NO_BODY, Body, BodyTooLarge, Request
from watchword.http.response import varying
from watchword.records import User
from watchword.results import SessionAndUser

from .demands import Demand, confirmed_action, fresh_session, second_factor
from .wire import (
    bad_body,
    check_around,
    covers,
    cut_short,
    declared_length,
    framed,
    is_plain,
    preflight,
    quoted_bytes,
    target_path,
    undecoded,
)

if TYPE_CHECKING:
    from watchword.auth import Auth, Checked

U = TypeVar("U", bound=User)

_CHUNK = 65_536
_UNPREFIXED = (("CONTENT_TYPE", "content-type"), ("CONTENT_LENGTH", "content-length"))
_FORGED = frozenset(f"HTTP_{name}" for name, _ in _UNPREFIXED)


class WSGIApp:
    """Serves `auth` to a WSGI server. Wherever it is mounted, it sees the whole path.

    Paths outside `auth.base_path` are answered 404. When the process ends, call
    `auth.blocking.close()`.
    """

    def __init__(self, auth: Auth[Any]) -> None:
        self._auth = auth

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = request_of(environ, WSGIBody(environ))
        response = preflight(request) or self._auth.blocking.handle(request)
        headers, body = framed(response, request.method)
        start_response(f"{response.status} {_phrase(response.status)}", headers)
        return [body]  # also an empty one: Hypercorn takes a body without pieces for none at all


class WatchwordMiddleware:
    """Serves `auth` under its base path and passes everything else on to `app`.

    What comes of looking a session up (`checked_of`) goes on the response.
    """

    def __init__(self, app: WSGIApplication, auth: Auth[Any]) -> None:
        """Raises `ConfigurationError` around another server that would believe its cookies."""
        check_around(app, auth)
        self._app = app
        self._auth = auth
        self._server = WSGIApp(auth)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if covers(self._auth.base_path, full_path(environ)):
            return self._server(environ, start_response)
        # A list, so that somebody inside who hands on a copy of the environ still shares it.
        found: list[Checked[Any]] = environ.setdefault(_key(self._auth), [])

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            return start_response(status, _relayed(headers, found), *error)

        return self._app(environ, start)


def checked_of(auth: Auth[U], environ: WSGIEnvironment) -> Checked[U]:
    """Who is behind a request, looked up once however often it is asked.

    `WatchwordMiddleware` puts what comes of it on the response; without one, do so yourself
    (`Checked.headers`).
    """
    found: list[Checked[U]] = environ.setdefault(_key(auth), [])
    if not found:
        request = request_of(environ)
        found.append(auth.blocking.check(request.headers, request))
    return found[0]


def consume_action_token(auth: Auth[Any], environ: WSGIEnvironment, type: str) -> None:
    """Burn the grant that plugin `ActionToken` gave to the session that `checked_of` finds.

    Raises `APIError` UNAUTHORIZED (401) or ACTION_CONFIRMATION_REQUIRED (403).
    """
    meet(auth, environ, confirmed_action(type))


def require_fresh_session(
    auth: Auth[U], environ: WSGIEnvironment, within: Duration | None = None
) -> SessionAndUser[U]:
    """Session and user of who signed in lately: within `session.fresh_age`, or a time of one's own.

    Raises `APIError` UNAUTHORIZED (401) or SESSION_NOT_FRESH (403).
    """
    return meet(auth, environ, fresh_session(within))


def require_second_factor(
    auth: Auth[U], environ: WSGIEnvironment, within: Duration | None = None
) -> SessionAndUser[U]:
    """Session and user of who gave the second factor in this session, at any time or lately.

    For plugin `TwoFactor(note_in_session=True)`. Raises `APIError` UNAUTHORIZED (401),
    TWO_FACTOR_NOT_ENABLED or SECOND_FACTOR_REQUIRED (403).
    """
    return meet(auth, environ, second_factor(within))


def meet(auth: Auth[Any], environ: WSGIEnvironment, demand: Demand) -> Any:
    """Ask for something of the session that `checked_of` finds.

    Raises `APIError`: UNAUTHORIZED (401), or what the demand refuses with.
    """
    if _key(auth) in environ:
        checked = checked_of(auth, environ)
    else:
        # Where nobody relays cookies, nothing may be renewed behind the application's back.
        request = request_of(environ)
        checked = auth.blocking.check(request.headers, request, renew=False)
    return demand.call(auth, auth.blocking.api, checked)


def was_checked(auth: Auth[U], environ: WSGIEnvironment) -> Checked[U] | None:
    """What `checked_of` found for a request; None if nobody asked."""
    found: list[Checked[U]] = environ.get(_key(auth), [])
    return found[0] if found else None


def _key(auth: Auth[Any]) -> str:
    return f"watchword.checked.{id(auth)}"


def _relayed(headers: list[tuple[str, str]], found: list[Checked[Any]]) -> list[tuple[str, str]]:
    if not found:
        return headers
    # Before the application's own cookies: a page that signs out has the last word.
    cookies = [("Set-Cookie", line) for line in found[0].cookies]
    own = [("vary" if name.lower() == "vary" else name, value) for name, value in headers]
    return list(varying([*cookies, *own], found[0].vary))


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


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
