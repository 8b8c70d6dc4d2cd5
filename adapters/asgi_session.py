"""Who is signed in, for the application's own ASGI routes.

Looking a session up may renew it; the renewed cookies must reach the response of whatever route
asked, and caches must hear that it depends on who asks. `SessionRelay` stands around the
application, so that they do also on errors and redirects.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from watchword.http.response import varying
from watchword.records import User
from watchword.sessions import WITHOUT_RENEWAL

from .asgi_scope import Application, Message, Receive, Scope, Send, request_of

if TYPE_CHECKING:
    from watchword.auth import Auth, Checked

U = TypeVar("U", bound=User)

_KEY = "watchword.session"


class SessionLookup(Generic[U]):
    """The session of one request, looked up when first asked for, and only once.

    `renew=False` where its cookies would reach no browser.
    """

    def __init__(self, auth: Auth[U], scope: Scope, *, renew: bool = True) -> None:
        self.auth = auth
        self._scope = scope
        self._renew = renew
        self._lock = asyncio.Lock()
        self._checked: Checked[U] | None = None

    async def checked(self) -> Checked[U]:
        """Who is there; the cookies that come with the answer are on their way already."""
        async with self._lock:
            if self._checked is None:
                request = request_of(self._scope)
                self._checked = await self.auth.check(request.headers, request, renew=self._renew)
            return self._checked

    async def consume_action_token(self, type: str) -> None:
        """Burn the grant for an action of the session that was found here, and of no other one.

        Raises `APIError` UNAUTHORIZED (401) or ACTION_CONFIRMATION_REQUIRED (403).
        """
        checked = await self.checked()
        await self.auth.api.consume_action_token(
            checked=checked, query=WITHOUT_RENEWAL, extra={"type": type}
        )

    def within(self, scope: Scope) -> SessionLookup[U]:
        """This lookup, once it can be found in the scope."""
        scope[_KEY] = self
        return self

    def relayed(self, message: Message) -> Message:
        """A message that starts a response, with what came of the lookup if there was one.

        Cookies stand before the route's own: a route that signs out has the last word.
        """
        checked = self._checked
        if checked is None or message["type"] not in ("http.response.start", "websocket.accept"):
            return message
        cookies = [("set-cookie", line) for line in checked.cookies]
        own = [
            (name.decode("latin-1").lower(), value.decode("latin-1"))
            for name, value in message.get("headers", ())
        ]
        pairs = varying([*cookies, *own], checked.vary)
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
        return {**message, "headers": headers}


class SessionRelay:
    """ASGI middleware: offers the request's session to `lookup_of`, relays what comes of it."""

    def __init__(self, app: Application, auth: Auth[Any]) -> None:
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
    lookup = scope.get(_KEY)
    if isinstance(lookup, SessionLookup):
        known = cast("SessionLookup[U]", lookup)
        return known if known.auth is auth else None
    return None


def lookup_of(scope: Scope) -> SessionLookup[Any]:
    """The request's lookup. Raises `RuntimeError` where no `SessionRelay` stands around."""
    lookup = scope.get(_KEY)
    if isinstance(lookup, SessionLookup):
        return cast("SessionLookup[Any]", lookup)
    raise RuntimeError(
        "there is no session lookup in this scope: put watchword's session middleware around the "
        "application, outside of everything that asks for the session"
    )


def lookup_for(auth: Auth[U], scope: Scope) -> SessionLookup[U]:
    """The request's lookup if it asks `auth`. Raises `RuntimeError` otherwise."""
    lookup = lookup_of(scope)
    if lookup.auth is not auth:
        raise RuntimeError(
            "the session middleware around this route belongs to another Auth; "
            "use the same Auth object in both"
        )
    return lookup
