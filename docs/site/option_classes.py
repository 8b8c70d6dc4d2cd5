"""Which classes hold options: of `Auth`, of plugins and providers, and all that these name."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, get_args, get_origin

import watchword
from tests.support.providers import provider, written_ids
from watchword import Plugin, mail, plugin, plugins, resource
from watchword.configuration.auth_options import AuthOptions
from watchword.oauth.provider import Provider
from watchword.resource import JWTVerifier

from .attributes import Attribute, attributes


@dataclasses.dataclass(frozen=True)
class OptionClass:
    """A class by the name that applications import, where from, and its fields."""

    name: str
    module: str
    kind: type
    options: list[Attribute]


@functools.cache
def option_classes() -> list[OptionClass]:
    """All of them. Those that have no public name are left out, and those without a field."""
    found: dict[type, None] = {}
    waiting: list[type] = [AuthOptions, *_plugins(), Provider, *_providers(), JWTVerifier]
    waiting += [mail.Mailer, mail.SMTP, mail.Files]
    while waiting:
        kind = waiting.pop(0)
        if kind not in found:
            found[kind] = None
            waiting += _named_in(kind)
    made = (_option_class(kind) for kind in found)
    return sorted((one for one in made if one and one.options), key=lambda one: one.name)


def _plugins() -> list[type[Plugin]]:
    return [getattr(plugins, name) for name in plugins.__all__]


def _providers() -> list[type[Provider]]:
    return [type(provider(name)) for name in written_ids()]


def _option_class(kind: type) -> OptionClass | None:
    public = _public(kind)
    if public is None:
        return None
    options = attributes(kind)
    if issubclass(kind, Provider) and kind is not Provider:
        of_all = {one.name for one in attributes(Provider)}
        options = [one for one in options if one.name not in of_all]
    return OptionClass(*public, kind, options)


def _public(kind: type) -> tuple[str, str] | None:
    """The name of a class for applications, and the module that they import it from."""
    if kind is AuthOptions:
        return "Auth", "watchword"
    if issubclass(kind, Provider) and not kind.__module__.startswith("watchword.plugins."):
        return kind.__name__, "watchword.providers"
    for module in _public_modules(kind):
        for name, value in vars(module).items():
            if value is kind and not name.startswith("_"):
                return name, module.__name__
    return None


def _public_modules(kind: type) -> Iterator[ModuleType]:
    yield from (watchword, plugins, resource, plugin, mail)
    parts = kind.__module__.split(".")
    if parts[:2] == ["watchword", "plugins"]:
        yield sys.modules[".".join(parts[:3])]


def _named_in(kind: type) -> Iterator[type]:
    """The dataclasses that the types of its fields name; what callbacks are given is no option."""
    for base in kind.__mro__:
        module = inspect.getmodule(base)
        if module is None or not module.__name__.startswith("watchword"):
            continue
        known = vars(watchword) | vars(module)
        for annotation in inspect.get_annotations(base).values():
            yield from _dataclasses(_read(annotation, known))


def _read(annotation: Any, known: dict[str, Any]) -> Any:
    """The type, or nothing where it names what only type checkers import."""
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, known)
    except (NameError, TypeError):
        return None


def _dataclasses(found: Any) -> Iterator[type]:
    if isinstance(found, type) and get_origin(found) is None:
        if dataclasses.is_dataclass(found) and found.__module__.startswith("watchword."):
            yield found
    elif get_origin(found) is not Callable and "Callable" not in str(get_origin(found)):
        for one in get_args(found):
            yield from _dataclasses(one)
