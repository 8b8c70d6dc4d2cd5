"""Where pages lead to: only to what is trusted, whatever a URL says."""

from __future__ import annotations

from collections.abc import Mapping

from watchword.call import Call
from watchword.http.query import append_query
from watchword.http.urls import parse_url, stays_on_site
from watchword.pipeline.origin_check import is_trusted

NEXT = ("next", "callbackURL")
"""Parameters that say where to go on to; the first that is there counts."""


async def safe_next(call: Call, given: Mapping[str, object]) -> str:
    """Where to go on to, as a query or a form says it; empty for what is not trusted.

    The rule is that of `callbackURL`: a path on this site, or a URL of a trusted origin. Switching
    the check of origins off does not switch this off.
    """
    for name in NEXT:
        value = given.get(name)
        if isinstance(value, str) and value:
            return value if await is_safe(call, value) else ""
    return ""


async def is_safe(call: Call, target: str) -> bool:
    """Whether a browser may be sent there."""
    if len(target) > call.config.options.advanced.longest_url or not target.isprintable():
        return False
    if target.startswith("/"):
        return stays_on_site(target)
    return await is_trusted(call, target)


def leaves_site(call: Call, target: str) -> bool:
    """Whether it is on another origin than this server."""
    url = parse_url(target)
    return url is not None and url.origin != call.site.origin


def with_query(url: str, parameters: Mapping[str, str | None]) -> str:
    """A path or URL with the parameters that have a value, all in ASCII."""
    return append_query(url, {name: value for name, value in parameters.items() if value})
