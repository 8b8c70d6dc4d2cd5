"""Sentinel and Redis Cluster behind `RedisClients`, with servers that really fail over and really
share keys: the clients of docs/deploying/databases.md.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.asyncio.cluster import ClusterNode as AsyncClusterNode
from redis.asyncio.cluster import RedisCluster as AsyncRedisCluster
from redis.asyncio.retry import Retry as AsyncRetry
from redis.asyncio.sentinel import Sentinel as AsyncSentinel
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.retry import Retry
from redis.sentinel import Sentinel

from tests.core.conftest import FAST
from tests.deployment.processes import PATIENCE
from tests.deployment.redis_servers import Servers, Watched, cluster, servers
from tests.support.browser import ORIGIN, SECRET, Answer, Browser
from watchword import Auth, ConfigurationError, EmailAndPassword, RateLimit
from watchword.runtime.blocking import finish
from watchword.storage.redis import RedisClients, RedisStorage

KINDS = ["blocking", "async"]
CALLERS = 50
ADA = {"email": "ada@example.com", "name": "Ada", "password": "password1234"}


@pytest.fixture
def started(tmp_path: Path) -> Generator[Servers, None, None]:
    with servers(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Generator[list[int], None, None]:
    """The nodes of a cluster."""
    with servers(tmp_path_factory.mktemp("cluster")) as made:
        yield cluster(made)


def server(store: RedisClients, folder: Path) -> Auth[Any]:
    auth = Auth(
        database=f"sqlite:///{folder}/app.db",
        secondary_storage=store,
        secret=SECRET,
        base_url=ORIGIN,
        environ={},
        email_and_password=EmailAndPassword(enabled=True, argon2_cost=FAST),
        rate_limit=RateLimit(enabled=True, max=10_000, custom_rules={"/sign-*": False}),
    )
    auth.blocking.migrate()
    return auth


def watched_by(sentinel: int) -> RedisClients:
    """As the page shows it."""
    sentinels = [("127.0.0.1", sentinel)]
    return RedisClients(
        blocking=lambda: Sentinel(sentinels, socket_timeout=1).master_for(
            "app", socket_timeout=1, retry=Retry(NoBackoff(), 1)
        ),
        asynchronous=lambda: AsyncSentinel(sentinels, socket_timeout=1).master_for(
            "app", socket_timeout=1, retry=AsyncRetry(NoBackoff(), 1)
        ),
        pause=0.05,
    )


def clustered(ports: list[int]) -> RedisClients:
    """As the page shows it."""
    return RedisClients(
        blocking=lambda: RedisCluster(
            startup_nodes=[ClusterNode("127.0.0.1", port) for port in ports],
            socket_timeout=1,
            retry=Retry(NoBackoff(), 1),
        ),
        asynchronous=lambda: AsyncRedisCluster(
            startup_nodes=[AsyncClusterNode("127.0.0.1", port) for port in ports],
            socket_timeout=1,
            retry=AsyncRetry(NoBackoff(), 1),
        ),
    )


async def ask(browser: Browser, method: str, path: str, body: object = None) -> Answer:
    """One request, in the world of the browser."""
    request = browser.request(method, path, body)
    if browser.kind == "blocking":
        answer = Answer(browser.auth.blocking.handle(request))
    else:
        answer = Answer(await browser.auth.handle(request))
    browser.keep(answer.cookies)
    return answer


async def close(auth: Auth[Any]) -> None:
    auth.blocking.close()
    await auth.close()


async def test_nobody_is_signed_out_by_a_failover(started: Servers, tmp_path: Path) -> None:
    watched = Watched(started)
    auth = server(watched_by(watched.sentinel), tmp_path)
    browsers = [Browser(auth, kind) for kind in KINDS]
    for browser in browsers:
        person = {**ADA, "email": f"{browser.kind}@example.com"}
        assert (await ask(browser, "POST", "/sign-up/email", person)).status == 200
    watched.copied()
    watched.lose_primary()
    for browser in browsers:
        found = await until_answered(browser, "GET", "/get-session")
        assert found.json["user"]["email"] == f"{browser.kind}@example.com"
        # The new primary takes writes.
        await until_answered(browser, "POST", "/sign-out", {})
        assert (await until_answered(browser, "GET", "/get-session")).json is None
    await close(auth)


async def until_answered(browser: Browser, method: str, path: str, body: object = None) -> Answer:
    """What a failover takes is the servers' own time: nobody is told that nobody is signed in."""
    end = time.monotonic() + PATIENCE
    answer = await ask(browser, method, path, body)
    while answer.status == 503 and time.monotonic() < end:
        await asyncio.sleep(0.02)
        answer = await ask(browser, method, path, body)
    assert answer.status == 200
    return answer


@pytest.mark.parametrize("kind", KINDS)
async def test_a_cluster_keeps_sessions_on_all_of_its_nodes(
    ports: list[int], tmp_path: Path, kind: str
) -> None:
    auth = server(clustered(ports), tmp_path)
    browsers = [Browser(auth, kind) for _ in range(12)]
    for number, browser in enumerate(browsers):
        person = {**ADA, "email": f"user{number}@example.com"}
        assert (await ask(browser, "POST", "/sign-up/email", person)).status == 200
    for number, browser in enumerate(browsers):
        found = await ask(browser, "GET", "/get-session")
        assert found.json["user"]["email"] == f"user{number}@example.com"
        listed = await ask(browser, "GET", "/list-sessions")
        assert len(listed.json) == 1
        assert (await ask(browser, "POST", "/revoke-sessions", {})).status == 200
        assert (await ask(browser, "GET", "/get-session")).json is None
    for port in ports:
        with Redis(port=port) as node:
            assert node.dbsize() > 0
    await close(auth)


@pytest.mark.parametrize("kind", KINDS)
async def test_in_a_cluster_too_one_of_many_takes_what_is_good_once(
    ports: list[int], kind: str
) -> None:
    store = clustered(ports)
    engine = store.blocking() if kind == "blocking" else store.asynchronous()
    await engine.delete("count")
    await engine.set("once", "value", 60)
    if kind == "blocking":
        with ThreadPoolExecutor(CALLERS) as pool:
            taken = list(pool.map(lambda _: finish(engine.get_and_delete("once")), range(CALLERS)))
    else:
        taken = await asyncio.gather(*(engine.get_and_delete("once") for _ in range(CALLERS)))
    assert Counter(taken) == {"value": 1, None: CALLERS - 1}
    assert [await engine.increment("count", 60) for _ in range(3)] == [1, 2, 3]
    assert await engine.replace("count", "3", "4", 60)
    assert not await engine.replace("count", "3", "5", 60)
    await engine.close()


def test_one_node_of_a_cluster_is_refused_by_name(ports: list[int]) -> None:
    engine = RedisStorage(f"redis://127.0.0.1:{ports[0]}").blocking()

    async def everywhere() -> None:
        for number in range(16):
            await engine.set(f"key{number}", "value", 60)

    with pytest.raises(ConfigurationError, match="node of a Redis Cluster"):
        finish(everywhere())
    finish(engine.close())
