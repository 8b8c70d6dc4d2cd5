"""What a function may call in the end, read from the source of this package and its plugins.

Names are resolved where they stand. A method of an object whose class is not known is looked for in
all classes that the function's module knows, and in those of its folder: rather too much than too
little.
"""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Collection, Iterator
from functools import cache, partial
from types import FunctionType
from typing import Any, cast

from watchword.endpoint import Endpoint

Function = Callable[..., Any]


def way_to(
    start: Endpoint[Any, Any], targets: Collection[Function], *, past: Collection[Function] = ()
) -> str | None:
    """How an endpoint comes to call one of the targets, as names; None if it does not.

    What stands in `past` is not followed.
    """
    begin = _function(start)
    assert begin is not None
    seen: set[Function] = {begin, *past}
    waiting: list[tuple[Function, tuple[str, ...]]] = [(begin, ())]
    while waiting:
        function, way = waiting.pop()
        if function in targets:
            return " > ".join(way)
        for found in _called_by(function) - seen:
            seen.add(found)
            waiting.append((found, (*way, found.__qualname__)))
    return None


@cache
def _called_by(function: Function) -> frozenset[Function]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    known = cast("FunctionType", function).__globals__
    classes = [*_classes(known.values()), *_classes_beside(function.__module__)]
    found: set[Function | None] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add(_function(known.get(node.id)))
        elif isinstance(node, ast.Attribute):
            members = (inspect.getattr_static(one, node.attr, None) for one in classes)
            found.update(map(_function, members))
    return frozenset(one for one in found if one is not None)


def _classes(values: Collection[object]) -> Iterator[type]:
    return (one for one in values if isinstance(one, type) and hasattr(one, "__module__"))


@cache
def _classes_beside(module: str) -> tuple[type, ...]:
    folder = module.rpartition(".")[0]
    if folder.count(".") < 2:
        return ()
    beside = [vars(there) for name, there in sorted(sys.modules.items()) if name.startswith(folder)]
    return tuple(one for names in beside for one in _classes(list(names.values())))


def _function(given: object) -> Function | None:
    """The function behind what stands for it, if it is ours."""
    if isinstance(given, Endpoint):
        given = cast("Endpoint[Any, Any]", given).handler
    if isinstance(given, partial):
        given = cast("partial[Any]", given).func
    if isinstance(given, classmethod | staticmethod):
        given = cast("Any", given).__func__
    if isinstance(given, property):
        given = given.fget
    ours = inspect.isfunction(given) and given.__module__.startswith(("watchword", "tests"))
    return cast("Function", given) if ours else None
