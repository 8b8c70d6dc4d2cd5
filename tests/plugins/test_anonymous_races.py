"""Guests who sign in many times at the same moment: they are handed over once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.guest_server import DELETE, GuestServer, guest_server
from tests.support.browser import Browser
from tests.support.databases import mysql_database, postgres_database

EACH_DATABASE = [
    pytest.param(nullcontext, id="SQLite"),
    pytest.param(postgres_database, id="PostgreSQL"),
    pytest.param(mysql_database, id="MariaDB"),
]
MANY = 50
SIGN_IN = "/sign-in/email"
ADA = {"email": "ada@example.com", "password": "password1234"}


def copies(browser: Browser) -> list[Browser]:
    """The same browser, many times."""
    made = [Browser(browser.auth, browser.kind) for _ in range(MANY)]
    for one in made:
        one.jar = dict(browser.jar)
    return made


def in_threads(browser: Browser, path: str, body: Any) -> Counter[int]:
    with ThreadPoolExecutor(MANY) as pool:
        return Counter(pool.map(lambda one: one.post(path, body).status, copies(browser)))


def on_a_loop(browser: Browser, path: str, body: Any) -> Counter[int]:
    async def together() -> Counter[int]:
        try:
            requests = [one.request("POST", path, body) for one in copies(browser)]
            answers = await asyncio.gather(*map(browser.auth.handle, requests))
            return Counter(answer.status for answer in answers)
        finally:
            await browser.auth.close()

    return asyncio.run(together())


@pytest.fixture(params=EACH_DATABASE)
def make_server(make_auth: MakeAuth, request: pytest.FixtureRequest) -> Any:
    with request.param() as url:

        def make(**options: Any) -> GuestServer:
            auth = {} if url is None else {"database": url}
            return guest_server(make_auth, auth=auth, **options)

        yield make


@pytest.mark.parametrize("in_transaction", [True, False])
@pytest.mark.parametrize("together", [in_threads, on_a_loop])
def test_fifty_sign_ins_of_a_guest_link_once(
    make_server: Callable[..., GuestServer], together: Any, in_transaction: bool
) -> None:
    server = make_server(link_in_transaction=in_transaction)
    ada = server.member()
    guest = server.guest("milk")
    assert together(guest.browser, SIGN_IN, ADA) == {200: MANY}
    assert server.moving.pairs == [(guest.id, "ada@example.com")]
    assert ada.get("/notes").json == ["milk"]
    assert guest.id not in server.users()


@pytest.mark.parametrize("together", [in_threads, on_a_loop])
def test_a_guest_who_leaves_and_signs_in_at_once_is_gone_once(
    make_server: Callable[..., GuestServer], together: Any
) -> None:
    server = make_server()
    guest = server.guest("milk")
    # Who comes late finds the session gone, or the guest.
    assert set(together(guest.browser, DELETE, None)) <= {200, 401}
    assert server.users() == {}
