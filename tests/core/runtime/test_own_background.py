"""`Advanced(background=...)`: an application runs what stands behind an answer in its own way."""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import queue
import threading
from collections.abc import Callable, Generator
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser
from watchword import (
    Advanced,
    Auth,
    BackgroundJob,
    Call,
    ConfigurationError,
    Hooks,
    PasswordReset,
    WorkLimits,
)

RESET = ("/request-password-reset", {"email": "ada@example.com"})


class Letters:
    """Sends mails, and notes when and in which thread."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def send(self, mail: object, request: object) -> None:
        self.sent.append(threading.current_thread().name)

    async def send_async(self, mail: object, request: object) -> None:
        await asyncio.sleep(0)
        self.sent.append(threading.current_thread().name)


async def awaited(job: BackgroundJob) -> None:
    await job()


async def slowly(job: BackgroundJob) -> None:
    await asyncio.sleep(0)
    await job()
    await job()


def returned(job: BackgroundJob) -> object:
    return job()


def made(
    make_auth: MakeAuth, send: Callable[..., object], handler: Any, **options: Any
) -> Auth[Any]:
    auth = make_auth(
        password_reset=PasswordReset(send_reset_password=send, reset_page="/reset"),
        advanced=Advanced(background=handler, work=WorkLimits(background=1, background_queue=0)),
        **options,
    )
    Browser(auth).sign_up()
    return auth


@pytest.mark.parametrize("handler", [awaited, slowly, returned])
@pytest.mark.parametrize("callback", ["send", "send_async"])
def test_what_the_handler_awaits_the_answer_waits_for(
    make_auth: MakeAuth, kind: str, callback: str, handler: Callable[..., object]
) -> None:
    letters = Letters()
    auth = made(make_auth, getattr(letters, callback), handler)
    browser = Browser(auth, kind)
    for number in (1, 2, 3):
        assert browser.post(*RESET).status == 200
        assert len(letters.sent) == number


@pytest.mark.parametrize("kind", ["blocking"])
def test_a_queue_of_the_applications_own(make_auth: MakeAuth, kind: str) -> None:
    letters, jobs = Letters(), queue.SimpleQueue[BackgroundJob]()
    browser = Browser(made(make_auth, letters.send, jobs.put), kind)
    for _ in range(3):
        # Its room is the application's matter, too.
        assert browser.post(*RESET).status == 200
    assert letters.sent == []

    def work() -> None:
        for _ in range(3):
            jobs.get()()

    worker = threading.Thread(target=work, name="own-worker")
    worker.start()
    worker.join(60)
    assert letters.sent == ["own-worker"] * 3


async def test_a_task_of_the_applications_own(make_auth: MakeAuth) -> None:
    letters, tasks = Letters(), list[asyncio.Task[None]]()

    def start(job: BackgroundJob) -> None:
        tasks.append(asyncio.create_task(job()))

    auth = made(make_auth, letters.send_async, start)

    answer = await auth.handle(Browser(auth).request("POST", *RESET))
    assert (answer.status, letters.sent) == (200, [])
    await asyncio.gather(*tasks)
    assert len(letters.sent) == 1
    await auth.close()


def test_server_side_calls_and_checks_hand_over_too(make_auth: MakeAuth, kind: str) -> None:
    done: list[str] = []

    async def behind(name: str) -> None:
        done.append(name)

    async def hook(call: Call) -> None:
        call.background(behind("first"))
        call.background(behind("second"))
        assert done == [], "everything else about the answer comes first"

    auth = make_auth(hooks=Hooks(after=hook), advanced=Advanced(background=awaited))
    if kind == "async":
        asyncio.run(auth.api.ok())
    else:
        auth.blocking.api.ok()
    assert done == ["first", "second"]


def test_it_is_handed_over_when_the_endpoint_fails(make_auth: MakeAuth, kind: str) -> None:
    done: list[str] = []

    async def behind() -> None:
        done.append("done")

    async def hook(call: Call) -> None:
        call.background(behind())
        raise RuntimeError

    auth = make_auth(hooks=Hooks(after=hook), advanced=Advanced(background=awaited))
    assert Browser(auth, kind).get("/ok").status == 500
    assert done == ["done"]


@pytest.mark.parametrize("begun", [True, False])
def test_a_handler_that_fails_is_told_and_loses_nothing(
    make_auth: MakeAuth, kind: str, begun: bool, caplog: pytest.LogCaptureFixture
) -> None:
    letters = Letters()

    async def fail(job: BackgroundJob) -> None:
        if begun:
            await job()
        raise ConnectionError("redis://:secret@queue is down")

    auth = made(make_auth, letters.send, fail)
    browser = Browser(auth)

    async def ask() -> None:
        assert (await auth.handle(browser.request("POST", *RESET))).status == 200
        await auth.close()

    if kind == "async":
        asyncio.run(ask())
    else:
        assert browser.post(*RESET).status == 200
        auth.blocking.close()
    assert len(letters.sent) == 1
    told = [one for one in caplog.records if one.name == "watchword.background"]
    assert [(one.levelno, one.getMessage()) for one in told] == [
        (logging.ERROR, "advanced.background failed with ConnectionError: run here instead")
    ]


@pytest.mark.parametrize("begun", [True, False])
async def test_whoever_waits_for_the_answer_may_go_away(make_auth: MakeAuth, begun: bool) -> None:
    letters = Letters()
    reached, gate = asyncio.Event(), asyncio.Event()

    async def send(mail: object, request: object) -> None:
        reached.set()
        await gate.wait()
        await letters.send_async(mail, request)

    async def handler(job: BackgroundJob) -> None:
        if not begun:
            reached.set()
            await gate.wait()
        await job()

    async def twice(call: Call) -> None:
        # Another piece waits for its turn in the same call.
        if call.path == RESET[0]:
            call.background(send("", None))

    auth = made(make_auth, send, handler, hooks=Hooks(after=twice))

    task = asyncio.create_task(auth.handle(Browser(auth).request("POST", *RESET)))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gate.set()
    await auth.close()
    assert len(letters.sent) == 2


def test_work_that_a_job_begins_later_is_not_lost(make_auth: MakeAuth, kind: str) -> None:
    done: list[str] = []
    jobs: list[BackgroundJob] = []

    async def second() -> None:
        done.append("second")

    async def hook(call: Call) -> None:
        async def first() -> None:
            done.append("first")
            call.background(second())

        call.background(first())

    auth = make_auth(hooks=Hooks(after=hook), advanced=Advanced(background=jobs.append))

    async def later() -> None:
        await auth.api.ok()
        await jobs[0]()
        await auth.close()

    if kind == "async":
        asyncio.run(later())
    else:
        auth.blocking.api.ok()
        jobs[0]()
        auth.blocking.close()
    assert done == ["first", "second"]


def test_jobs_of_calls_within_background_work_wait_for_no_place(make_auth: MakeAuth) -> None:
    letters = Letters()

    async def send(mail: object, request: object) -> None:
        if not letters.sent:
            letters.sent.append("outer")
            await auth.handle(Browser(auth).request("POST", *RESET))
        else:
            letters.sent.append("inner")

    auth = made(make_auth, send, awaited)
    assert Browser(auth, "async").post(*RESET).status == 200
    assert letters.sent == ["outer", "inner"]


def test_a_job_that_fails_raises_nothing_and_is_logged(
    make_auth: MakeAuth, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(mail: object, request: object) -> None:
        raise ConnectionError("ada@example.com is no mailbox")

    assert Browser(made(make_auth, refuse, awaited), kind).post(*RESET).status == 200
    assert "failed with ConnectionError" in caplog.text
    assert "is no mailbox" not in caplog.text


def test_what_cannot_be_called_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"advanced\.background"):
        Advanced(background="celery")  # type: ignore[arg-type]


class Compiled:
    """What a compiled `async def` returns: it can be awaited, and is no coroutine of Python's."""

    def __init__(self, job: BackgroundJob) -> None:
        self._job = job

    def __await__(self) -> Generator[Any, None, None]:
        return slowly(self._job).__await__()


@pytest.mark.parametrize("handler", [Compiled, lambda job: Compiled(job)])
def test_whatever_can_be_awaited_is(
    make_auth: MakeAuth, kind: str, handler: Callable[..., object]
) -> None:
    letters = Letters()
    assert Browser(made(make_auth, letters.send, handler), kind).post(*RESET).status == 200
    assert len(letters.sent) == 1


def test_closing_waits_for_jobs_that_nobody_awaits_any_more(make_auth: MakeAuth) -> None:
    letters, reached, gate = Letters(), threading.Event(), threading.Event()

    async def send(mail: object, request: object) -> None:
        reached.set()
        await asyncio.to_thread(gate.wait, 60)
        await letters.send_async(mail, request)

    async def handler(job: BackgroundJob) -> None:
        waiting = asyncio.ensure_future(job())
        await asyncio.to_thread(reached.wait, 60)
        waiting.cancel()

    auth = made(make_auth, send, handler)
    assert Browser(auth).post(*RESET).status == 200
    assert letters.sent == []
    closing = threading.Thread(target=auth.blocking.close)
    closing.start()
    gate.set()
    closing.join(60)
    assert letters.sent == ["watchword-callbacks"]


def test_a_callback_that_calls_the_blocking_entrance_on_its_loop_holds_nobody_up(
    make_auth: MakeAuth, caplog: pytest.LogCaptureFixture
) -> None:
    letters, answers = Letters(), list[int]()

    async def send(mail: object, request: object) -> None:
        await letters.send_async(mail, request)
        if not answers:
            answers.append(0)
            answers.append(Browser(auth).post(*RESET).status)

    auth = made(make_auth, send, awaited)
    asking = threading.Thread(target=Browser(auth).post, args=RESET, daemon=True)
    asking.start()
    asking.join(60)
    auth.blocking.close()
    assert answers == [0, 200]
    assert len(letters.sent) == 2
    assert "advanced.background failed with MustNotWait: run here instead" in caplog.text


def forgotten(job: BackgroundJob) -> None:
    """Calls the job as if it were that of a blocking server."""
    if inspect.iscoroutinefunction(type(job).__call__):
        job().close()


@pytest.mark.parametrize("handler", [forgotten, lambda job: None])
def test_a_job_that_is_let_go_is_told(
    make_auth: MakeAuth, kind: str, handler: Callable[..., object], caplog: pytest.LogCaptureFixture
) -> None:
    letters = Letters()
    assert Browser(made(make_auth, letters.send, handler), kind).post(*RESET).status == 200
    gc.collect()
    assert letters.sent == []
    told = [one for one in caplog.records if one.name == "watchword.background"]
    assert [(one.levelno, one.getMessage()) for one in told] == [
        (
            logging.ERROR,
            "advanced.background dropped a job without running it: what it had to do is lost",
        )
    ]
