"""What every secondary storage keeps to, in both kinds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from tests.storage.conftest import CALLERS, Crowd, Run
from tests.support.databases import KeySpace, redis_keys
from watchword import WorkLimits
from watchword.database.own_store import OwnStore
from watchword.database.secondary import SecondaryEngine
from watchword.runtime.asynchronous import AsyncRuntime
from watchword.runtime.blocking import BlockingRuntime
from watchword.storage.memory import MemoryStorage
from watchword.storage.redis import RedisClients, RedisStorage


async def open_own(kind: str) -> SecondaryEngine:
    # As an application's store that promises all it may, with methods that are `async def`.
    runtime: Any = BlockingRuntime if kind == "blocking" else AsyncRuntime
    return OwnStore(MemoryStorage(), runtime(None, WorkLimits().capacity(1)).call)


def redis_engine(keys: KeySpace, kind: str, clients: bool) -> SecondaryEngine:
    storage: Any = RedisStorage(keys.url, prefix=keys.prefix, timeout=20)
    if clients:
        storage = RedisClients(
            lambda: Redis.from_url(keys.url, max_connections=50),
            lambda: AsyncRedis.from_url(keys.url, max_connections=50),
            prefix=keys.prefix,
            timeout=20,
        )
    return storage.blocking() if kind == "blocking" else storage.asynchronous()


@pytest.fixture(params=["memory", "own", "redis", "redis clients"])
def store(request: pytest.FixtureRequest, kind: str, run: Run[Any]) -> Iterator[SecondaryEngine]:
    """An empty secondary storage, opened in the kind under test."""
    if "redis" in request.param:
        with redis_keys() as keys:
            engine = redis_engine(keys, kind, clients="clients" in request.param)
            yield engine
            run(engine.close())
    else:
        yield MemoryStorage() if request.param == "memory" else run(open_own(kind))


def test_what_is_set_is_read_until_it_is_deleted(store: SecondaryEngine, run: Run[Any]) -> None:
    assert run(store.get("key")) is None
    run(store.set("key", "väl ue\n", 60))
    assert run(store.get("key")) == "väl ue\n"
    run(store.set("key", "", None))
    assert run(store.get("key")) == ""
    run(store.delete("key"))
    run(store.delete("key"))
    assert run(store.get("key")) is None


def test_no_seconds_left_is_not_stored(store: SecondaryEngine, run: Run[Any]) -> None:
    run(store.set("key", "old", 60))
    run(store.set("key", "new", 0))
    assert run(store.get("key")) is None


def test_what_is_taken_is_gone(store: SecondaryEngine, run: Run[Any]) -> None:
    run(store.set("key", "value", 60))
    assert run(store.get_and_delete("key")) == "value"
    assert run(store.get_and_delete("key")) is None


def test_counters_begin_at_one_and_are_apart(store: SecondaryEngine, run: Run[Any]) -> None:
    assert [run(store.increment("a", 60)), run(store.increment("a", 60))] == [1, 2]
    assert run(store.increment("b", 60)) == 1


def test_a_value_is_replaced_only_by_whom_knows_it(store: SecondaryEngine, run: Run[Any]) -> None:
    assert run(store.replace("key", "one", "two", 60)) is False
    assert run(store.replace("key", None, "one", 60)) is True
    assert run(store.replace("key", None, "two", 60)) is False
    assert run(store.replace("key", "other", "two", 60)) is False
    assert run(store.get("key")) == "one"
    assert run(store.replace("key", "one", "", None)) is True
    assert run(store.replace("key", None, "one", 60)) is False, "an empty value is a value"
    assert run(store.replace("key", "", "three", 60)) is True
    assert run(store.replace("key", "three", None)) is True
    assert run(store.get("key")) is None


def test_nothing_may_replace_nothing(store: SecondaryEngine, run: Run[Any]) -> None:
    assert run(store.replace("key", None, None)) is True
    assert run(store.get("key")) is None


def test_fifty_increments_count_to_fifty(store: SecondaryEngine, crowd: Crowd) -> None:
    counts = crowd(lambda number: store.increment("key", 60))
    assert sorted(counts) == list(range(1, CALLERS + 1))


def test_of_fifty_that_take_one_gets_it(
    store: SecondaryEngine, run: Run[Any], crowd: Crowd
) -> None:
    run(store.set("key", "value", 60))
    taken = crowd(lambda number: store.get_and_delete("key"))
    assert Counter(taken) == {"value": 1, None: CALLERS - 1}


def test_of_fifty_that_replace_one_does(
    store: SecondaryEngine, run: Run[Any], crowd: Crowd
) -> None:
    won = crowd(lambda number: store.replace("key", None, str(number), 60))
    assert Counter(won) == {True: 1, False: CALLERS - 1}
    assert run(store.get("key")) == str(won.index(True))


def test_it_opens_again_after_it_was_closed(store: SecondaryEngine, run: Run[Any]) -> None:
    run(store.set("key", "value", 60))
    run(store.close())
    assert run(store.get("key")) == "value"
