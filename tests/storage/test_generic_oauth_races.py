"""Many callbacks of a generic provider at once, on every database."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.core.conftest import FAST
from tests.support.browser import ORIGIN, SECRET, Browser, Clock
from tests.support.crowd import CALLERS
from tests.support.oidc import ISSUER, Realm, generic_auth, leave, realm_provider
from tests.support.social import CODE, come_back, error_of
from watchword import Auth, EmailAndPassword, Request
from watchword.runtime.blocking import finish


@pytest.fixture
def realm() -> Realm:
    return Realm(Clock())


@pytest.fixture
def auth(database: str, realm: Realm) -> Iterator[Auth[Any]]:
    def make(**options: Any) -> Auth[Any]:
        passwords = EmailAndPassword(enabled=True, argon2_cost=FAST)
        common = {"secret": SECRET, "base_url": ORIGIN, "clock": realm.clock, "environ": {}}
        return Auth(database=database, email_and_password=passwords, **common, **options)

    # Without a nonce all of the flows may come back with one and the same answer.
    auth = generic_auth(make, realm, realm_provider(disable_id_token_nonce_binding=True))
    auth.blocking.migrate()
    yield auth
    auth.blocking.close()


def rows(auth: Auth[Any], model: str) -> int:
    return finish(auth.blocking.runtime.engine.count(model, ()))


def test_of_fifty_copies_of_one_callback_one_is_signed_in(auth: Auth[Any], realm: Realm) -> None:
    first = Browser(auth)
    state = leave(first, realm)["state"]
    browsers = [Browser(auth) for _ in range(CALLERS)]
    for browser in browsers:
        browser.jar = dict(first.jar)
    with ThreadPoolExecutor(CALLERS) as pool:
        ends = Counter(pool.map(lambda one: error_of(come_back(one, state, "realm")), browsers))
    assert ends == {None: 1, "state_mismatch": CALLERS - 1}
    assert (rows(auth, "session"), realm.times(f"{ISSUER}/token")) == (1, 1)


def test_fifty_flows_of_one_new_person_make_one_user(auth: Auth[Any], realm: Realm) -> None:
    browsers = [Browser(auth) for _ in range(CALLERS)]
    states = [leave(browser, realm)["state"] for browser in browsers]
    with ThreadPoolExecutor(CALLERS) as pool:
        ends = pool.map(lambda n: error_of(come_back(browsers[n], states[n], "realm")), range(50))
        assert Counter(ends) == {None: CALLERS}
    assert (rows(auth, "user"), rows(auth, "account")) == (1, 1)


async def test_fifty_copies_on_an_event_loop(auth: Auth[Any], realm: Realm) -> None:
    browser = Browser(auth)
    state = leave(browser, realm)["state"]
    made = browser.request("GET", "/callback/realm")
    query = urlencode({"state": state, "code": CODE})
    copy = Request(
        method=made.method, path=made.path, query=query, host=made.host, headers=made.headers
    )
    try:
        answers = await asyncio.gather(*(auth.handle(copy) for _ in range(CALLERS)))
    finally:
        await auth.close()
    assert sum(one.header("location") == ORIGIN for one in answers) == 1
    assert rows(auth, "session") == 1
