"""The outbox where something goes on going wrong: what else waits is none the worse for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.mail.mailing_auth import MailingAuth, ask, mailer, mailing_auth
from tests.support.browser import Clock
from tests.support.mail_server import MailServer
from watchword.mail import Outbox
from watchword.plugins import MagicLink

BOB = "bob@example.com"


@pytest.fixture
def server(make_auth: MakeAuth, mails: MailServer) -> MailingAuth:
    return mailing_auth(
        make_auth,
        mails,
        "blocking",
        mail=mailer(mails, outbox=Outbox(attempts=10)),
        plugins=[MagicLink(expires_in=864_000)],
    )


def visit(server: MailingAuth) -> None:
    """Have the server look at its outbox, if it is time to."""
    server.browser().get("/ok")
    server.auth.blocking.runtime.drain()


def test_a_new_mail_does_not_wait_for_one_that_was_tried_often(
    server: MailingAuth, clock: Clock
) -> None:
    server.server.stop()
    ask(server)
    for _ in range(8):
        (old,) = server.auth.blocking.mails.list()
        clock.time = old.next_attempt
        server.auth.blocking.mails.send_due()
    (old,) = server.auth.blocking.mails.list()
    assert old.next_attempt - clock.time > timedelta(minutes=15)
    server.server.start()
    clock.forward(16)
    ask(server, BOB)
    assert len(server.posts(BOB)) == 1


def test_who_waits_for_the_server_does_not_ask_the_database_all_the_time(
    server: MailingAuth, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit(server)
    woken: list[tuple[float, Callable[[], Any]]] = []
    runtime = server.auth.blocking.runtime
    monkeypatch.setattr(runtime, "wake", lambda seconds, work: woken.append((seconds, work)))
    server.server.stop()
    ask(server)
    # This one is due at once.
    ask(server, BOB)
    clock.forward(1)
    ((_, look),) = woken
    runtime.background(look())
    runtime.drain()
    assert sorted(one.attempts for one in server.auth.blocking.mails.list()) == [0, 1]
    assert woken[-1][0] > 5


def test_a_clock_that_is_set_back_holds_up_no_new_mail(server: MailingAuth, clock: Clock) -> None:
    server.server.stop()
    ask(server)
    server.server.start()
    clock.forward(-86_400)
    ask(server, BOB)
    assert len(server.posts(BOB)) == 1


def test_nor_does_it_keep_anybody_from_looking(
    server: MailingAuth, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit(server)
    clock.forward(-86_400)
    runtime = server.auth.blocking.runtime
    # Stored by a process that dies behind the answer.
    monkeypatch.setattr(runtime, "background", lambda work, promised=False: work.close())
    ask(server, BOB)
    monkeypatch.undo()
    clock.forward(61)
    visit(server)
    assert len(server.posts(BOB)) == 1


def test_a_mail_of_a_moment_ago_that_is_in_the_future_now_is_sent_when_it_comes(
    server: MailingAuth, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit(server)
    runtime = server.auth.blocking.runtime
    held: list[Any] = []
    woken: list[tuple[float, Callable[[], Any]]] = []
    with monkeypatch.context() as held_up:
        held_up.setattr(runtime, "background", lambda work, promised=False: held.append(work))
        ask(server, BOB)
    monkeypatch.setattr(runtime, "wake", lambda seconds, work: woken.append((seconds, work)))
    clock.forward(-2)
    for work in held:
        runtime.background(work)
    assert server.posts(BOB) == []
    ((seconds, look),) = woken
    assert seconds == 2
    clock.forward(2)
    runtime.background(look())
    assert len(server.posts(BOB)) == 1
