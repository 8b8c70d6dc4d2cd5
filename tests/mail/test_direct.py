"""Mails without an outbox: tried a few times, and never lost without a word."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.mail.mailing_auth import ADA, MailingAuth, ask, mailer, mailing_auth
from tests.support.browser import SECRET
from tests.support.mail_server import MailServer
from tests.support.services import ROOT
from watchword import Advanced, Auth, WorkLimits
from watchword.mail import Mailer, MailRefused
from watchword.plugins import MagicLink


@pytest.fixture
def server(make_auth: MakeAuth, mails: MailServer, kind: str) -> MailingAuth:
    quick = mailer(mails, retry_after=(0, 0))
    return mailing_auth(make_auth, mails, kind, mail=quick, plugins=[MagicLink()])


def told(logged: pytest.LogCaptureFixture) -> list[str]:
    found = [one for one in logged.records if one.name == "watchword.mail"]
    assert all(one.levelno == logging.ERROR for one in found)
    return [one.getMessage() for one in found]


def test_a_mail_that_is_put_off_is_tried_again(
    server: MailingAuth, logged: pytest.LogCaptureFixture
) -> None:
    server.server.answers["RCPT"] = ["451 later", "421 4.3.2 closing"]
    ask(server)
    assert len(server.posts()) == 1
    assert told(logged) == []


def test_one_that_is_refused_is_not(server: MailingAuth, logged: pytest.LogCaptureFixture) -> None:
    server.server.answers["RCPT"] = ["550 5.1.1 nobody"]
    ask(server)
    assert server.posts() == []
    assert told(logged) == ["a mail is lost: magic-link, after 1 attempts: 550 5.1.1 (RCPT)"]


def test_one_that_nobody_takes_is_told_by_kind_and_reason(
    server: MailingAuth, logged: pytest.LogCaptureFixture
) -> None:
    server.server.stop()
    ask(server)
    (line,) = told(logged)
    assert line.startswith("a mail is lost: magic-link, after 3 attempts: ")
    fields = vars(logged.records[-1])
    assert fields["watchword_mail"] == "magic-link"
    assert fields["watchword_user_id"] is None


class Failing:
    """A transport whose errors quote the mail."""

    def __init__(self, error: type[Exception] = ValueError) -> None:
        self.error = error
        self.mails: list[EmailMessage] = []

    def send(self, message: EmailMessage, /) -> None:
        self.mails.append(message)
        raise self.error(str(message))


@pytest.mark.parametrize("outbox", [False, True])
@pytest.mark.parametrize("debug", [False, True])
def test_what_a_transport_says_is_never_logged(
    make_auth: MakeAuth,
    kind: str,
    logged: pytest.LogCaptureFixture,
    mails: MailServer,
    outbox: bool,
    debug: bool,
) -> None:
    failing = Failing()
    mail = Mailer(failing, sender="a@app.example", outbox=outbox, retry_after=())
    served = mailing_auth(make_auth, mails, kind, mail=mail, plugins=[MagicLink()])
    with logged.at_level(logging.DEBUG if debug else logging.INFO, "watchword"):
        ask(served)
    assert len(failing.mails) == 1
    text = "\n".join([*(one.getMessage() for one in logged.records), logged.text])
    assert "ValueError at tests.mail.test_direct.Failing.send" in text
    for secret in (ADA, "magic-link/verify", "token="):
        assert secret not in text


def test_a_transport_may_refuse_for_ever(
    make_auth: MakeAuth, kind: str, mails: MailServer, logged: pytest.LogCaptureFixture
) -> None:
    class Choosy:
        tries = 0

        async def send(self, message: EmailMessage, /) -> None:
            Choosy.tries += 1
            raise MailRefused("suppressed: it bounced before")

    mail = Mailer(Choosy(), sender="a@app.example")
    ask(mailing_auth(make_auth, mails, kind, mail=mail, plugins=[MagicLink()]))
    assert Choosy.tries == 1
    assert told(logged)[0].endswith("suppressed: it bounced before")


@pytest.fixture
def stuck() -> Iterator[threading.Event]:
    go_on = threading.Event()
    yield go_on
    go_on.set()


def test_what_is_unsent_at_the_end_is_told_by_kind(
    make_auth: MakeAuth, mails: MailServer, stuck: threading.Event, logged: pytest.LogCaptureFixture
) -> None:
    class Stuck:
        def send(self, message: EmailMessage, /) -> None:
            assert stuck.wait(30)

    mail = Mailer(Stuck(), sender="a@app.example")
    limits = Advanced(work=WorkLimits(background=1))
    auth = make_auth(mail=mail, plugins=[MagicLink()], advanced=limits)
    browser = MailingAuth(auth, mails).browser()
    for _ in range(3):
        browser.post("/sign-in/magic-link", {"email": ADA})
    auth.blocking.runtime.drain(0)
    (line,) = [one.getMessage() for one in logged.records if "not finished" in one.getMessage()]
    assert line.endswith("among them: mail magic-link (3)")
    stuck.set()
    auth.blocking.runtime.drain()
    auth.blocking.runtime.drain(0)


@pytest.mark.parametrize("world", ["asyncio.run(main())", "blocking()"])
def test_a_program_that_just_ends_has_mailed(mails: MailServer, world: str) -> None:
    program = f"""
import asyncio
from watchword import Auth
from watchword.mail import SMTP, Mailer
from watchword.plugins.magic_link import MagicLink, SignInMagicLink

auth = Auth(secret={SECRET!r}, base_url="http://localhost", environ={{}}, plugins=[MagicLink()],
            mail=Mailer(SMTP({mails.url!r}), sender="a@app.example"))
mail = SignInMagicLink(email={ADA!r})

async def main():
    await auth.api.sign_in_magic_link(mail)

def blocking():
    auth.blocking.api.sign_in_magic_link(mail)

{world}
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={"PYTHONPATH": str(ROOT / "core")},
    )
    assert done.stderr == ""
    assert len(mails.to(ADA)) == 1


def test_a_program_of_one_world_does_not_load_the_other(mails: MailServer) -> None:
    program = f"""
import sys
from watchword import Auth
from watchword.mail import SMTP, Mailer
from watchword.plugins.magic_link import MagicLink, SignInMagicLink

auth = Auth(secret={SECRET!r}, base_url="http://localhost", environ={{}}, plugins=[MagicLink()],
            mail=Mailer(SMTP({mails.url!r}), sender="a@app.example"))
assert not {{"smtplib", "aiosmtplib", "jinja2", "ssl"}} & set(sys.modules)
auth.blocking.api.sign_in_magic_link(SignInMagicLink(email={ADA!r}))
auth.blocking.close()
print("smtplib" in sys.modules, "aiosmtplib" in sys.modules, "asyncio" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={"PYTHONPATH": str(ROOT / "core")},
    )
    assert done.stdout == "True False False\n"


def test_a_hanging_mail_server_delays_no_answer(
    make_auth: MakeAuth, mails: MailServer, stuck: threading.Event
) -> None:
    begun = threading.Event()

    class Stuck:
        def send(self, message: EmailMessage, /) -> None:
            begun.set()
            assert stuck.wait(30)

    auth: Auth[Any] = make_auth(
        mail=Mailer(Stuck(), sender="a@app.example", outbox=True), plugins=[MagicLink()]
    )
    browser = MailingAuth(auth, mails).browser()
    assert browser.post("/sign-in/magic-link", {"email": ADA}).status == 200
    assert begun.wait(10)
    assert browser.get("/ok").status == 200
    stuck.set()
    auth.blocking.runtime.drain()
