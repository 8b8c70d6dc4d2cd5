"""Mails that a queue of the application's sends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.conftest import MakeAuth
from tests.mail.mailing_auth import ADA, ask, mailer, mailing_auth, rows
from tests.support.browser import Clock
from tests.support.mail_server import MailServer
from watchword.mail import Outbox
from watchword.plugins import MagicLink


def test_mails_may_be_handed_to_a_queue(
    make_auth: MakeAuth, mails: MailServer, kind: str, clock: Clock
) -> None:
    handed: list[tuple[str, float]] = []
    outbox = Outbox(hand_over=lambda mail_id, wait: handed.append((mail_id, wait)))
    served = mailing_auth(
        make_auth, mails, kind, mail=mailer(mails, outbox=outbox), plugins=[MagicLink()]
    )
    ask(served)
    ((mail_id, wait),) = handed
    assert wait == 0
    assert served.posts() == []
    # The worker meets a server that is down, and hands it over again.
    mails.stop()
    assert served.auth.blocking.mails.send(mail_id) == "deferred"
    mails.start()
    (_, (again, later)) = handed
    assert again == mail_id
    assert 7 <= later <= 15
    assert served.auth.blocking.mails.send(mail_id) == "sent"
    assert served.auth.blocking.mails.send(mail_id) == "absent"
    assert len(served.posts()) == 1


def test_what_a_queue_loses_is_handed_over_again(
    make_auth: MakeAuth, mails: MailServer, clock: Clock, logged: pytest.LogCaptureFixture
) -> None:
    handed: list[str] = []

    def hand_over(mail_id: str, wait: float) -> None:
        handed.append(mail_id)
        if len(handed) == 1:
            raise ConnectionError(f"the broker is down: {ADA}")

    outbox = Outbox(hand_over=hand_over, lease=60)
    served = mailing_auth(
        make_auth, mails, "blocking", mail=mailer(mails, outbox=outbox), plugins=[MagicLink()]
    )
    ask(served)
    clock.forward(61)
    served.browser().get("/ok")
    served.auth.blocking.runtime.drain()
    assert len(handed) == 2
    assert handed[0] == handed[1]
    assert mails.posts == []
    assert any("failed with ConnectionError" in one.getMessage() for one in logged.records)
    assert not any(ADA in one.getMessage() for one in logged.records)


def test_failed_mails_go_after_a_while_where_a_queue_sends(
    make_auth: MakeAuth, mails: MailServer, clock: Clock, tmp_path: Path
) -> None:
    outbox = Outbox(hand_over=lambda mail_id, wait: None, keep_failed=3600)
    served = mailing_auth(
        make_auth, mails, "blocking", mail=mailer(mails, outbox=outbox), plugins=[MagicLink()]
    )
    ask(served)
    (entry,) = served.auth.blocking.mails.list()
    mails.answers["RCPT"] = "550 no"
    assert served.auth.blocking.mails.send(entry.id) == "failed"
    clock.forward(3601)
    served.browser().get("/ok")
    served.auth.blocking.runtime.drain()
    assert rows(tmp_path) == []
