"""The outbox: mails that are stored with what they promise, and stay until they are sent."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import FAST, MakeAuth
from tests.mail.mailing_auth import ADA, SENDER, MailingAuth, ask, click, mailer, mailing_auth, rows
from tests.support.browser import Clock
from tests.support.mail_server import MailServer
from watchword import (
    Auth,
    ConfigurationError,
    EmailAndPassword,
    PasswordReset,
)
from watchword.mail import SMTP, Console, Mailer, Outbox
from watchword.plugins import MagicLink
from watchword.plugins.magic_link import SignInMagicLink

TAKES_A_MINUTE = "smtp://localhost:1025"


@pytest.fixture
def server(make_auth: MakeAuth, mails: MailServer, kind: str) -> MailingAuth:
    return mailing_auth(
        make_auth,
        mails,
        kind,
        mail=mailer(mails, outbox=True),
        password_reset=PasswordReset(reset_page="/new-password"),
        plugins=[MagicLink()],
    )


def test_what_was_sent_leaves_nothing(server: MailingAuth, tmp_path: Path) -> None:
    ask(server)
    assert len(server.posts()) == 1
    assert rows(tmp_path) == []


def test_without_the_option_there_is_no_table(make_auth: MakeAuth, mails: MailServer) -> None:
    auth = make_auth(mail=mailer(mails))
    assert "mailOutbox" not in auth.config.tables.models
    with pytest.raises(ConfigurationError, match="outbox"):
        auth.blocking.mails.list()
    with pytest.raises(ConfigurationError, match="mailer"):
        make_auth().blocking.mails.list()


def test_a_mail_waits_for_a_server_that_is_down(
    server: MailingAuth, clock: Clock, tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    server.server.stop()
    ask(server)
    (row,) = rows(tmp_path)
    assert (row["state"], row["attempts"], row["kind"]) == ("waiting", 1, "magic-link")
    server.server.start()
    # Nothing is due yet.
    assert server.auth.blocking.mails.send_due() == {}
    clock.forward(15)
    assert server.auth.blocking.mails.send_due() == {"sent": 1}
    assert rows(tmp_path) == []
    browser = server.browser()
    assert click(browser, server.last()).status == 302
    assert browser.session()["user"]["email"] == ADA
    (record,) = [one for one in logged.records if one.name == "watchword.mail"]
    assert re.match(r"a mail is tried again in \d+ s: magic-link \w+: ", record.getMessage())
    assert (record.levelname, vars(record)["watchword_mail"]) == ("WARNING", "magic-link")


def test_waits_are_doubled_up_to_a_bound_and_differ(
    make_auth: MakeAuth, mails: MailServer, clock: Clock, tmp_path: Path
) -> None:
    outbox = Outbox(attempts=8, first_wait=10, longest_wait=100)
    served = mailing_auth(make_auth, mails, "blocking", mail=mailer(mails, outbox=outbox))
    mails.answers["RCPT"] = "451 later"
    user = served.auth.blocking.users.create(email=ADA)
    served.auth.blocking.users.sign_in_link(user.id, expires_in=timedelta(days=1), mail=True)
    served.auth.blocking.runtime.drain()
    waits: list[float] = []
    for _ in range(7):
        (entry,) = served.auth.blocking.mails.list()
        waits.append((entry.next_attempt - clock.time).total_seconds())
        assert entry.last_error == "451 (RCPT)"
        clock.time = entry.next_attempt
        served.auth.blocking.mails.send_due()
    for wait, most in zip(waits, [10, 20, 40, 80, 100, 100, 100], strict=True):
        assert most / 2 <= wait <= most
    (entry,) = served.auth.blocking.mails.list()
    assert (entry.state, entry.attempts) == ("failed", 8)
    clock.forward(100_000)
    assert served.auth.blocking.mails.send_due() == {}


def test_a_refused_mail_fails_at_once_and_is_kept(
    server: MailingAuth, tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    server.server.answers["RCPT"] = f"550 5.1.1 no {ADA} here"
    ask(server)
    (row,) = rows(tmp_path)
    assert (row["state"], row["attempts"], row["lastError"]) == ("failed", 1, "550 5.1.1 (RCPT)")
    (record,) = [one for one in logged.records if one.name == "watchword.mail"]
    assert record.levelname == "ERROR"
    told = f"a mail was not sent: magic-link {row['id']} is failed after 1 attempts: 550 5.1.1"
    assert record.getMessage().startswith(told)
    assert ADA not in record.getMessage()


def test_a_mail_whose_link_has_ended_is_not_sent(
    server: MailingAuth, clock: Clock, tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    server.server.stop()
    ask(server)
    server.server.start()
    clock.forward(301)
    assert server.auth.blocking.mails.send_due() == {"expired": 1}
    (row,) = rows(tmp_path)
    assert (row["state"], row["content"]) == ("expired", "")
    assert server.posts() == []
    assert server.auth.blocking.mails.retry(row["id"]) is False
    assert any("is expired" in one.getMessage() for one in logged.records)


def test_a_restarted_server_sends_what_the_last_one_left(
    make_auth: MakeAuth, mails: MailServer, kind: str, clock: Clock, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"plugins": [MagicLink()]}
    first = mailing_auth(make_auth, mails, kind, mail=mailer(mails, outbox=True), **options)
    mails.stop()
    ask(first)
    first.auth.blocking.close()
    mails.start()
    clock.forward(15)
    second = mailing_auth(make_auth, mails, kind, mail=mailer(mails, outbox=True), **options)
    assert mails.posts == []
    # Its first request is anybody's.
    assert second.browser().get("/ok").status == 200
    second.auth.blocking.runtime.drain()
    assert len(mails.to(ADA)) == 1
    assert rows(tmp_path) == []


def test_a_process_that_died_while_sending_gives_the_mail_back(
    server: MailingAuth, clock: Clock, tmp_path: Path
) -> None:
    server.server.stop()
    ask(server)
    server.server.start()
    clock.forward(15)
    with closing(sqlite3.connect(tmp_path / "test.db")) as database, database:
        # As a claim leaves it.
        later = (clock.time + timedelta(seconds=60)).isoformat(timespec="milliseconds")
        database.execute(
            "update mailOutbox set attempts = 2, leasedUntil = ?", [later.replace("+00:00", "Z")]
        )
    (entry,) = server.auth.blocking.mails.list()
    assert entry.attempts == 2
    assert server.auth.blocking.mails.send_due() == {}
    assert server.auth.blocking.mails.send(entry.id) == "absent"
    clock.forward(60)
    assert server.auth.blocking.mails.send_due() == {"sent": 1}


def test_a_mail_at_which_every_process_dies_is_given_up(
    server: MailingAuth, clock: Clock, tmp_path: Path
) -> None:
    server.server.stop()
    ask(server)
    server.posts()
    server.server.start()
    most = Outbox().attempts
    with sqlite3.connect(tmp_path / "test.db") as database:
        database.execute("update mailOutbox set attempts = ?, lastError = null", [most])
    database.close()
    clock.forward(60)
    assert server.auth.blocking.mails.send_due() == {"failed": 1}
    (entry,) = server.auth.blocking.mails.list()
    assert (entry.state, entry.last_error) == ("failed", "no attempt came to its end")
    assert server.posts() == []


def test_whoever_is_served_next_sends_what_is_due(server: MailingAuth, clock: Clock) -> None:
    server.server.stop()
    ask(server)
    server.server.start()
    clock.forward(61)
    server.browser().get("/ok")
    server.auth.blocking.runtime.drain()
    assert len(server.posts()) == 1


def test_a_server_that_is_down_is_not_asked_for_every_mail(
    server: MailingAuth, clock: Clock, tmp_path: Path
) -> None:
    server.server.stop()
    for number in range(5):
        ask(server, f"user{number}@example.com")
    assert sorted(row["attempts"] for row in rows(tmp_path)) == [0, 0, 0, 0, 1]
    clock.forward(15)
    # The first one that meets nobody is the last one that is tried.
    assert server.auth.blocking.mails.send_due() == {"deferred": 1}
    server.server.start()
    clock.forward(60)
    assert server.auth.blocking.mails.send_due() == {"sent": 5}


def test_failed_mails_can_be_sent_again_or_dropped(server: MailingAuth, tmp_path: Path) -> None:
    server.server.answers["RCPT"] = "550 no"
    ask(server)
    ask(server, "bob@example.com")
    hand = server.auth.blocking.mails
    first, second = hand.list(state="failed")
    assert {first.to, second.to} == {ADA, "bob@example.com"}
    assert hand.list(state="waiting") == []
    assert hand.drop(second.id) is True
    assert hand.drop(second.id) is False
    del server.server.answers["RCPT"]
    assert hand.retry("nothing") is False
    assert hand.retry(first.id) is True
    (entry,) = hand.list()
    assert (entry.state, entry.attempts) == ("waiting", 0)
    assert hand.send(first.id) == "sent"
    assert hand.send(first.id) == "absent"
    assert rows(tmp_path) == []


def test_all_failed_ones_at_once(server: MailingAuth) -> None:
    server.server.answers["DATA"] = "554 spam"
    for number in range(3):
        ask(server, f"user{number}@example.com")
    server.server.answers.clear()
    assert server.auth.blocking.mails.retry_all() == 3
    assert server.auth.blocking.mails.send_due(limit=2) == {"sent": 2}
    assert server.auth.blocking.mails.send_due() == {"sent": 1}


async def test_the_hand_in_the_other_world(make_auth: MakeAuth, mails: MailServer) -> None:
    auth = make_auth(mail=mailer(mails, outbox=True), plugins=[MagicLink()])
    mails.answers["RCPT"] = "550 no"
    await auth.api.sign_in_magic_link(SignInMagicLink(email=ADA))
    await auth._async_runtime().drain()
    (entry,) = await auth.mails.list()
    assert repr(entry).count(ADA) == 0
    mails.answers.clear()
    assert await auth.mails.retry(entry.id)
    assert await auth.mails.send_due() == {"sent": 1}
    await auth.close()


def test_failed_mails_go_after_a_while(server: MailingAuth, clock: Clock, tmp_path: Path) -> None:
    server.server.answers["RCPT"] = "550 no"
    ask(server)
    clock.forward(29 * 86_400)
    server.auth.blocking.mails.send_due()
    assert len(rows(tmp_path)) == 1
    clock.forward(2 * 86_400)
    server.auth.blocking.mails.send_due()
    assert rows(tmp_path) == []


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"attempts": 0}, "Outbox.attempts"),
        ({"attempts": True}, "Outbox.attempts"),
        ({"first_wait": -1}, "Outbox.first_wait"),
        ({"first_wait": 60, "longest_wait": 30}, "Outbox.longest_wait"),
        ({"lease": 0}, "Outbox.lease"),
        ({"keep_failed": "a month"}, "Outbox.keep_failed"),
        ({"hand_over": "celery"}, "Outbox.hand_over"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], option: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        Outbox(**options)
    assert told.value.option == option


def test_a_lease_is_longer_than_an_attempt() -> None:
    Mailer(SMTP(TAKES_A_MINUTE, timeout=60), sender=SENDER, outbox=Outbox(lease=61))
    with pytest.raises(ConfigurationError) as told:
        Mailer(SMTP(TAKES_A_MINUTE, timeout=60), sender=SENDER, outbox=Outbox(lease=60))
    assert told.value.option == "Outbox.lease"


def test_an_outbox_needs_a_database() -> None:
    mail = Mailer(Console(), sender="a@app.example", outbox=True)
    with pytest.raises(ConfigurationError) as told:
        Auth(
            secret="s" * 16 + "0123456789abcdefghij",
            base_url="http://localhost:3000",
            environ={},
            mail=mail,
            email_and_password=EmailAndPassword(argon2_cost=FAST),
        )
    assert told.value.option == "Mailer.outbox"
