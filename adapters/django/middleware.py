"""The middleware: `request.user`, `request.watchword`, renewed cookies, errors as answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from asgiref.sync import markcoroutinefunction
from django.apps import apps
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from watchword.errors import APIError

from .answers import refusal
from .asynchronous import is_async
from .configured import auth_of_settings
from .visit import begin

if TYPE_CHECKING or not apps.is_installed("django.contrib.auth"):
    _Base = object
else:
    # Checks of Django's own look for it, before `LoginRequiredMiddleware` and the admin site.
    from django.contrib.auth.middleware import AuthenticationMiddleware as _Base


class WatchwordMiddleware(_Base):
    """Stands in the place of `AuthenticationMiddleware`, or behind it and wins.

    The session is looked up where somebody asks for it. A renewed cookie, what forms have brought
    and `Vary` are on the response of whatever view asked; an `APIError` that a view raises becomes
    its answer.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        auth_of_settings()  # what is wrong with it is told at the start
        self.get_response = get_response
        self._awaits = is_async(get_response)
        if self._awaits:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        return self._answered(request) if self._awaits else self._answer(request)

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        visits = begin(request)
        response: HttpResponseBase = self.get_response(request)
        for visit in visits.values():
            visit.relay(response)
        return response

    async def _answered(self, request: HttpRequest) -> HttpResponseBase:
        visits = begin(request)
        response: HttpResponseBase = await self.get_response(request)
        for visit in visits.values():
            visit.relay(response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The answer that an `APIError` is, unless a middleware further inside has another."""
        return refusal(exception, request.method) if isinstance(exception, APIError) else None
