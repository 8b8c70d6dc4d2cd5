"""One call of an endpoint: what came in, what will go out, and the doors to everything else.

A `Call` serves one HTTP request or one server-side call, and is handed to endpoints, hooks and
callbacks. Nothing on it outlives the call.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, ParamSpec, Protocol, TypeVar, cast

import msgspec

from watchword.configuration.configuration import Configuration
from watchword.configuration.site import Site
from watchword.crypto.random_strings import ALPHANUMERIC, random_string
from watchword.database.facade import Database
from watchword.database.secondary import SecondaryEngine
from watchword.http.headers import EMPTY, Headers
from watchword.http.navigation import Navigation
from watchword.http.request import Request
from watchword.http.response import Response, header_value
from watchword.observability.logs import CallbackFailed
from watchword.runtime.contract import Runtime

from .cookies import CookieJar, CookieNames
from .credential import Asker, CacheDue, SessionLookup
from .discreet import Discreet
from .endpoint import Endpoint
from .errors import APIError
from .records import Session, User
from .results import SessionAndUser
from .submitted import NO_DATA, NO_PARAMS, Submitted

P = ParamSpec("P")
T = TypeVar("T")

Query = Mapping[str, "str | list[str]"]


class Change(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """What a `before` hook alters: fields laid over body and query, headers set on the request."""

    __secrets__: ClassVar[frozenset[str]] = frozenset(("body", "query", "headers"))

    body: Mapping[str, object] = msgspec.field(default_factory=dict[str, object])
    query: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    headers: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])


class SessionStore(Protocol):
    """Sessions in a database or a secondary storage. All methods act for the call."""

    async def insert(self, call: Call, values: Mapping[str, object]) -> Session | None:
        """Store a new session; None if a hook refused it."""
        ...

    async def load(self, call: Call, token: str) -> SessionAndUser[User] | None:
        """The session with this token and its user, expired or not."""
        ...

    async def change(
        self, call: Call, found: Session, changes: Mapping[str, object]
    ) -> Session | None:
        """Change a session; None if it is gone."""
        ...

    async def renew(
        self, call: Call, found: SessionAndUser[User], expires_at: datetime
    ) -> SessionAndUser[User] | None:
        """Move the end of a session; None if another call did so first, or ended it.

        The user comes along as the database knows him.
        """
        ...

    async def of_user(self, call: Call, user_id: str) -> list[Session]:
        """The user's sessions that have not ended, newest first, a hundred at most."""
        ...

    async def tokens_of(self, call: Call, user_id: str) -> Collection[str]:
        """The tokens of all sessions of the user; of ended ones, too. `load` has the last word."""
        ...

    async def remove(self, call: Call, token: str) -> None:
        """End the session with this token."""
        ...

    async def remove_own(self, call: Call, user_id: str, token: str) -> None:
        """End the session with this token if it is the user's."""
        ...

    async def remove_all(self, call: Call, user_id: str, *, keep: str | None = None) -> None:
        """End the user's sessions, but the one with the token `keep`."""
        ...


class Call:
    """The context of one call. Attributes are filled in as the pipeline proceeds."""

    __slots__ = (
        "_jar",
        "_now",
        "answers_client",
        "asker",
        "begun",
        "body",
        "cache_due",
        "config",
        "db",
        "deferred",
        "endpoint",
        "flow_context",
        "headers",
        "lookup",
        "multi_factor",
        "navigation",
        "new_session",
        "of_form",
        "outgoing",
        "params",
        "path",
        "query",
        "request",
        "response_headers",
        "returned",
        "runtime",
        "shows_headers",
        "site",
        "subject",
    )

    def __init__(
        self,
        config: Configuration,
        runtime: Runtime,
        site: Site,
        *,
        request: Request | None = None,
        headers: Headers = EMPTY,
        path: str = "",
    ) -> None:
        self.config = config
        self.runtime = runtime
        self.site = site
        self.request = request
        """The HTTP request; None in server-side calls."""
        self.headers = headers
        self.path = path
        """The path below the base path, undecoded."""
        self.endpoint: Endpoint[Any, Any] | None = None
        self.body: object = None
        """The parsed body, before validation: usually a dict, None without a body."""
        self.query: Query = {}
        self.params: Mapping[str, str] = {}
        """Path parameters, undecoded."""
        self.response_headers: list[tuple[str, str]] = []
        self.returned: object = None
        """In `after` hooks: the endpoint's result, or the `APIError` that it raised. In
        `on_response` hooks: what the response was made of."""
        self.outgoing: Response | None = None
        """In `on_response` hooks: the response so far."""
        self.new_session: SessionAndUser[User] | None = None
        """The session that this call established or renewed."""
        self.begun: str | None = None
        """The token of the session that a proof of its person began in this call: neither one that
        was renewed nor one that was made from another."""
        self.multi_factor = False
        """Whether that proof was of several factors by itself: no second one is asked for then."""
        self.asker: Asker | None = None
        """On whose word the call acts, once somebody wanted to know."""
        self.answers_client = False
        """Whether the endpoint's result is encoded for a client, and handed to nobody's code."""
        self.shows_headers = True
        """Whether anybody gets the headers of the answer: code that asks for the value does not."""
        self.lookup: SessionLookup | None = None
        """The remembered outcome of looking the session up."""
        self.flow_context: Mapping[str, object] | None = None
        """What hooks on the server noted in the flow to a provider that ends with this call."""
        self.of_form = False
        """Whether a page runs the endpoint for a form that any site can have a browser send."""
        self.navigation: Navigation | None = None
        """Of a form that a browser posted and waits for a page to show: where that is."""
        self.subject: str | None = None
        """For the log: the id of the user whom a sign-in is about, once it is known."""
        self.cache_due: CacheDue | None = None
        """What the session cache is to be written with once the call is done."""
        self.deferred: list[Coroutine[Any, Any, None]] | None = [] if runtime.hands_over else None
        """Background work that the application gets at the end of the call, if it wants it."""
        self.db = Database(runtime.engine, config.tables, self)
        self._jar: CookieJar | None = None
        self._now: datetime | None = None

    @property
    def for_itself(self) -> bool:
        """Whether the server acts by itself, and not for whoever sent a request or its headers."""
        return self.request is None and self.headers is EMPTY

    @property
    def now(self) -> datetime:
        """The moment of this call (aware, UTC, whole milliseconds); the same all through it."""
        if self._now is None:
            now = self.config.options.clock()
            self._now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        return self._now

    def after(self, seconds: int) -> datetime:
        """The moment that many seconds from now."""
        return self.now + timedelta(seconds=seconds)

    @property
    def fields(self) -> Mapping[str, object]:
        """The fields of the parsed body; none unless it is an object."""
        body = self.body
        return cast("dict[str, object]", body) if isinstance(body, dict) else {}

    @property
    def cookies(self) -> CookieJar:
        """Cookies of the request, and those of the response."""
        jar = self._jar
        if jar is None:
            secrets = self.config.secrets
            older = secrets.retiring(self.now) if secrets.versions else ()
            jar = self._jar = CookieJar(self.headers, secrets.current, older)
        return jar

    @property
    def sets_cookies(self) -> bool:
        """Whether the response will set a cookie, as far as is known."""
        return bool(self._jar)

    @property
    def cookie_names(self) -> CookieNames:
        return self.site.cookies

    @property
    def secondary(self) -> SecondaryEngine:
        """The secondary storage. Raises `LookupError` without one."""
        if self.runtime.secondary is None:
            raise LookupError("there is no secondary storage")
        return self.runtime.secondary

    @property
    def sessions(self) -> SessionStore:
        """Where sessions are kept."""
        store: Any = self.config.sessions
        return store

    @property
    def session(self) -> SessionAndUser[User]:
        """The session that the endpoint requires. Only for endpoints with `requires=`."""
        if self.lookup is None or self.lookup.found is None:
            raise LookupError("this endpoint does not require a session; look it up")
        return self.lookup.found

    def replace_headers(self, headers: Headers) -> None:
        """Go on as if the request had come with these headers; cookies set so far are kept.

        Settle who is asking first (`asking.asker_of`): that never follows from what a hook made.
        """
        if headers is not self.headers:
            self.headers = headers
            self._jar = None if self._jar is None else self._jar.reading(headers)

    async def submit(
        self,
        endpoint: str,
        data: Mapping[str, object] | msgspec.Struct = NO_DATA,
        *,
        params: Mapping[str, str] = NO_PARAMS,
    ) -> Submitted[Any]:
        """Run another endpoint (its name in `auth.api`) for this call's browser: `Auth.submit`.

        For endpoints that are pages. The cookies of its answer are put on the page's own response,
        and who is asking from here on is who they say. Raises `LookupError` for an endpoint that
        there is not, `RuntimeError` in a server-side call, and where a page that is only looked at
        (GET) would change something.
        """
        if self.request is None:
            raise RuntimeError("there is no browser behind a server-side call to submit a form for")
        submitted = await self.config.entrance.submit(
            self.runtime, endpoint, self.request, data, params
        )
        self._take(submitted.cookies)
        return submitted

    def _take(self, lines: Sequence[str]) -> None:
        """Give the browser cookies of another response, and go on as if it had them already."""
        if not lines or self.request is None:
            return
        self.cookies.relay(lines)
        # Not on top of what hooks made of the headers: who is asking never follows from that.
        headers = self.request.headers.after_cookies(lines)
        self.request = self.request.with_headers(headers)
        self.replace_headers(headers)
        self.asker = self.lookup = None

    def set_header(self, name: str, value: str) -> None:
        """Set a response header (lower-case name); cookies go through `cookies`."""
        self.response_headers = [pair for pair in self.response_headers if pair[0] != name]
        self.response_headers.append((name, header_value(value)))

    def withhold(self) -> None:
        """Give the client nothing of what this call was going to hand out: it failed. Cookies that
        it deletes stay deleted."""
        self.new_session = self.cache_due = self.begun = None
        self.response_headers = []
        self.cookies.keep_deletions()

    def expose_header(self, name: str) -> None:
        """Let scripts of other trusted origins read a response header (CORS)."""
        listed = dict(self.response_headers).get("access-control-expose-headers")
        names = listed.split(", ") if listed else []
        if name not in names:
            self.set_header("access-control-expose-headers", ", ".join([*names, name]))

    def random(self, length: int = 32, alphabet: str = ALPHANUMERIC) -> str:
        """A random text from the operating system's generator, without bias."""
        return random_string(length, alphabet, self.config.options.token_bytes)

    async def run(self, callback: Callable[..., object], *args: object) -> object:
        """Run an application's callback, sync or async, where it belongs."""
        return await self.runtime.call(callback, *args)

    async def run_with_secret(self, callback: Callable[..., object], *args: object) -> object:
        """`run` for a callback that is given a password, a code or a token.

        What it raises, but for an `APIError`, comes out as `CallbackFailed`, without its text.
        """
        return await _untold(callback, self.run(callback, *args))

    async def offload_with_secret(self, callback: Callable[..., object], *args: object) -> object:
        """`offload` for such a callback."""
        return await _untold(callback, self.offload(callback, *args))

    async def offload(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a password hash, or what is as heavy, where it stalls nobody: in turns, and 503
        (`Overloaded`) where too many wait."""
        return await self.runtime.offload(work, *args, **kwargs)

    def background(self, work: Coroutine[Any, Any, None], *, promised: bool = False) -> None:
        """Start work that outlives the response; failures are logged.

        Raises `Overloaded` (503) if too much of it is unfinished. What is `promised` is taken all
        the same: an endpoint that says `promises_mail=True` was asked in time. An application with
        its own way (`Advanced(background=...)`) gets all of it, at the end of the call.
        """
        if self.deferred is None:
            self.runtime.background(work, promised=promised)
        else:
            self.deferred.append(work)

    async def hand_over(self) -> None:
        """Have the deferred work run; what that begins meanwhile, too."""
        try:
            while self.deferred:
                await self.runtime.hand_over(self.deferred.pop(0))
        finally:
            left, self.deferred = self.deferred or [], None
            for work in left:
                self.runtime.background(work, promised=True)

    def raised(self) -> APIError | None:
        """In `after` hooks: the error that the endpoint ended with, if it did."""
        return self.returned if isinstance(self.returned, APIError) else None


async def _untold(callback: Callable[..., object], work: Awaitable[object]) -> object:
    try:
        return await work
    except APIError:
        raise
    except Exception as error:
        failure = CallbackFailed(callback, error)
    raise failure
