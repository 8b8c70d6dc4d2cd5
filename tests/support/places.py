"""Where a server keeps its things."""

from __future__ import annotations

from typing import Any

import pytest

from watchword.storage.memory import MemoryStorage
from watchword.storage.redis import RedisStorage


def options_for(place: str, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Options of `Auth` that keep things in an empty place; none: in the test's own file.

    With a secondary storage sessions and promises are there alone.
    """
    if place in ("postgres", "mysql"):
        return {"database": request.getfixturevalue(place)}
    if place == "redis":
        keys = request.getfixturevalue("redis")
        return {"secondary_storage": RedisStorage(keys.url, prefix=keys.prefix)}
    if place == "memory":
        return {"secondary_storage": MemoryStorage(request.getfixturevalue("clock"))}
    if place == "stateless":
        return {"database": None}
    return {}
