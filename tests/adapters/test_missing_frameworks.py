"""An adapter whose framework is not installed says what to install."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys

import pytest

NAMES = ("flask", "quart", "starlette", "fastapi", "litestar", "django")
RESOURCES = [*(f"{name}_resource" for name in NAMES[:-1]), "django.resource"]


@pytest.mark.parametrize("module", [*NAMES, *RESOURCES])
def test_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    name = module.partition("_")[0].partition(".")[0]
    module = f"watchword.adapters.{module}"
    for loaded in list(sys.modules):
        if loaded == name or loaded.startswith(f"{name}."):
            monkeypatch.setitem(sys.modules, loaded, None)
    monkeypatch.setitem(sys.modules, name, None)
    for loaded in list(sys.modules):
        if loaded == module or loaded == f"watchword.adapters.{name}":
            monkeypatch.delitem(sys.modules, loaded)
    with pytest.raises(ImportError, match=rf'pip install "watchword\[{name}\]"'):
        importlib.import_module(module)


def test_the_plain_adapters_load_no_framework() -> None:
    program = """
import sys
for framework in ("flask", "quart", "werkzeug", "starlette", "fastapi", "litestar", "django"):
    sys.modules[framework] = None
import watchword.adapters.asgi, watchword.adapters.asgi_session, watchword.adapters.wsgi
"""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_checks_of_django_need_nothing_of_the_command_line() -> None:
    program = """
import sys
sys.modules["cyclopts"] = sys.modules["rich"] = None
import watchword.adapters.django.apps
"""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
