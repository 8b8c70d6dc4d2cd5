"""Several parts of one request ask who is there at the same time: one look-up, nobody is stuck."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from tests.adapters.drivers import Call, asgi_scope
from watchword.adapters.asgi_session import SessionLookup
from watchword.sessions.checked import Checked

NOBODY: Checked[Any] = Checked(None, ())


class Slow:
    """An `Auth` that answers when it is told to; the first `failing` answers are errors."""

    def __init__(self, failing: int = 0) -> None:
        self.go = asyncio.Event()
        self.asked = 0
        self._failing = failing

    async def check(self, *given: object, renew: bool) -> Checked[Any]:
        self.asked += 1
        number = self.asked
        await self.go.wait()
        if number <= self._failing:
            raise ConnectionError
        return NOBODY


def lookup(auth: Slow) -> SessionLookup[Any]:
    return SessionLookup(cast("Any", auth), asgi_scope(Call("GET", "/")))


async def begun(found: SessionLookup[Any], count: int) -> list[asyncio.Task[Checked[Any]]]:
    tasks = [asyncio.create_task(found.checked()) for _ in range(count)]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_fifty_who_ask_at_once_make_one_lookup() -> None:
    auth = Slow()
    tasks = await begun(lookup(auth), 50)
    auth.go.set()
    async with asyncio.timeout(5):
        assert await asyncio.gather(*tasks) == [NOBODY] * 50
    assert auth.asked == 1


async def test_after_one_that_was_cancelled_the_next_asks() -> None:
    auth = Slow()
    first, *others = await begun(lookup(auth), 5)
    first.cancel()
    auth.go.set()
    async with asyncio.timeout(5):
        assert await asyncio.gather(*others) == [NOBODY] * 4
    assert first.cancelled()
    assert auth.asked == 2


async def test_after_each_failure_the_next_asks() -> None:
    auth = Slow(failing=3)
    tasks = await begun(lookup(auth), 5)
    auth.go.set()
    async with asyncio.timeout(5):
        answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers].count(ConnectionError) == 3
    assert answers.count(NOBODY) == 2
    assert auth.asked == 4
