"""A database that the reference filled is served as it is, and both may serve it side by side."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path

import pytest

from tests.dropin.visitor import PASSWORD, Pair, Visitor
from tests.support.browser import ORIGIN, SECRET, Browser
from tests.support.databases import mysql_database, postgres_database
from tests.support.services import ROOT, free_port, require_node, wait_for
from watchword import Advanced, Auth, EmailAndPassword, SessionOptions, WorkLimits
from watchword.configuration.options import CookieCache

Address = Callable[[Path], AbstractContextManager[str]]

DATABASES: dict[str, Address] = {
    "sqlite": lambda folder: nullcontext(str(folder / "shared.db")),
    "postgresql": lambda folder: postgres_database(),
    "mariadb": lambda folder: mysql_database(),
}
DIRECTIONS = [("ours", "reference"), ("reference", "ours")]
both_ways = pytest.mark.parametrize(("here", "there"), DIRECTIONS)


@contextmanager
def pair(
    database: str, *, cache: str | None = None, package: str = "better-auth", zone: str = "UTC"
) -> Generator[Pair, None, None]:
    """Both servers on a database that the reference made."""
    node = require_node(ROOT / "tests" / "reference")
    command = [node, str(ROOT / "tests" / "dropin" / "shared_database.mjs")]
    command += ["--port", str(port := free_port()), "--base-url", ORIGIN, "--secret", SECRET]
    command += ["--database", database, "--package", package]
    command += ["--cache", cache] if cache else []
    process = subprocess.Popen(command, env={**os.environ, "TZ": zone})
    cached = CookieCache(strategy=cache) if cache else CookieCache(enabled=False)  # type: ignore[arg-type]
    try:
        wait_for(f"http://127.0.0.1:{port}/__health", process)
        auth = Auth(
            database=database if "://" in database else f"sqlite:///{database}",
            secret=SECRET,
            base_url=ORIGIN,
            email_and_password=EmailAndPassword(enabled=True, password_hash="scrypt"),
            session=SessionOptions(cookie_cache=cached),
            # Ten at once on a busy machine: none is to be told to come back later.
            advanced=Advanced(work=WorkLimits(hash_queue=100, hash_wait=60)),
            environ={},
        )
        yield Pair(auth, f"http://127.0.0.1:{port}")
        auth.blocking.close()
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module", params=list(DATABASES))
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of an empty database."""
    with DATABASES[request.param](tmp_path_factory.mktemp("shared")) as address:
        yield address


@pytest.fixture(scope="module")
def servers(database: str) -> Iterator[Pair]:
    with pair(database) as both:
        yield both


@pytest.fixture(params=["blocking", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


def test_what_the_reference_made_is_only_offered_an_index(servers: Pair) -> None:
    (offered,) = servers.auth.blocking.migrate()
    assert offered.startswith("CREATE INDEX")
    assert "account_providerId_accountId_idx" in offered
    assert servers.auth.blocking.migrate() == []


@both_ways
def test_the_old_password_opens_the_door(servers: Pair, kind: str, here: str, there: str) -> None:
    email = Visitor(servers, kind).sign_up(here)
    visitor = Visitor(servers, kind)
    token = visitor.sign_in(there, email)
    assert visitor.session(here)["session"]["token"] == token
    status, _ = visitor.ask(there, "POST", "/sign-in/email", {"email": email, "password": "wrong"})
    assert status == 401


@both_ways
def test_the_old_session_is_still_good(servers: Pair, kind: str, here: str, there: str) -> None:
    visitor = Visitor(servers, kind)
    visitor.sign_up(here)
    assert visitor.session(there) == visitor.session(here) is not None


@both_ways
def test_what_is_changed_here_is_changed_there(
    servers: Pair, kind: str, here: str, there: str
) -> None:
    visitor, other = Visitor(servers, kind), Visitor(servers, kind)
    email = visitor.sign_up(here)
    other.sign_in(there, email)
    assert visitor.ask(here, "POST", "/update-user", {"name": "Countess"})[0] == 200
    assert other.session(there)["user"]["name"] == "Countess"
    new = {"currentPassword": PASSWORD, "newPassword": PASSWORD + "!", "revokeOtherSessions": True}
    assert visitor.ask(here, "POST", "/change-password", new)[0] == 200
    assert other.session(there) is None
    again = {"email": email, "password": PASSWORD + "!"}
    assert other.ask(there, "POST", "/sign-in/email", again)[0] == 200
    assert visitor.ask(here, "POST", "/sign-out", {})[0] == 200
    assert visitor.session(there) is None


@pytest.mark.parametrize("cache", ["compact", "jwt", "jwe"])
def test_a_session_cached_by_one_is_believed_by_the_other(
    database: str, servers: Pair, cache: str
) -> None:
    with pair(database, cache=cache) as cached:
        for here, there in DIRECTIONS:
            visitor = Visitor(cached)
            visitor.sign_up(here)
            assert "better-auth.session_data" in visitor.browser.jar
            found = visitor.session(there)
            assert found == visitor.session(here) is not None
            # Only the cookie can say this once the row is gone.
            thief = Visitor(cached)
            thief.browser.jar.update(visitor.browser.jar)
            assert visitor.ask(here, "POST", "/sign-out", {})[0] == 200
            assert thief.session(there) == found


def test_side_by_side_nothing_is_lost_in_two_hundred_calls(servers: Pair, database: str) -> None:
    """Ten visitors, each going to either server as chance has it; at once where that is possible.

    The reference gives up when it meets another writer of an SQLite file.
    """

    def visit(number: int) -> str:
        chance = random.Random(number)  # noqa: S311 - the same calls each time
        visitor = Visitor(servers)
        email, name = visitor.sign_up(chance.choice(DIRECTIONS)[0]), "Ada"
        for turn in range(19):
            server = chance.choice(DIRECTIONS)[0]
            match chance.choice(["look", "rename", "leave"]):
                case "look":
                    assert visitor.session(server)["user"]["email"] == email
                case "rename":
                    name = f"Ada {number}.{turn}"
                    assert visitor.ask(server, "POST", "/update-user", {"name": name})[0] == 200
                case _:
                    visitor.ask(server, "POST", "/sign-out", {})
                    visitor.sign_in(chance.choice(DIRECTIONS)[0], email)
        for server, _ in DIRECTIONS:
            assert visitor.session(server)["user"]["name"] == name
        return email

    with ThreadPoolExecutor(10 if "://" in database else 1) as pool:
        emails = list(pool.map(visit, range(10)))
    for email in emails:
        for server, _ in DIRECTIONS:
            Visitor(servers).sign_in(server, email)


@pytest.fixture
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """This process lives in another zone."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"], indirect=True)
@pytest.mark.parametrize("name", ["sqlite", "postgresql"])
def test_no_date_moves_by_a_millisecond_in_other_zones(
    tmp_path: Path, name: str, zone: str
) -> None:
    with DATABASES[name](tmp_path) as address:
        if name == "postgresql":
            address += f"?options=-c%20TimeZone%3D{zone}"
        with pair(address, zone=zone) as both:
            before = time.time()
            for here, there in DIRECTIONS:
                visitor = Visitor(both)
                visitor.sign_up(here)
                found = visitor.session(here)
                assert visitor.session(there) == found
                assert abs(_seconds(found["session"]["createdAt"]) - before) < 60
                lived = _seconds(found["session"]["expiresAt"]) - _seconds(
                    found["session"]["createdAt"]
                )
                assert abs(lived - 604_800) < 1


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize("name", list(DATABASES))
def test_a_database_of_1_7_1_with_its_issuer_column_is_served_as_it_is(
    tmp_path: Path, name: str
) -> None:
    with DATABASES[name](tmp_path) as address, pair(address, package="better-auth-1.7.1") as both:
        for here, there in DIRECTIONS:
            email = Visitor(both).sign_up(here)
            visitor = Visitor(both)
            visitor.sign_in(there, email)
            assert visitor.session(here) == visitor.session(there) is not None
        ours = Browser(both.auth)
        assert ours.sign_up("after@example.com").status == 200
        assert len(both.auth.blocking.migrate()) == 1, "an index"
        assert Browser(both.auth).sign_in("after@example.com").status == 200
