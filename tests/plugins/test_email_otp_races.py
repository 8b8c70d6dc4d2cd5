"""Codes by mail: many callers at the same moment."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.code_server import (
    ADA,
    CHECK,
    SEND,
    SIGN_IN,
    CodeServer,
    MakeCodeServer,
    code_server,
    other,
    outcome,
)
from tests.support.browser import Browser, Clock
from watchword import APIError, FailedSignIns, RateLimit
from watchword.plugins.email_otp import SignInByOTP
from watchword.storage.memory import MemoryStorage

WRONG = (400, "INVALID_OTP")
STATUS = {200: "right", 400: "wrong", 403: "too many"}


@pytest.fixture
def threaded(make_auth: MakeAuth, tmp_path: Path) -> MakeCodeServer:
    return code_server(make_auth, tmp_path, "blocking")


def in_threads(work: Callable[[int], object]) -> Counter[Any]:
    with ThreadPoolExecutor(50) as pool:
        return Counter(pool.map(work, range(50)))


async def on_a_loop(server: CodeServer, code: str) -> Counter[Any]:
    async def one() -> str:
        try:
            await server.auth.api.sign_in_email_otp(SignInByOTP(email=ADA, otp=code))
        except APIError as error:
            return STATUS[error.status]
        return STATUS[200]

    try:
        return Counter(await asyncio.gather(*(one() for _ in range(50))))
    finally:
        await server.auth.close()


@pytest.mark.parametrize("storage", ["plain", "hashed", "encrypted"])
def test_fifty_parallel_right_codes_have_one_winner_in_threads(
    threaded: MakeCodeServer, storage: str
) -> None:
    server = threaded(store_otp=storage)
    code = server.code()
    statuses = in_threads(lambda _: STATUS[server.sign_in(code).status])
    assert statuses == {"right": 1, "wrong": 49}
    assert server.sql("select count(*) from session") == [(1,)]
    assert server.sql("select count(*) from user") == [(1,)]


async def test_fifty_parallel_right_codes_have_one_winner_on_a_loop(
    threaded: MakeCodeServer,
) -> None:
    server = threaded()
    assert await on_a_loop(server, server.code()) == {"right": 1, "wrong": 49}


def test_t1_fifty_parallel_wrong_codes_are_counted_exactly_in_threads(
    threaded: MakeCodeServer,
) -> None:
    server = threaded()
    code = server.code()

    def guess(number: int) -> str:
        path = (SIGN_IN, CHECK)[number % 2]
        body = {"email": ADA, "type": "sign-in", "otp": other(code)}
        return STATUS[Browser(server.auth).post(path, body).status]

    assert in_threads(guess) == {"wrong": 49, "too many": 1}
    assert server.rows() == []
    assert outcome(server.sign_in(code)) == WRONG, "the code is dead"


async def test_t1_fifty_parallel_wrong_codes_are_counted_exactly_on_a_loop(
    threaded: MakeCodeServer,
) -> None:
    server = threaded()
    code = server.code()
    assert await on_a_loop(server, other(code)) == {"wrong": 49, "too many": 1}
    assert outcome(server.sign_in(code)) == WRONG


def test_t1_of_fifty_parallel_wrong_codes_none_is_lost(threaded: MakeCodeServer) -> None:
    server = threaded(allowed_attempts=60)
    code = server.code()
    assert in_threads(lambda _: STATUS[server.sign_in(other(code)).status]) == {"wrong": 50}
    assert server.rows()[0][1] == f"{code}:50"
    assert server.sign_in(code).status == 200


@pytest.mark.parametrize("storage", ["memory", "database"])
def test_t4_a_burst_compares_no_more_than_the_bound(threaded: MakeCodeServer, storage: Any) -> None:
    server = threaded(
        allowed_attempts=60,
        wrong_guesses=FailedSignIns(most=10),
        auth={"rate_limit": RateLimit(storage=storage)},
    )
    code = server.code()
    assert in_threads(lambda _: server.sign_in(other(code)).status) == {400: 10, 429: 40}
    assert server.rows()[0][1] == f"{code}:10"


def test_one_winner_in_the_secondary_storage(threaded: MakeCodeServer, clock: Clock) -> None:
    server = threaded(auth={"secondary_storage": MemoryStorage(clock)})
    code = server.code()
    statuses = in_threads(lambda _: STATUS[server.sign_in(code).status])
    assert statuses == {"right": 1, "wrong": 49}


def test_sending_at_the_same_moment_leaves_a_code_that_works(threaded: MakeCodeServer) -> None:
    server = threaded()
    in_threads(lambda _: Browser(server.auth).post(SEND, {"email": ADA, "type": "sign-in"}).status)
    codes = [mail.otp for mail in server.mails()]
    assert len(codes) == 50
    assert server.sign_in(server.code()).status == 200
