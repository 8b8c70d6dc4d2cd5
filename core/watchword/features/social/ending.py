"""How a flow ends: the browser is sent on, also when it failed (spec: social, section 2)."""

from __future__ import annotations

from collections.abc import Awaitable

from watchword.call import Call
from watchword.errors import APIError, Overloaded, Redirect
from watchword.features.redirects import redirect_to
from watchword.features.status import error_page_url
from watchword.http.query import append_query
from watchword.observability.request_log import link_refused

from .refusal import Refused

_LONGEST_DESCRIPTION = 1000


async def ended(call: Call, error_url: str | None, work: Awaitable[str]) -> Redirect:
    """The redirect to where the rest of a flow leads, or to what is said of its failure.

    Raises INVALID_CALLBACK_URL for a target that is not trusted any more.
    """
    try:
        target = await work
    except Refused as refusal:
        return await failed(call, error_url, refusal.code, refusal.description)
    except Overloaded:
        return await failed(call, error_url, "temporarily_unavailable")
    except APIError as error:
        if error.code is None:
            raise
        return await failed(call, error_url, error.code, error.message)
    return await redirect_to(call, target)


async def failed(
    call: Call, error_url: str | None, code: str, description: str | None = None
) -> Redirect:
    """The redirect to a flow's own page for errors; without one, to the server's."""
    params = {"error": code}
    if description:
        params["error_description"] = description[:_LONGEST_DESCRIPTION]
    if error_url:
        return await redirect_to(call, error_url, params)
    link_refused(call, params["error"])
    # The page is the application's own option, or ours.
    return Redirect(append_query(error_page_url(call), params))
