"""What happens while the secondary storage cannot be reached, and when it is back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser, Clock
from tests.support.databases import KeySpace
from tests.support.tcp_proxy import TCPProxy, tcp_proxy
from watchword import Auth, DeleteUser, RateLimit, SessionOptions, VerificationOptions
from watchword.plugins import OneTimeToken
from watchword.storage.redis import RedisStorage

ROWS = SessionOptions(store_in_database=True)
RECORDS = SessionOptions(store_in_database=True, preserve_in_database=True)
DOWN = (503, "SERVICE_UNAVAILABLE")
GENERATE, VERIFY = "/one-time-token/generate", "/one-time-token/verify"
PAUSE = 10
MakeRedis = Callable[..., Auth[Any]]


class Ticks:
    """The circuit breaker's clock."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def proxy(redis: KeySpace) -> Iterator[TCPProxy]:
    with tcp_proxy(redis.url) as proxy:
        yield proxy


@pytest.fixture
def make(make_auth: MakeAuth, redis: KeySpace, proxy: TCPProxy, ticks: Ticks) -> MakeRedis:
    """Builds servers on a Redis that the test can take away."""

    def made(*, timeout: float = 5, **options: Any) -> Auth[Any]:
        storage = RedisStorage(
            proxy.url, prefix=redis.prefix, pause=PAUSE, clock=ticks, timeout=timeout
        )
        return make_auth(secondary_storage=storage, plugins=[OneTimeToken()], **options)

    return made


def back(proxy: TCPProxy, ticks: Ticks) -> None:
    proxy.start()
    ticks.now += PAUSE


def test_sessions_fall_back_to_their_rows(
    make: MakeRedis, kind: str, proxy: TCPProxy, ticks: Ticks
) -> None:
    laptop = Browser(make(session=ROWS), kind)
    laptop.sign_up()
    proxy.stop()
    assert laptop.session() is not None
    phone = Browser(laptop.auth, kind)
    assert phone.sign_in().status == 200, "a session of which there is only a row"
    assert len(laptop.get("/list-sessions").json) == 2
    assert phone.session() is not None
    back(proxy, ticks)
    assert laptop.session() is not None
    assert phone.session() is not None
    assert len(laptop.get("/list-sessions").json) == 2
    assert laptop.post("/revoke-other-sessions", {}).status == 200
    assert phone.session() is None


def test_a_session_that_ended_is_nobodys_during_an_outage(
    make: MakeRedis, kind: str, proxy: TCPProxy, clock: Clock
) -> None:
    browser = Browser(make(session=ROWS), kind)
    browser.sign_up()
    clock.forward(604_800)
    proxy.stop()
    answer = browser.get("/get-session")
    assert (answer.status, answer.json) == (200, None)


def test_sessions_are_renewed_in_their_rows(
    make: MakeRedis, kind: str, proxy: TCPProxy, ticks: Ticks, clock: Clock
) -> None:
    browser = Browser(make(session=ROWS), kind)
    browser.sign_up()
    proxy.stop()
    clock.forward(86_400)
    assert browser.session()["session"]["expiresAt"] == "2030-01-09T00:00:00.000Z"
    back(proxy, ticks)
    assert browser.session()["session"]["expiresAt"] == "2030-01-09T00:00:00.000Z"


@pytest.mark.parametrize("options", [SessionOptions(), RECORDS], ids=["no rows", "records"])
def test_without_rows_that_stand_in_it_is_503_and_nobody_is_signed_out(
    make: MakeRedis, kind: str, proxy: TCPProxy, ticks: Ticks, options: SessionOptions
) -> None:
    browser = Browser(make(session=options), kind)
    browser.sign_up()
    proxy.stop()
    answer = browser.get("/get-session")
    assert (answer.status, answer.code, answer.cookies) == (*DOWN, ())
    assert Browser(browser.auth, kind).sign_in().status == 503
    assert browser.get("/list-sessions").status == 503
    back(proxy, ticks)
    assert len(browser.get("/list-sessions").json) == 1, "the sign-in that failed left nothing"


WAYS: dict[str, Callable[[Browser, str], Any]] = {
    "/sign-out": lambda browser, token: browser.post("/sign-out", {}),
    "/revoke-session": lambda browser, token: browser.post("/revoke-session", {"token": token}),
    "/revoke-sessions": lambda browser, token: browser.post("/revoke-sessions", {}),
    "/change-password": lambda browser, token: browser.post(
        "/change-password",
        {
            "currentPassword": "password1234",
            "newPassword": "password12345",
            "revokeOtherSessions": True,
        },
    ),
    "/delete-user": lambda browser, token: browser.post(
        "/delete-user", {"password": "password1234"}
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_was_revoked_does_not_come_back(
    make: MakeRedis, kind: str, proxy: TCPProxy, ticks: Ticks, way: str
) -> None:
    """S4: revocation hits entry and row, or is refused and hits neither."""
    browser = Browser(make(session=ROWS, delete_user=DeleteUser(enabled=True)), kind)
    token = browser.sign_up().json["token"]
    stolen = Browser(browser.auth, kind)
    stolen.jar = dict(browser.jar)
    proxy.stop()
    answer = WAYS[way](browser, token)
    assert (answer.status, answer.code) == DOWN
    assert stolen.session() is not None, "refused: the session goes on"
    back(proxy, ticks)
    assert stolen.session() is not None
    assert WAYS[way](browser, token).status == 200
    assert stolen.session() is None
    proxy.stop()
    assert stolen.session() is None, "the row is gone as well"
    back(proxy, ticks)
    assert stolen.session() is None


def test_verifications_are_503_and_are_not_used_up(
    make: MakeRedis, kind: str, proxy: TCPProxy, ticks: Ticks
) -> None:
    browser = Browser(make(session=ROWS), kind)
    browser.sign_up()
    token = browser.get(GENERATE).json["token"]
    proxy.stop()
    assert browser.get(GENERATE).status == 503
    answer = browser.post(VERIFY, {"token": token})
    assert (answer.status, answer.code) == DOWN
    back(proxy, ticks)
    assert browser.post(VERIFY, {"token": token}).status == 200


def test_verifications_in_the_database_need_no_storage(
    make: MakeRedis, kind: str, proxy: TCPProxy
) -> None:
    rows = VerificationOptions(store_in_database=True)
    browser = Browser(make(session=ROWS, verification=rows), kind)
    browser.sign_up()
    proxy.stop()
    token = browser.get(GENERATE).json["token"]
    assert browser.post(VERIFY, {"token": token}).status == 200
    assert browser.post(VERIFY, {"token": token}).status == 400


def test_each_process_counts_by_itself_and_the_log_says_so_once(
    make: MakeRedis, proxy: TCPProxy, ticks: Ticks, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    browser = Browser(make(rate_limit=RateLimit(enabled=True, max=2)), kind)
    statuses = [browser.get("/ok").status for _ in range(3)]
    assert statuses == [200, 200, 429]
    proxy.stop()
    assert [browser.get("/ok").status for _ in range(5)] == [200] * 2 + [429] * 3
    back(proxy, ticks)
    assert browser.get("/ok").status == 429
    assert lines(caplog, "watchword.rate_limit", logging.WARNING) == [
        "the secondary storage is unavailable: each process counts in memory",
        "the secondary storage is back: requests are counted there",
    ]


def test_limits_that_must_hold_refuse_what_cannot_be_counted(
    make: MakeRedis, proxy: TCPProxy, ticks: Ticks, kind: str
) -> None:
    limits = RateLimit(enabled=True, max=2, on_storage_failure="refuse")
    browser = Browser(make(rate_limit=limits), kind)
    proxy.stop()
    answer = browser.get("/ok")
    assert (answer.status, answer.code) == DOWN
    back(proxy, ticks)
    assert browser.get("/ok").status == 200


def test_an_outage_is_one_line_and_its_end_another(
    make: MakeRedis, proxy: TCPProxy, ticks: Ticks, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    browser = Browser(make(), kind)
    browser.sign_up()
    proxy.stop()
    for _ in range(10):
        assert browser.get("/get-session").status == 503
        ticks.now += PAUSE / 2
    back(proxy, ticks)
    for _ in range(3):
        assert browser.get("/get-session").status == 200
    server = f"Redis at 127.0.0.1:{proxy.port}"
    assert lines(caplog, "watchword", logging.WARNING) == [
        f"{server} is unavailable (ConnectionError)",
        f"{server} is available again",
    ]


def test_only_one_request_a_pause_waits_for_a_server_that_says_nothing(
    make: MakeRedis, proxy: TCPProxy, ticks: Ticks, kind: str
) -> None:
    browser = Browser(make(session=ROWS, timeout=0.05), kind)
    browser.sign_up()
    proxy.stop()
    proxy.dumb = True
    proxy.start()
    before = proxy.accepted
    for _ in range(20):
        assert browser.session() is not None
    assert proxy.accepted == before + 1
    ticks.now += PAUSE
    for _ in range(20):
        assert browser.session() is not None
    assert proxy.accepted == before + 2
    proxy.stop()
    proxy.dumb = False
    back(proxy, ticks)
    assert browser.post("/sign-out", {}).status == 200


def lines(caplog: pytest.LogCaptureFixture, logger: str, level: int) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith(logger) and record.levelno >= level
    ]
