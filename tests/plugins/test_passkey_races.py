"""Fifty requests at the same moment: one winner, on every database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.passkey_server import (
    ASK,
    DELETE,
    GIVE,
    LIST,
    MADE,
    NEW,
    begun,
    outcome,
    register,
    sign_in,
)
from tests.support.authenticator import Authenticator
from tests.support.browser import Answer, Browser
from tests.support.crowd import CALLERS
from tests.support.databases import mysql_database, postgres_database
from watchword import Auth
from watchword.plugins import Passkey
from watchword.storage.memory import MemoryStorage


@pytest.fixture(params=["sqlite", "postgres", "mysql", "secondary"])
def auth(
    request: pytest.FixtureRequest, make_auth: MakeAuth, tmp_path: Path
) -> Iterator[Auth[Any]]:
    with ExitStack() as stack:
        options: dict[str, Any] = {}
        if request.param == "postgres":
            options["database"] = stack.enter_context(postgres_database())
        elif request.param == "mysql":
            options["database"] = stack.enter_context(mysql_database())
        elif request.param == "secondary":
            options["secondary_storage"] = MemoryStorage()
        made = make_auth(plugins=[Passkey()], **options)
        yield made
        made.blocking.close()


def together(work: list[Callable[[], Answer]]) -> Counter[tuple[int, str | None]]:
    """The outcomes of requests that are sent at once."""
    with ThreadPoolExecutor(CALLERS) as pool:
        return Counter(outcome(answer) for answer in pool.map(lambda one: one(), work))


def copies(browser: Browser) -> list[Browser]:
    """Fifty tabs of one browser."""
    made = [Browser(browser.auth) for _ in range(CALLERS)]
    for one in made:
        one.jar = dict(browser.jar)
    return made


def signed_up(auth: Auth[Any], email: str = "ada@example.com") -> Browser:
    browser = Browser(auth)
    assert browser.sign_up(email).status == 200
    return browser


def posts(browser: Browser, path: str, body: Any) -> list[Callable[[], Answer]]:
    return [lambda one=one: one.post(path, body) for one in copies(browser)]


def test_k1_one_of_fifty_signs_in_with_a_challenge(auth: Auth[Any]) -> None:
    ada, key = signed_up(auth), Authenticator()
    assert register(ada, key).status == 200
    browser = Browser(auth)
    response = key.get(begun(browser))
    found = together(posts(browser, GIVE, {"response": response}))
    assert found == {(200, None): 1, (400, "CHALLENGE_NOT_FOUND"): 49}
    assert len(ada.get("/list-sessions").json) == 2


def test_k1_one_of_fifty_registers_with_a_challenge(auth: Auth[Any]) -> None:
    ada, key = signed_up(auth), Authenticator()
    response = key.create(begun(ada, NEW))
    found = together(posts(ada, MADE, {"response": response}))
    assert found == {(200, None): 1, (400, "CHALLENGE_NOT_FOUND"): 49}
    assert len(ada.get(LIST).json) == 1


def test_k2_one_of_fifty_registers_a_credential(auth: Auth[Any]) -> None:
    people = [signed_up(auth, f"u{number}@example.com") for number in range(2)]
    work: list[Callable[[], Answer]] = []
    for number in range(CALLERS):
        tab = Browser(auth)
        tab.jar = dict(people[number % 2].jar)
        response = Authenticator().create(begun(tab, NEW), id=b"the same credential")
        body = {"response": response}
        work.append(lambda tab=tab, body=body: tab.post(MADE, body))
    found = together(work)
    assert found == {(200, None): 1, (400, "PREVIOUSLY_REGISTERED"): 49}
    assert sum(len(one.get(LIST).json) for one in people) == 1


def test_k4_one_of_fifty_copies_of_a_key_signs_in(auth: Auth[Any]) -> None:
    ada, key = signed_up(auth), Authenticator()
    assert register(ada, key).status == 200
    work: list[Callable[[], Answer]] = []
    for _ in range(CALLERS):
        browser = Browser(auth)
        key.credentials[0].counter = 0
        body = {"response": key.get(begun(browser))}
        work.append(lambda browser=browser, body=body: browser.post(GIVE, body))
    found = together(work)
    assert found == {(200, None): 1, (400, "AUTHENTICATION_FAILED"): 49}
    assert ada.get(LIST).json[0]["counter"] == 1
    assert len(ada.get("/list-sessions").json) == 2


def test_passkeys_that_do_not_count_sign_in_all_fifty(auth: Auth[Any]) -> None:
    ada, key = signed_up(auth), Authenticator(counts=False)
    assert register(ada, key).status == 200
    browsers = [Browser(auth) for _ in range(CALLERS)]
    bodies = [{"response": key.get(begun(browser))} for browser in browsers]
    work: list[Callable[[], Answer]] = [
        lambda browser=browser, body=body: browser.post(GIVE, body)
        for browser, body in zip(browsers, bodies, strict=True)
    ]
    assert together(work) == {(200, None): CALLERS}


def test_one_of_fifty_deletes(auth: Auth[Any]) -> None:
    ada, key = signed_up(auth), Authenticator()
    passkey = register(ada, key).json
    found = together(posts(ada, DELETE, {"id": passkey["id"]}))
    assert found == {(200, None): 1, (404, "PASSKEY_NOT_FOUND"): 49}
    assert outcome(sign_in(Browser(auth), key)) == (401, "PASSKEY_NOT_FOUND")
    assert Browser(auth).get(ASK).status == 200
