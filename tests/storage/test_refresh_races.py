"""Two processes' servers on one database, and a provider whose refresh tokens are good once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from threading import Barrier
from time import sleep
from typing import Any

import httpx2
import pytest

from tests.support.browser import ORIGIN, SECRET, Browser, Clock
from tests.support.crowd import CALLERS
from tests.support.social import REFRESH, World, parameters, providers, sign_in
from watchword import Advanced, Auth, Headers, Outgoing
from watchword.call import Call
from watchword.database.contract import Condition
from watchword.runtime.blocking import BlockingRuntime, finish
from watchword.verifications.leases import lease

PATHS = ("/get-access-token", "/refresh-token")


@pytest.fixture
def world() -> World:
    """Each refresh token is good once; a renewal takes a while, so that all meet in it."""
    world, numbers, good = World(), count(1), [REFRESH]

    def answer(request: httpx2.Request) -> httpx2.Response:
        form = parameters(f"/?{request.content.decode()}")
        if form["grant_type"] != "refresh_token":
            tokens = {"access_token": "access-0", "refresh_token": REFRESH, "expires_in": 3600}
            return httpx2.Response(200, json={**tokens, "id_token": id_token})
        shown, number = form["refresh_token"], next(numbers)
        if shown != good[0]:
            return httpx2.Response(400, json={"error": "invalid_grant"})
        sleep(0.1)
        good[0] = f"refresh-{number}"
        tokens = {"access_token": f"access-{number}", "refresh_token": good[0], "expires_in": 3600}
        return httpx2.Response(200, json=tokens)

    first = world.answer(httpx2.Request("POST", "https://oauth2.googleapis.com/token"))
    id_token = first.json()["id_token"]
    world.asked.clear()
    world.fails = answer
    return world


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def both(database: str, world: World, clock: Clock) -> Iterator[list[Auth[Any]]]:
    """Two servers that share nothing but the database."""
    with ExitStack() as ending:
        made = [server(database, world, clock) for _ in range(2)]
        made[0].blocking.migrate()
        for auth in made:
            ending.callback(auth.blocking.close)
        yield made


def server(database: str, world: World, clock: Clock) -> Auth[Any]:
    return Auth(
        database=database,
        secret=SECRET,
        base_url=ORIGIN,
        social_providers=providers(),
        advanced=Advanced(outgoing=Outgoing(transport=world.transport)),
        clock=clock,
        environ={},
    )


def account_of(browser: Browser) -> str:
    return browser.get("/list-accounts").json[0]["id"]


@pytest.mark.parametrize("path", PATHS)
def test_of_all_who_ask_two_servers_one_renews(
    both: list[Auth[Any]], world: World, clock: Clock, path: str
) -> None:
    first = Browser(both[0])
    assert sign_in(first).header("location") == ORIGIN
    account = account_of(first)
    clock.forward(3600)
    ready = Barrier(CALLERS)

    def ask(number: int) -> str:
        copy = Browser(both[number % 2])
        copy.jar = dict(first.jar)
        ready.wait()
        answer = copy.post(path, {"accountId": account})
        assert answer.status == 200, answer.json
        return answer.json["accessToken"]

    with ThreadPoolExecutor(CALLERS) as pool:
        told = list(pool.map(ask, range(CALLERS)))
    refreshed = [one for one in world.asked if b"grant_type=refresh_token" in one.content]
    stored = finish(both[0].blocking.runtime.engine.find_one("account", [Condition("id", account)]))
    assert stored is not None
    if path == "/get-access-token":
        assert set(told) == {"access-1"}
        assert len(refreshed) == 1
    # Who wants new tokens in any case gets newer ones where he came later, never a used-up one.
    assert stored["accessToken"] == f"access-{len(refreshed)}"
    assert stored["refreshToken"] == f"refresh-{len(refreshed)}"


def test_nobody_waits_for_ever_for_a_server_that_died(
    both: list[Auth[Any]], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser(both[0])
    sign_in(browser)
    account = account_of(browser)
    clock.forward(3600)
    waited: list[float] = []

    async def pause(self: BlockingRuntime, seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(BlockingRuntime, "pause", pause)
    auth = both[1]
    call = Call(auth.config, auth.blocking.runtime, auth.config.sites.resolve(None, Headers()))

    async def die() -> None:
        async with lease(call, f"refresh {account}", 25):
            answer = browser.post("/get-access-token", {"accountId": account})
            assert (answer.status, answer.code) == (503, "SERVICE_UNAVAILABLE")
            assert 10 <= sum(waited) < 11, "as long as the provider may take to answer"
            clock.forward(26)
            answer = browser.post("/get-access-token", {"accountId": account})
            assert answer.json["accessToken"] == "access-1"

    finish(die())
