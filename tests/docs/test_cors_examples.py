"""The programs of the documentation for a front end on another port: its browser is let in, and a
page of any other origin is not."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask import Flask

from tests.adapters.drivers import Answer, ASGIClient, Client, WSGIClient
from tests.docs.blocks import blocks
from tests.support.services import ROOT

PAGES = [ROOT / "README.md", ROOT / "docs" / "cors.md"]
FRONT = "http://localhost:5173"
FOREIGN = "http://localhost:5174"
ADA = {"name": "Ada", "email": "ada@example.com", "password": "correct horse"}


def programs() -> dict[str, str]:
    """The programs that name a front end, by the framework that they import first."""
    found: dict[str, str] = {}
    for text in [block.text for block in blocks(*PAGES) if "FRONT = " in block.text]:
        found[re.findall(r"from (fastapi|starlette|litestar|flask)\b", text)[0]] = text
    return found


PROGRAMS = programs()


def test_there_is_one_for_each_framework() -> None:
    assert sorted(PROGRAMS) == ["fastapi", "flask", "litestar", "starlette"]


@pytest.fixture(params=sorted(PROGRAMS))
def client(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Client]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BETTER_AUTH_SECRET", "test-secret-0123456789-abcdefghijKLMNOP")
    module = ModuleType("pasted")
    monkeypatch.setitem(sys.modules, "pasted", module)
    exec(compile(PROGRAMS[request.param], "block", "exec", dont_inherit=True), vars(module))
    auth, app = module.auth, module.app
    with asyncio.Runner() as runner:
        if isinstance(app, Flask):
            yield WSGIClient(app)
        else:
            client = ASGIClient(app)
            client.run = runner.run
            yield client
        auth.blocking.close()
        runner.run(auth.close())


def cors(answer: Answer, name: str) -> list[str]:
    values = answer.all(f"access-control-{name}")
    return [item.strip().lower() for value in values for item in value.split(",")]


def ask(client: Client, path: str, method: str, origin: str = FRONT) -> Answer:
    """What a browser sends before a request with JSON."""
    headers = [
        ("Origin", origin),
        ("Access-Control-Request-Method", method),
        ("Access-Control-Request-Headers", "content-type"),
    ]
    return client.send("OPTIONS", path, headers)


def post(client: Client, path: str, body: Any, origin: str = FRONT) -> Answer:
    headers = [("Origin", origin), ("Content-Type", "application/json")]
    return client.send("POST", path, headers, body=json.dumps(body).encode())


@pytest.mark.parametrize("path", ["/api/auth/sign-up/email", "/me"])
def test_a_preflight_allows_what_the_client_sends(client: Client, path: str) -> None:
    answer = ask(client, path, "POST" if path != "/me" else "GET")
    assert answer.status in (200, 204)
    assert cors(answer, "allow-origin") == [FRONT]
    assert cors(answer, "allow-credentials") == ["true"]
    assert {"get", "post"} <= set(cors(answer, "allow-methods"))
    assert "content-type" in cors(answer, "allow-headers")


def test_the_front_end_signs_up_and_may_read_the_answer(client: Client) -> None:
    answer = post(client, "/api/auth/sign-up/email", ADA)
    assert (answer.status, len(answer.all("set-cookie"))) == (200, 1)
    assert_readable(answer)
    cookie = answer.all("set-cookie")[0].partition(";")[0]
    me = client.send("GET", "/me", [("Origin", FRONT), ("Cookie", cookie)])
    assert json.loads(me.body) == {"email": ADA["email"]}
    assert_readable(me)


def test_the_front_end_may_read_refusals(client: Client) -> None:
    wrong = post(client, "/api/auth/sign-in/email", {**ADA, "password": "wrong horse"})
    assert wrong.status == 401
    assert_readable(wrong)
    nobody = client.send("GET", "/me", [("Origin", FRONT)])
    assert nobody.status in (401, 403)
    assert_readable(nobody)


def test_another_origin_is_let_in_nowhere(client: Client) -> None:
    assert FOREIGN not in cors(
        ask(client, "/api/auth/sign-up/email", "POST", FOREIGN), "allow-origin"
    )
    answer = post(client, "/api/auth/sign-up/email", ADA, FOREIGN)
    assert (answer.status, answer.all("set-cookie")) == (403, [])
    assert not {FOREIGN, "*"} & set(cors(answer, "allow-origin"))


def assert_readable(answer: Answer) -> None:
    assert cors(answer, "allow-origin") == [FRONT]
    assert cors(answer, "allow-credentials") == ["true"]
    assert cors(answer, "expose-headers") == ["x-retry-after"]
