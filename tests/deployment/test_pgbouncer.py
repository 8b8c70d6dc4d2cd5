"""PgBouncer in transaction mode, as docs/deploying/databases.md configures it: many workers share
two connections, and everybody gets their own.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.core.conftest import FAST
from tests.deployment.processes import installed, running
from tests.deployment.proxies import written
from tests.support.browser import ORIGIN, SECRET, Browser
from tests.support.services import free_port
from watchword import Auth, EmailAndPassword, RateLimit

WORKERS, ROUNDS = 8, 8


@pytest.fixture
def folder() -> Generator[Path, None, None]:
    """A folder that another user may look into: PgBouncer refuses to run as root."""
    with TemporaryDirectory() as name:
        made = Path(name)
        made.chmod(0o755)
        yield made


@pytest.fixture
def pooled(postgres: str, folder: Path) -> Generator[str, None, None]:
    """The URL of an empty database behind PgBouncer."""
    program = installed("pgbouncer", "pgbouncer")
    address, port = urlsplit(postgres), free_port()
    file = folder / "pgbouncer.ini"
    there = f"host={address.hostname} port={address.port or 5432} dbname={address.path[1:]}"
    login = f" user={address.username}" + (
        f" password={address.password}" if address.password else ""
    )
    shown = {
        "host=127.0.0.1 port=5432 dbname=app": there + login,
        "listen_port = 6432": f"listen_port = {port}\nunix_socket_dir =",
        "auth_type = scram-sha-256": "auth_type = any",
        "auth_file = /etc/pgbouncer/userlist.txt\n": "",
        "default_pool_size = 20": "default_pool_size = 2",
    }
    file.write_text(written("pgbouncer.ini", shown))
    command = [program, *(["-u", "nobody"] if os.geteuid() == 0 else []), str(file)]
    with running(command, folder / "log") as server:
        server.await_port(port)
        yield f"postgresql://app@127.0.0.1:{port}/app"


def served(database: str) -> Auth[Any]:
    return Auth(
        database=database,
        secret=SECRET,
        base_url=ORIGIN,
        environ={},
        email_and_password=EmailAndPassword(enabled=True, argon2_cost=FAST),
        rate_limit=RateLimit(
            enabled=True, storage="database", max=10_000, custom_rules={"/sign-*": False}
        ),
    )


def lives(auth: Auth[Any], number: int) -> list[Any]:
    """What went wrong for somebody who signs up and comes back, again and again."""
    wrong: list[Any] = []
    for turn in range(ROUNDS):
        browser, email = Browser(auth), f"user{number}-{turn}@example.com"
        statuses = [browser.sign_up(email).status, browser.get("/get-session").status]
        found = browser.get("/get-session").json
        statuses += [browser.post("/sign-out", {}).status]
        if statuses != [200, 200, 200] or found["user"]["email"] != email:
            wrong.append((statuses, found))
    return wrong


def test_everybody_gets_their_own_over_two_connections(pooled: str, postgres: str) -> None:
    auth = served(pooled)
    auth.blocking.migrate()
    with ThreadPoolExecutor(WORKERS) as pool:
        outcomes = list(pool.map(lambda number: lives(auth, number), range(WORKERS)))
    assert outcomes == [[]] * WORKERS
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    with psycopg.connect(postgres) as direct:
        # Those of the pooler, and the one that asks.
        assert direct.execute(query).fetchall()[0][0] <= 3
    auth.blocking.close()


def test_one_of_many_gets_what_is_good_once(pooled: str) -> None:
    auth = served(pooled)
    auth.blocking.migrate()
    begin = threading.Barrier(WORKERS)

    def first(number: int) -> int:
        begin.wait(30)
        return Browser(auth).sign_up("ada@example.com").status

    with ThreadPoolExecutor(WORKERS) as pool:
        assert sorted(pool.map(first, range(WORKERS))) == [200, *[422] * (WORKERS - 1)]
    auth.blocking.close()
