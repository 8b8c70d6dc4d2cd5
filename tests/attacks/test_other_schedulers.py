"""W9: where something else than threads and asyncio schedules, hashing stalls nobody, or the
server says by name what it cannot run on.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import subprocess
import sys

import pytest
import trio

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser
from tests.support.services import ROOT, require
from watchword.runtime.loops import WrongLoop

GREENLETS = """
from gevent import monkey
monkey.patch_all()
import sys
import gevent
from tests.attacks.programs_that_end import SIGN_IN, RESET, made, say, send, send_async
from tests.support.browser import Browser
from watchword import WorkLimits

native = monkey.get_original("_thread", "get_ident")
auth = made({"def": send, "async": send_async}[sys.argv[1]], work=WorkLimits(hashes=1))
real, hub, threads = auth.config.passwords.verify, native(), []
held = monkey.get_original("_thread", "allocate_lock")()

def verify(stored, password):
    threads.append(native())
    # Until another greenlet lets go, which one that stalls the others would wait for in vain.
    with held:
        return real(stored, password)

auth.config.passwords.verify = verify
held.acquire()
people = [gevent.spawn(Browser(auth).post, *SIGN_IN) for _ in range(3)]
while not threads:
    gevent.sleep(0)
assert Browser(auth).get("/ok").status == 200
held.release()
assert [one.get(timeout=60).status for one in people] == [200] * 3
assert len(threads) == 3 and hub not in threads
assert Browser(auth).post(*RESET).status == 200
say("answered")
"""


@pytest.mark.parametrize("kind", ["def", "async"])
def test_hashing_leaves_the_greenlets_alone_and_mails_are_sent(kind: str) -> None:
    require(importlib.util.find_spec("gevent") is not None, "gevent", "Run `make setup`.")
    path = os.pathsep.join([str(ROOT / "core"), str(ROOT), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", GREENLETS, kind],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.split() == ["answered", "sent"], done.stdout + done.stderr


def test_trio_is_refused_by_name(make_auth: MakeAuth) -> None:
    auth = make_auth()
    with pytest.raises(WrongLoop, match=r"^trio runs here, .* need asyncio"):
        trio.run(auth.handle, Browser(auth).request("GET", "/ok"))


def test_no_loop_at_all_is_told(make_auth: MakeAuth) -> None:
    auth = make_auth()
    waiting = auth.handle(Browser(auth).request("GET", "/ok"))
    with pytest.raises(WrongLoop, match=r"^no event loop runs here"):
        waiting.send(None)
    assert asyncio.run(auth.handle(Browser(auth).request("GET", "/ok"))).status == 200
    asyncio.run(auth.close())
