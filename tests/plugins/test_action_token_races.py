"""Fifty requests at once: one winner, exact counts, in threads and on a loop, on SQLite."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.action_server import (
    DELETE,
    SEND,
    VERIFY,
    ActionServer,
    action_server,
    cookies,
    verify,
    wrong,
)
from tests.support.browser import Browser
from tests.support.crowd import CALLERS, statuses_on_a_loop
from watchword import ChangeEmail, ChangeEmailTo, FailedSignIns, RateLimit, RateLimitRule
from watchword.plugins.action_token import (
    ActionTokenLimits,
    ConsumeActionToken,
    SendActionToken,
    VerifyActionToken,
)

Together = Callable[[ActionServer, Browser, str, dict[str, str]], list[int]]
ENABLED: dict[str, Any] = {
    "change_email": ChangeEmail(enabled=True, update_email_without_verification=True),
}
INPUTS: dict[str, tuple[str, Any]] = {
    SEND: ("send_action_token", SendActionToken),
    VERIFY: ("verify_action_token", VerifyActionToken),
    "/change-email": ("change_email", lambda newEmail: ChangeEmailTo(new_email=newEmail)),
}


def in_threads(
    server: ActionServer, browser: Browser, path: str, body: dict[str, str]
) -> list[int]:
    def send(number: int) -> int:
        one = Browser(server.auth)
        one.jar = dict(browser.jar)
        return one.post(path, body).status

    with ThreadPoolExecutor(CALLERS) as pool:
        return sorted(pool.map(send, range(CALLERS)))


def on_a_loop(server: ActionServer, browser: Browser, path: str, body: dict[str, str]) -> list[int]:
    name, input = INPUTS[path]
    headers = cookies(browser)

    def work() -> Awaitable[object]:
        return getattr(server.auth.api, name)(input(**body), headers=headers)

    return asyncio.run(statuses_on_a_loop(server.auth, work))


@pytest.fixture(params=[in_threads, on_a_loop])
def together(request: pytest.FixtureRequest) -> Together:
    return request.param


@pytest.fixture(params=["memory", "database"])
def server(request: pytest.FixtureRequest, make_auth: MakeAuth, tmp_path: Path) -> ActionServer:
    """One whose counters stand in memory or in the database."""
    make = action_server(make_auth, tmp_path, "blocking")
    limit = RateLimit(enabled=False, storage=request.param)
    return make(protect={"/change-email": "profile"}, auth={"rate_limit": limit, **ENABLED})


def test_m1_one_of_fifty_redemptions_wins(server: ActionServer, together: Together) -> None:
    ada = server.signed_up()
    body = {"token": server.code(ada), "type": DELETE}
    assert together(server, ada, VERIFY, body) == [200] + [400] * 49
    assert len(server.promised()) == 1, "one grant"


def test_t1_fifty_wrong_guesses_destroy_a_code(server: ActionServer, together: Together) -> None:
    ada = server.signed_up()
    code = server.code(ada)
    body = {"token": wrong(code), "type": DELETE}
    assert together(server, ada, VERIFY, body) == [400] * 50
    assert server.promised() == []
    assert verify(ada, code).status == 400


def test_one_of_fifty_requests_gets_a_code_mailed(server: ActionServer, together: Together) -> None:
    ada = server.signed_up()
    assert together(server, ada, SEND, {"type": DELETE}) == [200] + [429] * 49
    assert len(server.mails()) == 1


def test_one_of_fifty_requests_burns_a_grant(server: ActionServer, together: Together) -> None:
    ada = server.signed_up()
    server.confirmed(ada, "profile")
    body = {"newEmail": "new@example.com"}
    assert together(server, ada, "/change-email", body) == [200] + [403] * 49


@pytest.mark.parametrize("storage", ["memory", "database"])
def test_t4_exactly_as_many_guesses_are_compared_as_a_user_may_make(
    make_auth: MakeAuth, tmp_path: Path, together: Together, storage: Any
) -> None:
    server = action_server(make_auth, tmp_path, "blocking")(
        allowed_attempts=100,
        wrong_guesses=FailedSignIns(most=7),
        auth={"rate_limit": RateLimit(enabled=False, storage=storage)},
    )
    ada = server.signed_up()
    body = {"token": wrong(server.code(ada)), "type": DELETE}
    assert together(server, ada, VERIFY, body) == [400] * 7 + [429] * 43
    assert server.promised()[0][1].endswith(":7")


@pytest.mark.parametrize("storage", ["memory", "database"])
def test_exactly_as_many_codes_are_mailed_as_a_user_may_get(
    make_auth: MakeAuth, tmp_path: Path, together: Together, storage: Any
) -> None:
    server = action_server(make_auth, tmp_path, "blocking")(
        resend_after=0,
        rate_limit=ActionTokenLimits(send=RateLimitRule(window=60, max=5)),
        auth={"rate_limit": RateLimit(enabled=False, storage=storage)},
    )
    ada = server.signed_up()
    assert together(server, ada, SEND, {"type": DELETE}) == [200] * 5 + [429] * 45
    mails = server.mails()
    assert len(mails) == 5
    assert sum(verify(ada, mail.token).status == 200 for mail in mails) <= 1


async def test_m1_one_of_fifty_calls_of_the_server_burns_a_grant(server: ActionServer) -> None:
    ada = server.signed_up()
    server.confirmed(ada)
    body, headers = ConsumeActionToken(type=DELETE), cookies(ada)
    statuses = await statuses_on_a_loop(
        server.auth, lambda: server.auth.api.consume_action_token(body, headers=headers)
    )
    assert statuses == [200] + [403] * 49
