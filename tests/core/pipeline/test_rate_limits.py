"""Rate limits are exact under concurrency, wherever they are counted."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser, Clock
from watchword import Headers, RateLimit, RateLimitRule, Request
from watchword.pipeline.rate_counters import MOST_COUNTERS

OK = Request(method="GET", path="/api/auth/ok", host="localhost:3000")


@pytest.fixture(params=["memory", "database"])
def limit(request: pytest.FixtureRequest) -> RateLimit:
    return RateLimit(enabled=True, window=10, max=7, storage=request.param)


def test_l1_fifty_threads_get_exactly_the_allowed_number_through(
    make_auth: MakeAuth, limit: RateLimit
) -> None:
    auth = make_auth(rate_limit=limit)
    with ThreadPoolExecutor(50) as pool:
        statuses = list(pool.map(lambda _: auth.blocking.handle(OK).status, range(50)))
    assert sorted(statuses) == [200] * 7 + [429] * 43


async def test_l1_fifty_tasks_get_exactly_the_allowed_number_through(
    make_auth: MakeAuth, limit: RateLimit
) -> None:
    auth = make_auth(rate_limit=limit)
    answers = await asyncio.gather(*(auth.handle(OK) for _ in range(50)))
    await auth.close()
    assert sorted(answer.status for answer in answers) == [200] * 7 + [429] * 43


def test_a_window_restarts_after_a_pause_of_its_length(
    make_auth: MakeAuth, limit: RateLimit, clock: Clock, kind: str
) -> None:
    browser = Browser(make_auth(rate_limit=limit), kind)
    assert [browser.get("/ok").status for _ in range(7)] == [200] * 7
    clock.forward(9)
    answer = browser.get("/ok")
    assert (answer.status, answer.header("x-retry-after")) == (429, "1")
    clock.forward(1)
    assert [browser.get("/ok").status for _ in range(8)] == [200] * 7 + [429]


def test_processes_on_one_database_count_together(make_auth: MakeAuth) -> None:
    limit = RateLimit(enabled=True, window=10, max=4, storage="database")
    first, second = Browser(make_auth(rate_limit=limit)), Browser(make_auth(rate_limit=limit))
    statuses = [browser.get("/ok").status for browser in (first, second) * 3]
    assert statuses == [200] * 4 + [429] * 2


def test_old_counters_are_swept(make_auth: MakeAuth, clock: Clock, tmp_path: Path) -> None:
    auth = make_auth(rate_limit=RateLimit(enabled=True, storage="database"))
    for number in range(5):
        headers = Headers.of({"x-forwarded-for": f"192.0.2.{number}"})
        auth.blocking.handle(OK.with_headers(headers))
    clock.forward(86_401)
    auth.blocking.handle(OK.with_headers(Headers.of({"x-forwarded-for": "192.0.2.0"})))
    database = sqlite3.connect(tmp_path / "test.db")
    rows = database.execute("select key, count from rateLimit").fetchall()
    database.close()
    assert rows == [("192.0.2.0|/ok", 1)]


def test_an_own_store_decides(make_auth: MakeAuth, kind: str) -> None:
    seen: list[tuple[str, int]] = []

    async def consume(key: str, rule: RateLimitRule) -> int | None:
        seen.append((key, rule.max))
        return 5 if len(seen) > 1 else None

    browser = Browser(make_auth(rate_limit=RateLimit(enabled=True, consume=consume)), kind)
    assert browser.get("/ok").status == 200
    answer = browser.get("/ok")
    assert (answer.status, answer.header("x-retry-after")) == (429, "5")
    assert seen[0] == ("203.0.113.7|/ok", 100)


def test_l5_memory_cannot_be_made_to_grow_without_limit(make_auth: MakeAuth) -> None:
    auth = make_auth(rate_limit=RateLimit(enabled=True))
    pipeline: Any = auth._server.handle.__self__._pipeline  # type: ignore[attr-defined]
    limiter = pipeline._limiter
    assert limiter is not None
    windows = limiter._counters._windows  # type: ignore[attr-defined]
    for number in range(MOST_COUNTERS):
        windows[f"x|{number}"] = None
    assert auth.blocking.handle(OK).status == 200
    assert len(windows) == MOST_COUNTERS


def test_without_a_usable_address_all_share_one_bucket(make_auth: MakeAuth) -> None:
    browser = Browser(make_auth(rate_limit=RateLimit(enabled=True, max=2)))
    addresses = ["junk", "1.2.3.4, 5.6.7.8", ""]
    statuses = [browser.get("/ok", x_forwarded_for=text).status for text in addresses]
    assert statuses == [200, 200, 429]
