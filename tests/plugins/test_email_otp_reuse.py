"""Codes by mail with `resend_strategy="reuse"`: who asks again gets the same code."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.code_server import ADA, NOBODY, SEND, code_server
from tests.support.browser import Browser, Clock
from tests.support.places import options_for
from watchword import Advanced


@pytest.fixture(
    params=["sqlite", "uuid ids", "postgres", "postgres uuid", "mysql", "memory", "redis"]
)
def options(request: pytest.FixtureRequest) -> dict[str, Any]:
    place, _, uuid = request.param.partition(" ")
    return options_for(place, request) | (
        {"advanced": Advanced(generate_id="uuid")} if uuid else {}
    )


@pytest.mark.parametrize("email", [ADA, NOBODY])
def test_codes_asked_for_at_once_are_one_code(
    make_auth: MakeAuth, tmp_path: Path, options: dict[str, Any], clock: Clock, email: str
) -> None:
    server = code_server(make_auth, tmp_path, "blocking")(resend_strategy="reuse", auth=options)
    server.signed_up()

    def ask(number: int) -> int:
        body = {"email": email, "type": "sign-in"}
        return Browser(server.auth).post(SEND, body).status

    for _ in range(3):
        before = len(server.mails())
        with ThreadPoolExecutor(16) as pool:
            assert set(pool.map(ask, range(16))) == {200}
        codes = {mail.otp for mail in server.mails()[before:]}
        assert len(codes) == 1
        assert server.sign_in(codes.pop(), email).status == 200
        clock.forward(301)


def test_a_code_that_is_sent_again_lives_longer(
    make_auth: MakeAuth, tmp_path: Path, clock: Clock
) -> None:
    server = code_server(make_auth, tmp_path, "blocking")(resend_strategy="reuse")
    server.signed_up()
    code = server.code()
    clock.forward(200)
    assert server.code() == code
    clock.forward(200)
    assert server.sign_in(code).status == 200


def test_a_code_of_before_a_new_password_is_not_sent_again(
    make_auth: MakeAuth, tmp_path: Path
) -> None:
    server = code_server(make_auth, tmp_path, "blocking")(resend_strategy="reuse")
    ada = server.signed_up()
    old = server.code()
    both = {"currentPassword": "password1234", "newPassword": "another-1234"}
    assert ada.post("/change-password", both).status == 200
    fresh = server.code()
    assert fresh != old
    assert server.sign_in(fresh).status == 200
