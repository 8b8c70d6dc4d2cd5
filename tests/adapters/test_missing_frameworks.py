"""An adapter whose framework is not installed says what to install."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("name", ["flask", "starlette", "fastapi", "litestar"])
def test_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    module = f"watchword.adapters.{name}"
    for loaded in list(sys.modules):
        if loaded == name or loaded.startswith(f"{name}."):
            monkeypatch.setitem(sys.modules, loaded, None)
    monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.raises(ImportError, match=rf'pip install "watchword\[{name}\]"'):
        importlib.import_module(module)


def test_the_plain_adapters_load_no_framework() -> None:
    program = """
import sys
for framework in ("flask", "werkzeug", "starlette", "fastapi", "litestar"):
    sys.modules[framework] = None
import watchword.adapters.asgi, watchword.adapters.asgi_session, watchword.adapters.wsgi
"""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
