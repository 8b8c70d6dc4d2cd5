"""The URLs of an authentication server: every method and every path under its base path."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, get_script_prefix
from django.urls.resolvers import RegexPattern, ResolverMatch

from watchword.adapters.wire import covers
from watchword.http.request import Request

from .answers import answer, keep_from_cache
from .asynchronous import on_a_loop
from .atomic import leave_out
from .configured import auth_of_settings
from .reports import hide_cookies, hide_form
from .requests import DjangoBody, request_of

if TYPE_CHECKING:
    from watchword.auth import Auth


def watchword_urls(auth: Auth[Any] | None = None) -> list[URLPattern]:
    """The URLs that serve a server under its base path: that of the settings, or another one.

    They compare the whole path: `urlpatterns = [*watchword_urls(staff_auth), ...]` on top, never
    below a prefix of `path(...)`. Below a SCRIPT_NAME the base path includes it. Raises
    `ConfigurationError` for a server that would believe the cookies of that of the settings.
    """
    own = auth_of_settings()
    if auth is not None and auth is not own:
        auth.check_beside(own)
    return [ServerPattern(auth or own)]


class _UnderBasePath(RegexPattern):
    """No slash is merged, added or removed."""

    def __init__(self, auth: Auth[Any]) -> None:
        super().__init__(rf"^{re.escape(auth.base_path.lstrip('/'))}(?:/.*)?$", is_endpoint=True)
        self._auth = auth

    def match(self, path: str) -> tuple[str, tuple[Any, ...], dict[str, str]] | None:
        whole = f"{get_script_prefix().rstrip('/')}/{path}"
        return ("", (), {}) if covers(self._auth.base_path, whole) else None


class ServerPattern(URLPattern):
    """Its view is asynchronous under ASGI, and under WSGI it is not: no request changes worlds."""

    def __init__(self, auth: Auth[Any]) -> None:
        self.auth = auth
        self._awaited = _async_view(auth)
        super().__init__(cast("Any", _UnderBasePath(auth)), _view(auth))

    def resolve(self, path: str) -> ResolverMatch | None:
        match = super().resolve(path)
        if match is not None and on_a_loop():
            # Django's ASGI handler resolves URLs on its event loop.
            match.func = self._awaited
        return match


def _view(auth: Auth[Any]) -> Callable[[HttpRequest], HttpResponse]:
    def watchword(request: HttpRequest) -> HttpResponse:
        asked = _received(request, auth)
        return answer(auth.blocking.handle(asked), request.method)

    return _left_alone(watchword, auth)


def _async_view(auth: Auth[Any]) -> Callable[[HttpRequest], Awaitable[HttpResponse]]:
    async def watchword(request: HttpRequest) -> HttpResponse:
        asked = _received(request, auth)
        return answer(await auth.handle(asked), request.method)

    return _left_alone(watchword, auth)


def _received(http: HttpRequest, auth: Auth[Any]) -> Request:
    hide_cookies(http, auth)
    hide_form(http)
    keep_from_cache(http)
    return request_of(http, DjangoBody(http))


def _left_alone(view: Any, auth: Auth[Any]) -> Any:
    """A view that Django's middleware leaves alone."""
    view.served_by = auth
    view.csrf_exempt = True  # the server checks origins itself
    view.login_required = False  # LoginRequiredMiddleware: how else would anybody sign in
    view.should_append_slash = False
    leave_out(view)
    return view
