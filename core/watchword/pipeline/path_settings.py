"""Settings that name paths: each must name one that somebody answers to. Decided at start-up.

A path that is misspelt would be silence: what was to be disabled, limited or guarded is not
(security W11).
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

from watchword.configuration.configuration import Configuration
from watchword.endpoint import Endpoint
from watchword.errors import ConfigurationError
from watchword.http.globs import path_glob
from watchword.plugin_base import Plugin

from .router import Router

_SAMPLE = "x"
"""Stands for the value of a parameter in a path."""


def check_path_settings(
    router: Router[Any],
    endpoints: Sequence[Endpoint[Any, Any]],
    config: Configuration,
    plugins: Sequence[Plugin],
) -> None:
    """Raise `ConfigurationError` for a path that is no endpoint's, with the nearest that are."""
    served = _Served(router)
    for path in config.options.disabled_paths:
        served.require("disabled_paths", path)
    for path in config.rate_limit.custom_rules:
        served.require_pattern("rate_limit.custom_rules", path)
    prefixes = config.options.advanced.disable_origin_check
    for prefix in () if isinstance(prefixes, bool) else prefixes:
        served.require_prefix("advanced.disable_origin_check", prefix)
    every = [endpoint.path for endpoint in endpoints]
    for plugin in plugins:
        owner = plugin.id or type(plugin).__name__
        for rule in plugin.rate_rules():
            served.require_pattern("plugins", rule.pattern, f"{owner} limits ")
        for pattern in plugin.named_paths():
            # They may be of functions without an address, too.
            if not any(map(path_glob(pattern).fullmatch, (*every, *map(_example, every)))):
                _refuse("plugins", pattern, every, f"{owner} names ")
        for hook in plugin.hooks("gate"):
            # Gates stand before endpoints for servers, too, and see declared paths.
            if not any(map(hook.matches, every)):
                _refuse("plugins", ", ".join(hook.patterns), every, f"{owner} guards ")


class _Served:
    """The paths that are answered over HTTP."""

    def __init__(self, router: Router[Any]) -> None:
        self._declared = sorted(router.paths)
        self._router = router

    def require(self, option: str, path: str) -> None:
        """Somebody answers to this very path."""
        # The text of a declared parameter is a value like any other to the router.
        if "/:" in path or "*" in path or self._router.declared(path) is None:
            _refuse(option, path, self._declared)

    def require_pattern(self, option: str, pattern: str, what: str = "") -> None:
        """Somebody answers to a path that matches."""
        if "*" not in pattern:
            if "/:" not in pattern and self._router.declared(pattern) is not None:
                return
        elif any(map(path_glob(pattern).fullmatch, map(_example, self._declared))):
            return
        _refuse(option, pattern, self._declared, what)

    def require_prefix(self, option: str, prefix: str) -> None:
        """Somebody answers to a path at or below this one."""
        below = prefix.rstrip("/") + "/"
        if not any(f"{path}/".startswith(below) for path in map(_example, self._declared)):
            _refuse(option, prefix, self._declared)


def _example(declared: str) -> str:
    """A path that a declared one answers to."""
    return "/".join(_SAMPLE if part.startswith(":") else part for part in declared.split("/"))


def _refuse(option: str, path: str, declared: Sequence[str], what: str = "") -> NoReturn:
    near = _nearest(path, declared)
    remedy = "Give the path below the base path as it is declared, without a slash at its end"
    if near:
        remedy = f"The nearest are {', '.join(map(repr, near))}"
        if any(":" in one for one in near):
            remedy += "; where patterns are taken, write * for a parameter"
    raise ConfigurationError(option, f"{what}{path!r}: there is no such endpoint", remedy)


def _nearest(path: str, declared: Sequence[str]) -> list[str]:
    wanted = path.lower().rstrip("/")
    inside = max((one for one in declared if wanted.endswith(one)), key=len, default=None)
    if inside is not None:
        return [inside]
    # Loaded only for a path that nobody declared.
    return import_module("difflib").get_close_matches(wanted, declared, n=3, cutoff=0.5)
