"""A whole server over Redis: sessions, verifications and rate limits, under a crowd."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from redis import Redis

from tests.core.conftest import MakeAuth
from tests.support.browser import ORIGIN, Browser
from tests.support.databases import KeySpace
from watchword import Auth, BytesBody, Headers, RateLimit, Request, SessionOptions
from watchword.plugins import OneTimeToken
from watchword.storage.redis import RedisStorage

GENERATE, VERIFY = "/one-time-token/generate", "/one-time-token/verify"
CROWD = 50
MakeRedis = Callable[..., Auth[Any]]
JSON = {"content-type": "application/json", "host": "localhost:3000", "origin": ORIGIN}


@pytest.fixture
def make(make_auth: MakeAuth, redis: KeySpace) -> MakeRedis:
    def made(**options: Any) -> Auth[Any]:
        storage = RedisStorage(redis.url, prefix=redis.prefix, timeout=20)
        return make_auth(secondary_storage=storage, plugins=[OneTimeToken()], **options)

    return made


@pytest.fixture
def server(redis: KeySpace) -> Iterator[Redis]:
    with Redis.from_url(redis.url, decode_responses=True) as client:
        yield client


def crowd(auth: Auth[Any], kind: str, method: str, path: str, body: Any = None) -> list[Any]:
    """The answers to fifty requests that are made at once."""

    def request() -> Request:
        data = b"" if body is None else json.dumps(body).encode()
        return Request(
            method=method,
            path=f"/api/auth{path}",
            host="localhost:3000",
            headers=Headers(JSON.items()),
            body=BytesBody(data),
            client="203.0.113.7",
        )

    async def together() -> list[Any]:
        try:
            return await asyncio.gather(*(auth.handle(request()) for _ in range(CROWD)))
        finally:
            await auth.close()

    if kind == "async":
        return asyncio.run(together())
    with ThreadPoolExecutor(CROWD) as pool:
        return list(pool.map(lambda _: auth.blocking.handle(request()), range(CROWD)))


def test_keys_json_and_ends_are_the_references(
    make: MakeRedis, kind: str, redis: KeySpace, server: Redis
) -> None:
    browser = Browser(make(), kind)
    token = browser.sign_up().json["token"]
    found = browser.session()
    entry, listed = redis.prefix + token, f"{redis.prefix}active-sessions-{found['user']['id']}"
    assert set(server.scan_iter(match=f"{redis.prefix}*")) == {entry, listed}
    assert json.loads(str(server.get(entry))) == found
    for key in (entry, listed):
        assert 604_790 <= int(str(server.ttl(key))) <= 604_800


def test_the_whole_life_of_sessions(make: MakeRedis, kind: str) -> None:
    laptop = Browser(make(), kind)
    laptop.sign_up()
    phone = Browser(laptop.auth, kind)
    token = phone.sign_in().json["token"]
    assert len(laptop.get("/list-sessions").json) == 2
    laptop.post("/update-user", {"name": "Countess"})
    assert phone.session()["user"]["name"] == "Countess"
    laptop.post("/revoke-session", {"token": token})
    assert phone.session() is None
    phone.sign_in()
    laptop.post("/revoke-other-sessions", {})
    assert phone.session() is None
    laptop.post("/sign-out", {})
    assert laptop.session() is None


@pytest.mark.parametrize("rows", [False, True])
def test_of_fifty_sign_ins_at_once_each_is_listed_and_each_can_be_ended(
    make: MakeRedis, kind: str, rows: bool
) -> None:
    auth = make(session=SessionOptions(store_in_database=rows))
    browser = Browser(auth, kind)
    browser.sign_up()
    body = {"email": "ada@example.com", "password": "password1234"}
    answers = crowd(auth, kind, "POST", "/sign-in/email", body)
    assert {answer.status for answer in answers} == {200}
    assert len(browser.get("/list-sessions").json) == CROWD + 1
    browser.post("/revoke-other-sessions", {})
    one = Browser(auth, kind)
    for answer in answers:
        one.jar = dict([answer.cookies[0].split("; ")[0].split("=", 1)])
        assert one.session() is None


def test_a_token_of_single_use_has_one_winner_of_fifty(make: MakeRedis, kind: str) -> None:
    auth = make()
    browser = Browser(auth, kind)
    browser.sign_up()
    token = browser.get(GENERATE).json["token"]
    answers = crowd(auth, kind, "POST", VERIFY, {"token": token})
    assert Counter(answer.status for answer in answers) == {200: 1, 400: CROWD - 1}


def test_rate_limits_are_exact_under_fifty_requests(
    make: MakeRedis, kind: str, redis: KeySpace, server: Redis
) -> None:
    """L1, L4."""
    auth = make(rate_limit=RateLimit(enabled=True, window=30, max=7))
    answers = crowd(auth, kind, "GET", "/ok")
    assert Counter(answer.status for answer in answers) == {200: 7, 429: CROWD - 7}
    key = f"{redis.prefix}203.0.113.7|/ok"
    assert server.get(key) == str(CROWD)
    assert 0 < int(str(server.ttl(key))) <= 30


def test_what_others_wrote_wrong_is_no_500(
    make: MakeRedis, kind: str, redis: KeySpace, server: Redis
) -> None:
    browser = Browser(make(), kind)
    for damage in (b"\xff\xfe", b"null", b'"text"', b"[1]", b'{"session":1,"user":2}', b""):
        browser.jar.clear()
        email = f"ada{damage.hex()}@example.com"
        token = browser.sign_up(email).json["token"]
        server.set(redis.prefix + token, damage)
        assert browser.get("/get-session").json is None
    browser.sign_up("grace@example.com")
    token = browser.get(GENERATE).json["token"]
    for damage in (b"\xff\xfe", b"null", b"7", b"[1]", b'{"value":1}', b""):
        server.set(f"{redis.prefix}verification:one-time-token:{token}", damage)
        assert browser.post(VERIFY, {"token": token}).status == 400
