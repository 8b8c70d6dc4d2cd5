"""Fifty callers at the same moment, in threads and on one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.support.browser import Browser
from watchword import APIError, Auth

CALLERS = 50


def statuses_in_threads(auth: Auth[Any], path: str, body: object) -> list[int]:
    """The statuses, sorted, of the same POST from fifty browsers without cookies."""

    def send(number: int) -> int:
        return Browser(auth).post(path, body).status

    with ThreadPoolExecutor(CALLERS) as pool:
        return sorted(pool.map(send, range(CALLERS)))


async def statuses_on_a_loop(auth: Auth[Any], work: Callable[[], Awaitable[object]]) -> list[int]:
    """The statuses, sorted, of fifty server-side calls on this event loop. Closes `auth` there."""

    async def one() -> int:
        try:
            await work()
        except APIError as error:
            return error.status
        return 200

    try:
        return sorted(await asyncio.gather(*(one() for _ in range(CALLERS))))
    finally:
        await auth.close()
