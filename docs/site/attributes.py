"""Fields of classes of options as the source says them: type, default, and the docstring below."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import textwrap
from collections.abc import Iterator


@dataclasses.dataclass(frozen=True)
class Attribute:
    """One field. `default` is None where it must be given."""

    name: str
    kind: str
    default: str | None
    text: str


def attributes(kind: type) -> list[Attribute]:
    """The fields that may be given to a dataclass, those of its bases first."""
    given = {field.name: field for field in dataclasses.fields(kind) if field.init}
    found: dict[str, Attribute] = {}
    for base in reversed(kind.__mro__):
        if base.__module__ != "builtins" and dataclasses.is_dataclass(base):
            found |= {one.name: one for one in declared(base) if one.name in given}
    return [_told(found[name], field) for name, field in given.items()]


def declared(kind: type) -> Iterator[Attribute]:
    """What one class says itself. Docstrings below fields are for readers of the source alone."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(tree, ast.ClassDef)
    for one, below in zip(tree.body, [*tree.body[1:], ast.Pass()], strict=True):
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            text = " ".join(_text(below).split())
            yield Attribute(one.target.id, ast.unparse(one.annotation), _default(one.value), text)


def _told(one: Attribute, field: dataclasses.Field[object]) -> Attribute:
    """A default that the source gives by the name of a constant is told by what it is."""
    if not one.default or not re.search(r"\b_?[A-Z][A-Z_]+\b", one.default):
        return one
    made = field.default
    if field.default_factory is not dataclasses.MISSING:
        made = field.default_factory()
    return dataclasses.replace(one, default=repr(made))


def _text(node: ast.stmt) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return str(node.value.value)
    return ""


def _default(value: ast.expr | None) -> str | None:
    if not (isinstance(value, ast.Call) and ast.unparse(value.func).endswith("field")):
        return None if value is None else ast.unparse(value)
    named = {word.arg: word.value for word in value.keywords}
    if "default_factory" in named:
        return _made(named["default_factory"])
    return ast.unparse(named["default"]) if "default" in named else None


def _made(factory: ast.expr) -> str:
    if isinstance(factory, ast.Lambda):
        return ast.unparse(factory.body)
    return f"{ast.unparse(factory)}()"
