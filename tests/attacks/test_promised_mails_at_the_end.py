"""W9: a mail that was promised is sent, however the program ends, or however it is served.

Nobody has called `close()` here: the loop is closed by whoever made it, the process just ends, the
server has no lifespan, or no threads.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.programs_that_end import RESET, WAYS
from tests.attacks.test_forked_workers import installed
from tests.core.conftest import MakeAuth
from tests.support.browser import ORIGIN, Browser
from tests.support.services import ROOT, free_port, wait_for
from watchword import Advanced, PasswordReset, WorkLimits
from watchword.runtime import hosts

ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT / 'core'}:{ROOT}", "PYTHONWARNINGS": "error"}
SENT = "sent\n"


@pytest.mark.parametrize("kind", ["def", "async"])
@pytest.mark.parametrize("way", list(WAYS))
def test_the_mail_is_sent_and_nothing_complains(way: str, kind: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.attacks.programs_that_end", way, kind],
        env={**ENVIRONMENT, "PYTHONWARNINGS": "default"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert sorted(set(done.stdout.split("\n")) & {"answered", "sent"}) == ["answered", "sent"]
    assert "Error" not in done.stderr
    assert "never awaited" not in done.stderr
    assert "was destroyed" not in done.stderr


def test_a_server_whose_application_refuses_lifespan_sends_it_when_it_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "uvicorn", "tests.attacks.mailing_asgi:app"]
    with served(command, "--port", tmp_path) as (port, process):
        assert asked(port) == 200
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    assert SENT in (tmp_path / "log").read_text()


@pytest.mark.parametrize("threads", [[], ["--enable-threads"]])
def test_uwsgi_sends_it_with_threads_and_without(threads: list[str], tmp_path: Path) -> None:
    command = [installed(), "--module", "tests.attacks.mailing_wsgi", "--need-app", "--master"]
    command += ["--die-on-term", "--disable-logging", *threads]
    log = tmp_path / "log"
    with served(command, "--http-socket", tmp_path) as (port, _):
        for number in range(2):
            assert asked(port) == 200
            if not threads:
                assert log.read_text().count(SENT) == number + 1
        wait_for_mails(log, 2)
    told = log.read_text().count("background work is done before the answer")
    assert told == (0 if threads else 1)


@pytest.mark.parametrize(
    ("options", "still"),
    [
        ({b"http-socket": b":80"}, True),
        ({"http-socket": ":80"}, True),
        ({b"enable-threads": True}, False),
        ({b"threads": b"4"}, False),
        ({b"gevent": b"100"}, False),
        (None, False),
    ],
)
def test_what_uwsgi_says_of_threads(
    options: dict[object, object] | None, still: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uwsgi", type(sys)("uwsgi"))
    if options is not None:
        monkeypatch.setattr(sys.modules["uwsgi"], "opt", options, raising=False)
    assert hosts.threads_stand_still() is still


def test_without_any_thread_the_answers_wait_and_one_warning_says_so(
    make_auth: MakeAuth,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sent: list[str] = []

    def send(mail: object, request: object) -> None:
        sent.append(threading.current_thread().name)

    auth = make_auth(password_reset=PasswordReset(send_reset_password=send, reset_page="/reset"))
    Browser(auth).sign_up()

    def refuse(thread: threading.Thread) -> None:
        if thread.name.startswith("watchword-background"):
            raise RuntimeError("can't start new thread")
        start(thread)

    start = threading.Thread.start
    monkeypatch.setattr(threading.Thread, "start", refuse)
    browser = Browser(auth, kind)

    async def twice() -> None:
        for _ in range(2):
            await auth.handle(browser.request("POST", *RESET))
        await auth.close()

    if kind == "async":
        asyncio.run(twice())
    else:
        assert [browser.post(*RESET).status for _ in range(2)] == [200, 200]
    assert sent == [threading.current_thread().name] * 2
    told = [one for one in caplog.records if one.name == "watchword.background"]
    assert [(one.levelno, one.message) for one in told] == [
        (
            logging.WARNING,
            "the system gives no threads: background work is done before the answer",
        )
    ]


def test_closing_on_one_loop_leaves_the_work_of_another_alone(make_auth: MakeAuth) -> None:
    gates: dict[str, asyncio.Event] = {}
    sent: list[str] = []

    async def send(mail: Any, request: object) -> None:
        name = threading.current_thread().name
        gates[name] = asyncio.Event()
        asked_for[name].set()
        await gates[name].wait()
        sent.append(name)

    asked_for = {"other": threading.Event(), threading.current_thread().name: threading.Event()}
    go_on = threading.Event()
    auth = make_auth(password_reset=PasswordReset(send_reset_password=send, reset_page="/reset"))
    browser = Browser(auth)
    browser.sign_up()

    async def elsewhere() -> None:
        assert (await auth.handle(browser.request("POST", *RESET))).status == 200
        await asyncio.to_thread(go_on.wait, 60)
        gates["other"].set()
        # This loop's own is what a server waits for here, though another one has closed.
        await auth.close()
        assert sent == ["other"]
        # And it can be used on.
        assert (await auth.handle(browser.request("GET", "/ok"))).status == 200

    async def here() -> None:
        await auth.handle(browser.request("GET", "/get-session"))
        await auth.close()
        assert sent == []

    other = threading.Thread(target=lambda: asyncio.run(elsewhere()), name="other")
    other.start()
    assert asked_for["other"].wait(60)
    asyncio.run(here())
    go_on.set()
    other.join(60)
    assert sent == ["other"]


def test_what_a_closed_loop_left_is_told_and_takes_no_place(
    make_auth: MakeAuth, caplog: pytest.LogCaptureFixture
) -> None:
    hanging = iter([True, True, False])

    async def send(mail: object, request: object) -> None:
        if next(hanging):
            await asyncio.Event().wait()

    auth = make_auth(
        password_reset=PasswordReset(send_reset_password=send, reset_page="/reset"),
        advanced=Advanced(work=WorkLimits(background=1, background_queue=1, drain=0.01)),
    )
    browser = Browser(auth)
    browser.sign_up()

    async def ask() -> int:
        return (await auth.handle(browser.request("POST", *RESET))).status

    for _ in range(2):
        # Another loop's end is noticed with the next work; until then it has its place.
        loop = asyncio.new_event_loop()
        assert loop.run_until_complete(ask()) == 200
        loop.set_exception_handler(lambda loop, context: None)
        loop.close()
    assert asyncio.run(ask()) == 200
    assert caplog.text.count("background work was cancelled with its event loop") == 2


def asked(port: int) -> int:
    """Ask for a password reset; gives the status."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/auth{RESET[0]}",
        json.dumps(RESET[1]).encode(),
        {"content-type": "application/json", "host": "localhost:3000", "origin": ORIGIN},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.status


@contextmanager
def served(
    command: list[str], option: str, folder: Path
) -> Generator[tuple[int, subprocess.Popen[bytes]], None, None]:
    """A server that writes to `log` in a folder; gives its port."""
    port = free_port()
    place = str(port) if option == "--port" else f"127.0.0.1:{port}"
    path = os.pathsep.join([str(ROOT / "core"), str(ROOT), *filter(None, sys.path)])
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, option, place],
            env={**os.environ, "PYTHONPATH": path},
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/api/auth/ok", process)
            yield port, process
            process.terminate()
            process.wait(30)
        finally:
            process.kill()
            process.wait(30)


def wait_for_mails(log: Path, count: int) -> None:
    """Wait until a server has said so often that it sent one."""
    pause = threading.Event()
    for _ in range(600):
        if log.read_text().count(SENT) >= count:
            return
        pause.wait(0.05)
    pytest.fail(log.read_text())
