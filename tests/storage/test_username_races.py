"""A username has one owner, on every database, whoever asks at the same moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.browser import ORIGIN, SECRET, Answer, Browser
from tests.support.crowd import CALLERS
from watchword import Auth, EmailAndPassword
from watchword.crypto.passwords import Argon2Cost
from watchword.database.contract import Condition, Storage
from watchword.plugins import Username
from watchword.runtime.blocking import finish

CHEAP = Argon2Cost(memory=64, passes=1, lanes=1)
TAKEN = (400, "USERNAME_IS_ALREADY_TAKEN")


@pytest.fixture
def auth(storage: Storage) -> Iterator[Auth[Any]]:
    auth = Auth(
        database=storage,
        secret=SECRET,
        base_url=ORIGIN,
        email_and_password=EmailAndPassword(enabled=True, argon2_cost=CHEAP),
        plugins=[Username(username_validator=lambda name: name.isprintable())],
        environ={},
    )
    auth.blocking.migrate()
    yield auth
    auth.blocking.close()


def together(work: Callable[[int], Answer]) -> Counter[tuple[int, str | None]]:
    def one(number: int) -> tuple[int, str | None]:
        answer = work(number)
        return answer.status, answer.code

    with ThreadPoolExecutor(CALLERS) as pool:
        return Counter(pool.map(one, range(CALLERS)))


def owners(auth: Auth[Any], name: str) -> int:
    where = [Condition("username", name)]
    return finish(auth.blocking.runtime.engine.count("user", where))


def test_of_fifty_who_sign_up_with_a_name_one_has_it(auth: Auth[Any]) -> None:
    spelt = ("ada", "Ada", "ADA")

    def sign_up(number: int) -> Answer:
        return Browser(auth).sign_up(f"ada{number}@example.com", username=spelt[number % 3])

    found = together(sign_up)
    assert found[200, None] == 1
    assert found[TAKEN] + found[422, "FAILED_TO_CREATE_USER"] == CALLERS - 1
    assert owners(auth, "ada") == 1
    engine = auth.blocking.runtime.engine
    assert [finish(engine.count(model, ())) for model in ("user", "account", "session")] == [1] * 3


def test_of_fifty_who_change_their_name_one_gets_it(auth: Auth[Any]) -> None:
    browsers = [Browser(auth) for _ in range(CALLERS)]
    for number, browser in enumerate(browsers):
        assert browser.sign_up(f"ada{number}@example.com").status == 200
    found = together(lambda number: browsers[number].post("/update-user", {"username": "Ada"}))
    assert found[200, None] == 1
    assert found[TAKEN] + found[422, "FAILED_TO_UPDATE_USER"] == CALLERS - 1
    assert owners(auth, "ada") == 1


def test_w13_a_name_opens_no_other_account_whatever_the_database_calls_equal(
    auth: Auth[Any],
) -> None:
    assert Browser(auth).sign_up(username="andre").status == 200
    for name in ("andr\u00e9", "andre ", "andre\u0301", "\uff41ndre"):
        body = {"username": name, "password": "password1234"}
        answer = Browser(auth).post("/sign-in/username", body)
        assert (answer.status, answer.code) == (401, "INVALID_USERNAME_OR_PASSWORD")
        free = Browser(auth).post("/is-username-available", {"username": name}).json["available"]
        made = Browser(auth).sign_up(f"{ascii(name).encode().hex()}@example.com", username=name)
        assert (made.status, made.code) == ((200, None) if free else TAKEN)
