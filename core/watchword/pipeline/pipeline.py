"""The way of a request, compiled at start-up (spec: HTTP, order of processing).

    base URL -> disabled paths -> rate limit -> on_request -> route -> body -> origin check
    -> before hooks -> validation -> requirements (session, CSRF, URLs) -> gates -> handler
    -> after hooks -> on_response

Server-side calls enter at the before hooks and leave after the after hooks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from watchword.call import Call, Change
from watchword.configuration.configuration import Configuration
from watchword.configuration.site import UnknownHost
from watchword.discreet import Discreet
from watchword.endpoint import Endpoint
from watchword.errors import APIError, ConfigurationError
from watchword.http.headers import Headers
from watchword.http.query import QueryTooLong, read_query
from watchword.http.request import Request
from watchword.http.response import Response
from watchword.http.speculation import is_speculative
from watchword.observability.opening import APPLICATION
from watchword.plugin_base import Hook, Place, Plugin, Stage
from watchword.runtime.contract import Runtime
from watchword.sessions.asking import asker_of
from watchword.sessions.sessions import finish_call, require_session
from watchword.sessions.taking_back import withhold_session

from .body import read_body
from .origin_check import check_login, check_request, check_trusted_url
from .path_settings import check_path_settings
from .rate_limit import TooManyRequests, open_limiter
from .responding import NOT_FOUND, guarded, respond
from .router import Router
from .validation import ValidationCodes, read_input

if TYPE_CHECKING:
    from watchword.observability.wrapping import Tracing

Step = Callable[[Call], Awaitable[object]]
DueStep = tuple[Step, Callable[[Call], bool] | None]
"""A step and when it is due; None: always."""

_TOO_LONG = Response(431)
_DISABLED = Response(404, (("content-type", "text/plain;charset=UTF-8"),), b"Not Found")
_AHEAD = Response(503, (("cache-control", "no-store"),))
"""To who fetches a mailed link ahead: a browser throws it away and asks again on the click."""


class Route(Discreet, msgspec.Struct, frozen=True):
    """An endpoint bound to its plugin, with the hooks that match its path."""

    endpoint: Endpoint[Any, Any]
    handler: Callable[..., Awaitable[object]]
    reads: Callable[[Call], object] | None
    """What makes the handler's input; None for a handler without."""
    before: tuple[Step, ...]
    checks: tuple[Step, ...]
    """What the endpoint requires, and the gates, in order."""
    after: tuple[DueStep, ...]


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
        steps = _Steps(plugins, tracing)
        self._on_request = steps.of("on_request")
        self._may_end = bool(self._disabled or self._limiter or self._on_request)
        """Whether anything can end a request before its endpoint is reached."""
        self._on_response = steps.of("on_response")
        self.routes = _routes(config, plugins, steps)
        self._router = Router(
            (route.endpoint.methods, route.endpoint.path, route)
            for route in self.routes.values()
            if not route.endpoint.traits.server_only
        )
        endpoints = [route.endpoint for route in self.routes.values()]
        check_path_settings(self._router, endpoints, config, plugins)

    async def handle(self, request: Request, runtime: Runtime) -> Response:
        """Answer one HTTP request. Raises nothing (unless told to by `on_api_error.reraise`)."""
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
            return _AHEAD
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
            await self._limiter.check(call, counted, declared)
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
                return respond(call, error)
            if ended is not None:
                return ended
        response = NOT_FOUND if route is None else await self._routed(call, request, route)
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
            return _AHEAD
        if request.query:
            try:
                call.query = read_query(request.query, route.endpoint.traits.longest_value)
            except QueryTooLong:
                raise ValidationCodes.VALIDATION_ERROR("[query] The query is too long") from None
        call.body = await read_body(call, request, route.endpoint)
        await check_request(call, request.method)
        call.answers_client = True
        outcome = await self.run(call, route)
        return respond(call, outcome.value, status=outcome.status)


class _Steps:
    """The hooks of all plugins, ready to be called, in spans if there is tracing."""

    def __init__(self, plugins: Sequence[Plugin], tracing: Tracing | None) -> None:
        # Read once: every path asks for them.
        self._hooks = {
            stage: [(plugin, hook) for plugin in plugins for hook in plugin.hooks(stage)]
            for stage in get_args(Stage)
        }
        self._tracing = tracing

    def of(self, stage: Stage, path: str | None = None) -> tuple[Step, ...]:
        """The hooks of a stage; with a path, those that match it."""
        return tuple(
            self._of_plugin(plugin, hook)
            for plugin, hook in self._hooks[stage]
            if path is None or hook.matches(path)
        )

    def after(self, own: Callable[[Call], object] | None, path: str) -> tuple[DueStep, ...]:
        """All hooks behind an endpoint, as `Route.after` has them."""
        found: list[tuple[Place, DueStep]]
        found = [("middle", (step, None)) for step in self.own("after", own)]
        for plugin, hook in self._hooks["after"]:
            if hook.matches(path):
                found.append((hook.place, (self._of_plugin(plugin, hook), _is_due(hook))))
        return tuple(step for place in get_args(Place) for there, step in found if there == place)

    def own(self, stage: Stage, callback: Callable[[Call], object] | None) -> tuple[Step, ...]:
        """The application's own hook."""
        if callback is None:
            return ()
        return (self._step(stage, APPLICATION, lambda call: call.run(callback, call)),)

    def _of_plugin(self, plugin: Plugin, hook: Hook) -> Step:
        name = plugin.id or type(plugin).__name__
        return self._step(hook.stage, name, partial(hook.method, plugin))

    def _step(self, stage: Stage, plugin: str, step: Step) -> Step:
        return step if self._tracing is None else self._tracing.hook(stage, plugin, step)


def _is_due(hook: Hook) -> Callable[[Call], bool] | None:
    if hook.new_session:
        return lambda call: call.new_session is not None
    return (lambda call: call.sets_cookies) if hook.sets_cookies else None


def _routes(config: Configuration, plugins: Sequence[Plugin], steps: _Steps) -> dict[str, Route]:
    routes: dict[str, Route] = {}
    own = config.options.hooks
    taken: dict[str, str] = {}
    for plugin in plugins:
        owner = plugin.id or type(plugin).__name__
        for endpoint in plugin.endpoints():
            for claim in (endpoint.name, *_addresses(endpoint)):
                if claim in taken:
                    raise ConfigurationError(
                        "plugins",
                        f"{claim!r} is claimed by {owner} and by {taken[claim]}",
                        "Rename the endpoint, or install only one of the two plugins",
                    )
                taken[claim] = owner
            routes[endpoint.name] = Route(
                endpoint,
                partial(endpoint.handler, plugin),
                _reader(endpoint),
                steps.own("before", own.before) + steps.of("before", endpoint.path),
                (*_requirements(endpoint), *steps.of("gate", endpoint.path)),
                steps.after(own.after, endpoint.path),
            )
    return routes


def _addresses(endpoint: Endpoint[Any, Any]) -> Iterator[str]:
    if not endpoint.traits.server_only:
        yield from (f"{method} {endpoint.path}" for method in endpoint.methods)


def _reader(endpoint: Endpoint[Any, Any]) -> Callable[[Call], object] | None:
    kind, source = endpoint.input, endpoint.source
    if kind is None:
        return None
    if source == "body":
        return lambda call: read_input(kind, call.body, source)
    nothing = _of_nothing(kind)
    if nothing is None:
        return lambda call: read_input(kind, call.query, source)
    return lambda call: read_input(kind, call.query, source) if call.query else nothing


def _of_nothing(kind: type[msgspec.Struct]) -> msgspec.Struct | None:
    """What is read from an empty query, where that is the same every time."""
    if not kind.__struct_config__.frozen:
        return None
    try:
        return read_input(kind, {}, "query")
    except APIError:
        return None


def _requirements(endpoint: Endpoint[Any, Any]) -> Iterator[Step]:
    traits, in_body = endpoint.traits, endpoint.source == "body"
    if traits.requires != "nothing":
        yield partial(
            require_session,
            from_store=traits.requires != "session",
            fresh=traits.requires == "fresh",
        )
    if traits.check_login_csrf:
        yield check_login
    for name in traits.trusted_urls:
        yield partial(_check_url, name=name, in_body=in_body)
    if traits.promises_mail:
        yield _require_room


async def _check_url(call: Call, *, name: str, in_body: bool) -> None:
    fields = call.fields if in_body else call.query
    await check_trusted_url(call, fields.get(name))


async def _require_room(call: Call) -> None:
    call.runtime.require_room()


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
