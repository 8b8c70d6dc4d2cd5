"""Every Python block of the README and the documentation runs as printed."""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask import Flask

from tests.adapters.drivers import ASGIClient, Client, WSGIClient
from tests.docs.blocks import Block, blocks
from tests.support.databases import mysql_database, postgres_database
from watchword import Auth


@contextmanager
def signing_key() -> Generator[str, None, None]:
    """A key as Apple's console gives it."""
    key = ec.generate_private_key(ec.SECP256R1())
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    yield key.private_bytes(*form).decode()


VARIABLES = {
    "POSTGRES_URL": postgres_database,
    "MYSQL_URL": mysql_database,
    "APPLE_PRIVATE_KEY": signing_key,
}
"""Variables that blocks read, and what makes the value of one: of databases an empty one."""


ALONE = [pytest.param(one, id=one.id) for one in blocks() if not one.of_a_tutorial]


@pytest.mark.parametrize("block", ALONE)
def test_block_runs(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as made, patch.dict(os.environ):
        for name in [name for name in VARIABLES if name in block.text]:
            monkeypatch.setenv(name, made.enter_context(VARIABLES[name]()))
        for name in _write_modules(block, tmp_path, monkeypatch):
            made.callback(sys.modules.pop, name, None)
        _run(block.text, tmp_path, monkeypatch)


def _write_modules(block: Block, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The blocks before it that are modules, where it can import them; their names."""
    monkeypatch.syspath_prepend(folder)
    written: list[str] = []
    for one in blocks(block.page):
        if one.module is not None and one.number < block.number:
            (folder / f"{one.module}.py").write_text(one.text)
            written.append(one.module)
    return written


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
