"""A provider that takes requests and never answers holds up those who wait for it, and nobody else.

Whoever can make it slow, or has a provider of their own registered, must not stop the server: no
connection to the database is held meanwhile, no lock, and no place that others need.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Answer, Browser
from tests.support.databases import mysql_database, postgres_database
from tests.support.social import GOOGLE_TOKENS, World, begin, error_of, providers
from watchword import Advanced, Auth, Outgoing, RateLimit

HANGING = 20
PATIENCE = 60  # seconds, before a test that hangs gives up


@dataclass
class Silent(httpx2.BaseTransport):
    """Google's token endpoint takes requests and answers none, until it is told to refuse them."""

    wanted: int = HANGING
    world: World = field(default_factory=World)
    taken: int = 0
    all_hang: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if str(request.url) != GOOGLE_TOKENS:
            return self.world.answer(request)
        with self.lock:
            self.taken += 1
            if self.taken == self.wanted:
                self.all_hang.set()
        assert self.released.wait(PATIENCE)
        return httpx2.Response(400)


@dataclass
class SilentOnALoop(httpx2.AsyncBaseTransport):
    """The same for servers that are awaited."""

    taken: int = 0
    all_hang: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.taken += 1
        if self.taken == HANGING:
            self.all_hang.set()
        await self.released.wait()
        return httpx2.Response(400)


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
def database(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[str]:
    """Databases with far fewer connections than there are callbacks."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/silent.db"
        return
    made = postgres_database if request.param == "postgres" else mysql_database
    with made() as url:
        yield f"{url}{'&' if '?' in url else '?'}pool_size=2"


def server(make_auth: MakeAuth, silent: Silent | SilentOnALoop, **options: Any) -> Auth[Any]:
    outgoing = Outgoing(transport=silent, timeout=PATIENCE, **options.pop("bounds", {}))
    return make_auth(
        social_providers=providers(),
        advanced=Advanced(outgoing=outgoing),
        rate_limit=RateLimit(enabled=False),
        **options,
    )


def begun(auth: Auth[Any], count: int) -> list[tuple[Browser, dict[str, str]]]:
    """Browsers that are about to come back from Google."""
    browsers = [Browser(auth) for _ in range(count)]
    return [
        (one, {"state": begin(one, "google", errorCallbackURL="/in")["state"], "code": "c"})
        for one in browsers
    ]


OTHERS: list[tuple[str, str, Any]] = [
    ("POST", "/sign-up/email", {"name": "Kay", "email": "kay@x.com", "password": "correct horse"}),
    ("GET", "/get-session", None),
    ("POST", "/sign-in/social", {"provider": "github"}),
    ("POST", "/sign-out", {}),
]
"""What other people do meanwhile: writing, reading, and beginning to sign in elsewhere."""


def test_under_threads_others_are_answered(make_auth: MakeAuth, database: str) -> None:
    silent = Silent()
    auth = server(make_auth, silent, database=database)
    waiting, other = begun(auth, HANGING), Browser(auth)
    with ThreadPoolExecutor(HANGING) as threads:
        hanging = [
            threads.submit(one.send, "GET", "/callback/google", query=query)
            for one, query in waiting
        ]
        try:
            assert silent.all_hang.wait(PATIENCE)
            for method, path, body in OTHERS:
                answer = Answer(auth.blocking.handle(other.request(method, path, body)))
                other.keep(answer.cookies)
                assert answer.status == 200, (path, answer.json)
            assert not any(one.done() for one in hanging)
        finally:
            silent.released.set()
        assert {error_of(one.result(PATIENCE)) for one in hanging} == {"invalid_code"}


async def test_on_an_event_loop_others_are_answered(make_auth: MakeAuth, database: str) -> None:
    silent = SilentOnALoop()
    auth = server(make_auth, silent, database=database)
    waiting, other = await asyncio.to_thread(begun, auth, HANGING), Browser(auth)
    made = (one.request("GET", "/callback/google", query=query) for one, query in waiting)
    hanging = [asyncio.create_task(auth.handle(request)) for request in made]
    try:
        async with asyncio.timeout(PATIENCE):
            await silent.all_hang.wait()
            for method, path, body in OTHERS:
                answer = Answer(await auth.handle(other.request(method, path, body)))
                other.keep(answer.cookies)
                assert answer.status == 200, (path, answer.json)
        assert not any(one.done() for one in hanging)
    finally:
        silent.released.set()
    ended = await asyncio.gather(*hanging)
    assert {error_of(Answer(one)) for one in ended} == {"invalid_code"}
    await auth.close()


def test_another_provider_has_places_while_one_has_taken_its_share(make_auth: MakeAuth) -> None:
    """Of ten places one server gets five: the rest of its requests wait among themselves."""
    silent = Silent(wanted=5)
    auth = server(make_auth, silent, bounds={"parallel": 10})
    waiting = begun(auth, HANGING)
    with ThreadPoolExecutor(HANGING) as threads:
        hanging = [
            threads.submit(one.send, "GET", "/callback/google", query=query)
            for one, query in waiting
        ]
        try:
            assert silent.all_hang.wait(PATIENCE)
            other = Browser(auth)
            state = begin(other, "github")["state"]
            answer = other.get("/callback/github", {"state": state, "code": "c"})
            assert error_of(answer) is None
            assert other.session()["user"]["email"] == "ada@example.com"
            assert silent.taken == 5
        finally:
            silent.released.set()
        assert {error_of(one.result(PATIENCE)) for one in hanging} == {"invalid_code"}


def test_with_few_threads_no_more_of_them_wait_than_a_bound_lets(make_auth: MakeAuth) -> None:
    """A server with eight threads keeps four of them for everybody else: whoever comes back beyond
    that is told at once to come again."""
    silent = Silent(wanted=4)
    auth = server(make_auth, silent, bounds={"parallel": 8, "queue": 0})
    waiting = begun(auth, HANGING)
    with ThreadPoolExecutor(8) as threads:
        first = [
            threads.submit(one.send, "GET", "/callback/google", query=query)
            for one, query in waiting[:4]
        ]
        try:
            assert silent.all_hang.wait(PATIENCE)
            more = [
                threads.submit(one.send, "GET", "/callback/google", query=query)
                for one, query in waiting[4:]
            ]
            assert {error_of(one.result(PATIENCE)) for one in more} == {"temporarily_unavailable"}
            signed_up = threads.submit(Browser(auth).sign_up, "kay@example.com")
            assert signed_up.result(PATIENCE).status == 200
            assert not any(one.done() for one in first)
        finally:
            silent.released.set()
        assert {error_of(one.result(PATIENCE)) for one in first} == {"invalid_code"}
