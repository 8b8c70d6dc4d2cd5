"""Many callbacks at once, on every database."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.browser import ORIGIN, SECRET, Browser
from tests.support.crowd import CALLERS
from tests.support.databases import mysql_connection
from tests.support.social import CODE, World, begin, come_back, error_of, parameters, providers
from watchword import (
    AccountLinking,
    AccountOptions,
    Advanced,
    Auth,
    EmailAndPassword,
    Outgoing,
    Request,
)
from watchword.crypto.passwords import Argon2Cost
from watchword.runtime.blocking import finish
from watchword.storage.memory import MemoryStorage

CHEAP = Argon2Cost(memory=64, passes=1, lanes=1)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def auth(database: str, world: World) -> Iterator[Auth[Any]]:
    auth = made(database, world)
    auth.blocking.migrate()
    yield auth
    auth.blocking.close()


@pytest.fixture(params=["serial", "uuid", "narrow", "secondary"])
def other_ids(request: pytest.FixtureRequest, database: str, world: World) -> Iterator[Auth[Any]]:
    """Servers whose reservations cannot stand under an id of our own choice and length."""
    ids = request.param if request.param in ("serial", "uuid") else None
    more = {"secondary_storage": MemoryStorage()} if request.param == "secondary" else {}
    auth = made(database, world, Advanced(generate_id=ids), **more)
    auth.blocking.migrate()
    if request.param == "narrow" and database.startswith("mysql"):
        with mysql_connection(database) as connection, connection.cursor() as cursor:
            cursor.execute("ALTER TABLE verification MODIFY id varchar(36) NOT NULL")
    yield auth
    auth.blocking.close()


def made(
    database: str, world: World, advanced: Advanced | None = None, **options: Any
) -> Auth[Any]:
    return Auth(
        database=database,
        secret=SECRET,
        base_url=ORIGIN,
        social_providers=providers(),
        email_and_password=EmailAndPassword(enabled=True, argon2_cost=CHEAP),
        account=AccountOptions(linking=AccountLinking(allow_different_emails=True)),
        advanced=replace(advanced or Advanced(), outgoing=Outgoing(transport=world.transport)),
        environ={},
        **options,
    )


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


def many_users(auth: Auth[Any]) -> tuple[list[Browser], list[str]]:
    """Users who are about to link Google, and their flows."""
    browsers, states = [Browser(auth) for _ in range(CALLERS)], list[str]()
    for number, browser in enumerate(browsers):
        assert browser.sign_up(f"user{number}@example.com").status == 200
        answer = browser.post("/link-social", {"provider": "google"})
        states.append(parameters(answer.json["url"])["state"])
    return browsers, states


def test_of_fifty_users_who_link_one_account_one_gets_it(auth: Auth[Any]) -> None:
    outcomes = together(*many_users(auth), "google")
    assert outcomes == {None: 1, "account_already_linked_to_different_user": CALLERS - 1}
    assert rows(auth, "account") == CALLERS + 1
    browser = Browser(auth)
    assert error_of(come_back(browser, begin(browser)["state"])) is None
    assert rows(auth, "user") == CALLERS, "and signs in with it"


def test_it_is_so_whatever_ids_are(other_ids: Auth[Any]) -> None:
    outcomes = together(*many_users(other_ids), "google")
    assert outcomes == {None: 1, "account_already_linked_to_different_user": CALLERS - 1}
    assert rows(other_ids, "account") == CALLERS + 1


def test_half_link_and_half_sign_up_with_one_account(auth: Auth[Any]) -> None:
    browsers, states = many_users(auth)
    for number in range(0, CALLERS, 2):
        browsers[number] = Browser(auth)
        states[number] = begin(browsers[number])["state"]
    outcomes = together(browsers, states, "google")
    assert rows(auth, "account") == CALLERS + 1
    assert set(outcomes) <= {None, "account_already_linked_to_different_user"}
    linkers = CALLERS // 2
    assert outcomes[None] in (CALLERS - linkers, CALLERS - linkers + 1)
    assert rows(auth, "user") in (CALLERS, CALLERS + 1)
    leases = finish(auth.blocking.runtime.engine.find_many("verification", (), limit=None))
    assert not [one for one in leases if str(one["identifier"]).startswith("lease:")]


async def test_fifty_flows_on_an_event_loop_make_one_user(auth: Auth[Any]) -> None:
    browsers = [Browser(auth) for _ in range(CALLERS)]
    states = [begin(browser)["state"] for browser in browsers]
    assert set(await on_a_loop(auth, browsers, states)) == {ORIGIN}
    assert (rows(auth, "user"), rows(auth, "account")) == (1, 1)
    assert rows(auth, "session") == CALLERS
