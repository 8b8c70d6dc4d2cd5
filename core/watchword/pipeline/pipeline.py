"""The way of a request, compiled at start-up (spec: HTTP, order of processing).

    base URL -> disabled paths -> rate limit -> on_request -> route -> body -> origin check
    -> before hooks -> validation -> requirements (session, CSRF, URLs) -> gates -> handler
    -> after hooks -> on_response

Server-side calls enter at the before hooks and leave after the after hooks.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from watchword.call import Call, Change
from watchword.configuration.configuration import Configuration
from watchword.configuration.site import UnknownHost
from watchword.discreet import Discreet
from watchword.errors import APIError
from watchword.http.headers import Headers
from watchword.http.query import QueryTooLong, read_query
from watchword.http.request import Request
from watchword.http.response import Response
from watchword.http.speculation import is_speculative
from watchword.plugin_base import Plugin
from watchword.runtime.contract import Runtime
from watchword.sessions.asking import asker_of
from watchword.sessions.sessions import finish_call
from watchword.sessions.taking_back import withhold_session

from .body import read_body
from .origin_check import check_request
from .path_settings import check_path_settings
from .rate_limit import TooManyRequests, open_limiter
from .responding import NOT_FOUND, guarded, page_of, respond, shown, told
from .router import Router
from .routes import Route, Step, Steps, routes_of
from .validation import ValidationCodes

if TYPE_CHECKING:
    from watchword.observability.wrapping import Tracing

_TOO_LONG = Response(431)
_DISABLED = Response(404, (("content-type", "text/plain;charset=UTF-8"),), b"Not Found")
AHEAD = Response(503, (("cache-control", "no-store"),))
"""To who fetches a mailed link ahead: a browser throws it away and asks again on the click."""


class Outcome(Discreet, msgspec.Struct, frozen=True):
    """What came of an endpoint: a value or an `APIError`, and a status that a hook kept."""

    value: object
    status: int | None = None


class Pipeline:
    """All routes and stages of one configuration."""

    def __init__(
        self,
        config: Configuration,
        plugins: Sequence[Plugin],
        *,
        tracing: Tracing | None,
    ) -> None:
        self._config = config
        self._limiter = open_limiter(config, plugins)
        self._disabled = frozenset(config.options.disabled_paths)
        self._answer = guarded if tracing is None else tracing.requests(guarded)
        steps = Steps(plugins, tracing)
        self._on_request = steps.of("on_request")
        self._may_end = bool(self._disabled or self._limiter or self._on_request)
        """Whether anything can end a request before its endpoint is reached."""
        self._on_response = steps.of("on_response")
        self.routes = routes_of(config, plugins, steps)
        self._router = Router(
            (route.endpoint.methods, route.endpoint.path, route)
            for route in self.routes.values()
            if not route.endpoint.traits.server_only
        )
        endpoints = [route.endpoint for route in self.routes.values()]
        check_path_settings(self._router, endpoints, config, plugins)

    async def handle(
        self,
        request: Request,
        runtime: Runtime,
        kept: list[Call] | None = None,
        *,
        of_form: bool = False,
    ) -> Response:
        """Answer one HTTP request. Raises nothing (unless told to by `on_api_error.reraise`).

        `kept` gets the call, for whoever wants more than the response. `of_form`: a page makes the
        request of a form that was sent to it.
        """
        if request.headers.has_too_long:
            return _TOO_LONG
        try:
            site = self._config.sites.resolve(request, request.headers)
        except UnknownHost:
            return Response(400)
        base, path = site.base_path, request.path
        inside = path.startswith(base) and path[len(base) : len(base) + 1] == "/"
        path = path[len(base) :] if inside else path
        call = Call(
            self._config, runtime, site, request=request, headers=request.headers, path=path
        )
        call.of_form = of_form
        if kept is not None:
            kept.append(call)
        try:
            return await self._answer(call, partial(self._serve, call, request, inside))
        finally:
            if call.deferred is not None:
                await call.hand_over()

    async def run(self, call: Call, route: Route) -> Outcome:
        """Hooks, checks and handler; also the entrance of server-side calls.

        Raises `APIError` from a before hook, and whatever nobody foresaw.
        """
        call.endpoint = route.endpoint
        for hook in route.before:
            answer = await hook(call)
            if isinstance(answer, Change):
                await _apply(call, answer)
            elif answer is not None:
                return Outcome(answer)
        try:
            given = () if route.reads is None else (route.reads(call),)
            for step in route.checks:
                await step(call)
            value = await route.handler(call, *given)
        except APIError as error:
            value = error
            await _withhold(call, error)
        except Exception:
            # No hook gets to see the session that this call began, and may want it back.
            with suppress(Exception):
                await withhold_session(call)
            raise
        status: int | None = None
        for hook, is_due in route.after:
            if is_due is not None and not is_due(call):
                continue
            answer = await _after(call, hook, value)
            if answer is not None:
                # A replaced error keeps the status that the client was going to see.
                status = value.status if isinstance(value, APIError) else status
                value = answer
                await _withhold(call, answer)
        if call.cache_due is not None:
            await finish_call(call)
        return Outcome(value, status)

    async def admit(self, call: Call, request: Request, route: Route) -> Response | None:
        """The checks of an HTTP request, for a server-side call on behalf of its browser.

        The response that ends it, if one does. Raises `APIError`.
        """
        if request.headers.has_too_long:
            return _TOO_LONG
        if route.endpoint.traits.redeems and is_speculative(request):
            return AHEAD
        call.endpoint = route.endpoint
        ended = await self._begin(call, request, route.endpoint.path, route)
        if ended is None:
            await check_request(call, request.method)
        return ended

    async def _begin(
        self, call: Call, request: Request, counted: str, route: Route | None
    ) -> Response | None:
        if counted in self._disabled:
            return _DISABLED
        if self._limiter is not None:
            declared = route.endpoint.path if route else self._router.declared(counted)
            only_asks = route is not None and route.endpoint.traits.only_asks
            await self._limiter.check(call, counted, declared, only_asks=only_asks)
        for hook in self._on_request:
            answer = await hook(call)
            if isinstance(answer, Response):
                return answer
        return None

    async def _serve(self, call: Call, request: Request, inside: bool) -> Response:
        counted = call.path.rstrip("/") or "/" if inside else call.path
        route = self._found(call, request) if inside else None
        if self._may_end:
            try:
                ended = await self._begin(call, request, counted, route)
            except TooManyRequests as error:
                return await shown(call, error)
            if ended is not None:
                return ended
        if route is None:
            response = await page_of(call, APIError(404)) or NOT_FOUND
        else:
            response = await self._routed(call, request, route)
        for hook in self._on_response:
            call.outgoing = response
            answer = await hook(call)
            if isinstance(answer, Response):
                return answer
        return response

    def _found(self, call: Call, request: Request) -> Route | None:
        path = call.path
        if self._config.options.advanced.skip_trailing_slashes and path.endswith("/"):
            path = path[:-1]
        found = self._router.find(request.method, path)
        if found is None:
            return None
        route, call.params = found
        call.endpoint = route.endpoint
        return route

    async def _routed(self, call: Call, request: Request, route: Route) -> Response:
        if route.endpoint.traits.redeems and is_speculative(request):
            return AHEAD
        if request.query:
            try:
                call.query = read_query(request.query, route.endpoint.traits.longest_value)
            except QueryTooLong:
                raise ValidationCodes.VALIDATION_ERROR("[query] The query is too long") from None
        call.body = await read_body(call, request, route.endpoint)
        await check_request(call, request.method)
        call.answers_client = True
        outcome = await self.run(call, route)
        value = outcome.value
        if isinstance(value, APIError):
            return await told(call, value, status=outcome.status)
        return respond(call, value, status=outcome.status)


async def _withhold(call: Call, value: object) -> None:
    """What ends in an error signs nobody in, wherever the error came from."""
    if call.new_session is None or not isinstance(value, APIError | Response):
        return
    if value.status >= 400:
        await withhold_session(call)


async def _after(call: Call, hook: Step, value: object) -> object:
    call.returned = value
    try:
        return await hook(call)
    except APIError as error:
        return error


async def _apply(call: Call, change: Change) -> None:
    if change.body:
        if call.body is not None and not isinstance(call.body, dict):
            raise ValidationCodes.VALIDATION_ERROR()
        call.body = {**call.fields, **change.body}
    if change.query:
        call.query = {**call.query, **change.query}
    if not change.headers:
        return
    await asker_of(call)
    headers: Headers = call.headers
    for name, value in change.headers.items():
        headers = headers.replacing(name.lower(), value)
    call.replace_headers(headers)
