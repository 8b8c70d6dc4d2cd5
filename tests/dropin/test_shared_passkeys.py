"""Passkeys that the reference registered sign in here, and the other way round."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.dropin.visitor import Pair, Visitor
from tests.support.authenticator import Algorithm, Authenticator
from tests.support.browser import ORIGIN, SECRET
from tests.support.databases import mysql_database, postgres_database
from tests.support.services import ROOT, free_port, require_node, wait_for
from watchword import Auth, EmailAndPassword
from watchword.plugins import Passkey

DATABASES: dict[str, Callable[[Path], AbstractContextManager[str]]] = {
    "sqlite": lambda folder: nullcontext(str(folder / "shared.db")),
    "postgresql": lambda folder: postgres_database(),
    "mariadb": lambda folder: mysql_database(),
}
both_ways = pytest.mark.parametrize(
    ("here", "there"), [("ours", "reference"), ("reference", "ours")]
)
NEW, MADE = "/passkey/generate-register-options", "/passkey/verify-registration"
ASK, GIVE = "/passkey/generate-authenticate-options", "/passkey/verify-authentication"
LIST, DELETE, RENAME = (
    "/passkey/list-user-passkeys",
    "/passkey/delete-passkey",
    "/passkey/update-passkey",
)


@contextmanager
def serving(database: str) -> Generator[Pair, None, None]:
    node = require_node(ROOT / "tests" / "reference")
    command = [node, str(ROOT / "tests" / "dropin" / "shared_database.mjs"), "--passkeys"]
    command += ["--port", str(port := free_port()), "--base-url", ORIGIN, "--secret", SECRET]
    process = subprocess.Popen([*command, "--database", database], env={**os.environ, "TZ": "UTC"})
    try:
        wait_for(f"http://127.0.0.1:{port}/__health", process)
        auth = Auth(
            database=database if "://" in database else f"sqlite:///{database}",
            secret=SECRET,
            base_url=ORIGIN,
            email_and_password=EmailAndPassword(enabled=True, password_hash="scrypt"),
            plugins=[Passkey()],
            environ={},
        )
        yield Pair(auth, f"http://127.0.0.1:{port}")
        auth.blocking.close()
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module", params=list(DATABASES))
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("shared")
    with DATABASES[request.param](folder) as address, serving(address) as both:
        yield both


def asked(visitor: Visitor, server: str, path: str) -> Any:
    status, options = visitor.ask(server, "GET", path)
    assert status == 200, options
    return options


def with_passkey(pair: Pair, begun: str, ended: str, **kind: Any) -> tuple[Visitor, Any, Any]:
    """Somebody, their device and their passkey; its ceremony may go by way of both servers."""
    visitor, key = Visitor(pair), Authenticator(**kind)
    visitor.sign_up(begun)
    response = key.create(asked(visitor, begun, NEW))
    body = {"response": response, "name": "Phone"}
    status, passkey = visitor.ask(ended, "POST", MADE, body)
    assert status == 200, passkey
    return visitor, key, passkey


def test_what_the_reference_made_needs_no_migration(pair: Pair) -> None:
    offered = pair.auth.blocking.migrate()
    assert [one for one in offered if "passkey" in one] == []


@both_ways
@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256"])
def test_a_passkey_of_one_signs_in_at_the_other(
    pair: Pair, here: str, there: str, algorithm: Algorithm
) -> None:
    owner, key, passkey = with_passkey(pair, here, here, algorithm=algorithm)
    for server in (there, here):
        visitor = Visitor(pair)
        response = key.get(asked(visitor, server, ASK))
        status, answer = visitor.ask(server, "POST", GIVE, {"response": response})
        assert status == 200, answer
        assert answer["user"]["id"] == passkey["userId"]
        for either in (here, there):
            assert visitor.session(either)["session"]["token"] == answer["session"]["token"]
    assert owner.ask(there, "GET", LIST) == owner.ask(here, "GET", LIST)
    assert owner.ask(there, "GET", LIST)[1] == [{**passkey, "counter": 2}]


@both_ways
def test_a_ceremony_that_one_began_is_ended_by_the_other(pair: Pair, here: str, there: str) -> None:
    _, key, _ = with_passkey(pair, here, there)
    visitor = Visitor(pair)
    response = key.get(asked(visitor, here, ASK))
    assert visitor.ask(there, "POST", GIVE, {"response": response})[0] == 200
    for server in (here, there):
        status, answer = visitor.ask(server, "POST", GIVE, {"response": response})
        assert (status, answer["code"]) == (400, "CHALLENGE_NOT_FOUND")


@both_ways
def test_what_one_counted_the_other_knows(pair: Pair, here: str, there: str) -> None:
    _, key, _ = with_passkey(pair, here, here)
    visitor = Visitor(pair)
    assert (
        visitor.ask(here, "POST", GIVE, {"response": key.get(asked(visitor, here, ASK))})[0] == 200
    )
    key.credentials[0].counter = 0
    response = key.get(asked(visitor, there, ASK))
    status, answer = visitor.ask(there, "POST", GIVE, {"response": response})
    assert (status, answer["code"]) == (400, "AUTHENTICATION_FAILED")


@both_ways
def test_passkeys_of_one_are_renamed_and_deleted_at_the_other(
    pair: Pair, here: str, there: str
) -> None:
    owner, key, passkey = with_passkey(pair, here, here)
    excluded = asked(owner, there, NEW)["excludeCredentials"]
    assert excluded == asked(owner, here, NEW)["excludeCredentials"]
    assert [one["id"] for one in excluded] == [passkey["credentialID"]]
    body = {"id": passkey["id"], "name": "Key ring"}
    status, renamed = owner.ask(there, "POST", RENAME, body)
    assert (status, renamed) == (200, {"passkey": {**passkey, "name": "Key ring"}})
    assert owner.ask(there, "POST", DELETE, {"id": passkey["id"]}) == (200, {"status": True})
    visitor = Visitor(pair)
    response = key.get(asked(visitor, here, ASK))
    status, answer = visitor.ask(here, "POST", GIVE, {"response": response})
    assert (status, answer["code"]) == (401, "PASSKEY_NOT_FOUND")
