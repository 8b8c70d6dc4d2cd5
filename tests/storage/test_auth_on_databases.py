"""A whole `Auth` on every database: what a visitor does, and the races that must hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.browser import ORIGIN, SECRET, Browser
from watchword import Auth, EmailAndPassword, PasswordReset
from watchword.crypto.passwords import Argon2Cost
from watchword.database.contract import Storage
from watchword.plugins import OneTimeToken

GENERATE, VERIFY = "/one-time-token/generate", "/one-time-token/verify"
CHEAP = Argon2Cost(memory=64, passes=1, lanes=1)


@pytest.fixture
def mails() -> list[Any]:
    return []


@pytest.fixture
def auth(storage: Storage, mails: list[Any]) -> Iterator[Auth[Any]]:
    auth = Auth(
        database=storage,
        secret=SECRET,
        base_url=ORIGIN,
        email_and_password=EmailAndPassword(enabled=True, argon2_cost=CHEAP),
        password_reset=PasswordReset(send_reset_password=lambda mail, request: mails.append(mail)),
        plugins=[OneTimeToken()],
        environ={},
    )
    auth.blocking.migrate()
    yield auth
    auth.blocking.close()


def at_once(work: Callable[[int], Any]) -> list[Any]:
    with ThreadPoolExecutor(50) as pool:
        return list(pool.map(work, range(50)))


def test_signing_up_out_and_in(auth: Auth[Any], kind: str) -> None:
    browser = Browser(auth, kind)
    assert browser.sign_up().status == 200
    first = browser.session()
    assert first["user"]["email"] == "ada@example.com"
    assert browser.post("/sign-out", {}).status == 200
    assert browser.session() is None
    assert browser.sign_in(password="wrong password").status == 401
    assert browser.sign_in().status == 200
    second = browser.session()
    assert second["user"] == first["user"]
    assert second["session"]["id"] != first["session"]["id"]
    assert browser.sign_up().code == "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"


def test_a_one_time_token_signs_another_browser_in_once(auth: Auth[Any], kind: str) -> None:
    laptop, phone = Browser(auth, kind), Browser(auth, kind)
    laptop.sign_up()
    token = laptop.get(GENERATE).json["token"]
    assert phone.post(VERIFY, {"token": token}).status == 200
    assert phone.session()["user"] == laptop.session()["user"]
    assert phone.post(VERIFY, {"token": token}).status == 400


def test_fifty_sign_ups_with_one_address_make_one_user(auth: Auth[Any]) -> None:
    statuses = at_once(lambda number: Browser(auth).sign_up().status)
    assert sorted(statuses) == [200] + [422] * 49
    assert Browser(auth).sign_in().status == 200


def test_tokens_of_one_user_do_not_wait_for_each_other_in_circles(
    auth: Auth[Any], mails: list[Any]
) -> None:
    browser = Browser(auth)
    browser.sign_up()
    for _ in range(5):
        browser.post("/request-password-reset", {"email": "ada@example.com"})
    auth.blocking.close()  # waits for the mails
    tokens = [mail.token for mail in mails]
    assert len(tokens) == 5

    def change(number: int) -> int:
        if number % 2:
            body = {"currentPassword": "password1234", "newPassword": f"changed-{number}"}
            other = Browser(auth)
            other.jar.update(browser.jar)
            return other.post("/change-password", {**body, "revokeOtherSessions": True}).status
        body = {"token": tokens[number % 5], "newPassword": f"password-{number}"}
        return Browser(auth).post("/reset-password", body).status

    statuses = at_once(change)
    assert 200 in statuses
    assert set(statuses) <= {200, 400, 401}


@pytest.mark.parametrize("text", ["a\0b", "\0", "lone \ud800"])
def test_i3_text_that_a_database_cannot_hold_is_400(auth: Auth[Any], kind: str, text: str) -> None:
    """I3: U+0000 is no driver's error, wherever it stands."""
    browser = Browser(auth, kind)
    assert browser.sign_up(name=text).status == 400
    assert browser.sign_up(email=f"{text}@example.com").status == 400
    assert browser.sign_up().status == 200
    assert browser.post("/update-user", {"name": text}).status == 400
    assert (
        browser.post("/reset-password", {"token": text, "newPassword": "password5"}).status == 400
    )
    assert browser.session()["user"]["name"] == "Ada"
