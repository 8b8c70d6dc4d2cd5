"""How imports are spelled, who may import a framework, and that the walker sees what is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.syntax import (
    CORE,
    SISTERS,
    all_modules,
    core_modules,
    imports,
    sister_modules,
)

HOMES = {
    "flask": "flask",
    "werkzeug": "flask",
    "starlette": "starlette",
    "fastapi": "fastapi",
    "litestar": "litestar",
    "quart": "quart",
    "django": "django",
    "asgiref": "django",
}
"""The adapter of each framework: `flask.py` and `flask_*.py` alone may import Flask; Django wants a
package for its applications, `django/`. Django's databases have a storage beside."""
ALSO = {("werkzeug", "quart")}
"""Quart stands on Werkzeug, as Flask does."""
STORAGES = {"django": "django"}
"""Those that are more than a framework, with the folder below storage/."""


def test_a_framework_is_imported_by_its_own_adapter_only() -> None:
    strangers = [
        f"{name} imports {found.module}"
        for name, path in all_modules().items()
        for found in imports(path)
        if found.top in HOMES
        if HOMES[found.top] not in (adapter_of(path), STORAGES.get(storage_of(path)))
        if (found.top, adapter_of(path)) not in ALSO
    ]
    assert strangers == []


def adapter_of(path: Path) -> str:
    """The framework to whose adapter a module belongs; empty elsewhere."""
    return _part_below(path, SISTERS["adapters"]).split("_")[0].split(".")[0]


def storage_of(path: Path) -> str:
    """The folder below storage/ in which a module stands; empty elsewhere."""
    return _part_below(path, SISTERS["storage"])


def _part_below(path: Path, folder: Path) -> str:
    return path.relative_to(folder).parts[0] if folder in path.parents else ""


def test_folder_mates_are_imported_relatively() -> None:
    modules = all_modules()
    wrong = [
        f"{name} imports {target} absolutely"
        for name, path in modules.items()
        for found in imports(path)
        for target in [found.within(modules)]
        if found.level == 0 and target in modules and modules[target].parent == path.parent
        if modules[target].name != "__init__.py"
    ]
    assert wrong == []


def test_other_folders_are_imported_absolutely() -> None:
    wrong = [
        f"{name} reaches {found.module} by dots"
        for name, path in all_modules().items()
        for found in imports(path)
        if found.level > 1
    ]
    assert wrong == []


@pytest.mark.parametrize("folder", ["adapters", "storage"])
def test_sister_folders_import_of_watchword_only_core_and_themselves(folder: str) -> None:
    known = core_modules() | sister_modules(folder)
    for name, path in sister_modules(folder).items():
        for found in imports(path):
            if found.top == "watchword":
                assert found.within(known) in known, f"{name} imports {found.module}"


SAMPLE = """
from typing import TYPE_CHECKING
import asyncio.events
from . import urls
from ..errors import APIError
if TYPE_CHECKING:
    from watchword.auth import Auth
else:
    import msgspec
def late():
    try:
        import flask
    except ImportError:
        from .json import decode
"""


def test_the_walker_sees_every_kind_of_import() -> None:
    found = list(imports(CORE / "http" / "request.py", text=SAMPLE))
    seen = [(one.module, one.name, one.level) for one in found]
    assert seen == [
        ("typing", "TYPE_CHECKING", 0),
        ("asyncio.events", "", 0),
        ("watchword.http", "urls", 1),
        ("watchword.errors", "APIError", 2),
        ("watchword.auth", "Auth", 0),
        ("msgspec", "", 0),
        ("flask", "", 0),
        ("watchword.http.json", "decode", 1),
    ]
    assert [one.module for one in found if one.for_checkers] == ["watchword.auth"]
    assert [one.module for one in found if one.nested] == ["flask", "watchword.http.json"]
    assert found[2].within(core_modules()) == "watchword.http.urls"
    assert found[3].within(core_modules()) == "watchword.errors"
