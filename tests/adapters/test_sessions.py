"""Routes of the application know who is signed in, and renewed cookies reach their responses."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tests.adapters.apps import GONE, SERVERS
from tests.adapters.drivers import Call, Client, Pairs
from tests.adapters.echo import RENEWED, EchoAuth, EchoBlocking

ALICE = [("Cookie", "user=alice")]
ALICE_RENEWED = [("Cookie", "user=alice; renew=1")]
EXPIRED = [("Cookie", "renew=1")]


def test_nobody_is_refused(app_client: Client) -> None:
    answer = app_client.send("GET", "/me")
    assert answer.status == 401
    assert answer.all("set-cookie") == []


def test_somebody_is_let_in(app_client: Client) -> None:
    answer = app_client.send("GET", "/me", ALICE)
    assert (answer.status, answer.body) == (200, b"alice@example.com")
    assert answer.all("set-cookie") == []


@pytest.mark.parametrize(("headers", "expected"), [(ALICE, b"alice"), ([], b"nobody")])
def test_a_route_for_everybody_knows_who_asks(
    app_client: Client, headers: Pairs, expected: bytes
) -> None:
    answer = app_client.send("GET", "/open", headers)
    assert (answer.status, answer.body) == (200, expected)


def test_renewed_cookies_go_out_verbatim(app_client: Client) -> None:
    answer = app_client.send("GET", "/me", ALICE_RENEWED)
    assert answer.status == 200
    assert answer.all("set-cookie") == list(RENEWED)
    assert [value.lower() for value in answer.all("vary")] == ["cookie"]


def test_renewed_cookies_go_out_with_an_error(app_client: Client) -> None:
    answer = app_client.send("GET", "/refuse", ALICE_RENEWED)
    assert answer.status == 403
    assert answer.all("set-cookie") == list(RENEWED)


def test_cookies_of_an_expired_session_are_cleared_with_the_refusal(app_client: Client) -> None:
    answer = app_client.send("GET", "/me", EXPIRED)
    assert answer.status == 401
    assert answer.all("set-cookie") == list(RENEWED)


def test_cookies_of_the_route_itself_have_the_last_word(app_client: Client) -> None:
    answer = app_client.send("GET", "/leave", ALICE_RENEWED)
    assert answer.status == 200
    assert answer.all("set-cookie") == [*RENEWED, GONE]


def test_the_session_is_looked_up_once_and_with_the_whole_request(
    app_client: Client, auth: EchoAuth
) -> None:
    app_client.send("GET", "/refuse?a=1", ALICE, scheme="https")
    [asked] = auth.script.checks
    assert asked is not None
    assert asked.url == "https://app.example.com/refuse?a=1"
    assert (asked.method, asked.client) == ("GET", "192.0.2.7")


def test_the_authentication_server_is_left_to_look_for_itself(
    app_client: Client, auth: EchoAuth
) -> None:
    answer = app_client.send("POST", "/api/auth/sign-out", ALICE_RENEWED)
    assert answer.all("set-cookie") == []
    assert auth.script.checks == []


@pytest.mark.parametrize("framework", ["flask", "fastapi", "litestar", "django", "django-asgi"])
def test_nobody_is_looked_up_who_is_not_asked_for(framework: str, auth: EchoAuth) -> None:
    answer = SERVERS[framework](auth).send("GET", "/no-such-page", ALICE_RENEWED)
    assert answer.status == 404
    assert auth.script.checks == []


def test_requests_at_the_same_time_are_not_mixed_up(app_client: Client, auth: EchoAuth) -> None:
    names = [f"user{number}" for number in range(8)]
    _meet(auth, len(names))
    answers = app_client.send_together(
        [Call("GET", "/me", [("Cookie", f"user={name}")]) for name in names]
    )
    assert [answer.body.decode() for answer in answers] == [f"{n}@example.com" for n in names]


def _meet(auth: EchoAuth, count: int) -> None:
    """Make every lookup wait until `count` of them have begun, in threads and on a loop."""
    arrived = 0
    everybody = asyncio.Event()

    async def wait() -> None:
        nonlocal arrived
        arrived += 1
        if arrived == count:
            everybody.set()
        await everybody.wait()

    assert isinstance(auth.blocking, EchoBlocking)
    auth.blocking.barrier = threading.Barrier(count)
    auth.script.before_check = wait
