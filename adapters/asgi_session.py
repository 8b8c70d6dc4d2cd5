"""Who is signed in, for the application's own ASGI routes.

Looking a session up may renew it; the renewed cookies must reach the response of whatever route
asked. `SessionRelay` stands around the application, so that they do also on errors and redirects.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from watchword.records import User

from .asgi import Application, Message, Receive, Scope, Send, consume_action_token, request_of

if TYPE_CHECKING:
    from watchword.auth import Auth, Checked

U = TypeVar("U", bound=User)

_KEY = "watchword.session"


class SessionLookup(Generic[U]):
    """The session of one request, looked up when first asked for, and only once."""

    def __init__(self, auth: Auth[U], scope: Scope) -> None:
        self.auth = auth
        self._scope = scope
        self._lock = asyncio.Lock()
        self._checked: Checked[U] | None = None

    async def checked(self) -> Checked[U]:
        """Who is there; the cookies that come with the answer are on their way already."""
        async with self._lock:
            if self._checked is None:
                request = request_of(self._scope)
                self._checked = await self.auth.check(request.headers, request)
            return self._checked

    async def consume_action_token(self, type: str) -> None:
        """Burn the session's grant for an action; cookies of the lookup are on their way.

        Raises `APIError` UNAUTHORIZED (401) or ACTION_CONFIRMATION_REQUIRED (403).
        """
        await self.checked()
        await consume_action_token(self.auth, self._scope, type)

    def with_cookies(self, message: Message) -> Message:
        """A message that starts a response, with the cookies of the lookup.

        They stand before the route's own: a route that signs out has the last word.
        """
        if self._checked is None or not self._checked.cookies:
            return message
        if message["type"] not in ("http.response.start", "websocket.accept"):
            return message
        cookies = [(b"set-cookie", line.encode("latin-1")) for line in self._checked.cookies]
        headers = [*cookies, *message.get("headers", ()), (b"vary", b"cookie")]
        return {**message, "headers": headers}


class SessionRelay:
    """ASGI middleware: offers the request's session to `lookup_of` and relays its cookies."""

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
            await send(lookup.with_cookies(message))

        scope[_KEY] = lookup
        await self._app(scope, receive, relay)


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
