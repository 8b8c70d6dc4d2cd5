"""Fifty uses of a key at the same moment: counters are exact, wherever keys are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.key_server import KeyServer
from tests.support.browser import Clock
from tests.support.databases import mysql_database, postgres_database, redis_keys
from watchword import RateLimit
from watchword.plugins import ApiKey
from watchword.plugins.api_key import ApiKeyConfig, UpdateApiKey
from watchword.storage.redis import RedisStorage

MANY = 50


@pytest.fixture(params=["sqlite", "postgresql", "mariadb", "redis"])
def server(
    request: pytest.FixtureRequest, make_auth: MakeAuth, tmp_path: Path
) -> Iterator[KeyServer]:
    with ExitStack() as stack:
        options: dict[str, Any] = {"database": f"sqlite:///{tmp_path}/test.db"}
        storage = "database"
        if request.param == "postgresql":
            options["database"] = stack.enter_context(postgres_database())
        elif request.param == "mariadb":
            options["database"] = stack.enter_context(mysql_database())
        elif request.param == "redis":
            space = stack.enter_context(redis_keys())
            options["secondary_storage"] = RedisStorage(space.url, prefix=space.prefix)
            storage = "secondary-storage"
        config = ApiKeyConfig(storage=storage, enable_session_for_api_keys=True)
        options["rate_limit"] = RateLimit(enabled=False)
        made = make_auth(plugins=[ApiKey(config=config)], **options)
        yield KeyServer(made)
        made.blocking.close()


def together(work: Callable[[int], object]) -> Counter[Any]:
    with ThreadPoolExecutor(MANY) as pool:
        return Counter(pool.map(work, range(MANY)))


def left(server: KeyServer, key_id: str) -> dict[str, Any]:
    return server.ada.get("/api-key/get", {"id": key_id}).json


def test_exactly_the_remaining_uses_succeed(server: KeyServer) -> None:
    made = server.create(remaining=20, rate_limit_enabled=False)
    codes = together(lambda _: server.code(made.key))
    assert codes.pop("ok") == 20
    # Who finds it used up deletes it, for whoever comes after.
    assert set(codes) <= {"USAGE_EXCEEDED", "INVALID_API_KEY"}
    assert left(server, made.id)["code"] == "KEY_NOT_FOUND"


def test_no_use_is_lost(server: KeyServer) -> None:
    made = server.create(remaining=1000, rate_limit_max=1000)
    assert together(lambda _: server.code(made.key)) == {"ok": MANY}
    found = left(server, made.id)
    assert (found["remaining"], found["requestCount"]) == (1000 - MANY, MANY)


def test_the_rate_limit_lets_exactly_its_number_through(server: KeyServer, clock: Clock) -> None:
    made = server.create(rate_limit_max=7, rate_limit_time_window=60_000, remaining=500)
    for window in (1, 2):
        codes = together(lambda _: server.code(made.key))
        assert codes == {"ok": 7, "RATE_LIMITED": MANY - 7}
        # What is refused costs nothing.
        assert left(server, made.id)["remaining"] == 500 - 7 * window
        clock.forward(61)


def test_a_refill_happens_once(server: KeyServer, clock: Clock) -> None:
    made = server.create(
        remaining=1, refill_amount=10, refill_interval=60_000, rate_limit_enabled=False
    )
    assert together(lambda _: server.code(made.key)) == {"ok": 1, "USAGE_EXCEEDED": MANY - 1}
    for _ in range(2):
        clock.forward(61)
        assert together(lambda _: server.code(made.key)) == {"ok": 10, "USAGE_EXCEEDED": MANY - 10}


def test_requests_with_a_key_are_counted_alike(server: KeyServer) -> None:
    made = server.create(remaining=20, rate_limit_enabled=False)
    statuses = together(lambda _: server.with_key(made.key).status)
    assert statuses.pop(200) == 20
    assert set(statuses) <= {401, 429}


def test_a_key_that_is_switched_off_while_it_is_used_stays_off(server: KeyServer) -> None:
    made = server.create(remaining=1000, rate_limit_enabled=False)

    def act(number: int) -> str:
        if number == 10:
            change = UpdateApiKey(key_id=made.id, user_id=server.ada_id, enabled=False)
            server.auth.blocking.api.update_api_key(change)
            return "off"
        return server.code(made.key)

    codes = together(act)
    assert set(codes) <= {"ok", "off", "KEY_DISABLED"}
    found = left(server, made.id)
    assert (found["enabled"], found["remaining"]) == (False, 1000 - codes["ok"])
    assert server.code(made.key) == "KEY_DISABLED"


def test_a_key_that_is_deleted_while_it_is_used_stays_deleted(server: KeyServer) -> None:
    made = server.create(remaining=1000, rate_limit_enabled=False)

    def act(number: int) -> str:
        if number % 25 == 10:
            return str(server.ada.post("/api-key/delete", {"keyId": made.id}).status)
        return server.code(made.key)

    codes = together(act)
    assert set(codes) <= {"ok", "INVALID_API_KEY", "200", "404"}
    assert codes["200"] == 1
    assert server.code(made.key) == "INVALID_API_KEY"
    assert server.ada.get("/api-key/list").json == {"apiKeys": [], "total": 0}


def test_fifty_new_keys_are_all_listed(server: KeyServer) -> None:
    made = together(lambda _: server.ada.post("/api-key/create", {"name": "k"}).json["id"])
    listed = server.ada.get("/api-key/list").json
    assert listed["total"] == MANY
    assert {one["id"] for one in listed["apiKeys"]} == set(made)
