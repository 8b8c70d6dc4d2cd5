"""Whether a session still stands, asked again and again: in streams, waits and messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import anyio
import pytest

from tests.support.browser import Clock
from watchword import APIError, Auth, ConfigurationError, testing
from watchword.adapters.live_session import BlockingLiveSession
from watchword.adapters.live_session_async import LiveSession
from watchword.database.contract import StorageUnavailable

EVERY = 60


class Place:
    """A server, and somebody who is signed in."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.auth: Auth[Any] = testing.auth(base_url="http://app.example.com", clock=self.clock)
        self.user = testing.make_user(self.auth)
        cookies = testing.session_cookies(self.auth, self.user)
        header = "; ".join(f"{name}={value}" for name, value in cookies.items())
        self.checked = self.auth.blocking.check({"cookie": header})
        self.slept: list[float] = []

    def revoke(self) -> None:
        self.auth.blocking.users.revoke_sessions(self.user.id)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.forward(seconds)
        await asyncio.sleep(0)

    def live(self, every: float = EVERY) -> LiveSession[Any]:
        return LiveSession(self.auth, self.checked, every, sleep=self.sleep)


@pytest.fixture
def place() -> Iterator[Place]:
    made = Place()
    yield made
    made.auth.blocking.close()


async def numbers(most: int = 100) -> AsyncIterator[int]:
    for number in range(most):
        yield number


async def test_the_wait_for_its_end(place: Place) -> None:
    live = place.live()
    waiting = asyncio.ensure_future(live.ended())
    for _ in range(20):
        await asyncio.sleep(0)
    assert not waiting.done()
    assert set(place.slept) == {EVERY}
    place.revoke()
    await asyncio.wait_for(waiting, 10)
    assert live.is_over
    assert not await live.is_alive()
    await place.auth.close()


async def test_a_silent_source_ends_as_well(place: Place) -> None:
    closed = asyncio.Event()

    async def silent() -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            closed.set()

    heard: list[int] = []
    async for item in place.live().through(silent()):
        heard.append(item)
        place.revoke()
    assert heard == [1]
    assert closed.is_set()
    await place.auth.close()


async def test_a_source_that_ends_by_itself(place: Place) -> None:
    live = place.live()
    assert [item async for item in live.through(numbers(3))] == [0, 1, 2]
    assert not live.is_over
    assert [item async for item in live.through(numbers(0))] == []
    assert len(asyncio.all_tasks()) == 1
    await place.auth.close()


async def test_what_a_source_raises_comes_out(place: Place) -> None:
    async def broken() -> AsyncIterator[int]:
        yield 1
        raise KeyError("source")

    with pytest.raises(KeyError):
        _ = [item async for item in place.live().through(broken())]
    assert len(asyncio.all_tasks()) == 1
    await place.auth.close()


async def test_whoever_stops_listening_leaves_nothing_behind(place: Place) -> None:
    closed = asyncio.Event()

    async def endless() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    heard = place.live().through(endless())
    assert await anext(heard) == 1
    await heard.aclose()
    assert closed.is_set()
    assert len(asyncio.all_tasks()) == 1
    await place.auth.close()


async def test_whoever_is_cancelled_while_waiting_leaves_nothing_behind(place: Place) -> None:
    async def silent() -> AsyncIterator[int]:
        await asyncio.Event().wait()
        yield 1

    async def listen() -> None:
        live = LiveSession(place.auth, place.checked, EVERY)
        async for _ in live.through(silent()):
            pass

    task = asyncio.ensure_future(listen())
    for _ in range(10):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(asyncio.all_tasks()) == 1
    await place.auth.close()


async def test_who_is_cancelled_in_every_round_of_the_loop_leaves_nothing_either(
    place: Place,
) -> None:
    """As anyio cancels a stream whose client is gone."""

    async def silent() -> AsyncIterator[int]:
        await asyncio.Event().wait()
        yield 1

    live = LiveSession(place.auth, place.checked, EVERY)
    with anyio.move_on_after(0.01):
        async for _ in live.through(silent()):
            pass
    await asyncio.sleep(0.01)
    assert len(asyncio.all_tasks()) == 1
    await place.auth.close()


async def test_a_source_closes_what_it_opened_around_its_items(place: Place) -> None:
    """A group of tasks and a time limit are closed in the task that opened them, or not at all."""

    async def grouped() -> AsyncIterator[int]:
        async with anyio.create_task_group() as group:
            group.start_soon(asyncio.sleep, 0)
            async for number in numbers(2):
                yield number
        with anyio.move_on_after(0.01):
            yield 2
            await asyncio.Event().wait()
        yield 3

    assert [item async for item in place.live().through(grouped())] == [0, 1, 2, 3]
    heard = place.live().through(grouped())
    assert await anext(heard) == 0
    await heard.aclose()
    assert len(asyncio.all_tasks()) == 1
    await place.auth.close()


async def test_a_source_that_is_cancelled_from_within_is_no_wait_for_ever(place: Place) -> None:
    async def given_up() -> AsyncIterator[int]:
        yield 1
        raise asyncio.CancelledError

    async def listen() -> None:
        async for _ in place.live().through(given_up()):
            pass

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(asyncio.ensure_future(listen()), 10)
    assert len(asyncio.all_tasks()) == 1
    await place.auth.close()


async def test_nothing_is_taken_from_a_source_ahead(place: Place) -> None:
    taken: list[int] = []

    async def noting() -> AsyncIterator[int]:
        async for number in numbers():
            taken.append(number)
            yield number

    heard = place.live().through(noting())
    assert [await anext(heard), await anext(heard)] == [0, 1]
    await asyncio.sleep(0.01)
    assert taken == [0, 1]
    await heard.aclose()
    await place.auth.close()


async def test_a_store_that_swallows_a_cancellation_does_not_keep_a_stream(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    async def deaf(checked: Any) -> Any:
        if not asked.is_set():
            asked.set()
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        return place.checked.session

    live = LiveSession(place.auth, place.checked, EVERY)
    monkeypatch.setattr(place.auth, "recheck", deaf)
    heard = live.through(numbers())
    assert await anext(heard) == 0
    await asked.wait()
    await asyncio.wait_for(heard.aclose(), 10)
    assert len(asyncio.all_tasks()) == 1
    await place.auth.close()


async def test_where_the_store_cannot_be_asked_nothing_is_told(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(checked: Any) -> Any:
        raise StorageUnavailable("gone")

    async def silent() -> AsyncIterator[int]:
        await asyncio.Event().wait()
        yield 1

    live = place.live()
    await live.confirm()
    monkeypatch.setattr(place.auth, "recheck", down)
    with pytest.raises(StorageUnavailable):
        _ = [item async for item in live.through(silent())]
    assert len(asyncio.all_tasks()) == 1
    await place.auth.close()


async def test_the_user_is_as_the_store_has_it(place: Place) -> None:
    live = place.live(0)
    place.auth.blocking.users.update(place.user.id, name="New Name")
    assert await live.is_alive()
    assert live.user.name == "New Name"
    await place.auth.close()


def test_blocking_code_asks_before_each_item(place: Place) -> None:
    live = BlockingLiveSession(place.auth, place.checked, EVERY)
    closed: list[bool] = []

    def endless() -> Iterator[int]:
        try:
            number = 0
            while True:
                if number == 3:
                    place.revoke()
                    place.clock.forward(EVERY)
                yield number
                number += 1
        finally:
            closed.append(True)

    assert list(live.through(endless())) == [0, 1, 2]
    assert live.is_over
    assert closed == [True]


@pytest.mark.parametrize("kind", [LiveSession, BlockingLiveSession])
def test_nobody_has_none(place: Place, kind: Any) -> None:
    nobody = place.auth.blocking.check({})
    with pytest.raises(APIError, match="UNAUTHORIZED"):
        kind(place.auth, nobody)
    for every in (-1, "often", float("nan")):
        with pytest.raises(ConfigurationError, match="every"):
            kind(place.auth, place.checked, every)


def test_what_is_over_before_it_begins_does_not_begin(place: Place) -> None:
    place.revoke()
    with pytest.raises(APIError, match="UNAUTHORIZED"):
        BlockingLiveSession(place.auth, place.checked).confirm()
