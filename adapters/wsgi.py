"""A plain WSGI application (PEP 3333), for every WSGI server and as a mount in every framework.

Serve it alone, or beside an application:

    application = WSGIApp(auth)
    application = WatchwordMiddleware(app, auth)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from watchword.configuration.options import Duration
from watchword.features.access_control import Connector
from watchword.records import User
from watchword.results import SessionAndUser
from watchword.submitted import NO_PARAMS, Submitted

from .demands import confirmed_action, fresh_session, permission, role, second_factor
from .live_session import EVERY, BlockingLiveSession
from .wire import check_around, covers, framed
from .wsgi_answers import answering, status_line
from .wsgi_environ import WSGIBody, full_path, request_of
from .wsgi_visit import Visit, meet, visit_of

if TYPE_CHECKING:
    from watchword.auth import Auth, Checked

U = TypeVar("U", bound=User)

VISIT = "watchword.visit"
"""In an environ: the `Visit` of the nearest `SessionMiddleware`."""

__all__ = [
    "VISIT",
    "BlockingLiveSession",
    "SessionMiddleware",
    "Visit",
    "WSGIApp",
    "WSGIBody",
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
    "visit_of",
]


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
        start_response(status_line(response.status), headers)
        return [body]  # also an empty one: Hypercorn takes a body without pieces for none at all


class SessionMiddleware:
    """Puts a `Visit` into `environ["watchword.visit"]`: who is asking, once somebody wants to know.

    What comes of it goes on the response, and an `APIError` that `app` raises becomes its answer.
    It serves nothing itself: for applications beside which the endpoints are served, by another
    process or by a mount of the framework.
    """

    def __init__(self, app: WSGIApplication, auth: Auth[Any]) -> None:
        """Raises `ConfigurationError` around another server that would believe its cookies."""
        check_around(app, auth)
        self._app = app
        self._auth = auth

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        visit = environ[VISIT] = visit_of(self._auth, environ)

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            return start_response(status, visit.relayed(headers), *error)

        return answering(self._app, environ, start)


class WatchwordMiddleware:
    """Serves `auth` under its base path and passes everything else on to `app`.

    What comes of looking a session up (`checked_of`) goes on the response, and an `APIError` that
    `app` raises becomes its answer: `SessionMiddleware` stands around it.
    """

    def __init__(self, app: WSGIApplication, auth: Auth[Any]) -> None:
        """Raises `ConfigurationError` around another server that would believe its cookies."""
        self._app = SessionMiddleware(app, auth)
        self._auth = auth
        self._server = WSGIApp(auth)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if covers(self._auth.base_path, full_path(environ)):
            return self._server(environ, start_response)
        return self._app(environ, start_response)


def checked_of(auth: Auth[U], environ: WSGIEnvironment) -> Checked[U]:
    """Who is behind a request, looked up once however often it is asked.

    `WatchwordMiddleware` and `SessionMiddleware` put what comes of it on the response; without one,
    do so yourself (`Checked.headers`).
    """
    return visit_of(auth, environ).checked()


def submit(
    auth: Auth[Any],
    environ: WSGIEnvironment,
    endpoint: str,
    data: object,
    *,
    params: Mapping[str, str] = NO_PARAMS,
) -> Submitted[Any]:
    """Run an endpoint for the browser whose form this request brought (`Auth.submit`).

    `data` are the form's fields. `WatchwordMiddleware` puts the cookies on the response, and
    `checked_of` goes by them from here on; without one, put `Submitted.cookies` there yourself.
    """
    return visit_of(auth, environ).submit(endpoint, data, params)


def live_session(
    auth: Auth[U], environ: WSGIEnvironment, *, every: Duration = EVERY
) -> BlockingLiveSession[U]:
    """The session of who opens a web socket or a stream, for as long as that lasts.

    `every` is how often, in seconds, the store is asked whether it still stands. Raises `APIError`
    UNAUTHORIZED (401), and INVALID_ORIGIN or MISSING_OR_NULL_ORIGIN (403) for a web socket that a
    page opens which is not trusted.
    """
    return visit_of(auth, environ).live(every)


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


def require_role(
    auth: Auth[U],
    environ: WSGIEnvironment,
    *roles: str,
    connector: Connector = "AND",
    in_organization: bool | str = False,
) -> SessionAndUser[U]:
    """Session and user of who has all of the roles, or with OR one of them.

    For plugin `Admin`, or `in_organization` (an id; True: the active one) for `Organization`.
    Raises `APIError` UNAUTHORIZED (401), FORBIDDEN or BANNED_USER (403).
    """
    return meet(
        auth, environ, role(roles, connector, in_organization is not False).of(in_organization)
    )


def require_permission(
    auth: Auth[U],
    environ: WSGIEnvironment,
    permissions: Mapping[str, object],
    in_organization: bool | str = False,
) -> SessionAndUser[U]:
    """Session and user of who may do all of it: `{"project": ["create"]}`.

    For plugin `Admin`, or `in_organization` (an id; True: the active one) for `Organization`.
    Raises `APIError` UNAUTHORIZED (401), FORBIDDEN or BANNED_USER (403).
    """
    return meet(
        auth, environ, permission(permissions, {}, in_organization is not False).of(in_organization)
    )
