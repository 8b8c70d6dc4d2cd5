"""An adapter whose framework is not installed says what to install."""

from __future__ import annotations

import importlib
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
    with pytest.raises(ImportError, match=rf"pip install watchword\[{name}\]"):
        importlib.import_module(module)


@pytest.mark.parametrize("name", ["asgi", "asgi_session", "wire", "wsgi"])
def test_the_plain_adapters_need_no_framework(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for framework in ("flask", "werkzeug", "starlette", "fastapi", "litestar"):
        monkeypatch.setitem(sys.modules, framework, None)
    module = f"watchword.adapters.{name}"
    monkeypatch.delitem(sys.modules, module, raising=False)
    assert importlib.import_module(module).__name__ == module
