"""Work that begins later, work that has a way for each world, and work with a name."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator

import pytest

from tests.core.conftest import MakeAuth
from watchword.runtime.blocking import finish
from watchword.runtime.named_work import name_work, names_of_the_unfinished


async def blocked() -> None:
    await asyncio.Event().wait()


def test_in_the_blocking_world_it_begins_after_a_while(make_auth: MakeAuth) -> None:
    done = threading.Event()

    async def work() -> None:
        done.set()

    make_auth().blocking.runtime.wake(0.01, work)
    assert done.wait(10)


def test_what_has_not_begun_is_dropped_when_the_server_is_closed(make_auth: MakeAuth) -> None:
    auth = make_auth()

    async def work() -> None:
        raise AssertionError

    before = set(threading.enumerate())
    auth.blocking.runtime.wake(60, work)
    (timer,) = set(threading.enumerate()) - before
    assert (timer.name, timer.daemon) == ("watchword-wake-up", True)
    auth.blocking.close()
    timer.join(10)
    assert not timer.is_alive()


def test_so_is_what_the_last_work_wants_to_be_woken_for(make_auth: MakeAuth) -> None:
    auth = make_auth()
    runtime, go_on = auth.blocking.runtime, threading.Event()
    before = set(threading.enumerate())

    async def never() -> None:
        raise AssertionError

    async def last() -> None:
        assert go_on.wait(10)
        runtime.wake(60, never)

    runtime.background(last())
    threading.Timer(0.05, go_on.set).start()
    auth.blocking.close()
    for one in set(threading.enumerate()) - before:
        one.join(10)
        assert not one.is_alive()


async def test_on_a_loop_it_begins_after_a_while(make_auth: MakeAuth) -> None:
    auth, done = make_auth(), asyncio.Event()

    async def work() -> None:
        done.set()

    auth._async_runtime().wake(0.01, work)
    await asyncio.wait_for(done.wait(), 10)
    await auth.close()


async def test_on_a_loop_closing_drops_it(make_auth: MakeAuth) -> None:
    auth, begun = make_auth(), []

    async def work() -> None:
        begun.append(1)

    auth._async_runtime().wake(0, work)
    await auth.close()
    await asyncio.sleep(0)
    assert begun == []


def test_a_loop_that_ends_takes_it_along(make_auth: MakeAuth) -> None:
    auth = make_auth()

    async def work() -> None:
        raise AssertionError

    async def main() -> None:
        auth._async_runtime().wake(60, work)

    asyncio.run(main())
    asyncio.run(main())
    asyncio.run(auth.close())


async def test_each_world_has_its_way(make_auth: MakeAuth) -> None:
    auth = make_auth()

    async def awaited() -> str:
        return "awaited"

    assert finish(auth.blocking.runtime.either(lambda: "done", awaited, 1)) == "done"
    assert await auth._async_runtime().either(lambda: "done", awaited, 1) == "awaited"
    await auth.close()


async def test_on_a_loop_it_is_given_up_in_time(make_auth: MakeAuth) -> None:
    auth = make_auth()
    with pytest.raises(TimeoutError):
        await auth._async_runtime().either(lambda: None, blocked, 0.01)
    await auth.close()


@pytest.fixture
def named() -> Iterator[list[str]]:
    done = [name_work("mail b"), name_work("mail a"), name_work("mail b")]
    yield ["mail a", "mail b (2)"]
    for one in done:
        one()
    assert names_of_the_unfinished() == ""


def test_names_of_the_unfinished_are_counted(named: list[str]) -> None:
    assert names_of_the_unfinished() == ", ".join(named)


async def test_a_shutdown_tells_them(
    make_auth: MakeAuth, named: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    auth = make_auth()
    runtime = auth._async_runtime()
    with caplog.at_level(logging.ERROR, "watchword"):
        runtime.background(blocked())
        await runtime.drain(0)
    (line,) = [one.getMessage() for one in caplog.records]
    assert line.endswith("within 0 s; among them: mail a, mail b (2)")
    for work in runtime._here.here()._works.values():
        for piece in work.unfinished():
            piece.cancel()
    await auth.close()
