"""`watchword mails`: the outbox from the shell, with neither links nor addresses in sight."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.conftest import APP, SECRET, Workplace, refused
from tests.support.mail_server import MailServer, mail_server
from tests.support.services import ROOT
from watchword import Auth
from watchword.mail import SMTP, Mailer
from watchword.plugins.magic_link import MagicLink, SignInMagicLink

ADA = "ada@example.com"
OUTBOX = APP.replace(
    "auth = Auth(",
    """import os
from watchword.mail import SMTP, Mailer
from watchword.plugins import MagicLink

mail = Mailer(SMTP(os.environ["SMTP_URL"]), sender="a@app.example", outbox=True)
auth = Auth(mail=mail, plugins=[MagicLink(expires_in=3600)],""",
)


@pytest.fixture
def mails() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def site(work: Workplace, mails: MailServer, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    """An application with an outbox, where a mail failed and another one waits."""
    monkeypatch.setenv("SMTP_URL", mails.url)
    work.write("app.py", OUTBOX)
    assert work("migrate", "--yes").status == 0
    auth = Auth(
        database=f"sqlite:///{work.folder}/app.db",
        secret=SECRET,
        base_url="https://app.example.com",
        environ={},
        plugins=[MagicLink(expires_in=3600)],
        mail=Mailer(SMTP(mails.url), sender="a@app.example", outbox=True),
    )
    for answer, email in (("550 5.1.1 no", ADA), ("451 later", "bob@example.com")):
        mails.answers["RCPT"] = answer
        auth.blocking.api.sign_in_magic_link(SignInMagicLink(email=email))
        auth.blocking.runtime.drain()
    mails.answers.clear()
    auth.blocking.close()
    return work


def listed(site: Workplace, *tokens: str) -> Any:
    ran = site("mails", *tokens, "--json")
    assert (ran.status, ran.err) == (0, ""), ran.text
    return json.loads(ran.out)


def test_what_is_not_sent_is_listed(site: Workplace) -> None:
    ran = site("mails")
    assert ran.status == 0
    failed, waiting = ran.out.splitlines()
    assert re.fullmatch(
        r"\w{32}  magic-link  a\*\*\*@example\.com  failed   1  -   +  550 5\.1\.1 \(RCPT\)", failed
    )
    assert re.fullmatch(
        r"\w{32}  magic-link  b\*\*\*@example\.com  waiting  1  \d{4}-.*:\d\d  451 \(RCPT\)",
        waiting,
    )
    assert ADA not in ran.text
    assert "token" not in ran.text


def test_the_page_shows_what_is_printed(site: Workplace, mails: MailServer) -> None:
    page = (ROOT / "docs" / "cli.md").read_text()
    (session,) = re.findall(r"^```console\n(\$ watchword mails\n.*?)^```", page, re.M | re.S)
    failed, waiting = listed(site)
    ids: list[str] = re.findall(r"^\w{32}(?=  )", session, re.MULTILINE)
    for shown, there in zip(ids, (failed["id"], waiting["id"]), strict=True):
        session = session.replace(shown, there)
    for command, printed in re.findall(r"^\$ watchword (.*)\n((?:[^$].*\n)*)", session, re.M):
        if command.startswith("mails retry"):
            mails.answers["RCPT"] = "550 5.1.1 no"
        ran = site(*command.split())
        assert (timeless(ran.out), ran.status) == (timeless(printed), 0), command


def timeless(text: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\d[ T][\d:.]+", "TIME", text)


def test_as_json_and_by_state(site: Workplace) -> None:
    (failed,) = listed(site, "--state", "failed")
    assert (failed["to"], failed["state"], failed["attempts"]) == ("a***@example.com", "failed", 1)
    assert failed["lastError"] == "550 5.1.1 (RCPT)"
    assert [one["state"] for one in listed(site)] == ["failed", "waiting"]
    assert listed(site, "--state", "expired") == []


def test_one_mail_now(site: Workplace, mails: MailServer) -> None:
    (waiting,) = listed(site, "--state", "waiting")
    assert site("mails", "send").out == "none is due\n"
    sent = site("mails", "send", waiting["id"])
    assert (sent.status, sent.out) == (0, "sent\n")
    again = site("mails", "send", waiting["id"])
    assert (again.status, again.out) == (1, "absent\n")
    assert len(mails.to("bob@example.com")) == 1


def test_what_failed_is_tried_again(site: Workplace, mails: MailServer) -> None:
    ran = site("mails", "retry", "--all")
    assert ran.status == 0
    assert ran.out.startswith("1 due")
    assert json.loads(site("mails", "send", "--json").out) == {"sent": 1}
    assert len(mails.to(ADA)) == 1


def test_one_that_failed(site: Workplace, mails: MailServer) -> None:
    (failed,) = listed(site, "--state", "failed")
    assert site("mails", "retry", failed["id"]).status == 0
    mails.answers["RCPT"] = "550 5.1.1 still not"
    assert site("mails", "send").out == "1 failed\n"
    refused(site("mails", "retry", "nothing"), "no such mail")
    refused(site("mails", "retry"), "which mails")
    refused(site("mails", "retry", failed["id"], "--all"), "which mails")


def test_dropping_one(site: Workplace) -> None:
    (failed,) = listed(site, "--state", "failed")
    refused(site("mails", "drop", failed["id"]), "no terminal")
    assert site("mails", "drop", failed["id"], "--yes").status == 0
    refused(site("mails", "drop", failed["id"], "--yes"), "no such mail")
    assert listed(site, "--state", "failed") == []


def test_without_an_outbox_the_remedy_is_named(work: Workplace) -> None:
    work.write("app.py", APP)
    work("migrate", "--yes")
    refused(work("mails"), "Mailer(..., outbox=True)")


def test_cleanup_deletes_what_is_over(site: Workplace) -> None:
    with sqlite3.connect(site.folder / "app.db") as database:
        database.execute(
            "update mailOutbox set purgeAt = '2020-01-01T00:00:00.000Z' where state = 'failed'"
        )
    database.close()
    assert json.loads(site("cleanup", "--json").out)["mailOutbox"] == 1
    assert [one["state"] for one in listed(site)] == ["waiting"]


def test_doctor_tells_of_failed_mails(site: Workplace) -> None:
    found = json.loads(site("doctor", "--json").out)
    (mail,) = [one for one in found if one["about"] == "mail.outbox"]
    assert (mail["severity"], mail["what"]) == ("warning", "a mail could not be sent")


def test_doctor_tells_of_a_short_lease(work: Workplace) -> None:
    work.write(
        "app.py",
        OUTBOX.replace("outbox=True", "outbox=Outbox(lease=45)")
        .replace('SMTP(os.environ["SMTP_URL"])', "SMTP('smtps://mx.example')")
        .replace("import SMTP, Mailer", "import SMTP, Mailer, Outbox"),
    )
    found = json.loads(work("doctor", "--json").out)
    (lease,) = [one for one in found if one["about"] == "Mailer.outbox.lease"]
    assert lease["severity"] == "warning"


@pytest.mark.parametrize(
    ("transport", "severity"),
    [
        ("Console()", "error"),
        ("Files('mails')", "error"),
        ("SMTP('smtp://user:hunter22@mx.example?starttls=false')", "error"),
        ("SMTP('smtp://mx.example?starttls=false')", "warning"),
        ("SMTP('smtp://user:hunter22@mx.example')", None),
        ("SMTP('smtps://user:hunter22@mx.example')", None),
        ("SMTP('smtp://localhost')", None),
    ],
)
def test_doctor_looks_at_the_way_of_mails(
    work: Workplace, transport: str, severity: str | None
) -> None:
    text = APP.replace(
        "auth = Auth(",
        f"""from watchword.mail import *
auth = Auth(mail=Mailer({transport}, sender="a@app.example"),""",
    )
    work.write("app.py", text)
    ran = work("doctor", "--json")
    found = json.loads(ran.out)
    told = [one["severity"] for one in found if one["about"] == "mail.transport"]
    assert told == ([severity] if severity else [])
    assert [one["severity"] for one in found if one["about"] == "mail.outbox"] == ["info"]
    info = work("info", "--json")
    for text in (ran.text, info.text):
        assert "hunter22" not in text
