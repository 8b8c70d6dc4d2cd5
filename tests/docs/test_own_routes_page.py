"""The programs of docs/own-routes.md: their web sockets and streams are there for whoever is
signed in, from pages of the site alone, and until the session is over."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask import Flask

from tests.adapters.drivers import ASGIClient
from tests.adapters.sockets import Heard, talk
from tests.docs.blocks import blocks
from tests.support.services import ROOT
from watchword import Auth, testing

PAGE = ROOT / "docs" / "own-routes.md"
SITE = ("Origin", "http://localhost:8000")
EVIL = ("Origin", "https://evil.example")


def programs(having: str) -> dict[str, str]:
    """The programs with something in them, by the framework that their adapter is for."""
    found: dict[str, str] = {}
    for text in [block.text for block in blocks(PAGE) if having in block.text]:
        found[re.findall(r"from watchword.adapters.(\w+) import", text)[0]] = text
    return found


SOCKETS, STREAMS = programs('"/chat"'), programs('"/events"')


def test_there_is_one_for_each_framework() -> None:
    assert sorted(SOCKETS) == ["fastapi", "flask", "litestar", "quart", "starlette"]
    assert sorted(STREAMS) == ["fastapi"]


@dataclass
class Place:
    """A program of the page, and Ada, who is signed in."""

    auth: Auth[Any]
    client: ASGIClient
    runner: asyncio.Runner
    ada: str
    cookie: tuple[str, str]

    def talk(self, *headers: tuple[str, str], say: Any = ()) -> Heard:
        return talk(self.client, "/chat", headers, say)


@pytest.fixture
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BETTER_AUTH_SECRET", "test-secret-0123456789-abcdefghijKLMNOP")
    module = ModuleType("pasted")
    monkeypatch.setitem(sys.modules, "pasted", module)
    exec(compile(request.param, "block", "exec", dont_inherit=True), vars(module))
    auth, client = module.auth, ASGIClient(module.app)
    user = testing.make_user(auth, name="Ada")
    pairs = testing.session_cookies(auth, user).items()
    cookie = ("Cookie", "; ".join(f"{name}={value}" for name, value in pairs))
    with asyncio.Runner() as runner:
        client.run = runner.run
        yield Place(auth, client, runner, user.id, cookie)
        auth.blocking.close()
        runner.run(auth.close())


ON_ASGI = [pytest.param(text, id=name) for name, text in SOCKETS.items() if name != "flask"]


@pytest.mark.parametrize("place", ON_ASGI, indirect=True)
def test_a_page_of_the_site_talks_and_no_other_one_does(place: Place) -> None:
    assert place.talk(SITE, place.cookie, say=["hello"]).texts == ["Ada: hello"]
    for headers in ((EVIL, place.cookie), (place.cookie,), (SITE,)):
        assert not place.talk(*headers, say=["hello"]).accepted


@pytest.mark.parametrize("place", ON_ASGI, indirect=True)
def test_it_ends_with_the_session(place: Place) -> None:
    with testing.frozen(place.auth) as clock:

        def later() -> None:
            place.auth.blocking.users.revoke_sessions(place.ada)
            clock.forward(30)

        heard = place.talk(SITE, place.cookie, say=["one", later, "two"])
    assert heard.texts == ["Ada: one"]
    assert heard.closed == (1008, "")


@pytest.mark.parametrize("place", [pytest.param(STREAMS["fastapi"], id="fastapi")], indirect=True)
def test_the_stream_is_there_for_who_is_signed_in(place: Place) -> None:
    answer = place.client.send("GET", "/events", [place.cookie])
    assert (answer.status, answer.body) == (200, b"data: hello\n\n")
    assert answer.all("content-type") == ["text/event-stream; charset=utf-8"]
    assert place.client.send("GET", "/events").status == 401


def test_the_program_of_flask_has_its_web_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it does over a real connection is in tests/adapters/test_flask_sock.py."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BETTER_AUTH_SECRET", "test-secret-0123456789-abcdefghijKLMNOP")
    module = ModuleType("pasted")
    exec(compile(SOCKETS["flask"], "block", "exec", dont_inherit=True), vars(module))
    app: Any = module.app
    assert isinstance(app, Flask)
    assert [str(rule) for rule in app.url_map.iter_rules() if rule.websocket] == ["/chat"]
    module.auth.blocking.close()
