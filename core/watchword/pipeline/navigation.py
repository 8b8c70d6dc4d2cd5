"""Forms of HTML that browsers post to the endpoints themselves: answered by redirects.

A browser that sends a form waits for a page, not for JSON. Where the form says what page that is
(`callbackURL`), success leads there, and a refusal to `errorCallbackURL` (or there as well) with
the parameter `error`. Everybody else is answered as ever.
"""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from typing import Any, cast

from watchword.call import Call
from watchword.endpoint import Endpoint
from watchword.errors import APIError
from watchword.http.navigation import Navigation
from watchword.http.query import Query, QueryTooLong, append_query, parse_query
from watchword.http.request import BodyTooLarge, Request

from .origin_check import OriginCodes, check_form_origin, is_trusted

FORM = "application/x-www-form-urlencoded"
_TARGET, _FAILURE, _SECOND_FACTOR = "callbackURL", "errorCallbackURL", "twoFactorCallbackURL"
_LONGEST_ACCEPT = 1000


def waits_for_page(request: Request) -> bool:
    """Whether a request is a browser's on its way to another page, as far as its headers say."""
    mode = request.headers.get("sec-fetch-mode")
    if mode is not None:
        return mode == "navigate"
    # Browsers say it only to sites that are safe from eavesdroppers.
    accepted = (request.headers.get("accept") or "")[:_LONGEST_ACCEPT].lower()
    before, found, _ = accepted.partition("text/html")
    return bool(found) and "json" not in before


def may_navigate(request: Request, endpoint: Endpoint[Any, Any]) -> bool:
    """Whether a form that names a page is answered by a redirect. Those of OAuth never are, nor
    those that another server has a browser post, or that a page of a plugin answers."""
    traits = endpoint.traits
    by_itself = traits.strict_form or traits.redeems or traits.page
    return not by_itself and waits_for_page(request)


def is_form(request: Request) -> bool:
    """Whether a request brings a form."""
    kind = (request.headers.get("content-type") or "").partition(";")[0].strip().lower()
    return kind == FORM


async def navigate(call: Call, form: Query) -> Navigation | None:
    """Where the form leads; None where it says nothing of it.

    Raises `OriginCodes` for pages that are not trusted, whatever else is switched off: nobody
    else would look at them.
    """
    target = await _page(call, form, _TARGET, OriginCodes.INVALID_CALLBACK_URL())
    if not target:
        return None
    refusal = OriginCodes.INVALID_ERROR_CALLBACK_URL()
    failure = await _page(call, form, _FAILURE, refusal) or target
    refusal = OriginCodes.INVALID_CALLBACK_URL()
    second_factor = await _page(call, form, _SECOND_FACTOR, refusal) or target
    return Navigation(target, failure, second_factor)


async def _page(call: Call, form: Query, name: str, refusal: APIError) -> str:
    given = form.get(name, "")
    url = given if isinstance(given, str) else given[-1]
    if not url:
        return ""
    if len(url) > call.config.options.advanced.longest_url:
        raise refusal
    if not await is_trusted(call, url, allow_relative=True):
        raise refusal
    try:
        return append_query(url, {})
    except ValueError:
        raise refusal from None


async def read_form(call: Call, form: Query, endpoint: Endpoint[Any, Any]) -> dict[str, object]:
    """The form as the endpoint's input, once it is known to come from a page of a trusted site."""
    if not endpoint.traits.form:
        # JSON from elsewhere does not get here without CORS; forms do, so nothing switches it off.
        await check_form_origin(call)
    # Loaded with the first form: most servers get none.
    own_fields = import_module("watchword.pipeline.form_texts").own_fields
    return own_fields(call.config.tables).typed(endpoint.input, form)


async def find_navigation(call: Call) -> None:
    """Note where a form leads whose body nobody has read, because it was refused before."""
    request, endpoint = call.request, call.endpoint
    if call.navigation is not None or request is None or endpoint is None or call.body is not None:
        return
    if request.method != "POST" or not is_form(request) or not may_navigate(request, endpoint):
        return
    # The refusal stands, whoever fails while its page is looked for: the application's own function
    # of trusted origins, say.
    with suppress(Exception):
        call.navigation = await navigate(call, await form_of(call, request))


async def form_of(call: Call, request: Request) -> Query:
    """The fields of a form whose body nobody has read yet; none of what cannot be read."""
    if request.method != "POST" or not is_form(request):
        return {}
    try:
        data = await request.body.read(call.config.options.advanced.body_limit)
        return parse_query(data.decode("utf-8", "replace"))
    except (APIError, BodyTooLarge, QueryTooLong):
        return {}


def gone_to(navigation: Navigation, value: object) -> str:
    """Where a result leads: a `url` that it sends to, the page for second factors, the target."""
    if getattr(value, "two_factor_redirect", False) is True:
        methods = cast("list[str]", getattr(value, "two_factor_methods", []))
        asked = {"twoFactorRedirect": "true", "twoFactorMethods": ",".join(methods)}
        return append_query(navigation.second_factor, asked)
    url = getattr(value, "url", None)
    if getattr(value, "redirect", False) is True and isinstance(url, str):
        return url
    return navigation.target


def refused_to(navigation: Navigation, status: int, error: APIError | None) -> str:
    """Where a refusal leads, with its code. Its words are not in the URL: a link could say any."""
    code = None if error is None else error.code
    params = {"error": code or import_module("http").HTTPStatus(status).name}
    wait = dict(error.headers).get("x-retry-after") if error is not None else None
    if wait is not None:
        params["retryAfter"] = wait
    return append_query(navigation.failure, params)
