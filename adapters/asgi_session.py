"""Who is signed in, for the application's own ASGI routes.

Looking a session up may renew it; the renewed cookies must reach the response of whatever route
asked, and caches must hear that it depends on who asks. `SessionRelay` stands around the
application, so that they do also on errors and redirects.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from watchword.configuration.options import Duration
from watchword.http.request import Request
from watchword.http.response import Constant, encoded, varies, varying
from watchword.records import User
from watchword.submitted import Submitted

from .asgi_scope import Application, Message, Receive, Scope, Send, request_of
from .demands import Demand
from .forms import fields_of
from .live_session_async import LiveSession
from .wire import check_around

if TYPE_CHECKING:
    from watchword.auth import Auth, Checked

U = TypeVar("U", bound=User)

_KEY = "watchword.session"
_NO_STORE = Constant("cache-control", "no-store")
_NONE: Mapping[Auth[Any], SessionLookup[Any]] = {}
_NO_MIDDLEWARE = (
    "there is no session lookup in this scope: put watchword's session middleware around the "
    "application, outside of everything that asks for the session"
)


class SessionLookup(Generic[U]):
    """The session of one request, looked up when first asked for, and only once.

    `renew=False` where its cookies would reach no browser.
    """

    def __init__(self, auth: Auth[U], scope: Scope, *, renew: bool = True) -> None:
        self.auth = auth
        self._scope = scope
        self._renew = renew
        self._asked = False
        self._answered: asyncio.Event | None = None
        self._request: Request | None = None
        self._checked: Checked[U] | None = None
        self._cookies: list[str] = []
        self._vary = ""
        self._submitted = False

    @property
    def request(self) -> Request:
        """The request, with the cookies that the browser is about to have."""
        if self._request is None:
            self._request = request_of(self._scope)
        return self._request

    @property
    def known(self) -> Checked[U] | None:
        """Who is there, once somebody has asked."""
        return self._checked

    async def checked(self) -> Checked[U]:
        """Who is there; the cookies that come with the answer are on their way already."""
        while self._checked is None:
            if self._asked:
                await self._answer()
                continue
            self._asked = True
            try:
                request = self.request
                found = await self.auth.check(request.headers, request, renew=self._renew)
                if request is self._request:
                    self._checked = found
                    self._cookies += found.cookies
                    self._vary = found.vary
            finally:
                self._asked = False
                if self._answered is not None:
                    self._answered.set()
        return self._checked

    async def _answer(self) -> None:
        # Few routes ask twice at once: there is something to wait at only for those that do.
        if self._answered is None or self._answered.is_set():
            self._answered = asyncio.Event()
        await self._answered.wait()

    async def meet(self, demand: Demand) -> Any:
        """Ask for something of the session that was found here, and of no other one.

        Raises `APIError`: UNAUTHORIZED (401), or what the demand refuses with.
        """
        return await demand.call(self.auth, self.auth.api, await self.checked())

    async def admit(self, demand: Demand | None) -> Any:
        """The same; no demand: that there is a session."""
        return (await self.checked()).required() if demand is None else await self.meet(demand)

    async def live(self, every: Duration) -> LiveSession[U]:
        """The session for as long as a web socket or a stream lasts."""
        live = LiveSession(self.auth, await self.checked(), every)
        await live.confirm()
        return live

    async def submit(
        self, endpoint: str, data: object, params: Mapping[str, str]
    ) -> Submitted[Any]:
        """Run an endpoint for the browser (`Auth.submit`). If that signs somebody in or out, this
        is who is there from here on."""
        request = self.request
        done = await self.auth.submit(endpoint, request, fields_of(data), params=params)
        self._vary, self._submitted = self.auth.config.vary, True
        if done.cookies:
            self._cookies += done.cookies
            self._request = request.with_headers(request.headers.after_cookies(done.cookies))
            self._checked = None
        return done

    def within(self, scope: Scope) -> SessionLookup[U]:
        """This lookup, once it can be found in the scope, beside those that ask other servers."""
        scope[_KEY] = {**scope.get(_KEY, _NONE), self.auth: self}
        return self

    def relayed(self, message: Message) -> Message:
        """A message that starts a response, with what came of the lookup if there was one.

        Cookies stand before the route's own: a route that signs out has the last word.
        """
        if message["type"] not in ("http.response.start", "websocket.accept"):
            return message
        # Whoever asks from now on finds no response that takes cookies.
        self._renew = False
        if not self._vary:
            return message
        own: list[tuple[bytes, bytes]] = list(message.get("headers", ()))
        more = [varies(self._vary).encoded]
        names = {name.lower() for name, _ in own}
        if b"vary" in names:
            pairs = [(name.decode("latin-1").lower(), text.decode("latin-1")) for name, text in own]
            own = [encoded(*pair) for pair in varying(pairs, self._vary)]
            more = []
        if self._submitted and b"cache-control" not in names:
            more.append(_NO_STORE.encoded)
        cookies = [encoded("set-cookie", line) for line in self._cookies]
        return {**message, "headers": [*cookies, *own, *more]}


class SessionRelay:
    """ASGI middleware: offers the request's session to `lookup_for`, relays what comes of it."""

    def __init__(self, app: Application, auth: Auth[Any]) -> None:
        check_around(app, auth)
        self._app = app
        self._auth = auth

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        # The lookup keeps a copy: routers write into the scope they are given.
        lookup = SessionLookup(self._auth, dict(scope))

        async def relay(message: Message) -> None:
            await send(lookup.relayed(message))

        lookup.within(scope)
        await self._app(scope, receive, relay)


def found_lookup(auth: Auth[U], scope: Scope) -> SessionLookup[U] | None:
    """The request's lookup if there is one that asks `auth`."""
    return _lookups(scope).get(auth)


def lookup_in(auth: Auth[U], scope: Scope) -> SessionLookup[U]:
    """The request's lookup that asks `auth`; a new one that is found there from now on if none."""
    return found_lookup(auth, scope) or SessionLookup(auth, scope).within(scope)


def lookup_for(auth: Auth[U], scope: Scope) -> SessionLookup[U]:
    """The request's lookup that asks `auth`. Raises `RuntimeError` where there is none."""
    known = _lookups(scope)
    found = known.get(auth)
    if found is not None:
        return found
    if known:
        raise RuntimeError(
            "the session middleware around this route belongs to another Auth; use the same Auth "
            "object in both, or put a middleware for this one around the application as well"
        )
    raise RuntimeError(_NO_MIDDLEWARE)


def lookup_of(scope: Scope) -> SessionLookup[Any]:
    """The request's only lookup. Raises `RuntimeError` if there is none, or more than one."""
    known = list(_lookups(scope).values())
    if len(known) == 1:
        return known[0]
    raise RuntimeError(
        "several servers could be meant here: use the guards of one of their plugins"
        if known
        else _NO_MIDDLEWARE
    )


def _lookups(scope: Scope) -> Mapping[Auth[Any], SessionLookup[Any]]:
    return scope.get(_KEY, _NONE)
