"""Fifty workers at one outbox: each mail is sent by one of them, on every database."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Clock
from watchword import Auth
from watchword.mail import Mailer, Outbox
from watchword.plugins.magic_link import MagicLink, SignInMagicLink

WORKERS = 50
SENDER = "no-reply@app.example"


class Post:
    """Takes mails, once it is open."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self.closed = True
        self._lock = threading.Lock()

    def send(self, message: EmailMessage, /) -> None:
        if self.closed:
            raise ConnectionError
        with self._lock:
            self.sent[str(message["To"])] += 1


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def auth(make_auth: MakeAuth, database: str, post: Post) -> Auth[Any]:
    mail = Mailer(post, sender=SENDER, outbox=Outbox(first_wait=1, longest_wait=1))
    return make_auth(database=database, mail=mail, plugins=[MagicLink(expires_in=3600)])


def fill(auth: Auth[Any], post: Post, clock: Clock, count: int) -> None:
    """Mails that wait, and are due."""
    for number in range(count):
        ask = SignInMagicLink(email=f"user{number}@example.com")
        auth.blocking.api.sign_in_magic_link(ask)
    auth.blocking.runtime.drain()
    assert len(auth.blocking.mails.list()) == count
    clock.forward(2)
    post.closed = False


def in_threads(auth: Auth[Any], work: Callable[[Any], Any], asynchronous: Any) -> list[Any]:
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(lambda _: work(auth.blocking.mails), range(WORKERS)))


def on_a_loop(auth: Auth[Any], blocking: Any, work: Callable[[Any], Any]) -> list[Any]:
    async def run() -> list[Any]:
        try:
            return await asyncio.gather(*(work(auth.mails) for _ in range(WORKERS)))
        finally:
            await auth.close()

    return asyncio.run(run())


@pytest.mark.parametrize("together", [in_threads, on_a_loop])
def test_a_mail_is_sent_by_one_of_fifty(
    auth: Auth[Any], post: Post, clock: Clock, together: Callable[..., list[Any]]
) -> None:
    fill(auth, post, clock, 1)
    (entry,) = auth.blocking.mails.list()

    def one(mails: Any) -> Any:
        return mails.send(entry.id)

    outcomes = Counter(together(auth, one, one))
    assert outcomes == {"sent": 1, "absent": WORKERS - 1}
    assert post.sent == {"user0@example.com": 1}
    assert auth.blocking.mails.list() == []


@pytest.mark.parametrize("together", [in_threads, on_a_loop])
def test_fifty_who_empty_the_outbox_send_each_mail_once(
    auth: Auth[Any], post: Post, clock: Clock, together: Callable[..., list[Any]]
) -> None:
    fill(auth, post, clock, 20)

    def all_of_them(mails: Any) -> Any:
        return mails.send_due()

    told = together(auth, all_of_them, all_of_them)
    assert sum(one.get("sent", 0) for one in told) == 20
    assert post.sent == {f"user{number}@example.com": 1 for number in range(20)}
    assert auth.blocking.mails.list() == []


def test_fifty_who_revive_a_failed_mail_have_it_tried_anew_once(
    auth: Auth[Any], post: Post, clock: Clock
) -> None:
    fill(auth, post, clock, 1)
    post.closed = True
    for _ in range(12):
        auth.blocking.mails.send_due()
        clock.forward(2)
    (entry,) = auth.blocking.mails.list(state="failed")
    post.closed = False

    def again(mails: Any) -> Any:
        mails.retry(entry.id)
        return mails.send(entry.id)

    assert Counter(in_threads(auth, again, None))["sent"] == 1
    assert post.sent == {"user0@example.com": 1}


def test_who_is_slower_than_the_lease_does_not_undo_what_the_next_one_did(
    auth: Auth[Any], post: Post, clock: Clock
) -> None:
    fill(auth, post, clock, 1)
    held, go_on = threading.Event(), threading.Event()
    send, slow = post.send, []

    def sending(message: EmailMessage, /) -> None:
        if not slow:
            slow.append(message)
            held.set()
            assert go_on.wait(30)
            raise ConnectionError
        send(message)

    post.send = sending  # pyright: ignore
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(auth.blocking.mails.send_due)
        assert held.wait(30)
        clock.time += timedelta(seconds=301)
        assert auth.blocking.mails.send_due() == {"sent": 1}
        go_on.set()
        assert first.result(30) == {"deferred": 1}
    assert auth.blocking.mails.list() == []
    assert post.sent == {"user0@example.com": 1}
