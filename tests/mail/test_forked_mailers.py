"""Mails of forked workers, to a mail server in a process of its own: a thread of it here could ask
for the interpreter's lock in the moment of a fork in C, which no child survives."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser
from tests.support.forking import in_forked_child
from tests.support.services import free_port, wait_for_port
from watchword import Auth
from watchword.mail import SMTP, Mailer
from watchword.plugins import MagicLink


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    number, folder = free_port(), str(tmp_path / "mails")
    command = [sys.executable, "-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{number}"]
    with subprocess.Popen([*command, "-c", "aiosmtpd.handlers.Mailbox", folder]) as process:
        try:
            wait_for_port(number, process)
            yield number
        finally:
            process.terminate()


def ask(auth: Auth[Any], email: str) -> None:
    assert Browser(auth).post("/sign-in/magic-link", {"email": email}).status == 200
    auth.blocking.runtime.drain()


def still() -> None:
    """Wait for the threads that had something to do; the same holds for ours as for a server's."""
    gc.collect()
    for thread in threading.enumerate():
        if thread.name.startswith("watchword"):
            thread.join(10)


@pytest.mark.parametrize("hooks", [True, False], ids=["by Python", "in C"])
@pytest.mark.parametrize("outbox", [False, True])
def test_forked_children_mail_as_their_parent_does(
    make_auth: MakeAuth, port: int, tmp_path: Path, outbox: bool, hooks: bool
) -> None:
    mail = Mailer(SMTP(f"smtp://127.0.0.1:{port}"), sender="a@app.example", outbox=outbox)
    auth = make_auth(mail=mail, plugins=[MagicLink()])
    ask(auth, "parent@example.com")
    still()
    assert in_forked_child(lambda: ask(auth, "child@example.com"), hooks=hooks) == 0
    ask(auth, "parent@example.com")
    texts = [file.read_text() for file in (tmp_path / "mails" / "new").iterdir()]
    to = sorted(text.partition("To: ")[2].partition("\n")[0] for text in texts)
    assert to == ["child@example.com", "parent@example.com", "parent@example.com"]
