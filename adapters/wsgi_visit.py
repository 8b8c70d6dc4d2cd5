"""One request to a WSGI application: who is behind it, and what its response gets of that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from wsgiref.types import WSGIEnvironment

from watchword.configuration.options import Duration
from watchword.http.request import Request
from watchword.http.response import varying
from watchword.records import User
from watchword.results import SessionAndUser
from watchword.submitted import Submitted

from .demands import Demand
from .forms import fields_of
from .live_session import BlockingLiveSession
from .wsgi_environ import request_of

if TYPE_CHECKING:
    from watchword.auth import Auth, Checked

U = TypeVar("U", bound=User)

_BEGUN = "watchword.begun"


class Visit(Generic[U]):
    """Looks the session up when first asked for it, and only once; runs endpoints for forms.

    An endpoint that signs somebody in or out changes who is behind the rest of the request.
    """

    def __init__(self, auth: Auth[U], environ: WSGIEnvironment) -> None:
        self._auth = auth
        self._environ = environ
        self._request: Request | None = None
        self._found: Checked[U] | None = None
        self._has_begun = environ.get(_BEGUN, False)
        self.cookies: list[str] = []
        """`Set-Cookie` values for the response, in order."""
        self.vary = ""
        """The headers of requests that say who is asking, once the response depends on it."""
        self.submitted = False
        """Whether it tells what came of a form."""

    def meet(self, environ: WSGIEnvironment) -> None:
        """Take the environ as it is further inside; middleware may have changed it."""
        self._environ = environ

    @property
    def request(self) -> Request:
        """The request, with the cookies that the browser is about to have."""
        if self._request is None:
            self._request = request_of(self._environ)
        return self._request

    @property
    def session(self) -> SessionAndUser[U] | None:
        """Session and user, None if nobody is signed in."""
        return self.checked().session

    @property
    def user(self) -> U | None:
        """The user, None if nobody is signed in."""
        found = self.session
        return None if found is None else found.user

    def required(self) -> SessionAndUser[U]:
        """Session and user.

        Raises `APIError` UNAUTHORIZED (401) if nobody is signed in, and why a page may not open a
        web socket (403).
        """
        return self.checked().required()

    def checked(self) -> Checked[U]:
        """Who is there."""
        if self._found is None:
            request = self.request
            # A response that has begun takes no cookies any more; what accepts a web socket writes
            # to the connection itself.
            renew = not (self._has_begun or request.opens_websocket)
            self._found = self._auth.blocking.check(request.headers, request, renew=renew)
            self.cookies += self._found.cookies
            self.vary = self._found.vary
        return self._found

    def admit(self, demand: Demand | None) -> Any:
        """Ask for something of the session that is found here; no demand: that there is one.

        Raises `APIError`: UNAUTHORIZED (401), or what the demand refuses with.
        """
        if demand is None:
            return self.required()
        return demand.call(self._auth, self._auth.blocking.api, self.checked())

    def live(self, every: Duration) -> BlockingLiveSession[U]:
        """The session for as long as a web socket or a stream lasts."""
        live = BlockingLiveSession(self._auth, self.checked(), every)
        live.confirm()
        return live

    def begin_response(self) -> bool:
        """Note that the response begins; whether it gets anything of what came of it."""
        self._has_begun = True
        return bool(self.vary)

    def submit(self, endpoint: str, data: object, params: Mapping[str, str]) -> Submitted[Any]:
        """Run an endpoint for the browser (`Auth.submit`)."""
        request = self.request
        done = self._auth.blocking.submit(endpoint, request, fields_of(data), params=params)
        self.vary, self.submitted = self._auth.config.vary, True
        if done.cookies:
            self.cookies += done.cookies
            self._request = request.with_headers(request.headers.after_cookies(done.cookies))
            self._found = None
        return done

    def relayed(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """The headers of the response with what came of it."""
        if not self.begin_response():
            return headers
        # Before the application's own cookies: a page that signs out has the last word.
        pairs = [("Set-Cookie", line) for line in self.cookies]
        pairs += [("vary" if name.lower() == "vary" else name, value) for name, value in headers]
        if self.submitted and "cache-control" not in {name.lower() for name, _ in headers}:
            pairs.append(("Cache-Control", "no-store"))
        return list(varying(pairs, self.vary))


def visit_of(auth: Auth[U], environ: WSGIEnvironment) -> Visit[U]:
    """The visit of a request. Who hands on a copy of the environ still shares it."""
    found: Visit[U] | None = environ.get(_key(auth))
    if found is None:
        found = environ[_key(auth)] = Visit(auth, environ)
    else:
        found.meet(environ)
    return found


def visited(auth: Auth[U], environ: WSGIEnvironment) -> Visit[U] | None:
    """The visit of a request if anybody asked for it."""
    return environ.get(_key(auth))


def at_response(auth: Auth[U], environ: WSGIEnvironment) -> Visit[U] | None:
    """The visit whose outcome a response gets that begins now; None if there is nothing to get."""
    found = visited(auth, environ)
    if found is None:
        environ[_BEGUN] = True
        return None
    return found if found.begin_response() else None


def meet(auth: Auth[Any], environ: WSGIEnvironment, demand: Demand) -> Any:
    """Ask for something of the session that `checked_of` finds.

    Raises `APIError`: UNAUTHORIZED (401), or what the demand refuses with.
    """
    visit = visited(auth, environ)
    if visit is None:
        # Where nobody relays cookies, nothing may be renewed behind the application's back.
        visit = Visit(auth, environ)
        visit.begin_response()
    return visit.admit(demand)


def _key(auth: Auth[Any]) -> str:
    return f"watchword.visit.{id(auth)}"
