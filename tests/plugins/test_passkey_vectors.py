"""What the reference was recorded with: the same responses, the same rows, the same refusals."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.passkey_server import (
    ASK,
    COOKIE,
    GIVE,
    MADE,
    NEW,
    PasskeyServer,
    begun,
    outcome,
    passkey_server,
)
from tests.support.browser import Answer, Browser, Clock
from tests.support.vectors import vectors

RECORDED = vectors("passkey", "vectors-plugins-2.json")
CEREMONIES: list[Any] = RECORDED["ceremonies"]
OWN = ("id", "userId", "createdAt")
"""What is another one's at each server."""


@pytest.fixture
def server(make_auth: MakeAuth, clock: Clock, tmp_path: Path, kind: str) -> PasskeyServer:
    options = {"rp_id": RECORDED["rpID"], "origin": RECORDED["origin"]}
    return passkey_server(make_auth, clock, tmp_path, kind)(**options)


def replayed(server: PasskeyServer, browser: Browser, path: str, case: Any) -> Answer:
    """The recorded response to the recorded challenge."""
    begun(browser, NEW if path == MADE else ASK)
    token = unquote(browser.jar[COOKIE]).rpartition(".")[0]
    [(text,)] = server.sql("select value from verification where identifier = ?", token)
    value = {**json.loads(text), "expectedChallenge": case["expectedChallenge"]}
    server.sql("update verification set value = ? where identifier = ?", json.dumps(value), token)
    more = {"name": "k"} if path == MADE else {}
    return browser.post(path, {"response": case["response"], **more})


def registered(server: PasskeyServer, ceremony: Any) -> Any:
    answer = replayed(server, server.signed_up(), MADE, ceremony["registration"])
    assert answer.status == 200, answer.json
    return answer.json


@pytest.mark.parametrize("ceremony", CEREMONIES, ids=lambda one: one["alg"])
def test_a_ceremony(server: PasskeyServer, ceremony: Any) -> None:
    made, wanted = registered(server, ceremony), ceremony["registration"]["storedPasskey"]
    assert made.keys() == wanted.keys()
    same = {name: made[name] for name in made if name not in OWN}
    assert same == {name: wanted[name] for name in wanted if name not in OWN}
    browser = server.browser()
    used = ceremony["authentication"]
    answer = replayed(server, browser, GIVE, used)
    assert answer.status == used["status"], answer.json
    assert answer.json["user"]["id"] == browser.session()["user"]["id"] == made["userId"]
    assert server.sql("select counter from passkey") == [(used["counterAfter"],)]


def test_the_options(server: PasskeyServer) -> None:
    browser = server.signed_up("v@x.co")
    first = deepcopy(CEREMONIES[0])
    ours, wanted = begun(browser, NEW), first["registrationOptions"]
    wanted["rp"]["name"] = "watchword"
    for options in (ours, wanted):
        assert len(options.pop("challenge")) == len(options["user"].pop("id")) == 43
    assert ours == wanted
    asked, recorded = begun(server.browser()), first["authenticationOptions"]
    assert len(asked.pop("challenge")) == len(recorded.pop("challenge")) == 43
    assert asked == recorded


@pytest.mark.parametrize("case", RECORDED["negative"], ids=lambda one: one["label"])
def test_what_is_refused(server: PasskeyServer, case: Any) -> None:
    registered(server, CEREMONIES[0])
    # The recording went on after the counter that it accepted last.
    before = case["storedCounter"] - (case["status"] == 200)
    server.sql("update passkey set counter = ?", before)
    answer = replayed(server, server.browser(), GIVE, case)
    assert outcome(answer) == (case["status"], case["code"])
    kept = before if case["status"] != 200 else case["storedCounter"]
    assert server.sql("select counter from passkey") == [(kept,)]
    assert (answer.cookies == ()) is (case["status"] != 200)
