"""The endpoints of a configuration, each with the hooks and checks that belong to its path."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from watchword.call import Call
from watchword.configuration.configuration import Configuration
from watchword.discreet import Discreet
from watchword.endpoint import Endpoint
from watchword.errors import APIError, ConfigurationError
from watchword.observability.opening import APPLICATION
from watchword.plugin_base import Hook, Place, Plugin, Stage
from watchword.sessions.sessions import require_session

from .origin_check import check_login, check_trusted_url
from .validation import read_input

if TYPE_CHECKING:
    from watchword.observability.wrapping import Tracing

Step = Callable[[Call], Awaitable[object]]
DueStep = tuple[Step, Callable[[Call], bool] | None]
"""A step and when it is due; None: always."""


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


class Steps:
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


def routes_of(config: Configuration, plugins: Sequence[Plugin], steps: Steps) -> dict[str, Route]:
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
