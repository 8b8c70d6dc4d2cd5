"""The typed face of the library: what checkers infer, and that it is what runs."""

from __future__ import annotations

import subprocess
import sys
import typing
from pathlib import Path
from typing import Any

from tests.support.browser import SECRET
from tests.support.plugins import every_plugin
from watchword import Auth
from watchword.api import Api

ROOT = Path(__file__).parents[2]


def test_a_users_program_checks_in_strict_mode() -> None:
    program = ROOT / "tests" / "typing" / "program.py"
    command = [sys.executable, "-m", "pyright", "--warnings", str(program)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_typed_api_names_every_endpoint_with_its_input() -> None:
    auth = Auth(database="sqlite://", secret=SECRET, plugins=every_plugin(), environ={})
    typed = {name for name in Api.__annotations__ if not name.startswith("_")}
    assert typed == set(auth.endpoints)
    hints = typing.get_type_hints(Api, localns=_names(auth))
    for name, endpoint in auth.endpoints.items():
        _, given, result = typing.get_args(hints[name])
        assert given is (endpoint.input or type(None)), name
        declared = typing.get_type_hints(endpoint.handler)["return"]
        assert _shape(result) == _shape(declared), name


def _names(auth: Auth[Any]) -> dict[str, Any]:
    """What the annotations of `Api` name: everything that the features and plugins define."""
    names: dict[str, Any] = {}
    for endpoint in auth.endpoints.values():
        names.update(vars(sys.modules[endpoint.handler.__module__]))
    return names


def _shape(hint: Any) -> str:
    return str(hint).replace("~U", "watchword.records.User")
