"""Every Python block of the README and the documentation runs as printed."""

from __future__ import annotations

import asyncio
import inspect
import re
import sys
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask import Flask

from tests.adapters.drivers import ASGIClient, Client, WSGIClient
from tests.support.databases import mysql_database, postgres_database
from watchword import Auth

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def _blocks() -> list[Any]:
    found: list[Any] = []
    for page in PAGES:
        blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
        name = str(page.relative_to(ROOT))
        found += [pytest.param(text, id=f"{name}-{n}") for n, text in enumerate(blocks, 1)]
    return found


DATABASES = {"POSTGRES_URL": postgres_database, "MYSQL_URL": mysql_database}
"""Variables that blocks read, and what makes an empty database for one."""


@pytest.mark.parametrize("text", _blocks())
def test_block_runs(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as made:
        for name in [name for name in DATABASES if name in text]:
            monkeypatch.setenv(name, made.enter_context(DATABASES[name]()))
        _run(text, tmp_path, monkeypatch)


def _run(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BETTER_AUTH_SECRET", "test-secret-0123456789-abcdefghijKLMNOP")
    module = ModuleType("pasted")
    monkeypatch.setitem(sys.modules, "pasted", module)
    namespace = vars(module)
    exec(compile(text, "block", "exec", dont_inherit=True), namespace)
    auth, app = namespace.get("auth"), namespace.get("app")
    if app is not None:
        status, body = _get(app, "/api/auth/ok")
        assert (status, body) == (200, b'{"ok":true}')
        if "/me" in text:
            assert _get(app, "/me")[0] in (401, 403)
    if isinstance(auth, Auth):
        auth.blocking.close()
        asyncio.run(auth.close())


def _get(app: Any, path: str) -> tuple[int, bytes]:
    synchronous = isinstance(app, Flask) or not inspect.iscoroutinefunction(type(app).__call__)
    client: Client = WSGIClient(app) if synchronous else ASGIClient(app)
    answer = client.send("GET", path)
    return answer.status, answer.body
