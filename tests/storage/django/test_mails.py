"""Mails that are stored in a transaction of Django's: sent after its commit, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import transaction

from tests.support.mail_server import Kept
from watchword import Auth, EmailAndPassword
from watchword.crypto.passwords import Argon2Cost
from watchword.mail import Mailer
from watchword.plugins.magic_link import MagicLink, SignInMagicLink
from watchword.runtime.backlog import unfinished_after
from watchword.storage.django import DjangoStorage

ASK = SignInMagicLink(email="ada@example.com")
FAST = Argon2Cost(memory=64, passes=1, lanes=1)


@pytest.fixture
def post() -> Kept:
    return Kept()


@pytest.fixture
def auth(alias: str, post: Kept, monkeypatch: pytest.MonkeyPatch) -> Iterator[Auth[Any]]:
    monkeypatch.setattr("watchword.mail.post_office._OWN_TRANSACTION", (0.02,) * 500)
    made = Auth(
        database=DjangoStorage(alias),
        secret="a secret of at least thirty-two characters",
        base_url="http://localhost",
        email_and_password=EmailAndPassword(enabled=True, argon2_cost=FAST),
        environ={},
        mail=Mailer(post, sender="no-reply@app.example", outbox=True),
        plugins=[MagicLink()],
    )
    made.blocking.migrate()
    yield made
    made.blocking.close()


class RolledBack(Exception):
    pass


def in_atomic(alias: str, call: Any, commits: bool) -> None:
    try:
        with transaction.atomic(using=alias):
            call()
            if not commits:
                raise RolledBack
    except RolledBack:
        pass


@pytest.mark.parametrize("commits", [True, False])
def test_of_a_view(auth: Auth[Any], alias: str, post: Kept, commits: bool) -> None:
    def call() -> None:
        auth.blocking.api.sign_in_magic_link(ASK)
        assert unfinished_after(1) == 0
        assert post.sent == []

    in_atomic(alias, call, commits)
    assert post.arrived.wait(30 if commits else 0.3) == commits
    auth.blocking.runtime.drain()
    assert len(post.sent) == int(commits)
    assert auth.blocking.mails.list() == []


@pytest.mark.parametrize("commits", [True, False])
async def test_of_an_async_view(auth: Auth[Any], alias: str, post: Kept, commits: bool) -> None:
    async def ask() -> None:
        await auth.api.sign_in_magic_link(ASK)

    def call() -> None:
        async_to_sync(ask)()
        assert post.sent == []

    await sync_to_async(in_atomic)(alias, call, commits)
    assert await asyncio.to_thread(post.arrived.wait, 30 if commits else 0.3) == commits
    await auth.close()
    assert len(post.sent) == int(commits)
    assert await auth.mails.list() == []
    await auth.close()
