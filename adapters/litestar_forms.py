"""Forms of an application on Litestar: submitted to endpoints, and left again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from litestar import Request

from watchword.submitted import Submitted

from .asgi_session import SessionLookup
from .forms import next_in


async def submit_form(
    lookup: SessionLookup[Any],
    request: Request[Any, Any, Any],
    endpoint: str,
    data: object,
    params: Mapping[str, str],
) -> Submitted[Any]:
    """Run an endpoint for the browser that sent the form; its fields if there are no others."""
    form = await _form_of(request) if data is None else data
    return await lookup.submit(endpoint, form, params)


async def next_of_form(
    lookup: SessionLookup[Any], request: Request[Any, Any, Any], default: str
) -> str:
    """Where the form, or the query, says to go on to; if it may."""
    wanted = next_in(await _form_of(request), cast("Any", request.query_params))
    return await lookup.auth.safe_next(wanted, lookup.request, default)


async def _form_of(request: Request[Any, Any, Any]) -> Any:
    return {} if request.method in ("GET", "HEAD") else await request.form()
