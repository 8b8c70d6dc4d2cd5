"""The contract of storages, on Django's connections to each database.

As in an ASGI server each task that asks beside others has a thread of its own, and so a connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import connections

from watchword.storage.django import DjangoStorage
from watchword.testing.storage_contract import *
from watchword.testing.storage_contract import driving
from watchword.testing.storage_contract.driving import CALLERS, Crowd

Caller = Callable[[int], Coroutine[Any, Any, Any]]


@pytest.fixture
def storage(alias: str) -> DjangoStorage:
    return DjangoStorage(alias)


@pytest.fixture
def crowd(kind: str, runner: asyncio.Runner, alias: str) -> Crowd:
    """Fifty callers at once, whose connections are closed behind them."""

    def close() -> None:
        connections[alias].close()

    def threads(call: Caller) -> list[Any]:
        async def closing(number: int) -> Any:
            try:
                return await call(number)
            finally:
                close()

        return driving._threads(closing)

    async def in_a_request(call: Caller, number: int) -> Any:
        async with ThreadSensitiveContext():
            try:
                return await call(number)
            finally:
                await sync_to_async(close)()

    async def tasks(call: Caller) -> list[Any]:
        together = (in_a_request(call, number) for number in range(CALLERS))
        return await asyncio.gather(*together, return_exceptions=True)

    return threads if kind == "blocking" else lambda call: runner.run(tasks(call))
