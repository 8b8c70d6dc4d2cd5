"""Devices and people, many at the same moment, on every database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.device_server import CLIENT, approve, deny, let_in, look_up, told
from tests.support.browser import Answer, Browser, Clock
from tests.support.databases import mysql_database, postgres_database
from watchword import Auth, Session, User
from watchword.plugins import DeviceAuthorization
from watchword.plugins.device_authorization import GRANT, StoredDeviceCode
from watchword.runtime.blocking import finish
from watchword.storage.memory import MemoryStorage

MANY = 50
IN = (200, None)
SLOW, GONE = (400, "slow_down"), (400, "invalid_grant")


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def auth(
    request: pytest.FixtureRequest, make_auth: MakeAuth, tmp_path: Path
) -> Iterator[Auth[Any]]:
    with ExitStack() as stack:
        urls: dict[str, Callable[[], str]] = {
            "sqlite": lambda: f"sqlite:///{tmp_path}/test.db",
            "postgresql": lambda: stack.enter_context(postgres_database()),
            "mariadb": lambda: stack.enter_context(mysql_database()),
        }
        made = make_auth(database=urls[request.param](), plugins=[DeviceAuthorization()])
        yield made
        made.blocking.close()


def codes_of(auth: Auth[Any]) -> dict[str, Any]:
    return Browser(auth).post("/device/code", {"client_id": CLIENT}).json


def poll(auth: Auth[Any], codes: dict[str, Any]) -> Answer:
    given = {"grant_type": GRANT, "device_code": codes["device_code"], "client_id": CLIENT}
    return Browser(auth).post("/device/token", given)


def signed_up(auth: Auth[Any], email: str = "ada@example.com") -> Browser:
    browser = Browser(auth)
    assert browser.sign_up(email).status == 200
    return browser


def copy_of(browser: Browser) -> Browser:
    made = Browser(browser.auth)
    made.jar.update(browser.jar)
    return made


def together(work: list[Callable[[], Answer]]) -> Counter[tuple[int, str | None]]:
    with ThreadPoolExecutor(len(work)) as pool:
        return Counter(told(answer) for answer in pool.map(lambda do: do(), work))


def sessions_in(auth: Auth[Any]) -> int:
    return finish(auth.blocking.runtime.engine.count(Session.__model__))


def row_of(auth: Auth[Any]) -> Any:
    return finish(auth.blocking.runtime.engine.find_one(StoredDeviceCode.__model__, []))


def one_is_in(found: Counter[tuple[int, str | None]]) -> bool:
    return found[IN] == 1 and found[SLOW] + found[GONE] == MANY - 1


def test_a11_one_of_fifty_polls_gets_the_session(auth: Auth[Any]) -> None:
    ada, codes = signed_up(auth), codes_of(auth)
    let_in(ada, codes)
    assert one_is_in(together([lambda: poll(auth, codes)] * MANY))
    assert sessions_in(auth) == 2
    assert row_of(auth) is None


def test_a11_one_of_fifty_with_a_secondary_storage(make_auth: MakeAuth, clock: Clock) -> None:
    auth = make_auth(plugins=[DeviceAuthorization()], secondary_storage=MemoryStorage(clock))
    ada, codes = signed_up(auth), codes_of(auth)
    let_in(ada, codes)
    assert one_is_in(together([lambda: poll(auth, codes)] * MANY))
    token = {one["token"] for one in ada.get("/list-sessions").json}
    assert len(token) == 2


def test_of_fifty_polls_in_time_one_counts(auth: Auth[Any]) -> None:
    codes = codes_of(auth)
    found = together([lambda: poll(auth, codes)] * MANY)
    assert found == {(400, "authorization_pending"): 1, SLOW: MANY - 1}


def test_of_fifty_people_one_claims(auth: Auth[Any]) -> None:
    codes = codes_of(auth)
    people = [signed_up(auth, f"ada{number}@example.com") for number in range(10)]
    with ThreadPoolExecutor(MANY) as pool:
        looks = [(copy_of(one), codes) for one in people for _ in range(MANY // len(people))]
        seen = list(pool.map(lambda given: look_up(*given).json, looks))
    claimed = [number for number, found in enumerate(seen) if "client_id" in found]
    owner = row_of(auth)["userId"]
    assert {looks[number][0].session()["user"]["id"] for number in claimed} == {owner}
    assert len(claimed) == MANY // len(people)


def test_of_opposite_decisions_one_counts(auth: Auth[Any]) -> None:
    ada, codes = signed_up(auth), codes_of(auth)
    look_up(ada, codes)
    work: list[Callable[[], Answer]] = []
    for number in range(20):
        browser, do = copy_of(ada), approve if number % 2 else deny
        work.append(lambda browser=browser, do=do: do(browser, codes))
    found = together(work)
    assert found == {IN: 1, (400, "invalid_request"): 19}
    approved = row_of(auth)["status"] == "approved"
    assert told(poll(auth, codes)) == (IN if approved else (400, "access_denied"))


def test_no_device_outlives_the_end_of_all_sessions(auth: Auth[Any]) -> None:
    """Whatever comes first: an approval of a session that was ended makes none."""
    for number in range(8):
        ada, codes = signed_up(auth, f"ada{number}@example.com"), codes_of(auth)
        other = Browser(auth)
        other.sign_in(f"ada{number}@example.com")
        look_up(ada, codes)
        together(
            [
                lambda ada=ada, codes=codes: approve(ada, codes),
                lambda other=other: other.post("/revoke-sessions", {}),
            ]
        )
        assert poll(auth, codes).status == 400
    assert sessions_in(auth) == 0


def test_a_poll_beside_the_end_of_all_sessions(auth: Auth[Any]) -> None:
    for number in range(8):
        ada, codes = signed_up(auth, f"ada{number}@example.com"), codes_of(auth)
        let_in(ada, codes)
        together(
            [
                lambda codes=codes: poll(auth, codes),
                lambda ada=ada: ada.post("/revoke-sessions", {}),
            ]
        )
    assert sessions_in(auth) == 0
    assert finish(auth.blocking.runtime.engine.count(User.__model__)) == 8
