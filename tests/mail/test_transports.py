"""Mails in development: on the console, and in files."""

from __future__ import annotations

import email
import logging
import stat
from email import policy
from pathlib import Path

import pytest

from tests.core.conftest import MakeAuth
from tests.mail.mailing_auth import ADA, MailingAuth
from tests.support.mail_server import MailServer
from watchword import ConfigurationError
from watchword.mail import Console, Files, Mailer
from watchword.plugins import MagicLink


def send(make_auth: MakeAuth, kind: str, transport: Console | Files, **options: bool) -> None:
    mail = Mailer(transport, sender="App <a@app.example>")
    auth = make_auth(mail=mail, plugins=[MagicLink()], **options)
    MailingAuth(auth, MailServer(), kind).browser().post("/sign-in/magic-link", {"email": ADA})
    auth.blocking.runtime.drain()


def test_on_the_console(make_auth: MakeAuth, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    send(make_auth, kind, Console())
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"To: {ADA}\nSubject: Your sign-in link for watchword\n" in printed.err
    assert "http://localhost:3000/api/auth/magic-link/verify?token=" in printed.err


def test_in_files(make_auth: MakeAuth, kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "out" / "mails"
    send(make_auth, kind, Files(folder))
    send(make_auth, kind, Files(str(folder)))
    first, second = sorted(folder.iterdir())
    assert first.name.startswith("20300101-000000-")
    assert first.suffix == second.suffix == ".eml"
    message = email.message_from_bytes(first.read_bytes(), policy=policy.default)
    assert message["To"] == ADA
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("directory", ["", 5])
def test_files_need_a_folder(directory: str) -> None:
    with pytest.raises(ConfigurationError, match=r"Files\.directory"):
        Files(directory)


def test_production_is_told_that_nobody_gets_a_mail(
    make_auth: MakeAuth, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    for transport in (Console(), Files(tmp_path)):
        caplog.clear()
        with caplog.at_level(logging.WARNING, "watchword"):
            make_auth(mail=Mailer(transport, sender="a@app.example"), production=True)
        assert any("for development" in one.getMessage() for one in caplog.records)
