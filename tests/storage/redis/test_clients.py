"""Redis by clients of the application's own. Sentinel and Cluster are in tests/deployment."""

from __future__ import annotations

from typing import Any

import pytest
from redis import Redis

from tests.storage.conftest import Run
from tests.support.databases import KeySpace
from watchword.database.contract import StorageUnavailable
from watchword.errors import ConfigurationError
from watchword.storage.redis import RedisClients


def test_the_world_that_was_given_no_client_says_so_when_it_is_asked(
    kind: str, run: Run[Any]
) -> None:
    storage = RedisClients()
    engine = storage.blocking() if kind == "blocking" else storage.asynchronous()
    with pytest.raises(ConfigurationError, match="Give both functions") as refused:
        run(engine.get("key"))
    assert refused.value.option == {"blocking": "blocking", "async": "asynchronous"}[kind]
    assert isinstance(refused.value, StorageUnavailable)  # over HTTP it is 503
    run(engine.close())


def test_a_client_is_made_with_the_first_use_and_anew_after_closing(
    redis: KeySpace, run: Run[Any]
) -> None:
    made: list[Redis] = []

    def make() -> Redis:
        made.append(Redis.from_url(redis.url))
        return made[-1]

    engine = RedisClients(make, prefix=redis.prefix).blocking()
    assert made == []
    for number in range(2):
        run(engine.set("key", str(number), 60))
        assert run(engine.get("key")) == str(number)
        assert len(made) == number + 1
        run(engine.close())


@pytest.mark.parametrize(
    ("option", "given"),
    [("blocking", {"blocking": Redis()}), ("asynchronous", {"asynchronous": "redis://localhost"})]
    + [(name, {name: value}) for name, value in {"timeout": 0, "pause": -1}.items()]
    + [("max_connections", {"max_connections": 0})],
)
def test_a_wrong_option_is_refused_at_once(option: str, given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as error:
        RedisClients(**given)
    assert error.value.option == option
