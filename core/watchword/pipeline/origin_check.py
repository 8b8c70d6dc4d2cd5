"""Origin, CSRF and URL checks (spec: HTTP, origin and CSRF protection; security O1 to O7, R1).

A request that carries cookies must come from a trusted origin. Sign-in and sign-up are checked
even without cookies, so that nobody can be signed in to somebody else's account.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from typing import cast

from watchword.call import Call
from watchword.configuration.site import UnknownHost
from watchword.errors import APIError, ErrorCode, ErrorCodes
from watchword.http.bounds import LONGEST_ORIGIN
from watchword.http.headers import asks_for_websocket
from watchword.http.origin_patterns import OddPattern, names_everybody, normal_origin
from watchword.http.origins import OriginPattern, Target, compiled
from watchword.http.request import Request
from watchword.http.urls import parse_url
from watchword.observability.request_log import origin_ignored, origin_refused

_SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))


class OriginCodes(ErrorCodes):
    """Errors of requests that come from, or lead to, somewhere untrusted."""

    INVALID_ORIGIN = ErrorCode(
        403, "INVALID_ORIGIN", "The site that this comes from is not trusted"
    )
    MISSING_OR_NULL_ORIGIN = ErrorCode(
        403, "MISSING_OR_NULL_ORIGIN", "The request does not say where it comes from"
    )
    CROSS_SITE_NAVIGATION_LOGIN_BLOCKED = ErrorCode(
        403, "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED", "Another site may not sign you in"
    )
    INVALID_CALLBACK_URL = ErrorCode(
        403, "INVALID_CALLBACK_URL", "The page to go on to is not trusted"
    )
    INVALID_REDIRECT_URL = ErrorCode(
        403, "INVALID_REDIRECT_URL", "The page to go on to is not trusted"
    )
    INVALID_ERROR_CALLBACK_URL = ErrorCode(
        403, "INVALID_ERROR_CALLBACK_URL", "The page to show errors on is not trusted"
    )
    INVALID_NEW_USER_CALLBACK_URL = ErrorCode(
        403, "INVALID_NEW_USER_CALLBACK_URL", "The page for new users is not trusted"
    )


URL_FIELDS = (
    ("callbackURL", OriginCodes.INVALID_CALLBACK_URL),
    ("redirectTo", OriginCodes.INVALID_REDIRECT_URL),
    ("errorCallbackURL", OriginCodes.INVALID_ERROR_CALLBACK_URL),
    ("newUserCallbackURL", OriginCodes.INVALID_NEW_USER_CALLBACK_URL),
)
"""Fields that browsers are sent to, and the refusal of one that is not trusted."""


async def check_request(call: Call, method: str) -> None:
    """The check of every routed request: the lengths of URLs, and where changes come from.

    Raises `OriginCodes`.
    """
    if call.query or call.body is not None:
        _check_lengths(call)
    if method in _SAFE_METHODS:
        await check_handshake(call)
        return
    if call.cookies.header is not None and _checks_headers(call):
        await _check_origin(call)
    if not _switched_off(call):
        await _check_urls(call)


async def check_login(call: Call) -> None:
    """The check of endpoints that sign somebody in or send mail, with or without a cookie."""
    if call.request is None or not _checks_headers(call):
        return
    headers = call.headers
    if call.cookies.header is not None:
        await _check_origin(call)
        return
    site, mode = headers.get("sec-fetch-site"), headers.get("sec-fetch-mode")
    if any(value and value.strip() for value in (site, mode, headers.get("sec-fetch-dest"))):
        if site == "cross-site" and mode == "navigate":
            raise OriginCodes.CROSS_SITE_NAVIGATION_LOGIN_BLOCKED()
        await _check_origin(call)
    elif headers.get("origin") or headers.get("referer"):
        await _check_origin(call)


async def check_handshake(call: Call) -> None:
    """The check of who opens a web socket: a page of any site may, and the browser sends cookies
    along (RFC 6455, 10.2). For every other request there is none.

    Raises `OriginCodes`.
    """
    asked = call.request
    opens = asks_for_websocket(call.headers) if asked is None else asked.opens_websocket
    if opens and call.cookies.header is not None and _checks_headers(call):
        await _check_origin(call)


async def check_form_origin(call: Call) -> None:
    """The check of forms that a browser posts where scripts would send JSON: with or without a
    cookie, whatever is switched off. Raises `OriginCodes`."""
    await _check_origin(call)


async def check_trusted_url(call: Call, value: object) -> None:
    """Refuse a URL that a response or a mail would lead to, unless it is trusted.

    The server's own calls may name any.
    """
    if call.request is not None:
        await check_target(call, value)


async def check_target(call: Call, value: object) -> None:
    """The same, whoever asks: for URLs that somebody else is going to follow."""
    if _is_absent(value) or _switched_off(call):
        return
    if not isinstance(value, str):
        raise APIError(400, None, "Invalid callbackURL: expected a string")
    if not await is_trusted(call, value, allow_relative=True):
        raise OriginCodes.INVALID_CALLBACK_URL()


async def is_trusted(
    call: Call, url: str, *, allow_relative: bool = False, by_name: bool = False
) -> bool:
    """Whether a URL's origin is trusted (or it is a safe path, where that is allowed).

    `by_name` leaves out patterns that anybody's host matches.
    """
    target = Target.of(url)
    if allow_relative and target.is_safe_path:
        return True
    if _matches(call.site.trusted, target, by_name):
        return True
    return _matches(await _dynamic_origins(call), target, by_name)


def _matches(patterns: Sequence[OriginPattern], target: Target, by_name: bool) -> bool:
    found = (one for one in patterns if one.matches(target))
    return any(not (by_name and names_everybody(one.text)) for one in found)


async def _dynamic_origins(call: Call) -> Sequence[OriginPattern]:
    option = call.config.options.trusted_origins
    if not callable(option):
        return ()
    ask = cast("Callable[..., Sequence[str] | Awaitable[Sequence[str]]]", option)
    origins = cast("Sequence[str] | None", await call.run(ask, call.request))
    # A function may hand back what a request said.
    bounded = (one for one in origins or () if one and len(one) <= LONGEST_ORIGIN)
    found = map(_in_form, bounded)
    return [pattern for pattern in found if pattern is not None]


@lru_cache(maxsize=256)
def _in_form(origin: str) -> OriginPattern | None:
    """What a function of the application's gave, in the form of a list's entries; None, and a line
    in the log, for what can match nothing: there is no start-up to refuse it at."""
    try:
        return compiled(normal_origin(origin))
    except OddPattern as error:
        origin_ignored(origin, str(error), error.remedy)
        return None


async def _check_origin(call: Call) -> None:
    headers = call.headers
    candidate = headers.get("origin") or headers.get("referer")
    if candidate == "null" and headers.get("sec-fetch-site") == "same-origin":
        candidate = _own_origin(call)
    if not candidate or candidate == "null":
        raise OriginCodes.MISSING_OR_NULL_ORIGIN()
    if not await is_trusted(call, candidate):
        explain(call, candidate)
        raise OriginCodes.INVALID_ORIGIN()


def is_form(request: Request) -> bool:
    """Whether any site can have a browser send it: JSON needs CORS for that (Fetch, 2.2.2)."""
    kind = (request.headers.get("content-type") or "").partition(";")[0].strip().lower()
    return request.method not in _SAFE_METHODS and not kind.endswith("json")


def explain(call: Call, candidate: str) -> None:
    """Tell whoever develops which option would trust an origin; once for each of them."""
    # The origin alone: a Referer has a path, and that may hold a token.
    url = None if call.config.production else parse_url(candidate)
    if url is not None and len(url.origin) <= LONGEST_ORIGIN:
        origin_refused(url.origin, call.site.origin)


def _own_origin(call: Call) -> str | None:
    try:
        return call.config.sites.request_origin(call.request, call.headers)
    except UnknownHost:
        return None


async def _check_urls(call: Call) -> None:
    for name, code in URL_FIELDS:
        value = call.fields.get(name)
        if _is_absent(value) and name == "callbackURL":
            value = call.query.get(name)
        if _is_absent(value):
            continue
        if not isinstance(value, str):
            raise APIError(400, None, f"Invalid {name}: expected a string")
        if not await is_trusted(call, value, allow_relative=True):
            raise code()


def _check_lengths(call: Call) -> None:
    longest = call.config.options.advanced.longest_url
    for name, code in URL_FIELDS:
        for value in (call.fields.get(name), call.query.get(name)):
            if isinstance(value, str) and len(value) > longest:
                raise code(f"{name} is longer than {longest} characters")


def _is_absent(value: object) -> bool:
    # An empty list or object is there, and is no URL.
    return value is None or value == "" or value is False


def _checks_headers(call: Call) -> bool:
    # What reads JSON alone gets nothing from other sites without CORS. Pages take forms for it, and
    # so nothing switches this off for them.
    if call.of_form or (call.endpoint is not None and call.endpoint.traits.page):
        return True
    return not call.config.options.advanced.disable_csrf_check and not _switched_off(call)


def _switched_off(call: Call) -> bool:
    option = call.config.options.advanced.disable_origin_check
    if isinstance(option, bool):
        return option
    return any(_below(call.path, prefix.rstrip("/")) for prefix in option)


def _below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix + "/")
