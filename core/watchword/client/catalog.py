"""Which endpoints there are, by name: the core's, those of given plugins, those that we ship.

Plugins that nobody gave are loaded one after the other, and only until one has the name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from itertools import chain
from typing import Any

import msgspec

from watchword import plugins as shipped
from watchword.call import Change
from watchword.configuration.auth_options import AuthOptions
from watchword.endpoint import Endpoint, results_of
from watchword.errors import ConfigurationError, Redirect
from watchword.http.response import Response
from watchword.plugin_base import Plugin, endpoints_of, hooks_of

NO_VALUES: tuple[object, ...] = (Response, Redirect, Change)
"""What functions return that is no value of an answer."""


@dataclass(frozen=True, slots=True)
class Listing:
    """An endpoint and the plugin that declares it."""

    endpoint: Endpoint[Any, Any]
    plugin: type[Plugin]


class Catalog:
    """The endpoints that one client knows."""

    def __init__(self, plugins: Sequence[type[Plugin]]) -> None:
        for plugin in plugins:
            if not (isinstance(plugin, type) and issubclass(plugin, Plugin)):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise ConfigurationError(
                    "plugins", f"{plugin!r} is no class of plugins", "Give MyPlugin, not MyPlugin()"
                )
        self.given = tuple(plugins)
        self._found: dict[str, Listing] = {}

    def find(self, name: str) -> Listing:
        """The endpoint of a name. Raises `LookupError`."""
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = self._search(name)
        return found

    def replacements(self, path: str) -> Iterator[type[msgspec.Struct]]:
        """What hooks of plugins answer with instead of an endpoint."""
        for plugin in chain(self.given, _shipped()):
            for hook in hooks_of(plugin):
                if hook.matches(path):
                    kinds = results_of(hook.method)
                    yield from (
                        kind
                        for kind in kinds
                        if isinstance(kind, type) and issubclass(kind, msgspec.Struct)
                    )

    def _search(self, name: str) -> Listing:
        known: list[str] = []
        for plugin in chain(self.given, _features(), _shipped()):
            for endpoint in endpoints_of(plugin):
                if endpoint.name == name:
                    return Listing(endpoint, plugin)
                known.append(endpoint.name)
        near = ", ".join(get_close_matches(name, known, n=3))
        hint = f"; the nearest are {near}" if near else ""
        raise LookupError(f"there is no endpoint {name!r}; is its plugin in plugins=[...]?{hint}")


@cache
def _features() -> tuple[type[Plugin], ...]:
    return tuple(type(one) for one in AuthOptions[Any]().installed())


def _shipped() -> Iterator[type[Plugin]]:
    return (getattr(shipped, name) for name in shipped.__all__)
