"""Wallets that sign in fifty times at once, on every database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.plugins.wallet import DOMAIN, Wallet, nonce_of, show
from tests.support.browser import ORIGIN, SECRET, Answer, Browser, Clock
from tests.support.crowd import CALLERS
from watchword import Auth, EmailAndPassword
from watchword.database.contract import Storage
from watchword.plugins import SIWE
from watchword.runtime.blocking import finish

ADA = Wallet(1)
USED_UP = (401, "UNAUTHORIZED_INVALID_OR_EXPIRED_NONCE")


@pytest.fixture
def auth(storage: Storage) -> Iterator[Auth[Any]]:
    built: Auth[Any] = Auth(
        database=storage,
        secret=SECRET,
        base_url=ORIGIN,
        email_and_password=EmailAndPassword(enabled=True),
        plugins=[SIWE(domain=DOMAIN, anonymous=False)],
        clock=Clock(),
        environ={},
    )
    built.blocking.migrate()
    yield built
    built.blocking.close()


def count(auth: Auth[Any], model: str) -> int:
    return finish(auth.blocking.runtime.engine.count(model, ()))


def outcomes(answers: list[Answer]) -> Counter[Any]:
    return Counter((answer.status, answer.code) for answer in answers)


def test_a_nonce_has_one_winner(auth: Auth[Any]) -> None:
    message = ADA.message(nonce_of(Browser(auth)))
    signature = ADA.sign(message)
    with ThreadPoolExecutor(CALLERS) as pool:
        answers = list(
            pool.map(
                lambda _: show(Browser(auth), message, signature, "ada@example.com"),
                range(CALLERS),
            )
        )
    assert outcomes(answers) == {(200, None): 1, USED_UP: CALLERS - 1}
    assert count(auth, "session") == count(auth, "walletAddress") == 1


def test_a_new_wallet_has_one_user_however_often_and_wherever_it_comes(auth: Auth[Any]) -> None:
    def come(number: int) -> Answer:
        # With different addresses, on two chains: nothing but the wallet is the same.
        chain, email = str(1 + number % 2), f"ada{number}@example.com"
        return ADA.sign_in(Browser(auth), chain=chain, email=email)

    with ThreadPoolExecutor(CALLERS) as pool:
        answers = list(pool.map(come, range(CALLERS)))
    assert outcomes(answers) == {(200, None): CALLERS}
    assert len({answer.json["user"]["id"] for answer in answers}) == 1
    assert count(auth, "user") == 1
    assert count(auth, "walletAddress") == count(auth, "account") == 2


def test_an_address_goes_to_one_of_many_wallets(auth: Auth[Any]) -> None:
    def come(number: int) -> Answer:
        return Wallet(number + 1).sign_in(Browser(auth), email="wanted@example.com")

    with ThreadPoolExecutor(CALLERS) as pool:
        answers = list(pool.map(come, range(CALLERS)))
    assert outcomes(answers) == {(200, None): CALLERS}
    assert count(auth, "user") == CALLERS
