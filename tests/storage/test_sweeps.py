"""W9: a sweep deletes some hundred rows at a time, so that no request waits for a million."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.browser import ORIGIN, SECRET, Browser, Clock
from tests.support.databases import mysql_database, postgres_database
from watchword import Auth, PasswordReset, RateLimit, RateLimitRule
from watchword.database.contract import Row
from watchword.runtime.blocking import finish

RESET = ("/request-password-reset", {"email": "nobody@example.com"})
MANY = 1200


@contextmanager
def sqlite_in_memory() -> Iterator[str]:
    yield "sqlite://"


DATABASES = {"sqlite": sqlite_in_memory, "postgresql": postgres_database, "mysql": mysql_database}


@pytest.fixture(params=DATABASES)
def auth(request: pytest.FixtureRequest, clock: Clock) -> Iterator[Auth]:
    with DATABASES[request.param]() as url:
        made = Auth(
            database=url,
            secret=SECRET,
            base_url=ORIGIN,
            environ={},
            clock=clock,
            password_reset=PasswordReset(send_reset_password=lambda mail, request: None),
            rate_limit=RateLimit(
                enabled=True,
                storage="database",
                custom_rules={"/ok": RateLimitRule(window=10, max=1)},
            ),
        )
        made.blocking.migrate()
        yield made
        made.blocking.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def fill(auth: Auth, model: str, rows: list[Row]) -> None:
    for row in rows:
        finish(auth.blocking.runtime.engine.create(model, row))


def left(auth: Auth, model: str) -> int:
    return finish(auth.blocking.runtime.engine.count(model, []))


def test_expired_promises_go_a_few_at_a_time_and_living_ones_stay(auth: Auth, clock: Clock) -> None:
    now = clock()
    dates = {"expiresAt": now, "createdAt": now, "updatedAt": now}
    rows: list[Row] = [
        {"id": f"v{number}", "identifier": f"i{number}", "value": "v", **dates}
        for number in range(MANY)
    ]
    fill(auth, "verification", rows)
    clock.forward(60)
    counts: list[int] = []
    for _ in range(4):
        assert Browser(auth).post(*RESET).status == 200
        counts.append(left(auth, "verification"))
        clock.forward(60)
    # Each request adds a promise of its own, and the note of what that is bound to.
    assert counts == [MANY - 500 + 2, MANY - 1000 + 4, 6, 8]


def test_idle_counters_go_a_few_at_a_time(auth: Auth, clock: Clock) -> None:
    assert Browser(auth).get("/ok").status == 200
    then = int(clock().timestamp() * 1000)
    rows: list[Row] = [
        {"id": f"r{number}", "key": f"k{number}", "count": 1, "lastRequest": then}
        for number in range(MANY)
    ]
    fill(auth, "rateLimit", rows)
    clock.forward(3 * 86_400)
    # A window that begins anew sweeps.
    assert Browser(auth).get("/ok").status == 200
    assert left(auth, "rateLimit") == MANY - 500 + 1
