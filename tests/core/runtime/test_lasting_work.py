"""Background work on an event loop that is ending: what waits for what, and what is cancelled."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from watchword.runtime.lasting import LoopWork


class Loop:
    """A loop with background work, that ends as `asyncio.run` does."""

    def __init__(self, patience: float = 60) -> None:
        self.said: list[str] = []
        self.patience = patience
        self.works: list[LoopWork] = []
        self.gone = asyncio.Event()

    def start(self, *pieces: Coroutine[Any, Any, None]) -> None:
        if not self.works:
            loop = asyncio.get_running_loop()
            self.works.append(LoopWork(loop, 2, self.patience, self._end))
        for piece in pieces:
            self.works[0].start(piece, lambda: self.say("finished"))

    def say(self, text: str) -> None:
        self.said.append(text)

    def _end(self) -> None:
        self.works.clear()
        self.gone.set()

    async def forever(self, name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.say(f"{name} cancelled")


@contextlib.contextmanager
def told(caplog: pytest.LogCaptureFixture, *texts: str) -> Any:
    with caplog.at_level(logging.DEBUG, "watchword"):
        yield
    assert [one.getMessage() for one in caplog.records if one.name.startswith("watchword")] == [
        *texts
    ]


def test_pieces_that_wait_for_a_place_and_those_that_pieces_begin_are_done(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loop = Loop()

    async def piece(number: int) -> None:
        await asyncio.create_task(asyncio.sleep(0))
        if number == 4:
            loop.start(piece(5))
        loop.say(str(number))

    async def main() -> None:
        loop.start(*(piece(number) for number in range(5)))

    with told(caplog):
        asyncio.run(main())
    assert loop.said.count("finished") == 6
    assert sorted(text for text in loop.said if text != "finished") == list("012345")
    assert loop.works == []


def test_other_tasks_are_cancelled_at_once_and_those_of_the_work_after_it() -> None:
    loop = Loop()
    stops = asyncio.Event()

    async def others() -> None:
        try:
            await loop.forever("the other")
        finally:
            stops.set()

    async def piece() -> None:
        asyncio.get_running_loop()
        kept.append(asyncio.create_task(loop.forever("its own")))
        await stops.wait()
        await asyncio.sleep(0)
        loop.say("sent")

    kept: list[asyncio.Task[None]] = []

    async def main() -> None:
        loop.start(piece())
        kept.append(asyncio.create_task(others()))
        await asyncio.sleep(0)

    asyncio.run(main())
    assert loop.said == ["the other cancelled", "sent", "finished", "its own cancelled"]


def test_after_its_time_all_of_it_is_cancelled_and_told(caplog: pytest.LogCaptureFixture) -> None:
    loop = Loop(patience=0.01)

    async def piece() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(loop.forever("its own"))
            await loop.forever("the work")

    async def main() -> None:
        loop.start(piece(), piece(), piece())

    text = "3 pieces of background work were not finished within 0.01 s"
    with told(caplog, text):
        asyncio.run(main())
    assert loop.said.count("the work cancelled") == loop.said.count("its own cancelled") == 2
    assert loop.said.count("finished") == 3


@pytest.mark.parametrize("own", [None, "own"])
def test_the_loops_way_to_make_tasks_is_the_applications_again(own: str | None) -> None:
    loop, made = Loop(), list[str]()

    def factory(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
        made.append(coroutine.__qualname__)
        return asyncio.Task(coroutine, loop=loop, **options)

    async def piece() -> None:
        await asyncio.create_task(asyncio.sleep(0))

    async def main() -> None:
        running = asyncio.get_running_loop()
        before: Callable[..., Any] | None = factory if own else None
        running.set_task_factory(before)
        loop.start(piece())
        # Those of the application are made as ever, by its own factory if it has one.
        task = asyncio.create_task(loop.forever("a task"), name="named")
        assert type(task) is asyncio.Task
        assert task.get_name() == "named"
        await loop.gone.wait()
        assert running.get_task_factory() is before
        task.cancel()

    asyncio.run(main())
    assert made[:1] == (["Loop.forever"] if own else [])


def test_timeouts_within_the_work_are_heard() -> None:
    loop = Loop()

    async def piece() -> None:
        try:
            await asyncio.wait_for(loop.forever("the wait"), 0)
        except TimeoutError:
            loop.say("timed out")
        try:
            async with asyncio.timeout(0.001):
                await loop.forever("the block")
        except TimeoutError:
            loop.say("timed out")

    async def main() -> None:
        loop.start(piece())

    asyncio.run(main())
    # Without time nothing is begun.
    assert [text for text in loop.said if text != "the wait cancelled"] == [
        "timed out",
        "the block cancelled",
        "timed out",
        "finished",
    ]
