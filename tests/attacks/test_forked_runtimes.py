"""W3: executors, threads, locks and turns belong to a process, also when it was forked in C.

Some servers fork without telling the interpreter. A child then has the parent's pools without their
threads, and locks and turns that nobody will ever give back.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser, Clock
from tests.support.forking import in_forked_child
from tests.support.services import ROOT
from watchword import Call, Hooks, RateLimitRule
from watchword.pipeline.rate_counters import MemoryCounters
from watchword.runtime import process
from watchword.runtime.blocking import finish

PROGRAM = '''
import asyncio, ctypes, os, sys, threading
from tests.core.conftest import FAST
from tests.support.browser import ORIGIN, SECRET, Browser
from watchword import Advanced, Auth, EmailAndPassword, Hooks, PasswordReset, RateLimit, WorkLimits
from watchword.configuration.compilation import open_storage

class InPlace:
    """One blocking engine for both worlds: only the runtimes have threads here."""
    def __init__(self, url):
        self._storage = open_storage(url)
        self.blocking = self.asynchronous = lambda schema: self._storage.blocking(schema)

mails, busy, begun = [], threading.Event(), threading.Event()

async def hook(call):
    await asyncio.sleep(0)

auth = Auth(
    database=InPlace(f"sqlite:///{sys.argv[1]}"), secret=SECRET, base_url=ORIGIN, environ={},
    email_and_password=EmailAndPassword(enabled=True, argon2_cost=FAST),
    password_reset=PasswordReset(send_reset_password=lambda mail, request: mails.append(mail)),
    hooks=Hooks(before=lambda call: None, after=hook), rate_limit=RateLimit(enabled=False),
    advanced=Advanced(work=WorkLimits(hashes=1)),
)

async def in_async(*paths):
    browser = Browser(auth)
    statuses = []
    for path, body in paths:
        statuses.append((await auth.handle(browser.request("POST", path, body))).status)
    await auth._async_runtime().drain()
    return statuses

SIGN_IN = ("/sign-in/email", {"email": "ada@example.com", "password": "password1234"})
RESET = ("/request-password-reset", {"email": "ada@example.com"})

def everything():
    browser = Browser(auth)
    blocking = [browser.post(*SIGN_IN).status, browser.post(*RESET).status]
    auth.blocking.runtime.drain()
    return blocking + asyncio.run(in_async(SIGN_IN, RESET))

auth.blocking.migrate()
assert Browser(auth).sign_up().status == 200
assert everything() == [200] * 4 and len(mails) == 2, mails

# A thread of the parent has the only turn, and a lock of every kind is held.
real = auth.config.passwords.verify
def hold(stored, password):
    begun.set(); busy.wait(60)
    return real(stored, password)
auth.config.passwords.verify = hold
holder = threading.Thread(target=lambda: Browser(auth).sign_in(), daemon=True)
holder.start(); begun.wait(60)
auth.config.passwords.verify = real

child = os.fork() if sys.argv[2] == "python" else ctypes.PyDLL(None).fork()
if child == 0:
    ok = everything() == [200] * 4 and len(mails) == 4
    sys.stdout.write("child ok" if ok else "child failed"); sys.stdout.flush()
    # An exit in good order waits for no thread of the parent.
    sys.exit(0)
busy.set(); holder.join()
assert everything() == [200] * 4 and len(mails) == 4, mails
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
sys.stdout.write(" parent ok")
'''


@pytest.mark.parametrize("fork", ["in C", "python"])
def test_a_forked_child_hashes_mails_and_calls_back(fork: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, str(tmp_path / "test.db"), fork],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'core'}:{ROOT}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "child ok parent ok", done.stdout + done.stderr


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_that_a_callback_forked_has_a_loop_for_callbacks_of_its_own(
    make_auth: MakeAuth,
) -> None:
    parent = os.getpid()
    status: list[int] = []

    async def hook(call: Call) -> dict[str, bool] | None:
        if os.getpid() != parent:
            return {"is_child": True}
        if not status:
            status.append(in_forked_child(called_back, hooks=True))
        return None

    def called_back() -> None:
        assert browser.get("/ok").json == {"is_child": True}

    browser = Browser(make_auth(hooks=Hooks(after=hook)))
    assert browser.get("/ok").status == 200
    assert status == [0]


def test_counters_in_memory_go_on_in_a_child_whatever_a_thread_of_the_parent_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counters, rule = MemoryCounters(), RateLimitRule(window=60, max=1)
    call = cast("Call", SimpleNamespace(now=Clock()()))
    assert finish(counters.consume(call, "key", rule)) is None
    with counters._lock.here():
        monkeypatch.setattr(process.os, "getpid", lambda: -1)
        # What was counted before the fork counts on.
        assert finish(counters.consume(call, "key", rule)) == 60
        finish(counters.give_back(call, "key", rule))
        assert finish(counters.consume(call, "key", rule)) is None
        finish(counters.clear(call, "key"))


def test_threads_that_ask_at_once_get_one_thing() -> None:
    made: list[object] = []
    together = threading.Barrier(8)

    def make() -> object:
        made.append(object())
        return made[-1]

    things = process.PerProcess(make)

    def ask(_: int) -> int:
        together.wait(60)
        return id(things.here())

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(ask, range(8)))
    assert len(made) == 1
    assert found == {id(things.here())}
    assert things.take() is not None
    assert things.take() is None
