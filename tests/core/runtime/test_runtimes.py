"""One core, two worlds: callbacks, background work, threads, forks, loops."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser
from watchword import Auth, Call, Hooks, Overloaded, Request
from watchword.runtime.asynchronous import AsyncRuntime
from watchword.runtime.blocking import BlockingRuntime, MustNotWait, finish
from watchword.runtime.callback_loop import CallbackLoop

OK = Request(method="GET", path="/api/auth/ok", host="localhost:3000")


def hooked(make_auth: MakeAuth, callback: Callable[[Call], Any]) -> Auth[Any]:
    return make_auth(hooks=Hooks(after=callback))


def test_async_callbacks_run_in_the_blocking_world(make_auth: MakeAuth) -> None:
    async def slow(call: Call) -> dict[str, str]:
        await asyncio.sleep(0)
        return {"thread": threading.current_thread().name}

    browser = Browser(hooked(make_auth, slow))
    first, second = browser.get("/ok").json, browser.get("/ok").json
    assert first == second == {"thread": "watchword-callbacks"}


def test_callbacks_of_two_servers_that_call_each_other_do_not_wait_for_ever(
    make_auth: MakeAuth, caplog: pytest.LogCaptureFixture
) -> None:
    both = threading.Barrier(2)
    told: list[int] = []

    def calls(number: int) -> Callable[[Call], Any]:
        async def hook(call: Call) -> None:
            await asyncio.to_thread(both.wait, 60)
            told.append(servers[1 - number].blocking.handle(OK).status)

        return hook

    servers = [make_auth(hooks=Hooks(after=calls(number))) for number in range(2)]
    asking = [
        threading.Thread(target=one.blocking.handle, args=(OK,), daemon=True) for one in servers
    ]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join(30)
    assert told == [500, 500]
    assert caplog.text.count("request failed: MustNotWait") == 2


def test_a_callback_that_comes_behind_the_end_of_its_loop_is_refused() -> None:
    loop = CallbackLoop()
    begun, ending, end = threading.Event(), threading.Event(), threading.Event()
    told: list[type[BaseException]] = []

    async def endless() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            ending.set()
            end.wait(60)

    def ask() -> None:
        try:
            loop.result_of(endless())
        except BaseException as error:
            told.append(type(error))

    first, second = (threading.Thread(target=ask, daemon=True) for _ in range(2))
    first.start()
    begun.wait(60)
    loop.stop()
    ending.wait(60)
    second.start()
    second.join(10)
    end.set()
    first.join(60)
    assert told == [Overloaded, CancelledError]


def test_sync_callbacks_stay_off_the_event_loop(make_auth: MakeAuth) -> None:
    def name(call: Call) -> dict[str, str]:
        return {"thread": threading.current_thread().name}

    answer = Browser(hooked(make_auth, name), "async").get("/ok").json
    assert answer["thread"].startswith("watchword-callback_")


def test_hashing_stays_off_the_event_loop(make_auth: MakeAuth) -> None:
    seen: list[str] = []
    auth = make_auth()
    real = auth.config.passwords.hash

    def watched(password: str) -> str:
        seen.append(threading.current_thread().name)
        return real(password)

    auth.config.passwords.hash = watched  # type: ignore[method-assign]
    Browser(auth, "async").sign_up()
    Browser(auth).sign_up("bob@example.com")
    assert seen[0].startswith("watchword-hash")
    assert seen[1] == threading.current_thread().name


def test_background_work_delays_no_response_and_is_finished_at_close(make_auth: MakeAuth) -> None:
    release, done = threading.Event(), threading.Event()

    def start(call: Call) -> None:
        async def work() -> None:
            release.wait(10)
            done.set()

        call.background(work())

    auth = hooked(make_auth, start)
    assert auth.blocking.handle(OK).status == 200
    assert not done.is_set()
    release.set()
    auth.blocking.close()
    assert done.is_set()


async def test_background_work_on_a_loop_is_finished_at_close(make_auth: MakeAuth) -> None:
    done: list[str] = []
    gate = asyncio.Event()

    async def start(call: Call) -> None:
        async def work() -> None:
            await gate.wait()
            done.append("mail")

        call.background(work())

    auth = hooked(make_auth, start)
    assert (await auth.handle(OK)).status == 200
    assert done == []
    gate.set()
    await auth.close()
    assert done == ["mail"]


def test_failing_background_work_is_logged_and_forgotten(
    make_auth: MakeAuth, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def start(call: Call) -> None:
        async def work() -> None:
            raise RuntimeError("the mail server is down")

        call.background(work())

    browser = Browser(hooked(make_auth, start), kind)
    assert browser.get("/ok").status == 200
    browser.auth.blocking.close()
    assert "background work failed" in caplog.text


def test_what_waits_is_refused_in_the_blocking_world() -> None:
    with pytest.raises(MustNotWait, match="async entrance"):
        finish(asyncio.sleep(0))


def test_one_server_serves_one_loop_after_another(make_auth: MakeAuth) -> None:
    auth = make_auth()
    Browser(auth).sign_up()

    async def sign_in() -> int:
        answers = [await auth.handle(OK) for _ in range(3)]
        return sum(answer.status for answer in answers)

    assert [asyncio.run(sign_in()) for _ in range(3)] == [600] * 3


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_serves_on_connections_of_its_own(make_auth: MakeAuth) -> None:
    auth = make_auth()
    browser = Browser(auth)
    browser.sign_up()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            fresh = Browser(auth)
            status = 0 if fresh.sign_in().status == 200 and fresh.session() else 2
        finally:
            os._exit(status)
    assert browser.session() is not None
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(browser.get("/list-sessions").json) == 2


def test_both_worlds_share_one_database(make_auth: MakeAuth) -> None:
    auth = make_auth()
    browser = Browser(auth)
    browser.sign_up()
    browser.kind = "async"
    assert browser.session() is not None
    browser.post("/sign-out", {})
    browser.kind = "blocking"
    assert browser.session() is None


def test_the_two_runtimes_offer_the_same() -> None:
    def public(kind: type[object]) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    assert public(BlockingRuntime) >= {"call", "offload", "background"}
    assert public(AsyncRuntime) >= {"call", "offload", "background"}
