"""One request to a Django project: who is behind it, and what its response gets of that."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.forms import BaseForm
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.asyncio import async_unsafe
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject
from msgspec import Struct

from watchword.adapters.demands import Demand, own_rights
from watchword.adapters.forms import fields_of, next_in
from watchword.adapters.live_session import EVERY, BlockingLiveSession
from watchword.adapters.live_session_async import LiveSession
from watchword.adapters.wire import covers
from watchword.configuration.options import Duration
from watchword.errors import APIError
from watchword.http.request import Request
from watchword.records import User
from watchword.results import SessionAndUser
from watchword.submitted import NO_PARAMS, Submitted

from .answers import keep_from_cache, put_cookies
from .configured import auth_of_settings
from .forms import add_errors, fields_of_form, unsent
from .reports import hide_cookies, hide_form
from .requests import request_of
from .users import NO_RIGHTS, Rights, none_for, tells_rights, user_of

if TYPE_CHECKING:
    from watchword.auth import Auth, Checked

U = TypeVar("U", bound=User)

_VISITS = "watchword_visits"
_WAIT = (
    "The session was asked for on an event loop: await request.auser(), or "
    "request.watchword.asession(), before anything that needs request.user (templates too)"
)


class Visit(Generic[U]):
    """`request.watchword`: looks the session up when first asked for it, and only once.

    What has an `a` in front is to be awaited, in `async` views; what is known already is there for
    both. A form that signs somebody in or out changes who is behind the rest of the request.
    """

    def __init__(self, auth: Auth[U], http: HttpRequest) -> None:
        self.auth = auth
        self.http = http
        self._request: Request | None = None
        self._found: Checked[U] | None = None
        self._user: Any = None
        self._rights: Rights | None = None
        self._turn: asyncio.Lock | None = None
        self._cookies: list[str] = []
        self._vary = ""
        self._submitted = False
        self._answered = False

    @property
    def request(self) -> Request:
        """The request, for functions of `auth.blocking.api` and `auth.api`; it has the cookies that
        the browser is about to have."""
        if self._request is None:
            self._request = request_of(self.http)
        return self._request

    @property
    def session(self) -> SessionAndUser[U] | None:
        """Session and user, None if nobody is signed in."""
        return self.checked().session

    async def asession(self) -> SessionAndUser[U] | None:
        """Session and user, None if nobody is signed in."""
        return (await self.achecked()).session

    @property
    def user(self) -> U | None:
        """The user's record, None if nobody is signed in. `request.user` is Django's view of it."""
        found = self.session
        return None if found is None else found.user

    async def auser(self) -> U | None:
        """The user's record, None if nobody is signed in."""
        found = await self.asession()
        return None if found is None else found.user

    @property
    def organization_id(self) -> str | None:
        """The organization that is active in the session, with plugin `Organization`.

        That it is active allows nothing: guards ask for roles in it.
        """
        found = self.session
        return None if found is None else getattr(found.session, "active_organization_id", None)

    def submit(
        self, endpoint: str, data: object = None, *, params: Mapping[str, str] = NO_PARAMS
    ) -> Submitted[Any]:
        """Run an endpoint (its name in `auth.api`) for the browser whose form this view answers.

        `data` are the form's fields, without it those of `request.POST`; links have theirs in
        `request.GET`. A form of Django's is sent if it is valid, and gets what was refused. All
        that holds for the endpoint holds here, its cookies go on the view's response, and
        `request.user` is who they say from here on. See `Auth.submit`.
        """
        form = data if isinstance(data, BaseForm) else None
        if form is not None and not form.is_valid():
            return unsent(form)
        fields = self._fields(data)
        done = self.auth.blocking.submit(endpoint, self.request, fields, params=params)
        return self._took(done, form)

    async def asubmit(
        self, endpoint: str, data: object = None, *, params: Mapping[str, str] = NO_PARAMS
    ) -> Submitted[Any]:
        """`submit`, awaited."""
        form = data if isinstance(data, BaseForm) else None
        if form is not None and not form.is_valid():
            return unsent(form)
        fields = self._fields(data)
        done = await self.auth.submit(endpoint, self.request, fields, params=params)
        return self._took(done, form)

    def signed_out_by_django(self) -> None:
        """What `django.contrib.auth.logout()` and the button of the admin site mean."""
        done = self.auth.blocking.api.sign_out(checked=self.checked(), return_headers=True)
        self._took(Submitted(cookies=done.cookies), None)

    def safe_next(self, default: str = "/") -> str:
        """Where to go on to: what `next` says in the form or the query, if it may, or `default`.

        By the rules of `callbackURL`: a path of this site, or a URL of a trusted origin.
        """
        wanted = next_in(self.http.POST, self.http.GET)
        return self.auth.blocking.safe_next(wanted, self.request, default)

    async def asafe_next(self, default: str = "/") -> str:
        """`safe_next`, awaited."""
        wanted = next_in(self.http.POST, self.http.GET)
        return await self.auth.safe_next(wanted, self.request, default)

    def live_session(self, *, every: Duration = EVERY) -> BlockingLiveSession[U]:
        """The session of who opens a stream, for as long as that lasts.

        `every` is how often, in seconds, the store is asked whether it still stands. Raises
        `APIError` UNAUTHORIZED (401).
        """
        live = BlockingLiveSession(self.auth, self.checked(), every)
        live.confirm()
        return live

    async def alive_session(self, *, every: Duration = EVERY) -> LiveSession[U]:
        """`live_session`, awaited."""
        live = LiveSession(self.auth, await self.achecked(), every)
        await live.confirm()
        return live

    def checked(self) -> Checked[U]:
        """What the look-up found. Raises `SynchronousOnlyOperation` on an event loop, unless
        somebody has awaited it before."""
        return self._look_up() if self._found is None else self._found

    @async_unsafe(_WAIT)
    def _look_up(self) -> Checked[U]:
        asked = self.request
        found = self.auth.blocking.check(asked.headers, asked, renew=not self._answered)
        return self._keep(found)

    async def achecked(self) -> Checked[U]:
        """What the look-up found."""
        if self._turn is None:
            self._turn = asyncio.Lock()
        async with self._turn:
            while self._found is None:
                asked = self.request
                found = await self.auth.check(asked.headers, asked, renew=not self._answered)
                if asked is self.request:  # nobody has signed in or out meanwhile
                    self._keep(found)
        return self._found

    def meet(self, demand: Demand) -> Any:
        """Ask for something of the session that was found. Raises `APIError`."""
        return demand.call(self.auth, self.auth.blocking.api, self.checked())

    async def ameet(self, demand: Demand) -> Any:
        """Ask for something of the session that was found. Raises `APIError`."""
        return await demand.call(self.auth, self.auth.api, await self.achecked())

    def rights(self) -> Rights:
        """Roles and permissions at this moment, with plugin `Admin`; asked for once."""
        if self._rights is None and tells_rights(self.auth):
            try:
                self._rights = Rights.of(self.meet(own_rights()))
            except APIError as refusal:
                self._rights = none_for(refusal)
        return self._rights or NO_RIGHTS

    async def arights(self) -> Rights:
        """Roles and permissions at this moment, with plugin `Admin`; asked for once."""
        if self._rights is None and tells_rights(self.auth):
            try:
                self._rights = Rights.of(await self.ameet(own_rights()))
            except APIError as refusal:
                self._rights = none_for(refusal)
        return self._rights or NO_RIGHTS

    def request_user(self) -> Any:
        """What `request.user` is. Under the base path nobody: the server looks for itself there."""
        if self._user is None:
            found = None if self._is_the_servers() else self.session
            self._user = user_of(found, self, self.http)
        return self._user

    async def arequest_user(self) -> Any:
        """What `await request.auser()` gives."""
        if self._user is None:
            found = None if self._is_the_servers() else await self.asession()
            # Rows of Django's own users are looked up where its ORM is used.
            self._user = await sync_to_async(user_of)(found, self, self.http)
        return self._user

    def _is_the_servers(self) -> bool:
        return covers(self.auth.base_path, self.request.path)

    def _keep(self, found: Checked[U]) -> Checked[U]:
        self._found, self._vary = found, found.vary
        self._cookies += found.cookies
        return found

    def _fields(self, data: object) -> Mapping[str, object] | Struct:
        if isinstance(data, BaseForm):
            return fields_of_form(data)
        return fields_of(self.http.POST if data is None else data)

    def _took(self, done: Submitted[Any], form: BaseForm | None) -> Submitted[Any]:
        if form is not None:
            add_errors(form, done)
        self._vary, self._submitted = self.auth.config.vary, True
        hide_form(self.http)
        if done.cookies:
            self._cookies += done.cookies
            asked = self.request
            self._request = asked.with_headers(asked.headers.after_cookies(done.cookies))
            self._found = self._user = self._rights = None
            if getattr(self.http, "watchword", None) is self:
                offer(self)
        return done

    def relay(self, response: HttpResponseBase) -> None:
        """Put on the response what came of it. What is looked up later renews nothing."""
        self._answered = True
        if not self._vary:
            return
        put_cookies(response, self._cookies)
        patch_vary_headers(response, self._vary.split(", "))
        if self._submitted:
            response.headers.setdefault("Cache-Control", "no-store")
            keep_from_cache(self.http)


class WatchwordRequest(HttpRequest, Generic[U]):
    """How a request looks behind the middleware: for annotations of views, `WatchwordRequest[User]`
    or one of your own users."""

    watchword: Visit[U]


def visit_of(http: HttpRequest, auth: Auth[U] | None = None) -> Visit[U]:
    """What `request.watchword` is; or the same of another server than that of the settings.

    Raises `ImproperlyConfigured` without the middleware, which puts cookies on responses, and
    `ConfigurationError` for a server that would believe the cookies of another one.
    """
    # Django REST framework puts a request of its own around Django's.
    http = getattr(http, "_request", http)
    visits: dict[Auth[Any], Visit[Any]] | None = http.__dict__.get(_VISITS)
    if visits is None:
        raise ImproperlyConfigured(
            "this request has not passed watchword's middleware: put "
            "'watchword.adapters.django.middleware.WatchwordMiddleware' into MIDDLEWARE"
        )
    asked: Auth[Any] = auth_of_settings() if auth is None else auth
    if asked not in visits:
        for other in visits:
            asked.check_beside(other)
        visits[asked] = Visit(asked, http)
    return visits[asked]


def begin(http: HttpRequest) -> dict[Auth[Any], Visit[Any]]:
    """Make a request ready to be asked: the visits that it has until its response."""
    visits: dict[Auth[Any], Visit[Any]] = http.__dict__.setdefault(_VISITS, {})
    visit: Visit[Any] = visit_of(http)
    cast("Any", http).watchword = visit
    hide_cookies(http, visit.auth)
    offer(visit)
    return visits


def offer(visit: Visit[Any]) -> None:
    """Have `request.user` be who is there now."""
    http = cast("Any", visit.http)
    http.user = SimpleLazyObject(visit.request_user)
    http.auser = visit.arequest_user
