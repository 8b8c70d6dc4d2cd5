"""The API reference: a page for each public module, with a place for each of its public names.

Zensical fills the places from the docstrings (mkdocstrings).
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import re
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import PurePosixPath
from types import ModuleType
from typing import TypeVar

import django
from django.conf import settings

import watchword
from watchword import plugins

from . import markdown
from .tree import Pages

FOLDER = PurePosixPath("reference")
INDEX = FOLDER / "all.md"
INTRODUCTION = """# API reference

What applications and plugins import, from the docstrings. Everything else is the inside, and may
change without notice.

| module | |
|---|---|
"""
PUBLIC = re.compile(
    r"watchword(\.(plugin|resource|client|mail)|\.plugins(\.\w+)?"
    r"|\.(adapters|storage|testing|providers)(\.\w+)*)?"
)
"""The package itself, the face for plugins, what other programs use, and the rooms in which each
module is one thing to choose: a plugin, a framework, a database, a provider, the tests of one's own
storage."""
FOR_STORAGES = ("watchword.database.contract", "watchword.database.secondary")
"""What the author of a storage implements."""
OF_A_PROJECT = ("watchword.adapters.django.urls",)
"""The URLs of the server that settings name: nothing of it is imported by name."""
_IMPORTED = re.compile(r"^(?:from|import) (watchword[\w.]*)", re.MULTILINE)
_NAMED = re.compile(r"`(watchword(?:\.\w+)+)")


def reference_pages(written: Pages) -> Pages:
    """The list of modules, a page for each, and one for each name of `watchword` itself."""
    known = public_modules(written)
    rows = "".join(
        f"| [`{name}`]({place(name).name}) | {markdown.cell(_about(module))} |\n"
        for name, module in known.items()
    )
    pages: Pages = {INDEX: f"{INTRODUCTION}{rows}"}
    for name, module in known.items():
        pages[place(name)] = _page(name, module)
    for name in watchword.__all__:
        whole = f"watchword.{name}"
        pages[place(whole)] = f"# `{name}`\n\n{_directive(whole, heading=False)}"
    return pages


def public_modules(written: Pages) -> dict[str, ModuleType]:
    """The modules that the documentation imports or names, those of plugins and of storages."""
    text = "\n".join(written.values())
    named = {*_IMPORTED.findall(text), *map(_module_of, _NAMED.findall(text))}
    named |= {
        ".".join(getattr(plugins, name).__module__.split(".")[:3]) for name in plugins.__all__
    }
    named |= {one.module for one in entry_points(group="watchword.storage")}
    _settle_django()
    return {name: importlib.import_module(name) for name in sorted(named) if _is_public(name)}


def place(name: str) -> PurePosixPath:
    """Where a module is, or a name of `watchword` itself."""
    return FOLDER / f"{name}.md"


def _is_public(name: str) -> bool:
    public = PUBLIC.fullmatch(name) is not None or name in FOR_STORAGES
    return public and ".storage_contract." not in name and name not in OF_A_PROJECT


def _settle_django() -> None:
    """Modules that say what users are want a project around them."""
    if not settings.configured:
        settings.configure(INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"])
        django.setup()


def _module_of(name: str) -> str:
    """The longest part of a dotted name that is a module; empty for a logger's, say."""
    parts = name.split(".")
    for end in range(len(parts), 1, -1):
        try:
            found = importlib.util.find_spec(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        if found is not None:
            return found.name
    return ""


def _about(module: ModuleType) -> str:
    return _told(module).split("\n\n")[0]


def _told(module: ModuleType) -> str:
    return markdown.without_specification(inspect.cleandoc(module.__doc__ or ""))


def _page(name: str, module: ModuleType) -> str:
    top = f"# `{name}`\n\n{_told(module)}\n\n"
    if module is watchword:
        rows = (f"- [`{one}`](watchword.{one}.md)\n" for one in watchword.__all__)
        return f"{top}{''.join(rows)}"
    return top + "\n".join(_directive(f"{name}.{one}") for one in _names(module))


def _names(module: ModuleType) -> Iterator[str]:
    """The public names: those that it lists, else those that are its own."""
    if "__all__" in vars(module):
        listed: list[str] = [one for one in module.__all__ if not _is_of_the_top(module, one)]
        yield from listed
        return
    tree = ast.parse(inspect.getsource(module))
    defined = (name for one in tree.body for name in _defined(one))
    yield from (name for name in defined if not name.startswith("_"))


def _defined(one: ast.stmt) -> Iterator[str]:
    """Classes, functions, and names in small letters, which stand for one of these."""
    if isinstance(one, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        yield one.name
    targets = one.targets if isinstance(one, ast.Assign) else []
    targets = [one.target] if isinstance(one, ast.AnnAssign) else targets
    yield from (it.id for it in targets if isinstance(it, ast.Name) and it.id.islower())


def _is_of_the_top(module: ModuleType, name: str) -> bool:
    """Whether `watchword` has it too, where its page is."""
    value = getattr(module, name)
    return isinstance(value, TypeVar) or getattr(watchword, name, None) is value


def _directive(name: str, *, heading: bool = True) -> str:
    shown = "true" if heading else "false"
    return f"::: {name}\n    options:\n      show_root_heading: {shown}\n"
