"""W4: a busy store is not a store that is down; when one is down, bounds on guesses hold.

Whoever can keep the connections to Redis busy, or break them, must not be able to guess passwords
and codes without being counted.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from redis import Redis

from tests.core.conftest import FAST, MakeAuth
from tests.support.browser import Browser
from tests.support.databases import KeySpace
from tests.support.tcp_proxy import TCPProxy, tcp_proxy
from watchword import (
    Auth,
    BytesBody,
    EmailAndPassword,
    FailedSignIns,
    Headers,
    RateLimit,
    Request,
    SessionOptions,
    VerificationOptions,
)
from watchword.plugins import EmailOTP
from watchword.runtime.blocking import finish
from watchword.storage.redis import RedisStorage
from watchword.storage.redis.engine import RedisEngine

GUESSES, ALLOWED, PLACES = 40, 10, 2
WRONG = Request(
    method="POST",
    path="/api/auth/sign-in/email",
    host="localhost:3000",
    headers=Headers.of({"content-type": "application/json"}),
    body=BytesBody(b'{"email": "ada@example.com", "password": "wrong-horse"}'),
)
Make = Callable[..., "Server"]


class Store(RedisStorage):
    """Redis with few places, whose engines the test can reach."""

    def __init__(self, url: str, prefix: str) -> None:
        super().__init__(
            f"{url}?client_name={prefix}&socket_timeout=30",
            prefix=prefix,
            max_connections=PLACES,
            timeout=0.05,
        )
        self.blocking_engine: Any = None
        self.loop_engine: Any = None

    def blocking(self) -> RedisEngine:
        self.blocking_engine = super().blocking()
        return self.blocking_engine

    def asynchronous(self) -> RedisEngine:
        self.loop_engine = super().asynchronous()
        return self.loop_engine


class Server:
    """A server before which somebody guesses."""

    def __init__(self, auth: Auth[Any], store: Store, keys: KeySpace) -> None:
        self.auth = auth
        self._store = store
        self._keys = keys
        self._compared = itertools.count()
        real = auth.config.passwords.verify

        def verify(stored: str, password: str) -> bool:
            next(self._compared)
            return real(stored, password)

        auth.config.passwords.verify = verify  # type: ignore[method-assign]

    @property
    def compared(self) -> int:
        """How many passwords were compared since it was last asked."""
        found, self._compared = next(self._compared), itertools.count()
        return found

    def guesses(self, kind: str, *, busy: bool = False) -> Counter[int]:
        """The statuses of many guesses at the same moment, `busy`: while every place is taken."""
        return self._in_threads(busy) if kind == "blocking" else asyncio.run(self._on_a_loop(busy))

    def _in_threads(self, busy: bool) -> Counter[int]:
        def wait() -> None:
            finish(self._store.blocking_engine._link.send("BLPOP", self._hold, 0))

        with ThreadPoolExecutor(PLACES) as takers, ThreadPoolExecutor(GUESSES) as pool:
            if busy:
                waiting = [takers.submit(wait) for _ in range(PLACES)]
                while not self._all_taken():
                    time.sleep(0.01)
            found = Counter(
                pool.map(lambda _: self.auth.blocking.handle(WRONG).status, range(GUESSES))
            )
            if busy:
                self._free()
                assert [one.result() for one in waiting] == [None] * PLACES
        return found

    async def _on_a_loop(self, busy: bool) -> Counter[int]:
        waiting: list[asyncio.Task[object]] = []
        if busy:
            await self.auth.handle(WRONG)  # opens the engine
            link = self._store.loop_engine._link
            waiting = [
                asyncio.create_task(link.send("BLPOP", self._hold, 0)) for _ in range(PLACES)
            ]
            while not self._all_taken():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        answers = await asyncio.gather(*(self.auth.handle(WRONG) for _ in range(GUESSES)))
        if busy:
            self._free()
            await asyncio.gather(*waiting)
        await self.auth.close()
        return Counter(answer.status for answer in answers)

    @property
    def _hold(self) -> str:
        return f"{self._keys.prefix}hold"

    def _all_taken(self) -> bool:
        with Redis.from_url(self._keys.url) as client:
            found = client.client_list()
        mine = [one for one in found if one["name"] == self._keys.prefix]
        return [one["cmd"] for one in mine].count("blpop") == PLACES

    def _free(self) -> None:
        with Redis.from_url(self._keys.url) as client:
            client.lpush(self._hold, *range(PLACES))


@pytest.fixture
def proxy(redis: KeySpace) -> Iterator[TCPProxy]:
    with tcp_proxy(redis.url) as proxy:
        yield proxy


@pytest.fixture
def make(make_auth: MakeAuth, redis: KeySpace, proxy: TCPProxy) -> Make:
    """Builds servers on a Redis that the test can take away, or keep busy."""

    def made(**options: Any) -> Server:
        store = Store(proxy.url, redis.prefix)
        bound = FailedSignIns(most=ALLOWED)
        passwords = EmailAndPassword(enabled=True, argon2_cost=FAST, failed_sign_ins=bound)
        auth = make_auth(
            secondary_storage=store,
            session=SessionOptions(store_in_database=True),
            verification=VerificationOptions(store_in_database=True),
            email_and_password=passwords,
            **options,
        )
        Browser(auth).sign_up()
        return Server(auth, store, redis)

    return made


def outages(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Lines that say that the store is down."""
    return [line for line in caplog.messages if "is unavailable" in line]


def test_a_busy_pool_refuses_the_call_and_opens_nothing(
    make: Make, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    server = make()
    first = 1 if kind == "async" else 0
    assert server.guesses(kind, busy=True) == {503: GUESSES}
    assert server.compared == first
    assert outages(caplog) == []
    found = server.guesses(kind)
    assert found[401] <= ALLOWED - first
    assert server.compared == found[401]
    assert found[401] + found[429] + found[503] == GUESSES
    assert outages(caplog) == []


@pytest.mark.parametrize("busy", [False, True], ids=["down", "down after it was busy"])
def test_passwords_are_bounded_while_the_store_is_down(
    make: Make, kind: str, proxy: TCPProxy, busy: bool
) -> None:
    server = make()
    if busy:
        server.guesses(kind, busy=True)
    compared = server.compared
    proxy.stop()
    found = server.guesses(kind)
    assert set(found) <= {401, 429, 503}, "those that waited for a place are told to come again"
    assert found[401] == server.compared <= ALLOWED
    assert found[401] + server.guesses(kind)[401] == ALLOWED
    assert server.guesses(kind) == {429: GUESSES}
    assert compared <= 1


def test_passwords_are_not_compared_while_the_store_is_down_where_it_must_count(
    make: Make, kind: str, proxy: TCPProxy
) -> None:
    server = make(rate_limit=RateLimit(on_storage_failure="refuse"))
    proxy.stop()
    assert server.guesses(kind) == {503: GUESSES}
    assert server.compared == 0


def test_codes_are_bounded_while_the_store_is_down(make: Make, kind: str, proxy: TCPProxy) -> None:
    plugin = EmailOTP(
        send_verification_otp=lambda mail, request: None,
        allowed_attempts=GUESSES,
        wrong_guesses=FailedSignIns(most=ALLOWED),
    )
    browser = Browser(make(plugins=[plugin]).auth, kind)
    body = {"email": "ada@example.com", "type": "sign-in"}
    assert browser.post("/email-otp/send-verification-otp", body).status == 200
    proxy.stop()
    guess = {"email": "ada@example.com", "otp": "wrong!"}
    statuses = [browser.post("/sign-in/email-otp", guess).status for _ in range(ALLOWED + 5)]
    assert statuses == [400] * ALLOWED + [429] * 5


def test_requests_are_counted_in_memory_while_the_store_is_down(
    make: Make, kind: str, proxy: TCPProxy
) -> None:
    server = make(rate_limit=RateLimit(enabled=True, max=3, custom_rules={"/sign-up/*": False}))
    proxy.stop()
    browser = Browser(server.auth, kind)
    assert [browser.get("/ok").status for _ in range(5)] == [200] * 3 + [429] * 2


def test_the_right_password_begins_a_new_row_while_the_store_is_down(
    make: Make, kind: str, proxy: TCPProxy
) -> None:
    browser = Browser(make().auth, kind)
    proxy.stop()
    for _ in range(2):
        for _ in range(ALLOWED - 1):
            assert browser.sign_in(password="wrong-horse").status == 401
        assert browser.sign_in().status == 200
