"""What all adapters know about forms: their fields, and the way back to where somebody was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

import msgspec

from watchword.errors import APIError, Redirect
from watchword.features.redirects import with_parameter
from watchword.http.query import QueryTooLong, parse_query
from watchword.http.request import Request
from watchword.http.urls import is_safe_relative

from .demands import is_cured_by_signing_in

NEXT = "next"
"""The parameter that says where to go on to: of a login page, and of its form."""
_LONGEST_NEXT = 2048


def fields_of(form: object) -> Mapping[str, object] | msgspec.Struct:
    """A framework's form as `auth.submit` takes it: of repeated fields lists, of files nothing.

    A plain mapping, or an endpoint's input, goes through as it is.
    """
    if isinstance(form, msgspec.Struct):
        return form
    found: dict[str, object] = {}
    for name, values in _lists(form):
        texts = [value for value in values if isinstance(value, str)]
        if texts:
            found[name] = texts[0] if len(texts) == 1 else texts
        elif not hasattr(form, "lists") and not hasattr(form, "multi_items"):
            found[name] = values[-1]
    return found


def _lists(form: Any) -> Iterable[tuple[str, list[object]]]:
    if hasattr(form, "lists"):  # Werkzeug and Django
        return form.lists()
    if hasattr(form, "multi_items"):  # Starlette and Litestar
        several: dict[str, list[object]] = {}
        for name, value in form.multi_items():
            several.setdefault(name, []).append(value)
        return several.items()
    return ((name, [value]) for name, value in cast("Mapping[str, object]", form).items())


def next_in(*places: object) -> str | None:
    """Where a form, or the query behind it, says to go on to; the first that says anything."""
    for place in places:
        given = cast("Mapping[str, object]", place).get(NEXT)
        if isinstance(given, str) and given:
            return given
    return None


def next_in_query(request: Request) -> str | None:
    """The same of a query alone."""
    try:
        return next_in(parse_query(request.query))
    except QueryTooLong:
        return None


def with_next(login_url: str, request: Request) -> str:
    """The URL of the login page, from which `next` leads back to what was asked for.

    Only to what can be asked for by a link: a form that was sent is not sent again, and what a
    script asks for is no page.
    """
    query = f"?{request.query}" if request.query else ""
    here = request.path + query
    if not _is_navigation(request) or len(here) > _LONGEST_NEXT or not is_safe_relative(here):
        return login_url
    try:
        return with_parameter(login_url, NEXT, here)
    except ValueError:  # neither a path nor a URL: something that only the framework understands
        return login_url


def _is_navigation(request: Request) -> bool:
    mode = request.headers.get("sec-fetch-mode")
    return (
        request.method in ("GET", "HEAD")
        and mode in (None, "navigate")
        and "x-requested-with" not in request.headers
    )


def to_login(refusal: APIError, login_url: str | None, request: Request) -> APIError:
    """What a guard answers: the way to the login page, where there is one and signing in helps."""
    if login_url is None or request.opens_websocket or not is_cured_by_signing_in(refusal):
        return refusal
    if request.path == login_url.partition("#")[0].partition("?")[0]:
        return refusal  # The login page is guarded by itself: there is no way in from there.
    return Redirect(with_next(login_url, request))
