"""Front ends on other origins: preflights, and what their scripts may read (Fetch, 3.2: CORS).

Without `cors=True` a preflight is a plain success, which whatever the application uses for CORS
completes. With it, trusted origins may call with credentials, and no other one may; there is no
wildcard. Who may change something is decided by the origin check alone: CORS protects nobody's
session.
"""

from __future__ import annotations

import re
from collections.abc import Coroutine
from typing import Any

from watchword.call import Call
from watchword.configuration.configuration import Configuration
from watchword.configuration.site import UnknownHost
from watchword.http.request import Request
from watchword.http.response import Response, varying
from watchword.http.urls import parse_url
from watchword.observability.request_log import preflight_unanswered, request_failed
from watchword.runtime.contract import Runtime

from .origin_check import explain, is_trusted
from .pipeline import Pipeline

_METHOD, _HEADERS = "access-control-request-method", "access-control-request-headers"
_EXPOSED = "access-control-expose-headers"
_READABLE = ("x-retry-after", "retry-after")
_ALLOWED = (("allow", "GET, POST, OPTIONS"),)
_LONGEST_LIST = 1024
_NAMES = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+( ?, ?[A-Za-z0-9!#$%&'*+.^_`|~-]+)*", re.ASCII)
_KEPT = 600
"""Seconds that a browser remembers an answer to a preflight."""


class CrossOrigin:
    """What stands before the pipeline: it answers preflights, and lets origins read answers."""

    def __init__(self, config: Configuration, pipeline: Pipeline) -> None:
        self._config = config
        self._pipeline = pipeline
        self._on = config.options.cors
        endpoints = (route.endpoint for route in pipeline.routes.values())
        methods = {method for one in endpoints for method in one.methods}
        self._methods = ", ".join(sorted(methods))

    def handle(self, request: Request, runtime: Runtime) -> Coroutine[Any, Any, Response]:
        """Answer one HTTP request. Raises nothing, like `Pipeline.handle`."""
        # Not awaited here: nearly all requests are none of this, and do without a coroutine more.
        if request.method == "OPTIONS" and _METHOD in request.headers:
            return self._preflight(request, runtime)
        if self._on:
            return self._shared(request, runtime)
        return self._pipeline.handle(request, runtime)

    async def _preflight(self, request: Request, runtime: Runtime) -> Response:
        origin = request.headers.get("origin")
        allowed = origin is not None and await self._may_call(origin, request, runtime)
        if not self._on:
            return Response(204, _ALLOWED)
        headers = (*_ALLOWED, ("vary", "Origin, Access-Control-Request-Headers"))
        if origin is None or not allowed:
            return Response(204, headers)
        asked = request.headers.get(_HEADERS) or ""
        if len(asked) <= _LONGEST_LIST and _NAMES.fullmatch(asked):
            headers = (*headers, ("access-control-allow-headers", asked))
        own = (
            ("access-control-allow-methods", self._methods),
            ("access-control-max-age", str(_KEPT)),
        )
        return Response(204, (*headers, *own, *_named(origin)))

    async def _shared(self, request: Request, runtime: Runtime) -> Response:
        response = await self._pipeline.handle(request, runtime)
        origin = request.headers.get("origin")
        headers = varying(response.headers, "Origin")
        if origin is not None and await self._may_call(origin, request, runtime):
            listed = dict(headers).get(_EXPOSED)
            exposed = dict.fromkeys((*(listed.split(", ") if listed else ()), *_READABLE))
            rest = (pair for pair in headers if pair[0] != _EXPOSED)
            headers = (*rest, *_named(origin), (_EXPOSED, ", ".join(exposed)))
        return Response(response.status, headers, response.body)

    async def _may_call(self, origin: str, request: Request, runtime: Runtime) -> bool:
        """Whether an origin is trusted. Whoever develops is told of one that is not."""
        try:
            site = self._config.sites.resolve(request, request.headers)
        except UnknownHost:
            return False
        call = Call(self._config, runtime, site, request=request, headers=request.headers)
        try:
            trusted = await is_trusted(call, origin, by_name=True)
        except Exception as error:  # of the application's own function
            request_failed(call, error)
            return False
        if not trusted:
            explain(call, origin)
        elif not self._on and not self._config.production:
            preflight_unanswered(origin)
        url = parse_url(origin) if trusted else None
        # What goes back to the browser is an origin, and nothing that only begins with one.
        return url is not None and url.origin == origin


def _named(origin: str) -> tuple[tuple[str, str], ...]:
    return (
        ("access-control-allow-origin", origin),
        ("access-control-allow-credentials", "true"),
    )
