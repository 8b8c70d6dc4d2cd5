"""W9: callbacks that hang have a bounded queue, also when whoever asked has long gone away."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from watchword import Overloaded
from watchword.runtime.threads import ThreadPool


@pytest.fixture
def release() -> Iterator[threading.Event]:
    made = threading.Event()
    yield made
    made.set()


def test_whoever_goes_away_leaves_no_task_behind_without_end(release: threading.Event) -> None:
    pool = ThreadPool(1, "test", queue=10)
    begun = threading.Event()

    def hang() -> bool:
        begun.set()
        return release.wait(60)

    hangs = pool.submit(hang)
    assert begun.wait(60)
    assert all(pool.submit(lambda: None).cancel() for _ in range(10))
    with pytest.raises(Overloaded):
        _give_up_many(pool)
    release.set()
    assert hangs.result(60)
    assert pool.finish(60) == 0
    _room_again(pool)


def _give_up_many(pool: ThreadPool) -> None:
    for _ in range(10):
        pool.submit(lambda: None).cancel()


def _room_again(pool: ThreadPool) -> None:
    # The thread passes the given-up ones by, in its own time.
    while True:
        try:
            return pool.submit(lambda: None).result(60)
        except Overloaded:
            continue
