"""The views of docs/users.md sign a browser in, in every framework."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.adapters.drivers import ASGIClient, WSGIClient
from tests.docs.blocks import blocks
from tests.support.services import ROOT

PAGE = ROOT / "docs" / "users.md"
VIEWS = {
    name: block.text
    for name in ("flask", "starlette", "fastapi", "litestar")
    for block in blocks(PAGE)
    if f"watchword.adapters.{name} " in block.text
}


@pytest.mark.parametrize("framework", VIEWS)
def test_the_cookies_of_the_session_are_on_the_answer(
    framework: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BETTER_AUTH_SECRET", "test-secret-0123456789-abcdefghijKLMNOP")
    module = ModuleType("pasted")
    monkeypatch.setitem(sys.modules, "pasted", module)
    namespace = vars(module)
    exec(compile(VIEWS[framework], framework, "exec", dont_inherit=True), namespace)
    client = (WSGIClient if framework == "flask" else ASGIClient)(namespace["app"])
    paid = client.send("POST", "/paid")
    assert paid.status in (200, 201)
    [line] = paid.all("set-cookie")
    cookie = line.partition(";")[0]
    found = client.send("GET", "/api/auth/get-session", [("cookie", cookie)])
    assert json.loads(found.body)["user"]["email"] == "ada@example.com"
    namespace["auth"].blocking.close()


def test_every_framework_has_a_view() -> None:
    assert len(VIEWS) == 4
