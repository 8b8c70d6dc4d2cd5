"""Clients see of one session the same at either server."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.dropin.visitor import Pair, Visitor
from tests.support.browser import ORIGIN, SECRET
from tests.support.services import ROOT, free_port, require_node, wait_for
from watchword import Auth, Call, EmailAndPassword, SessionAndUser, SessionOptions, User
from watchword.configuration.options import CookieCache
from watchword.plugins import CustomSession, MultiSession

LIST = "/multi-session/list-device-sessions"
both_ways = pytest.mark.parametrize(
    ("here", "there"), [("ours", "reference"), ("reference", "ours")]
)


def shape(found: SessionAndUser[User], call: Call) -> dict[str, object]:
    return {"who": found.user.name, "until": found.session.expires_at, "user": found.user}


@pytest.fixture(scope="module", params=["", "compact", "jwt", "jwe"])
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    node = require_node(ROOT / "tests" / "reference")
    file = tmp_path_factory.mktemp("shared") / "shared.db"
    command = [node, str(ROOT / "tests" / "dropin" / "shared_database.mjs"), "--custom-sessions"]
    command += ["--port", str(port := free_port()), "--base-url", ORIGIN, "--secret", SECRET]
    command += ["--database", str(file)]
    cache = CookieCache(strategy=request.param) if request.param else None
    command += ["--cache", request.param] if request.param else []
    process = subprocess.Popen(command, env={**os.environ, "TZ": "UTC"})
    try:
        wait_for(f"http://127.0.0.1:{port}/__health", process)
        auth: Auth[Any] = Auth(
            database=f"sqlite:///{file}",
            secret=SECRET,
            base_url=ORIGIN,
            email_and_password=EmailAndPassword(enabled=True),
            session=SessionOptions(cookie_cache=cache),
            plugins=[MultiSession(), CustomSession(shape=shape, shape_device_sessions=True)],
            environ={},
        )
        yield Pair(auth, f"http://127.0.0.1:{port}")
        auth.blocking.close()
    finally:
        process.terminate()
        process.wait(20)


@both_ways
def test_one_session_looks_the_same(pair: Pair, here: str, there: str) -> None:
    nobody, ada = Visitor(pair), Visitor(pair)
    for path in ("/get-session", LIST):
        assert nobody.ask(here, "GET", path) == nobody.ask(there, "GET", path)
    ada.sign_up(here)
    for path in ("/get-session", "/get-session?disableCookieCache=true", LIST):
        answers = [ada.ask(server, "GET", path) for server in (here, there)]
        assert answers[0] == answers[1], path
    assert set(answers[0][1][0]) == {"who", "until", "user"}
    assert ada.ask(there, "POST", "/sign-out", {})[0] == 200
    assert ada.session(here) is None
