"""Many callbacks at once, on every database."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.browser import ORIGIN, SECRET, Browser
from tests.support.crowd import CALLERS
from tests.support.social import CODE, World, begin, come_back, error_of, parameters, providers
from watchword import Advanced, Auth, EmailAndPassword, Outgoing, Request
from watchword.crypto.passwords import Argon2Cost
from watchword.runtime.blocking import finish

CHEAP = Argon2Cost(memory=64, passes=1, lanes=1)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def auth(database: str, world: World) -> Iterator[Auth[Any]]:
    auth: Auth[Any] = Auth(
        database=database,
        secret=SECRET,
        base_url=ORIGIN,
        social_providers=providers(),
        email_and_password=EmailAndPassword(enabled=True, argon2_cost=CHEAP),
        advanced=Advanced(outgoing=Outgoing(transport=world.transport)),
        environ={},
    )
    auth.blocking.migrate()
    yield auth
    auth.blocking.close()


def rows(auth: Auth[Any], model: str) -> int:
    return finish(auth.blocking.runtime.engine.count(model, ()))


def together(browsers: list[Browser], states: list[str], provider: str) -> Counter[str | None]:
    def one(number: int) -> str | None:
        return error_of(come_back(browsers[number], states[number], provider))

    with ThreadPoolExecutor(CALLERS) as pool:
        return Counter(pool.map(one, range(CALLERS)))


async def on_a_loop(auth: Auth[Any], browsers: list[Browser], states: list[str]) -> list[str]:
    """The targets to which fifty callbacks of one event loop lead."""

    async def one(browser: Browser, state: str) -> str:
        query = urlencode({"state": state, "code": CODE})
        made = browser.request("GET", "/callback/google")
        request = Request(
            method=made.method, path=made.path, query=query, host=made.host, headers=made.headers
        )
        return (await auth.handle(request)).header("location") or ""

    try:
        return await asyncio.gather(*map(one, browsers, states))
    finally:
        await auth.close()


def test_fifty_flows_of_one_new_person_make_one_user_with_one_account(auth: Auth[Any]) -> None:
    browsers = [Browser(auth) for _ in range(CALLERS)]
    states = [begin(browser)["state"] for browser in browsers]
    assert together(browsers, states, "google") == {None: CALLERS}
    assert (rows(auth, "user"), rows(auth, "account")) == (1, 1)
    assert rows(auth, "session") == CALLERS


def test_fifty_flows_of_somebody_who_is_there_add_one_account(
    auth: Auth[Any], world: World
) -> None:
    browser = Browser(auth)
    assert error_of(come_back(browser, begin(browser)["state"])) is None
    browsers = [Browser(auth) for _ in range(CALLERS)]
    states = [begin(browser, "github")["state"] for browser in browsers]
    assert together(browsers, states, "github") == {None: CALLERS}
    assert (rows(auth, "user"), rows(auth, "account")) == (1, 2)


def test_of_fifty_copies_of_one_callback_one_is_signed_in(auth: Auth[Any], world: World) -> None:
    first = Browser(auth)
    state = begin(first)["state"]
    browsers = [Browser(auth) for _ in range(CALLERS)]
    for browser in browsers:
        browser.jar = dict(first.jar)
    outcomes = together(browsers, [state] * CALLERS, "google")
    assert outcomes == {None: 1, "state_mismatch": CALLERS - 1}
    assert (rows(auth, "session"), len(world.asked)) == (1, 1)


def test_fifty_flows_that_link_add_one_account(auth: Auth[Any], world: World) -> None:
    ada = Browser(auth)
    ada.sign_up()
    browsers = [Browser(auth) for _ in range(CALLERS)]
    states: list[str] = []
    for browser in browsers:
        browser.jar = dict(ada.jar)
        answer = browser.post("/link-social", {"provider": "google"})
        states.append(parameters(answer.json["url"])["state"])
    assert together(browsers, states, "google") == {None: CALLERS}
    assert (rows(auth, "user"), rows(auth, "account")) == (1, 2)


async def test_fifty_flows_on_an_event_loop_make_one_user(auth: Auth[Any]) -> None:
    browsers = [Browser(auth) for _ in range(CALLERS)]
    states = [begin(browser)["state"] for browser in browsers]
    assert set(await on_a_loop(auth, browsers, states)) == {ORIGIN}
    assert (rows(auth, "user"), rows(auth, "account")) == (1, 1)
    assert rows(auth, "session") == CALLERS
