"""Sending a browser on, once the final target has been looked at again (spec: security, R3)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from watchword.call import Call
from watchword.errors import Redirect
from watchword.http.query import append_query
from watchword.http.urls import parse_url, stays_on_site
from watchword.observability.request_log import link_refused
from watchword.pipeline.origin_check import OriginCodes, check_trusted_url


async def redirect_to(call: Call, target: str, params: Mapping[str, str] | None = None) -> Redirect:
    """The redirect to a target as it was given, with parameters behind its query.

    Raises INVALID_CALLBACK_URL when what would be sent leads elsewhere.
    """
    _tell(call, params)
    if target.startswith("/") and not stays_on_site(target):
        raise OriginCodes.INVALID_CALLBACK_URL()
    try:
        location = append_query(target, params) if params else target
    except ValueError:
        raise OriginCodes.INVALID_CALLBACK_URL() from None
    await check_trusted_url(call, location)
    return Redirect(location)


async def redirect_from_origin(
    call: Call, target: str, params: Mapping[str, str] | None = None
) -> Redirect:
    """The redirect to a target made absolute, with parameters set (replaced where they are).

    Raises INVALID_CALLBACK_URL when what would be sent leads elsewhere.
    """
    _tell(call, params)
    if target.startswith("/"):
        if not stays_on_site(target):
            raise OriginCodes.INVALID_CALLBACK_URL()
        target = call.site.origin + target
    if parse_url(target) is None:
        raise OriginCodes.INVALID_CALLBACK_URL()
    location = append_query(target, {})
    for name, value in (params or {}).items():
        location = with_parameter(location, name, value)
    return await redirect_to(call, location)


def _tell(call: Call, params: Mapping[str, str] | None) -> None:
    if params and "error" in params:
        link_refused(call, params["error"])


def with_parameter(url: str, name: str, value: str) -> str:
    """The URL with this value of a parameter, and no other one of its name."""
    body, mark, fragment = url.partition("#")
    path, _, query = body.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    place = next((at for at, pair in enumerate(pairs) if pair[0] == name), len(pairs))
    before, after = pairs[:place], [pair for pair in pairs[place:] if pair[0] != name]
    location = append_query(f"{path}?{urlencode(before)}", {name: value})
    rest = f"&{urlencode(after)}" if after else ""
    return f"{location}{rest}{mark}{fragment}"
