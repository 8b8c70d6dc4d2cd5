"""W3, with the real server: uWSGI forks its workers in C, after the application was loaded.

`auth.blocking.migrate()` at import leaves connections open in the master. Workers that went on with
them would answer with each other's sessions.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import IO

import pytest

from tests.attacks.forked_app import made
from tests.support.browser import Browser
from tests.support.databases import mysql_database, postgres_database, redis_keys
from tests.support.services import ROOT, free_port, require, wait_for

USERS, CLIENTS, ROUNDS = 8, 8, 40
THREADS = {"one thread": [], "threads": ["--enable-threads", "--threads", "4"]}
LOADING = {"loaded by the master": [], "loaded by workers": ["--lazy-apps"]}
COOKIE = "better-auth.session_token"


@pytest.fixture(params=["sqlite", "postgres", "mysql", "sqlite and redis"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[dict[str, str], None, None]:
    """An empty database, and a Redis beside it, as the application is told of them."""
    with ExitStack() as stack:
        found = {"FORKED_DATABASE": f"sqlite:///{tmp_path}/forked.db"}
        if request.param == "postgres":
            found["FORKED_DATABASE"] = stack.enter_context(postgres_database())
        if request.param == "mysql":
            found["FORKED_DATABASE"] = stack.enter_context(mysql_database())
        if "redis" in request.param:
            keys = stack.enter_context(redis_keys())
            found |= {"FORKED_REDIS": keys.url, "FORKED_PREFIX": keys.prefix}
        yield found


@pytest.mark.parametrize("loading", list(LOADING))
@pytest.mark.parametrize("threads", list(THREADS))
def test_everybody_gets_only_their_own_session(
    place: dict[str, str], threads: str, loading: str, tmp_path: Path
) -> None:
    uwsgi = installed()
    cookies = signed_up(place)
    options = [*THREADS[threads], *LOADING[loading]]
    with (tmp_path / "log").open("wb") as log, served(uwsgi, place, log, *options) as port:
        with ThreadPoolExecutor(CLIENTS) as pool:
            work = [pool.submit(asked, port, cookies, number) for number in range(CLIENTS)]
            for one in work:
                assert one.result() == []
        # The master's own is still good: it forks another worker when one ends.
        assert asked(port, cookies, 0) == []


def asked(port: int, cookies: dict[str, str], start: int) -> list[str]:
    """Everybody's session in turn; gives what was wrong."""
    wrong: list[str] = []
    people = list(cookies.items())
    for number in range(start, start + ROUNDS):
        email, cookie = people[number % len(people)]
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as link:
            link.request("GET", "/api/auth/get-session", headers={"cookie": f"{COOKIE}={cookie}"})
            answer = link.getresponse()
            text = answer.read()
        found = json.loads(text)["user"]["email"] if answer.status == 200 and text else None
        if found != email:
            wrong.append(f"{email} got {answer.status} {found}")
    return wrong


def signed_up(place: dict[str, str]) -> dict[str, str]:
    """The session cookies of some users, by their addresses."""
    auth = made(place["FORKED_DATABASE"], place.get("FORKED_REDIS"), place.get("FORKED_PREFIX", ""))
    auth.blocking.migrate()
    cookies: dict[str, str] = {}
    for number in range(USERS):
        browser, email = Browser(auth), f"user{number}@example.com"
        assert browser.sign_up(email).status == 200
        cookies[email] = browser.jar[COOKIE]
    auth.blocking.close()
    return cookies


@contextmanager
def served(
    uwsgi: str, place: dict[str, str], log: IO[bytes], *options: str
) -> Generator[int, None, None]:
    """A uWSGI server with two workers; gives its port."""
    port = free_port()
    command = [uwsgi, "--http-socket", f"127.0.0.1:{port}", "--master", "--processes", "2"]
    command += ["--module", "tests.attacks.forked_app", "--need-app", "--die-on-term"]
    command += ["--worker-reload-mercy", "5", "--disable-logging", "--log-5xx", *options]
    path = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
    process = subprocess.Popen(
        command, env={**os.environ, **place, "PYTHONPATH": path}, cwd=ROOT, stderr=log
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/api/auth/ok", process)
        yield port
        process.terminate()
        process.wait(30)
    finally:
        process.kill()
        process.wait(30)


def installed() -> str:
    """The path of uWSGI: of this environment, or of the system."""
    here = Path(sys.executable).with_name("pyuwsgi")
    found = str(here) if here.exists() else shutil.which("pyuwsgi")
    require(found is not None, "uWSGI", "Run `make setup` (on Linux; the package is pyuwsgi).")
    assert found is not None
    return found
