"""L6 for who is signed in: a stolen session is no licence to try passwords.

Wherever a password is taken, a wrong one is counted with the wrong sign-ins at that account: an
endpoint that asks for one more often than that would tell it.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.core.conftest import FAST, MakeAuth
from tests.support.browser import Browser, Clock
from watchword import (
    APIError,
    Auth,
    ChangeEmail,
    DeleteUser,
    EmailAndPassword,
    FailedSignIns,
    Headers,
    Mail,
    PasswordReset,
    RateLimit,
)
from watchword.features.passwords import VerifyPassword
from watchword.storage.memory import MemoryStorage

MOST = 5
GUESSED_AT: dict[str, Callable[[str], tuple[str, dict[str, Any]]]] = {
    "verify": lambda guess: ("/verify-password", {"password": guess}),
    "change": lambda guess: (
        "/change-password",
        {"currentPassword": guess, "newPassword": "another-horse"},
    ),
    "delete": lambda guess: ("/delete-user", {"password": guess}),
}


@pytest.fixture(params=["memory", "database", "secondary-storage"])
def bounded(
    make_auth: MakeAuth, clock: Clock, request: pytest.FixtureRequest
) -> Callable[..., Any]:
    """Builds servers that compare five wrong passwords, counted in each possible place."""

    def make(**options: Any) -> Auth[Any]:
        if request.param == "secondary-storage":
            options["secondary_storage"] = MemoryStorage(clock)
        return make_auth(
            email_and_password=EmailAndPassword(
                enabled=True, argon2_cost=FAST, failed_sign_ins=FailedSignIns(most=MOST, pause=60)
            ),
            delete_user=DeleteUser(enabled=True),
            change_email=ChangeEmail(enabled=True, update_email_without_verification=True),
            rate_limit=RateLimit(storage=request.param, enabled=False),
            **options,
        )

    return make


def compared(auth: Auth[Any]) -> itertools.count[int]:
    """Counts how many passwords are compared; `next` of it says how many there were."""
    counter, real = itertools.count(), auth.config.passwords.verify

    def verify(stored: str, password: str) -> bool:
        next(counter)
        return real(stored, password)

    auth.config.passwords.verify = verify  # type: ignore[method-assign]
    return counter


@pytest.mark.parametrize("where", list(GUESSED_AT))
def test_l6_guesses_of_a_session_are_bounded(bounded: Any, kind: str, where: str) -> None:
    browser = Browser(bounded(), kind)
    browser.sign_up()
    statuses = [
        browser.post(*GUESSED_AT[where](f"wrong-horse-{n}")).status for n in range(MOST + 2)
    ]
    assert statuses == [400] * MOST + [429] * 2
    right = browser.post(*GUESSED_AT[where]("password1234"))
    assert (right.status, right.header("x-retry-after")) == (429, "60")
    assert browser.session() is not None


@pytest.mark.parametrize("where", list(GUESSED_AT))
def test_l6_fifty_parallel_guesses_compare_exactly_the_allowed_number(
    bounded: Any, where: str
) -> None:
    auth = bounded()
    browser = Browser(auth)
    browser.sign_up()
    counter = compared(auth)

    def guess(n: int) -> int:
        each = Browser(auth)
        each.jar = dict(browser.jar)
        return each.post(*GUESSED_AT[where](f"wrong-horse-{n}")).status

    with ThreadPoolExecutor(50) as pool:
        statuses = sorted(pool.map(guess, range(50)))
    assert statuses == [400] * MOST + [429] * (50 - MOST)
    assert next(counter) == MOST


def test_l6_sign_ins_and_all_that_take_a_password_count_together(bounded: Any, kind: str) -> None:
    auth = bounded()
    browser, other = Browser(auth, kind), Browser(auth, kind)
    browser.sign_up()
    wrong = [browser.post(*make("wrong-horse")).status for make in GUESSED_AT.values()]
    wrong += [other.sign_in(password="wrong-horse").status for _ in range(MOST - len(wrong))]
    assert wrong == [400, 400, 400, 401, 401]
    assert other.sign_in(password="wrong-horse").status == 429
    assert browser.post("/verify-password", {"password": "wrong-horse"}).status == 429


def test_l6_another_address_begins_no_new_row(bounded: Any, kind: str) -> None:
    browser = Browser(bounded(), kind)
    browser.sign_up()
    for n in range(MOST):
        browser.post("/verify-password", {"password": "wrong-horse"})
        assert browser.post("/change-email", {"newEmail": f"ada{n}@example.com"}).status == 200
    assert browser.post("/verify-password", {"password": "wrong-horse"}).status == 429
    assert browser.sign_in(f"ada{MOST - 1}@example.com").status == 429


def test_l6_the_right_password_begins_a_new_row_also_for_sign_ins(bounded: Any, kind: str) -> None:
    browser = Browser(bounded(), kind)
    browser.sign_up()
    for _ in range(2):
        for _ in range(MOST - 1):
            assert browser.sign_in(password="wrong-horse").status == 401
        assert browser.post("/verify-password", {"password": "password1234"}).status == 200


def test_l6_the_pause_ends_for_the_owner_of_the_mailbox(bounded: Any) -> None:
    outbox: list[Mail] = []
    auth = bounded(
        password_reset=PasswordReset(send_reset_password=lambda mail, _: outbox.append(mail))
    )
    browser = Browser(auth)
    browser.sign_up()
    for _ in range(MOST + 1):
        browser.post("/verify-password", {"password": "wrong-horse"})
    browser.post("/request-password-reset", {"email": "ada@example.com"})
    auth.blocking.close()
    body = {"newPassword": "another-horse", "token": outbox[0].token}
    assert browser.post("/reset-password", body).status == 200
    assert browser.sign_in(password="another-horse").status == 200


def test_l6_calls_of_the_application_are_counted_too(bounded: Any, kind: str) -> None:
    auth = bounded()
    browser = Browser(auth, kind)
    browser.sign_up()
    cookie = "; ".join(f"{name}={value}" for name, value in browser.jar.items())
    headers = Headers.of({"cookie": cookie})
    statuses: list[int] = []
    for _ in range(MOST + 1):
        with pytest.raises(APIError) as refused:
            verify(auth, headers, kind)
        statuses.append(refused.value.status)
    assert statuses == [400] * MOST + [429]


def verify(auth: Auth[Any], headers: Headers, kind: str) -> None:
    body = VerifyPassword(password="wrong-horse")
    if kind == "blocking":
        auth.blocking.api.verify_password(body, headers=headers)
        return

    async def run() -> None:
        try:
            await auth.api.verify_password(body, headers=headers)
        finally:
            await auth.close()

    asyncio.run(run())
