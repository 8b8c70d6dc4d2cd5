"""L6: wrong passwords for one account are bounded, wherever they come from."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import FAST, MakeAuth
from tests.support.browser import Answer, Browser, Clock
from watchword import (
    APIError,
    Auth,
    BytesBody,
    ConfigurationError,
    EmailAndPassword,
    FailedSignIns,
    Headers,
    Mail,
    PasswordReset,
    RateLimit,
    RateLimitRule,
    Request,
    SignInEmail,
)
from watchword.storage.memory import MemoryStorage

LIMITS = {
    "memory": RateLimit(storage="memory"),
    "database": RateLimit(storage="database"),
    "secondary-storage": RateLimit(storage="secondary-storage"),
    "own": RateLimit(consume=lambda key, rule: None),
}
Make = Callable[..., Auth[Any]]


@pytest.fixture(params=list(LIMITS))
def bounded(make_auth: MakeAuth, clock: Clock, request: pytest.FixtureRequest) -> Make:
    """Builds servers with a bound, whose counters are kept in each possible place."""

    def make(most: int = 7, **options: Any) -> Auth[Any]:
        bound = FailedSignIns(most=most, pause=60)
        passwords = EmailAndPassword(enabled=True, argon2_cost=FAST, failed_sign_ins=bound)
        if request.param == "secondary-storage":
            options["secondary_storage"] = MemoryStorage(clock)
        return make_auth(email_and_password=passwords, rate_limit=LIMITS[request.param], **options)

    return make


def wrong(browser: Browser, email: str = "ada@example.com") -> Answer:
    return browser.sign_in(email, password="wrong-horse")


WRONG = Request(
    method="POST",
    path="/api/auth/sign-in/email",
    host="localhost:3000",
    headers=Headers.of({"content-type": "application/json"}),
    body=BytesBody(b'{"email": "ada@example.com", "password": "wrong-horse"}'),
)


def test_l6_fifty_parallel_wrong_sign_ins_compare_exactly_the_allowed_number(
    bounded: Make,
) -> None:
    auth = bounded()
    Browser(auth).sign_up()
    compared = count_hashes(auth)
    with ThreadPoolExecutor(50) as pool:
        statuses = list(pool.map(lambda _: auth.blocking.handle(WRONG).status, range(50)))
    assert sorted(statuses) == [401] * 7 + [429] * 43
    assert next(compared) == 7


async def test_l6_fifty_parallel_wrong_sign_ins_on_a_loop(bounded: Make) -> None:
    auth = bounded()
    Browser(auth).sign_up()
    compared = count_hashes(auth)
    answers = await asyncio.gather(*(auth.handle(WRONG) for _ in range(50)))
    await auth.close()
    assert sorted(answer.status for answer in answers) == [401] * 7 + [429] * 43
    assert next(compared) == 7


def count_hashes(auth: Auth[Any]) -> itertools.count[int]:
    """Counts how many passwords are compared; `next` of it says how many there were."""
    counter, real = itertools.count(), auth.config.passwords.verify

    def verify(stored: str, password: str) -> bool:
        next(counter)
        return real(stored, password)

    auth.config.passwords.verify = verify  # type: ignore[method-assign]
    return counter


def test_l6_known_and_unknown_addresses_get_the_same_answers_for_the_same_work(
    bounded: Make, kind: str
) -> None:
    auth = bounded(most=3)
    Browser(auth).sign_up()
    browser = Browser(auth, kind)
    answers: dict[str, list[Any]] = {}
    hashes: dict[str, int] = {}
    for name in ("ada", "nobody"):
        compared = count_hashes(auth)
        answers[name] = [wrong(browser, f"{name}@example.com").response for _ in range(5)]
        hashes[name] = next(compared)
    assert answers["ada"] == answers["nobody"]
    assert hashes["ada"] == hashes["nobody"] == 3
    assert [answer.status for answer in answers["ada"]] == [401] * 3 + [429] * 2


def test_l6_the_address_of_the_client_and_the_spelling_of_the_account_do_not_matter(
    bounded: Make,
) -> None:
    auth = bounded(most=3)
    browser = Browser(auth)
    browser.sign_up()
    body = {"password": "wrong-horse"}
    statuses = [
        browser.post("/sign-in/email", {**body, "email": email}, x_forwarded_for=address).status
        for email, address in (
            ("ada@example.com", "192.0.2.1"),
            ("ADA@example.com", "192.0.2.2"),
            ("Ada@Example.Com", "2001:db8::1"),
            ("aDa@example.com", "192.0.2.4"),
        )
    ]
    assert statuses == [401, 401, 401, 429]
    assert wrong(browser, "bob@example.com").status == 401, "others are not concerned"


def test_l6_the_right_password_begins_a_new_row(bounded: Make, kind: str) -> None:
    browser = Browser(bounded(most=3), kind)
    browser.sign_up()
    for _ in range(3):
        assert [wrong(browser).status, wrong(browser).status] == [401, 401]
        assert browser.sign_in().status == 200
    assert [wrong(browser).status for _ in range(4)] == [401] * 3 + [429]


def test_l6_a_paused_account_refuses_the_right_password_too_and_says_how_long(
    bounded: Make,
) -> None:
    browser = Browser(bounded(most=2))
    browser.sign_up()
    for _ in range(2):
        wrong(browser)
    answer = browser.sign_in()
    assert (answer.status, answer.header("x-retry-after")) == (429, "60")
    assert answer.cookies == ()
    assert browser.session() is not None, "who is signed in stays so"


@pytest.mark.parametrize("storage", ["memory", "database"])
def test_l6_after_the_row_one_attempt_per_pause_is_compared(
    make_auth: MakeAuth, clock: Clock, storage: Any
) -> None:
    passwords = EmailAndPassword(
        enabled=True, argon2_cost=FAST, failed_sign_ins=FailedSignIns(most=3, pause=60)
    )
    auth = make_auth(email_and_password=passwords, rate_limit=RateLimit(storage=storage))
    browser = Browser(auth)
    browser.sign_up()
    assert [wrong(browser).status for _ in range(4)] == [401] * 3 + [429]
    for _ in range(3):
        clock.forward(59)
        assert wrong(browser).header("x-retry-after") == "1"
        clock.forward(1)
        assert [wrong(browser).status, wrong(browser).status] == [401, 429]
    clock.forward(60)
    assert browser.sign_in().status == 200
    assert [wrong(browser).status for _ in range(4)] == [401] * 3 + [429]


def test_l6_a_password_reset_ends_the_pause(bounded: Make) -> None:
    outbox: list[Mail] = []
    reset = PasswordReset(send_reset_password=lambda mail, request: outbox.append(mail))
    auth = bounded(most=1, password_reset=reset)
    browser = Browser(auth)
    browser.sign_up()
    assert [wrong(browser).status, browser.sign_in().status] == [401, 429]
    browser.post("/request-password-reset", {"email": "ada@example.com"})
    auth.blocking.close()
    body = {"newPassword": "another-horse", "token": outbox[0].token}
    assert browser.post("/reset-password", body).status == 200
    assert browser.sign_in(password="another-horse").status == 200


def test_l6_servers_on_one_database_count_together(make_auth: MakeAuth) -> None:
    passwords = EmailAndPassword(
        enabled=True, argon2_cost=FAST, failed_sign_ins=FailedSignIns(most=4)
    )
    options = {"email_and_password": passwords, "rate_limit": RateLimit(storage="database")}
    browsers = [Browser(make_auth(**options)) for _ in range(3)]
    assert [wrong(browser).status for browser in browsers * 2] == [401] * 4 + [429] * 2


def test_l6_calls_of_the_application_are_counted_too(bounded: Make) -> None:
    auth = bounded(most=1)
    body = SignInEmail(email="ada@example.com", password="wrong-horse")
    statuses: list[int] = []
    for _ in range(2):
        with pytest.raises(APIError) as refused:
            auth.blocking.api.sign_in_email(body)
        statuses.append(refused.value.status)
    assert statuses == [401, 429]


def test_l6_a_hundred_in_a_row_are_the_default_and_none_is_no_bound(make_auth: MakeAuth) -> None:
    browser = Browser(make_auth())
    assert [wrong(browser).status for _ in range(101)] == [401] * 100 + [429]
    passwords = EmailAndPassword(enabled=True, argon2_cost=FAST, failed_sign_ins=None)
    free = Browser(make_auth(email_and_password=passwords))
    assert {wrong(free).status for _ in range(102)} == {401}


def test_the_store_of_counters_does_not_learn_addresses(
    make_auth: MakeAuth, tmp_path: Path
) -> None:
    browser = Browser(make_auth(rate_limit=RateLimit(storage="database")))
    wrong(browser)
    database = sqlite3.connect(tmp_path / "test.db")
    ((key,),) = database.execute("select key from rateLimit").fetchall()
    database.close()
    assert key.startswith("failed-sign-in|")
    assert "ada" not in key


def test_an_own_store_for_rate_limits_is_not_asked(make_auth: MakeAuth) -> None:
    seen: list[str] = []

    def consume(key: str, rule: RateLimitRule) -> int | None:
        seen.append(key)
        return None

    wrong(Browser(make_auth(rate_limit=RateLimit(consume=consume))))
    assert seen == []


@pytest.mark.parametrize("given", [{"most": 0}, {"most": True}, {"pause": 0}, {"pause": 86_401}])
def test_wrong_bounds_are_configuration_errors(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="FailedSignIns"):
        FailedSignIns(**given)
