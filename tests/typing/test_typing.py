"""The typed face of the library: what checkers infer, and that it is what runs."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import typing
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.browser import SECRET
from tests.support.plugins import every_plugin
from watchword import Auth
from watchword.endpoint import Endpoint
from watchword.server_api import ServerAPI

ROOT = Path(__file__).parents[2]


def test_a_users_program_checks_in_strict_mode() -> None:
    programs = [str(ROOT / "tests" / "typing" / name) for name in ("program.py", "routes.py")]
    command = [sys.executable, "-m", "pyright", "--warnings", *programs]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy_finds_the_same_mistakes(tmp_path: Path) -> None:
    """Those that the programs mark as pyright's, and no other."""
    programs = [ROOT / "tests" / "typing" / name for name in ("program.py", "routes.py")]
    marked = {
        f"{path.name}:{number}"
        for path in programs
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if "# pyright: ignore" in line
    }
    options = ["--strict", "--no-error-summary", "--hide-error-context", "--cache-dir", tmp_path]
    command = [sys.executable, "-m", "mypy", *options, *programs]
    done = subprocess.run(
        command, cwd=ROOT / "tests" / "typing", capture_output=True, text=True, check=False
    )
    found = re.findall(r"^(\S+?:\d+): error:", done.stdout, re.MULTILINE)
    assert {place.rpartition("/")[2] for place in found} == marked, done.stdout + done.stderr


def test_every_endpoint_is_listed_beside_its_declaration_with_input_result_and_words() -> None:
    auth = Auth(database="sqlite://", secret=SECRET, plugins=every_plugin(), environ={})
    listed = {name: listing for listing in _listings() for name in listing.__annotations__}
    assert set(listed) == set(auth.endpoints)
    for name, endpoint in auth.endpoints.items():
        listing = listed[name]
        assert listing.__module__ == endpoint.handler.__module__, name
        _, given, result = typing.get_args(typing.get_type_hints(listing)[name])
        assert given == _given(endpoint), name
        declared = typing.get_type_hints(endpoint.handler)["return"]
        assert _shape(result) == _shape(declared), name
        assert _words(listing)[name] == inspect.getdoc(endpoint.handler), name


@pytest.mark.parametrize(
    ("module", "combined"), [("features", "FeatureAPI"), ("plugins", "PluginAPI")]
)
def test_the_list_that_exports_them_combines_all_listings(module: str, combined: str) -> None:
    every_plugin()
    tree = ast.parse((ROOT / "core/watchword" / module / "__init__.py").read_text())
    (found,) = (
        one for one in ast.walk(tree) if isinstance(one, ast.ClassDef) and one.name == combined
    )
    bases = [ast.unparse(base) for base in found.bases]
    listings = [one for one in _listings() if one.__module__.startswith(f"watchword.{module}.")]
    assert sorted(bases) == sorted(f"{listing.__name__}[M, U]" for listing in listings)


def _listings() -> list[type[ServerAPI[Any, Any]]]:
    """The classes of our own that list the functions of a feature or of a plugin."""
    ours = ("watchword.features.", "watchword.plugins.")
    kind: Any = ServerAPI
    every: list[Any] = kind.__subclasses__()
    return [one for one in every if one.__module__.startswith(ours)]


def _given(endpoint: Endpoint[Any, Any]) -> Any:
    if endpoint.input is None:
        return type(None)
    try:
        msgspec.convert({}, endpoint.input)
    except msgspec.ValidationError:
        return endpoint.input
    return endpoint.input | None


def _words(listing: type[object]) -> dict[str, str]:
    """What stands below each annotation, where editors find it."""
    (found,) = (
        one for one in ast.parse(inspect.getsource(listing)).body if isinstance(one, ast.ClassDef)
    )
    return {
        ast.unparse(one.target): inspect.cleandoc(ast.literal_eval(words.value))
        for one, words in pairwise(found.body)
        if isinstance(one, ast.AnnAssign) and isinstance(words, ast.Expr)
    }


def _shape(hint: Any) -> str:
    text = f"{hint.__module__}.{hint.__name__}" if isinstance(hint, type) else str(hint)
    return text.replace("~U", "watchword.records.User")
