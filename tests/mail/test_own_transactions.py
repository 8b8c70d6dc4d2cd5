"""Mails of calls in a transaction of the application's: sent after its commit, or not at all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from tests.core.conftest import FAST
from tests.support.browser import ORIGIN, SECRET
from tests.support.mail_server import Kept
from tests.support.sqlalchemy_engines import Engines, sqlite_engines
from watchword import Auth, EmailAndPassword, PasswordReset
from watchword.features.password_reset import RequestPasswordReset
from watchword.mail import Mailer, Outbox
from watchword.plugins.magic_link import MagicLink, SignInMagicLink
from watchword.runtime.backlog import unfinished_after
from watchword.storage.sqlalchemy import SQLAlchemyStorage

ASK = SignInMagicLink(email="ada@example.com")


@pytest.fixture
def post() -> Kept:
    return Kept()


@pytest.fixture
def engines(tmp_path: Path) -> Engines:
    return sqlite_engines(tmp_path / "own.db")


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def auth(
    engines: Engines, post: Kept, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Auth[Any]]:
    monkeypatch.setattr("watchword.mail.post_office._OWN_TRANSACTION", (0.01,) * 500)
    made = Auth(
        database=SQLAlchemyStorage(*engines, dispose_on_close=True),
        secret=SECRET,
        base_url=ORIGIN,
        environ={},
        email_and_password=EmailAndPassword(enabled=True, argon2_cost=FAST),
        plugins=[MagicLink()],
        password_reset=PasswordReset(reset_page="/new-password"),
        mail=Mailer(post, sender="a@app.example", outbox=outbox),
    )
    made.blocking.migrate()
    yield made
    made.blocking.close()


def storage_of(auth: Auth[Any]) -> SQLAlchemyStorage:
    assert isinstance(auth.storage, SQLAlchemyStorage)
    return auth.storage


@pytest.mark.parametrize("commits", [True, False])
def test_in_a_blocking_one(auth: Auth[Any], engines: Engines, post: Kept, commits: bool) -> None:
    with Session(engines[0]) as session:
        with storage_of(auth).using(session):
            auth.blocking.api.sign_in_magic_link(ASK)
        assert post.sent == []
        if commits:
            session.commit()
            assert post.arrived.wait(30)
        else:
            session.rollback()
    auth.blocking.runtime.drain()
    assert len(post.sent) == int(commits)
    assert auth.blocking.mails.list() == []


@pytest.mark.parametrize("commits", [True, False])
async def test_in_an_awaited_one(
    auth: Auth[Any], engines: Engines, post: Kept, commits: bool
) -> None:
    async with AsyncSession(engines[1]) as session:
        async with storage_of(auth).using(session):
            await auth.api.sign_in_magic_link(ASK)
        assert post.sent == []
        if commits:
            await session.commit()
            assert await asyncio.to_thread(post.arrived.wait, 30)
        else:
            await session.rollback()
    await auth._async_runtime().drain()
    assert len(post.sent) == int(commits)
    assert await auth.mails.list() == []
    await auth.close()


class Queue:
    """What a queue of the application's was given, by a worker that looks at once."""

    def __init__(self) -> None:
        self.handed: list[str] = []
        self.filled = Event()

    def hand_over(self, mail_id: str, wait: float) -> None:
        self.handed.append(mail_id)
        self.filled.set()


QUEUE = Queue()


@pytest.mark.parametrize("outbox", [Outbox(hand_over=QUEUE.hand_over)])
def test_a_queue_gets_a_mail_that_its_worker_finds(
    auth: Auth[Any], engines: Engines, post: Kept
) -> None:
    with Session(engines[0]) as session:
        with storage_of(auth).using(session):
            auth.blocking.api.sign_in_magic_link(ASK)
        assert not QUEUE.filled.wait(0.2)
        session.commit()
    assert QUEUE.filled.wait(30)
    (mail_id,) = QUEUE.handed
    assert auth.blocking.mails.send(mail_id) == "sent"
    assert len(post.sent) == 1


def test_what_is_stored_for_unknown_addresses_goes_after_the_commit(
    auth: Auth[Any], engines: Engines
) -> None:
    with Session(engines[0]) as session:
        with storage_of(auth).using(session):
            unknown = RequestPasswordReset(email="nobody@example.com")
            auth.blocking.api.request_password_reset(unknown)
        # Nobody waits for the row that is not there yet.
        assert unfinished_after(2) == 0
        session.commit()
    count = text('select count(*) from "mailOutbox"')
    end = time.monotonic() + 30
    with engines[0].connect() as connection:
        while connection.execute(count).scalar():
            connection.rollback()
            assert time.monotonic() < end
            time.sleep(0.01)
