"""Fifty who want the first key at the same moment, before two servers, on every database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.jwt_server import header_of, key_ids, verified
from tests.support.browser import Browser, Clock
from tests.support.crowd import statuses_on_a_loop
from tests.support.databases import mysql_database, postgres_database
from watchword import Auth
from watchword.plugins import JWT
from watchword.plugins.jwt import JWKSOptions, KeyPairConfig

CALLERS = 50
DAY = 86_400
Two = tuple[Auth[Any], Auth[Any]]


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def two(request: pytest.FixtureRequest, make_auth: MakeAuth, tmp_path: Path) -> Iterator[Two]:
    """Two servers on one database, that know nothing of each other."""
    with ExitStack() as stack:
        urls: dict[str, Callable[[], str]] = {
            "sqlite": lambda: f"sqlite:///{tmp_path}/test.db",
            "postgresql": lambda: stack.enter_context(postgres_database()),
            "mariadb": lambda: stack.enter_context(mysql_database()),
        }
        url = urls[request.param]()
        config = KeyPairConfig(alg="RS256")  # takes a while to be made
        jwks = JWKSOptions(rotation_interval=DAY, key_pair_config=config)
        made = [make_auth(database=url, plugins=[JWT(jwks=jwks)]) for _ in range(2)]
        yield made[0], made[1]
        for auth in made:
            auth.blocking.close()


def tokens(browsers: list[Browser]) -> list[str]:
    """Of all browsers at once, half of them before the one server."""

    def fetch(number: int) -> str:
        if number % 10 == 9:
            assert browsers[number].get("/jwks").status == 200
        answer = browsers[number].get("/token")
        assert answer.status == 200, answer.json
        return answer.json["token"]

    with ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(fetch, range(CALLERS)))


def people(two: Two) -> list[Browser]:
    made: list[Browser] = []
    first = Browser(two[0])
    first.sign_up()
    for number in range(CALLERS):
        browser = Browser(two[number % 2])
        browser.jar.update(first.jar)
        made.append(browser)
    return made


def test_first_callers_get_tokens_of_one_key_that_all_verify(two: Two, clock: Clock) -> None:
    browsers = people(two)
    for keys in (1, 2):
        found = tokens(browsers)
        assert len({header_of(token)["kid"] for token in found}) == 1
        for auth in two:
            assert all(verified(auth, token) is not None for token in found)
            assert len(key_ids(Browser(auth))) == keys
        clock.forward(DAY)


async def test_first_callers_on_an_event_loop(make_auth: MakeAuth) -> None:
    auth = make_auth(plugins=[JWT()])
    assert await statuses_on_a_loop(auth, auth.api.get_jwks) == [200] * CALLERS
    assert len(key_ids(Browser(auth))) == 1
