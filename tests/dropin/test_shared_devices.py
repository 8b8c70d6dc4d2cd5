"""Codes of devices that the reference made are good here, and the other way round."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.dropin.visitor import Pair, Visitor
from tests.support.browser import ORIGIN, SECRET
from tests.support.databases import mysql_database, postgres_database
from tests.support.services import ROOT, free_port, require_node, wait_for
from watchword import Auth, EmailAndPassword
from watchword.plugins import Bearer, DeviceAuthorization
from watchword.plugins.device_authorization import GRANT

DATABASES: dict[str, Callable[[Path], AbstractContextManager[str]]] = {
    "sqlite": lambda folder: nullcontext(str(folder / "shared.db")),
    "postgresql": lambda folder: postgres_database(),
    "mariadb": lambda folder: mysql_database(),
}
EVERY_WAY = [
    (asks, approves, polls)
    for asks in ("ours", "reference")
    for approves in ("ours", "reference")
    for polls in ("ours", "reference")
]


@pytest.fixture(scope="module", params=list(DATABASES))
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    node = require_node(ROOT / "tests" / "reference")
    with DATABASES[request.param](tmp_path_factory.mktemp("shared")) as database:
        command = [node, str(ROOT / "tests" / "dropin" / "shared_database.mjs")]
        command += ["--port", str(port := free_port()), "--base-url", ORIGIN, "--secret", SECRET]
        process = subprocess.Popen(
            [*command, "--database", database, "--devices"], env={**os.environ, "TZ": "UTC"}
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/__health", process)
            auth: Auth[Any] = Auth(
                database=database if "://" in database else f"sqlite:///{database}",
                secret=SECRET,
                base_url=ORIGIN,
                email_and_password=EmailAndPassword(enabled=True),
                plugins=[DeviceAuthorization(), Bearer()],
                environ={},
            )
            auth.blocking.migrate()  # the companion of an approval is a row that is there already
            yield Pair(auth, f"http://127.0.0.1:{port}")
            auth.blocking.close()
        finally:
            process.terminate()
            process.wait(20)


def ask(pair: Pair, server: str, **given: str) -> Any:
    body = {"client_id": "tv", **given}
    status, codes = Visitor(pair).ask(server, "POST", "/device/code", body)
    assert status == 200, codes
    return codes


def poll(pair: Pair, server: str, codes: Any) -> tuple[int, Any]:
    body = {"grant_type": GRANT, "device_code": codes["device_code"], "client_id": "tv"}
    return Visitor(pair).ask(server, "POST", "/device/token", body)


def look_up(person: Visitor, server: str, codes: Any) -> Any:
    query = urlencode({"user_code": codes["user_code"]})
    return person.ask(server, "GET", f"/device?{query}")


@pytest.mark.parametrize(("asks", "approves", "polls"), EVERY_WAY)
def test_each_step_may_be_done_at_either(pair: Pair, asks: str, approves: str, polls: str) -> None:
    ada = Visitor(pair)
    # Both verify passwords of the reference.
    email = ada.sign_up("reference")
    codes = ask(pair, asks, scope="read")
    assert look_up(ada, polls, codes)[1]["scope"] == "read"
    decision = {"userCode": codes["user_code"].lower()}
    assert ada.ask(approves, "POST", "/device/approve", decision) == (200, {"success": True})
    status, answer = poll(pair, polls, codes)
    assert (status, answer["scope"]) == (200, "read"), answer
    assert poll(pair, asks, codes)[1]["error"] == "invalid_grant"
    token = answer["access_token"]
    listed = ada.ask("ours", "GET", "/list-sessions")[1]
    assert token in {one["token"] for one in listed}
    assert ada.session("reference")["user"]["email"] == email


@pytest.mark.parametrize(("here", "there"), [("ours", "reference"), ("reference", "ours")])
def test_polls_are_counted_together(pair: Pair, here: str, there: str) -> None:
    codes = ask(pair, here)
    assert poll(pair, there, codes)[1]["error"] == "authorization_pending"
    assert poll(pair, here, codes)[1]["error"] == "slow_down"


@pytest.mark.parametrize(("here", "there"), [("ours", "reference"), ("reference", "ours")])
def test_a_denial_counts_there(pair: Pair, here: str, there: str) -> None:
    ada, codes = Visitor(pair), ask(pair, there)
    ada.sign_up("reference")
    look_up(ada, here, codes)
    assert ada.ask(here, "POST", "/device/deny", {"userCode": codes["user_code"]})[0] == 200
    assert poll(pair, there, codes)[1]["error"] == "access_denied"


def test_an_approval_of_the_reference_ends_with_all_sessions(pair: Pair) -> None:
    ada, codes = Visitor(pair), ask(pair, "reference")
    ada.sign_up("reference")
    look_up(ada, "reference", codes)
    decision = {"userCode": codes["user_code"]}
    assert ada.ask("reference", "POST", "/device/approve", decision)[0] == 200
    assert ada.ask("ours", "POST", "/revoke-sessions", {})[0] == 200
    assert poll(pair, "ours", codes)[1]["error"] == "access_denied"
