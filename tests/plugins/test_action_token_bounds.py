"""How often codes of action tokens are sent and guessed at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.action_server import (
    DELETE,
    FREE,
    SEND,
    MakeActionServer,
    action_server,
    verify,
    wrong,
)
from tests.support.browser import Browser, Clock
from watchword import (
    FailedSignIns,
    RateLimit,
)
from watchword.storage.memory import MemoryStorage


@pytest.fixture
def make_server(make_auth: MakeAuth, tmp_path: Path, kind: str) -> MakeActionServer:
    return action_server(make_auth, tmp_path, kind)


def test_t4_guesses_over_all_codes_and_types_of_a_user_are_bounded(
    make_server: MakeActionServer, clock: Clock
) -> None:
    bound = FailedSignIns(most=4, pause=60)
    server = make_server(resend_after=0, rate_limit=FREE, wrong_guesses=bound)
    ada, eve = server.signed_up(), server.signed_up("eve@example.com")
    code = server.code(ada)
    types = [DELETE, DELETE, "a", "b"]
    assert [verify(ada, wrong(code), type).status for type in types] == [400] * 4
    code = server.code(ada)
    pausing = verify(ada, code)
    assert (pausing.status, pausing.header("x-retry-after")) == (429, "60")
    assert verify(eve, server.code(eve)).status == 200, "other users are not touched"
    clock.forward(60)
    assert verify(ada, code).status == 200
    code = server.code(ada)
    assert [verify(ada, wrong(code)).status for _ in range(2)] == [400, 400]


def test_the_next_code_must_wait(make_server: MakeActionServer, clock: Clock) -> None:
    server = make_server()
    ada, eve = server.signed_up(), server.signed_up("eve@example.com")
    code = server.code(ada)
    clock.forward(10)
    early = ada.post(SEND, {"type": DELETE})
    assert (early.status, early.header("x-retry-after")) == (429, "20")
    assert early.json == {"message": "Too many requests. Please try again later."}
    server.code(ada, "email-change")
    server.code(eve)
    clock.forward(20)
    assert verify(ada, code).status == 200, "a refused request replaces nothing"
    server.code(ada)


def test_sends_are_bounded_per_user_over_all_types(
    make_server: MakeActionServer, clock: Clock
) -> None:
    server = make_server()
    ada, phone = server.signed_up(), Browser(server.auth, server.kind)
    phone.sign_in()
    for type in ("a", "b", "c"):
        server.code(ada, type)
    refused = phone.post(SEND, {"type": "d"})
    assert (refused.status, refused.header("x-retry-after")) == (429, "60")
    server.code(server.signed_up("eve@example.com"), "a")
    clock.forward(60)
    server.code(phone, "d")


def test_l1_both_paths_are_limited_per_client(make_server: MakeActionServer) -> None:
    server = make_server(resend_after=0, auth={"rate_limit": RateLimit(enabled=True)})
    ada = server.signed_up()
    sends = [ada.post(SEND, {"type": DELETE}) for _ in range(4)]
    assert [answer.status for answer in sends] == [200, 200, 200, 429]
    guesses = [verify(ada, "123456", f"t{number}") for number in range(6)]
    assert [answer.status for answer in guesses] == [400] * 5 + [429]
    assert guesses[-1].header("x-retry-after") == "60"


@pytest.mark.parametrize("storage", ["memory", "database", "secondary-storage", "own"])
def test_bounds_per_user_hold_wherever_rate_limits_are_counted(
    make_server: MakeActionServer, clock: Clock, storage: Any
) -> None:
    limit = RateLimit(enabled=False, storage=None if storage == "own" else storage)
    if storage == "own":
        limit = RateLimit(enabled=False, consume=lambda key, rule: None)
    options: dict[str, Any] = {"rate_limit": limit}
    if storage == "secondary-storage":
        options["secondary_storage"] = MemoryStorage(clock)
    server = make_server(auth=options)
    ada = server.signed_up()
    server.code(ada)
    assert ada.post(SEND, {"type": DELETE}).status == 429
